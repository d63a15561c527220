"""The baselines that every report has, each on a case small enough to know the answer."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from homing.core.clock import to_micros
from homing.core.errors import NotReady
from homing.evaluation.content_knn import content_knn
from homing.evaluation.implicit_als import implicit_als
from homing.evaluation.rankers import as_known
from homing.evaluation.saved_search import last_searches, saved_search
from homing.interfaces import BehavioralEvent, EventType
from homing.market.property import Property
from homing.market.snapshot import snapshot_of
from homing.models import Interactions
from homing.people.lead import Limits
from homing.personalization.searched import limits_from

START = datetime(2026, 5, 1, tzinfo=UTC)


def search(day, lead, filters, kind=EventType.SEARCH_SAVED):
    return BehavioralEvent(
        event_type=kind, timestamp=START + timedelta(days=day), received_at=START + timedelta(days=day),
        lead_id=lead, event_data={"search_filters": filters}, event_id=f"{day}{lead}{kind}",
    )  # fmt: skip


def market(count=40):
    homes = [
        {"ListPrice": 100_000.0 * (1 + number % 8), "City": "Kent" if number % 2 else "Auburn", "BedroomsTotal": 3}
        for number in range(count)
    ]
    return snapshot_of([Property(f"h{n:02d}", n + 1, n + 1, fields) for n, fields in enumerate(homes)])


def test_a_saved_search_shows_what_meets_it_newest_first():
    rank = saved_search({"ann": Limits(price_max=300_000, areas=("kent",))}, market())
    candidates = tuple(f"h{n:02d}" for n in range(40))
    scores = rank("ann", candidates)
    shown = [candidates[place] for place in np.argsort(-np.nan_to_num(scores, nan=-1))[: (~np.isnan(scores)).sum()]]
    assert shown == ["h33", "h25", "h17", "h09", "h01"]


def test_a_lead_that_searches_for_nothing_sees_all_homes_newest_first_but_no_unknown_one():
    scores = saved_search({}, market(3))("stranger", ("h00", "h02", "nowhere"))
    assert scores[0] < scores[1]
    assert np.isnan(scores[2])


def test_the_search_saved_last_counts_before_any_that_was_only_asked():
    events = [
        search(1, "ann", {"price_max": 1}),
        search(3, "ann", {"price_max": 3}),
        search(5, "ann", {"price_max": 5}, EventType.SEARCH_QUERY),
        search(6, "ann", {}),
        search(2, "bob", {"price_max": 2}, EventType.SEARCH_QUERY),
    ]
    found = last_searches(events)
    assert {lead: limits.price_max for lead, limits in found.items()} == {"ann": 3.0, "bob": 2.0}
    earlier = last_searches(events, {"ann": to_micros(START + timedelta(days=2))})
    assert earlier["ann"].price_max == 1.0


@pytest.mark.parametrize("filters", [None, "x", {"price_max": "cheap"}, {"price_max": True}, {"price_max": -1}])
def test_filters_that_cannot_be_read_ask_for_nothing(filters):
    assert not limits_from(filters)


def test_content_neighbours_are_at_the_price_of_what_was_liked():
    data = Interactions.from_columns(["ann", "bob"], ["h07", "h00"])  # 800,000 and 100,000
    candidates = ("h15", "h08", "h23", "h16")
    rank = content_knn(data, market())
    assert [candidates[place] for place in np.argsort(-rank("ann", candidates), kind="stable")[:2]] == ["h15", "h23"]
    assert [candidates[place] for place in np.argsort(-rank("bob", candidates), kind="stable")[:2]] == ["h08", "h16"]
    assert np.isnan(rank("stranger", candidates)).all()


def test_als_finds_the_other_homes_of_ones_kind():
    leads = [f"l{n:02d}" for n in range(40) for _ in range(6)]
    homes = [f"h{2 * ((n * 7 + act * 3) % 12) + n % 2:02d}" for n in range(40) for act in range(6)]
    rank = implicit_als(Interactions.from_columns(leads, homes), seed=1)
    scores = rank("l00", tuple(f"h{n:02d}" for n in range(24)))
    assert scores[::2].mean() > scores[1::2].mean()
    assert np.isnan(rank("stranger", ("h00",)))[0]
    assert np.isnan(rank("l00", ("elsewhere",)))[0]


def test_als_without_anything_liked_says_why_it_is_absent():
    with pytest.raises(NotReady, match="ALS needs homes that leads liked"):
        implicit_als(Interactions.from_columns(["a"], ["h"], [-1.0]))


def test_als_without_its_package_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "implicit.cpu.als", None)
    with pytest.raises(NotReady, match="The package implicit is not installed"):
        implicit_als(Interactions.from_columns(["a"], ["h"]))


def test_homes_known_at_the_cut_keep_the_price_of_then_and_later_ones_their_first():
    versions = [
        Property("old", 10, 10, {"ListPrice": 500.0}),
        Property("old", 20, 20, {"ListPrice": 480.0}),
        Property("old", 40, 40, {"ListPrice": 400.0}),
        Property("new", 35, 35, {"ListPrice": 900.0}),
        Property("new", 45, 45, {"ListPrice": 800.0}),
    ]
    known = as_known(snapshot_of(versions), snapshot_of(versions, as_of=30))
    assert dict(zip(known.ids.ids, known.numbers["ListPrice"].tolist(), strict=True)) == {"old": 480.0, "new": 900.0}
