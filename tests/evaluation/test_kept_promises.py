"""Whether confidence held, on a model whose promises are known."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from homing.core.ids import Vocabulary
from homing.evaluation.kept_promises import kept_promises
from homing.models.homes import Homes
from homing.models.impressions import Impressions
from homing.models.interactions import Interactions


class Promising:
    """Says of home h07 that its probability is .07, times what it exaggerates by."""

    calibration = SimpleNamespace(method="isotonic")

    def __init__(self, by=1.0):
        self.items = Vocabulary([f"h{n:02d}" for n in range(59, 0, -1)])
        self.by = by
        self.asked = []
        self.again = []

    def score(self, query, homes):
        self.asked.append(query)
        return np.array([np.nan if home == "unknown" else int(home[1:]) / 100 for home in homes], dtype=np.float32)

    def confidence(self, scores, acts, again):
        assert scores.shape == acts.shape == again.shape
        self.again.append(again)
        return SimpleNamespace(probability=np.clip(scores * self.by, 0.0, 1.0))


def shown(count=4_000, extra=()):
    draw = np.random.default_rng(0)
    number = draw.integers(1, 60, count)
    homes = [f"h{n:02d}" for n in number] + list(extra)
    engaged = np.append(draw.random(count) < number / 100, np.ones(len(extra), bool))
    return Impressions.from_columns(
        [f"l{n % 50}" for n in range(len(homes))], homes, np.zeros(len(homes)), engaged=engaged
    )


ACTS = Interactions.from_columns(["l0", "l0", "l1"], ["h01", "h02", "h02"], [1, 2, 3], [-5, 7, -9])
HOMES = Homes.from_rows([{"ListingKey": f"h{n:02d}", "ListPrice": 1_000 * n} for n in range(1, 60)])


def judged(model, impressions):
    return kept_promises(model, impressions, ACTS, HOMES)


def test_honest_promises_are_found_kept():
    found = judged(Promising(), shown())
    assert abs(found["ece"]) < 0.01
    assert found["slope"] == pytest.approx(1.0, abs=0.1)
    assert sum(one["n"] for one in found["bins"]) == found["n"] == 4_000


def test_exaggerated_promises_are_found_broken():
    found = judged(Promising(1.5), shown())
    assert found["ece"] > 0.1
    assert found["brier"] > judged(Promising(), shown())["brier"]


def test_homes_that_the_model_does_not_know_say_nothing():
    assert judged(Promising(), shown(100, ["unknown"] * 9))["n"] == 100


@pytest.mark.parametrize("count", [0, 20])
def test_too_few_homes_are_no_measurement_and_it_says_why(count):
    found = judged(Promising(), shown(count))
    assert "fewer than 50 homes" in found["why"]
    assert "ece" not in found


def test_a_lead_is_asked_about_with_what_it_had_done_by_the_moment_of_showing():
    model = Promising()
    judged(model, shown())
    by_lead = {query.lead_id: query for query in model.asked}
    assert by_lead["l0"].properties == ("h01",)
    assert by_lead["l1"].properties == ("h02",)
    assert by_lead["l2"].properties == ()
    assert {query.as_of for query in model.asked} == {0}


def test_slices_tell_leads_homes_and_prices_apart():
    slices = {one["slice"]: one for one in judged(Promising(), shown())["slices"]}
    assert slices["leads with acts"]["n"] + slices["leads without acts"]["n"] == 4_000
    assert slices["homes somebody had acted on"]["n"] == shown().property_ids.count("h01") + shown().property_ids.count(
        "h02"
    )
    assert slices["lowest third of prices"]["said"] < slices["highest third of prices"]["said"]
    assert all(one["ece_ci"][0] < 0.03 for one in slices.values())


def test_a_slice_that_is_told_wrong_shows():
    found = judged(Promising(1.5), shown())
    assert found["ece_ci"][0] > 0.05
    assert max(one["ece"] for one in found["slices"]) > found["ece"]


BEFORE = {("l0", "h01"), ("l1", "h02")}


def test_a_home_that_the_lead_had_acted_on_is_told_from_one_new_to_it():
    model = Promising()
    found = judged(model, shown())
    slices = {one["slice"]: one["n"] for one in found["slices"]}
    pairs = zip(shown().lead_ids, shown().property_ids, strict=True)
    theirs = [pair for pair in pairs if pair in BEFORE]
    assert sum(again.sum() for again in model.again) == len(theirs) > 0
    assert slices["homes new to the lead"] == 4_000 - len(theirs)


def test_what_a_lead_stated_and_had_searched_for_is_asked_with():
    model, stated, searched = Promising(), {"l0": np.array([3, 5])}, {("l1", 0): np.array([7])}
    judged(model, replace(shown(), stated=stated.get, searched=lambda lead, at: searched.get((lead, at))))
    asked = {query.lead_id: query for query in model.asked}
    assert [model.items.ids[code] for code in asked["l0"].within.array] == ["h06", "h04"]
    assert [model.items.ids[code] for code in asked["l1"].searched.array] == ["h08"]
    assert asked["l1"].within is asked["l0"].searched is asked["l2"].within is None
