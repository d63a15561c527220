"""Whether confidence held, on a model whose promises are known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from homing.evaluation.kept_promises import kept_promises
from homing.models.impressions import Impressions


class Promising:
    """Says of home h07 that its probability is .07, times what it exaggerates by."""

    calibration = SimpleNamespace(method="isotonic")
    pasts = SimpleNamespace(past=lambda lead: None)

    def __init__(self, by=1.0):
        self.by = by

    def score(self, lead, homes):
        return np.array([np.nan if home == "unknown" else int(home[1:]) / 100 for home in homes], dtype=np.float32)

    def confidence(self, scores, acts):
        assert scores.shape == acts.shape
        return SimpleNamespace(probability=np.clip(scores * self.by, 0.0, 1.0))


def shown(count=4_000, extra=()):
    draw = np.random.default_rng(0)
    number = draw.integers(1, 60, count)
    homes = [f"h{n:02d}" for n in number] + list(extra)
    engaged = np.append(draw.random(count) < number / 100, np.ones(len(extra), bool))
    return Impressions.from_columns(
        [f"l{n % 50}" for n in range(len(homes))], homes, np.zeros(len(homes)), engaged=engaged
    )


def test_honest_promises_are_found_kept():
    found = kept_promises(Promising(), shown())
    assert abs(found["ece"]) < 0.01
    assert found["slope"] == pytest.approx(1.0, abs=0.1)
    assert sum(one["n"] for one in found["bins"]) == found["n"] == 4_000


def test_exaggerated_promises_are_found_broken():
    found = kept_promises(Promising(1.5), shown())
    assert found["ece"] > 0.1
    assert found["brier"] > kept_promises(Promising(), shown())["brier"]


def test_homes_that_the_model_does_not_know_say_nothing():
    assert kept_promises(Promising(), shown(100, ["unknown"] * 9))["n"] == 100


@pytest.mark.parametrize("count", [0, 20])
def test_too_few_homes_are_no_measurement_and_it_says_why(count):
    found = kept_promises(Promising(), shown(count))
    assert "fewer than 50 homes" in found["why"]
    assert "ece" not in found
