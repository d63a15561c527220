"""What a lead searched for counts before it has acted, binds nobody, and is what was known at a moment."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.models.candidate_features import Facts, told
from homing.models.pasts import Past
from homing.people.lead import Limits
from homing.personalization.searched import _kept, _read, merged, searched, searches
from homing.store.columns import columns_of

START = datetime(2026, 5, 1, tzinfo=UTC)


def search(day, filters, lead="ann", known_after=0):
    at = START + timedelta(days=day)
    return BehavioralEvent(
        event_type=EventType.SEARCH_QUERY, timestamp=at, received_at=at + timedelta(days=known_after),
        lead_id=lead, event_data={"search_filters": filters}, event_id=f"{lead}-{day}",
    )  # fmt: skip


def columns(*events):
    return columns_of(events, (), ("search_filters",))


def test_each_limit_is_that_of_the_last_search_that_set_it():
    events = columns(search(0, {"areas": ["98101"], "price_max": 500_000}), search(1, {"price_max": 600_000}))
    assert searched(events, np.arange(2)) == Limits(price_max=600_000.0, areas=("98101",))
    assert searched(events, np.arange(1)) == Limits(price_max=500_000.0, areas=("98101",))


def test_searches_that_ask_for_nothing_are_none():
    assert searched(columns(search(0, {"colour": "red"})), np.arange(1)) is None
    assert searched(columns(), np.arange(0)) is None
    assert merged([]) is None


def test_to_learn_from_each_search_counts_from_when_it_was_known():
    found = searches(columns(search(0, {"areas": ["98101"]}, known_after=3), search(1, {"bedrooms_min": 3})))
    moments, limits = found["ann"]
    day = 86_400_000_000
    assert [moment - int(START.timestamp()) * 1_000_000 for moment in moments] == [day, 3 * day]
    assert limits == (Limits(bedrooms_min=3.0), Limits(bedrooms_min=3.0, areas=("98101",)))


@pytest.mark.parametrize(("acts", "worth"), [(0, 1.0), (5, 0.5)])
def test_a_home_searched_for_counts_the_less_the_more_the_lead_has_done(acts, worth):
    past = Past(np.arange(acts), np.ones(acts), searched=np.array([2, 7]))
    names, _, _, features = told({}, Facts.none(10), past, np.arange(10))
    column = features[:, names.index("searched")]
    assert np.flatnonzero(column).tolist() == [2, 7]
    assert column[2] == worth


def test_without_a_search_nothing_is_said():
    names, _, _, features = told({}, Facts.none(4), Past(np.arange(0), np.ones(0)), np.arange(4))
    assert np.isnan(features[:, names.index("searched")]).all()


def test_long_filters_are_read_and_not_kept():
    before = _kept.cache_info().currsize
    for number in range(50):
        said = json.dumps({"price_max": 1_000 + number, "areas": ["x" * 5_000]})
        assert _read(said).price_max == 1_000 + number
    assert _kept.cache_info().currsize == before
