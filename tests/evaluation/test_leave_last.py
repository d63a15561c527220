from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from homing.core.clock import DAY, to_micros
from homing.core.errors import NotReady
from homing.evaluation.leave_last import Held, leave_last, without
from homing.evaluation.log import evaluation_log
from homing.interfaces import BehavioralEvent, EventType
from homing.market.property import Property
from homing.market.snapshot import snapshot_of
from homing.models.interactions import Interactions
from homing.store.columns import columns_of

START = datetime(2026, 5, 1, tzinfo=UTC)
AT = to_micros(START)
VIEW, SAVE = EventType.PROPERTY_VIEW, EventType.PROPERTY_SAVE


def event(day, lead, home, kind=VIEW, *, known=None):
    return BehavioralEvent(
        event_type=kind,
        timestamp=START + timedelta(days=day),
        received_at=START + timedelta(days=day if known is None else known),
        lead_id=lead,
        property_id=home,
        event_id=f"{day}{lead}{home}",
    )


EVENTS = [
    event(1, "ann", "a", SAVE),
    event(2, "ann", "b"),
    event(3, "ann", "b", SAVE),
    event(4, "ann", "a", SAVE),  # engaged with before: not what ann engaged with last for the first time
    event(5, "ann", "c"),
    event(2, "bob", "a", SAVE),  # nothing before it
    event(1, "cid", "a"),
    event(6, "cid", "gone", SAVE),  # no longer for sale
]
HOMES = [
    *(Property(name, AT, 0, {"StandardStatus": "Active"}) for name in ("a", "b", "c", "gone")),
    Property("gone", AT + 5 * DAY, 0, {"StandardStatus": "Closed"}),
    Property("late", AT + 4 * DAY, 0, {"StandardStatus": "Active"}),
]


@pytest.fixture
def log():
    return evaluation_log(columns_of(EVENTS), snapshot_of(HOMES))


def test_the_home_engaged_with_last_for_the_first_time_is_hidden(log):
    hidden = {}
    report = leave_last(log, lambda held: hidden.update(held) or {"popularity": lambda _, ids: np.zeros(len(ids))})
    assert hidden == {"ann": Held("b", AT + 3 * DAY)}
    assert report["left_out"] == {"leads_without_earlier_acts": 1, "items_not_for_sale": 1}
    assert report["leads"] == 1


def test_candidates_are_those_for_sale_at_that_moment_and_not_acted_on(log):
    everything = {
        "popularity": lambda _, ids: np.array([{"late": 9.0, "a": 8.0, "c": 3.0, "b": 2.0}.get(i, 1.0) for i in ids])
    }
    row = leave_last(log, lambda _: everything, k=2)["rows"][0]
    assert row["mrr"] == 0.5


def test_what_is_hidden_is_not_learned_from():
    data = Interactions.from_columns(
        ["ann", "ann", "ann", "ann", "ann", "bob"],
        ["a", "b", "b", "at once", "c", "b"],
        timestamps=[AT + DAY, AT + 2 * DAY, AT + 3 * DAY, AT + 3 * DAY, AT + 5 * DAY, AT + 9 * DAY],
    )
    kept = without(data, {"ann": Held("b", AT + 3 * DAY), "stranger": Held("x", 0)})
    pairs = [(kept.leads.ids[i], kept.properties.ids[j]) for i, j in zip(kept.lead, kept.property, strict=True)]
    assert sorted(pairs) == [("ann", "a"), ("bob", "b")]


def test_what_became_known_only_later_is_hidden_too():
    data = Interactions.from_columns(
        ["ann", "ann", "ann"],
        ["a", "late", "b"],
        timestamps=[AT + DAY, AT + 2 * DAY, AT + 3 * DAY],
        known_at=[AT + DAY, AT + 3 * DAY, AT + 3 * DAY],
    )
    kept = without(data, {"ann": Held("b", AT + 3 * DAY)})
    assert [kept.properties.ids[home] for home in kept.property] == ["a"]


@pytest.mark.parametrize(("known", "recall"), [(2.5, 1.0), (7, 0.0)])
def test_only_an_act_known_by_then_takes_its_home_off_the_candidates(known, recall):
    log = evaluation_log(columns_of([*EVENTS, event(2.5, "ann", "c", known=known)]), snapshot_of(HOMES))
    c_then_b = {"m": lambda _, ids: np.array([{"c": 2.0, "b": 1.0}.get(home, 0.0) for home in ids])}
    assert leave_last(log, lambda _: c_then_b, k=1)["rows"][0]["recall"] == recall


@pytest.mark.parametrize("events", [[], EVENTS[5:6]])
def test_nobody_to_evaluate_is_said(events):
    log = evaluation_log(columns_of(events), snapshot_of(HOMES))
    with pytest.raises(NotReady, match="engaged with a home after acting on another"):
        leave_last(log, lambda _: {})
