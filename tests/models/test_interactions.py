"""Columns of interactions: codes, sums, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from homing.core.errors import BadInput
from homing.models import Interactions
from homing.models.pasts import Pasts
from homing.models.query import Query


def test_weights_of_a_pair_are_added_up_by_sign():
    data = Interactions.from_columns(["a", "a", "a"], ["h", "h", "h"], [1, 2, -5])
    assert data.matrix().toarray().tolist() == [[3.0]]
    assert data.negatives().toarray().tolist() == [[5.0]]
    assert data.net().toarray().tolist() == [[-2.0]]


def test_ids_may_be_whole_numbers_from_arrays():
    data = Interactions.from_columns(np.array([7, 3]), np.array([10, 20]))
    assert data.leads.ids == (3, 7)
    assert [type(one) for one in data.properties.ids] == [int, int]


def test_moments_may_be_datetime64():
    data = Interactions.from_columns(["a"], ["h"], timestamps=np.array(["2026-05-01"], dtype="datetime64[D]"))
    assert data.at.tolist() == [1_777_593_600_000_000]


def test_before_is_exclusive():
    data = Interactions.from_columns(["a", "a"], ["h", "i"], timestamps=[10, 20])
    assert data.before(20).at.tolist() == [10]


def test_without_moments_rows_are_in_order():
    data = Interactions.from_columns(["b", "a"], ["h", "i"])
    assert (data.at.tolist(), data.timed) == ([0, 1], False)


def test_all_faults_are_told_at_once():
    with pytest.raises(BadInput) as caught:
        Interactions.from_columns(["a", 1], ["h"], [1.0, float("nan")], [1.5, 2.5])
    assert [fault.where for fault in caught.value.faults] == ["lead_ids", "weights[1]", "timestamps", "property_ids"]


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), 1e10])
def test_absurd_weights_are_refused(weight):
    with pytest.raises(BadInput, match="finite number up to 1e9"):
        Interactions.from_columns(["a"], ["h"], [weight])
    with pytest.raises(BadInput, match="finite numbers up to 1e9"):
        Query("a", ["h"], [weight])


def test_a_missing_moment_is_refused():
    with pytest.raises(BadInput, match="NaT"):
        Interactions.from_columns(["a"], ["h"], timestamps=np.array(["NaT"], dtype="datetime64[us]"))


def test_flags_are_no_ids():
    with pytest.raises(BadInput, match="all text or all whole numbers"):
        Interactions.from_columns([True], ["h"])


def test_a_query_needs_columns_of_one_length():
    with pytest.raises(BadInput, match=r"query.weights must have one entry for each of the 2 properties"):
        Query("a", ["h", "i"], [1.0])


def test_what_was_known_at_once_needs_no_second_moment():
    at, homes = [10, 20], ["h", "h"]
    assert Interactions.from_columns(["a", "b"], homes, timestamps=at, known_at=[10, 5]).known_at is None
    late = Interactions.from_columns(["a", "b"], homes, timestamps=at, known_at=[15, 5])
    assert late.known().tolist() == [15, 20]
    assert [len(late.before(moment)) for moment in (15, 16, 21)] == [0, 1, 2]


@pytest.mark.parametrize("timed", [True, False])
def test_rows_in_order_are_shared_with_the_pasts_and_others_are_put_in_order(timed):
    rng = np.random.default_rng(0)
    lead, home, at = (rng.integers(0, 5, 200) for _ in range(3))
    order = np.lexsort((home, at, lead)) if timed else np.argsort(lead, kind="stable")
    moments = at if timed else None
    mixed = Interactions.from_columns(lead, home, rng.random(200), moments)
    in_order = mixed.select(order)
    found, shared = Pasts.of(mixed), Pasts.of(in_order)
    assert np.shares_memory(shared.weights, in_order.weight)
    assert not np.shares_memory(found.weights, mixed.weight)
    assert all(np.array_equal(one, shared.arrays()[name]) for name, one in found.arrays().items())
    assert found.upto == (at.max() if timed else None)


@pytest.mark.parametrize("column", ["lead", "at", "property"])
def test_one_row_out_of_order_by_any_key_is_put_in_its_place(column):
    rows = {"lead": [0, 0], "at": [5, 5], "property": [0, 0]} | {column: [1, 0]}
    data = Interactions.from_columns(rows["lead"], rows["property"], [1.0, 2.0], rows["at"])
    assert Pasts.of(data).weights.tolist() == [2.0, 1.0]
