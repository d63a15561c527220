"""Reasons cite first the act without which the home loses most, and none where leaving it out changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from homing.interfaces import ConfidenceLevel, ModelPrediction, Reason
from homing.personalization.proven import MOST_TRIED, proven


def item(*reasons):
    return ModelPrediction(
        property_id="h1", rank=1, score=1.0, confidence=0.1, interval=(0.0, 0.2),
        confidence_level=ConfidenceLevel.HIGH, home={}, reasons=reasons, rest=0.0,
    )  # fmt: skip


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
    (found,) = proven([item(reason("a", "b", "c", "d"))], scores)
    assert found.reasons[0].events == ("b", "c", "a", "d")


@pytest.mark.parametrize("loss", [0.0, -0.1])
def test_acts_that_hold_nothing_up_are_not_cited(loss):
    scores, _ = asked({"a": loss, "b": loss})
    (found,) = proven([item(reason("a", "b"))], scores)
    assert found.reasons[0].events == ()
    assert found.reasons[0].text == "in the band of homes looked at"


def test_news_keeps_the_acts_it_is_about():
    scores, heard = asked({"a": -1.0})
    (found,) = proven([item(reason("a", kind="price_cut"))], scores)
    assert found.reasons[0].events == ("a",)
    assert heard == [frozenset()]


def test_each_act_is_left_out_once_and_only_the_first_few():
    scores, heard = asked(dict.fromkeys("abcdef", 0.1))
    proven([item(reason(*"abcdef"), reason("b", "a", kind="size"))], scores)
    assert len(heard) == len(set(heard)) == 1 + MOST_TRIED
