"""What a model is told of a lead at a moment, when it is judged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from homing.core.ids import Vocabulary
from homing.evaluation.asked import asked_at
from homing.models.homes import Homes
from homing.models.impressions import Impressions
from homing.models.interactions import Interactions

HOMES = Homes.from_rows([{"ListingKey": home, "ListPrice": 1_000} for home in ("a", "b", "c")])
ITEMS = Vocabulary(["c", "b", "a"])
ACTS = Interactions.from_columns(["ann", "ann", "ann"], ["a", "b", "c"], [5, -9, 7], [10, 20, 30])
SEARCHES = {("ann", 21): np.array([2])}
TOLD = replace(
    Impressions.from_columns([], [], [], engaged=[]),
    stated={"ann": np.array([0, 1]), "new": np.array([2])}.get,
    searched=lambda lead, at: SEARCHES.get((lead, at)),
)


@pytest.fixture
def asked():
    return asked_at(ITEMS, ACTS, TOLD, HOMES)


def test_the_acts_are_those_before_the_moment(asked):
    query = asked("ann", 21)
    assert (query.properties, query.weights.tolist(), query.at.tolist()) == (("a", "b"), [5.0, -9.0], [10, 20])
    assert query.as_of == 21
    assert asked("ann", 20).properties == ("a",)


def test_what_was_stated_and_searched_for_is_told_in_the_codes_of_the_model(asked):
    assert [ITEMS.ids[code] for code in asked("ann", 21).within.array] == ["b", "a"]
    assert [ITEMS.ids[code] for code in asked("ann", 21).searched.array] == ["c"]
    assert asked("ann", 20).searched is None


def test_a_lead_without_acts_is_asked_about_with_what_it_stated(asked):
    query = asked("new", 21)
    assert query.properties == ()
    assert [ITEMS.ids[code] for code in query.within.array] == ["c"]
    assert asked("nobody", 21).within is None
