"""Reasons cite first the act without which the home loses most, and none where others of its type hold up as much."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from homing.event_types import EventType
from homing.interfaces import BehavioralEvent, ConfidenceLevel, ModelPrediction, Reason
from homing.personalization.proven import COMPARED, MOST_TRIED, Alike, proven
from homing.store.columns import columns_of

NOTHING_ELSE = Alike({}, {})


def item(*reasons):
    return ModelPrediction(
        property_id="h1", rank=1, score=1.0, confidence=0.1, interval=(0.0, 0.2),
        confidence_level=ConfidenceLevel.HIGH, home={}, reasons=reasons, rest=0.0,
    )  # fmt: skip


@pytest.fixture
def event():
    def one(minute, kind):
        at = datetime(2026, 11, 1, tzinfo=UTC) + timedelta(minutes=minute)
        return BehavioralEvent(
            event_id=f"e{minute:03d}", event_type=kind, timestamp=at, lead_id="lead-1", property_id=f"h{minute}",
            event_data={},
        )  # fmt: skip

    return one


def reason(*events, kind="price"):
    return Reason(kind, 1.0, "in the band of homes looked at", "it fits", events)


def asked(losses):
    """Scores of one home that falls by so much without each event, and which sets were asked about."""
    heard = []

    def scores(ids):
        heard.append(ids)
        return np.array([10.0 - sum(losses[event] for event in ids)])

    return scores, heard


def test_the_act_that_is_missed_most_comes_first():
    scores, _ = asked({"a": 0.1, "b": 0.3, "c": 0.2})
    (found,) = proven([item(reason("a", "b", "c", "d"))], scores, NOTHING_ELSE)
    assert found.reasons[0].events == ("b", "c", "a", "d")


@pytest.mark.parametrize("loss", [0.0, -0.1])
def test_acts_that_hold_nothing_up_are_not_cited(loss):
    scores, _ = asked({"a": loss, "b": loss})
    (found,) = proven([item(reason("a", "b"))], scores, NOTHING_ELSE)
    assert found.reasons[0].events == ()
    assert found.reasons[0].text == "in the band of homes looked at"


def test_news_keeps_the_acts_it_is_about():
    scores, heard = asked({"a": -1.0})
    (found,) = proven([item(reason("a", kind="price_cut"))], scores, NOTHING_ELSE)
    assert found.reasons[0].events == ("a",)
    assert heard == [frozenset()]


def test_each_act_is_left_out_once_and_only_the_first_few():
    scores, heard = asked(dict.fromkeys("abcdef", 0.1))
    proven([item(reason(*"abcdef"), reason("b", "a", kind="size"))], scores, NOTHING_ELSE)
    assert len(heard) == len(set(heard)) == 1 + MOST_TRIED


def test_no_act_is_cited_where_another_of_its_type_is_missed_as_much():
    alike = Alike({"a": 1, "x": 1, "y": 2}, {1: ["a", "x"], 2: ["y"]})
    for loss, events in ((0.1, ("a",)), (0.3, ())):
        scores, heard = asked({"a": 0.3, "x": loss, "y": 9.0})
        (found,) = proven([item(reason("a"))], scores, alike)
        assert found.reasons[0].events == events
        assert frozenset({"y"}) not in heard


def test_an_act_is_not_compared_with_those_that_other_reasons_of_the_home_cite():
    alike = Alike(dict.fromkeys("ab", 1), {1: ["a", "b"]})
    scores, _ = asked({"a": 0.3, "b": 0.5})
    (found,) = proven([item(reason("a"), reason("b", kind="size"))], scores, alike)
    assert [one.events for one in found.reasons] == [("a",), ("b",)]


def test_it_is_compared_with_some_acts_spread_over_all_of_its_type(event):
    acts = [event(n, EventType.PROPERTY_VIEW) for n in range(100)] + [event(100, EventType.PROPERTY_SAVE)]
    alike = Alike.of(columns_of(acts))
    others = alike.others("e001", frozenset())
    assert (len(others), others[0], others[-1]) == (COMPARED, "e000", "e099")
    cited = frozenset(f"e{n:03d}" for n in range(99))
    assert alike.others("e001", cited) == ["e099"]
    assert alike.others("e100", frozenset({"e100"})) == []
    assert alike.others("of nobody", frozenset()) == []
