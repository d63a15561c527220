from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from synthetic_homes import END, town

from homing.simulation.constants import fingerprint
from homing.simulation.moments import FEWEST, PUBLISHED, moments
from homing.simulation.recovered import opened_on_pages, refitted, sampling_error, taste_error
from homing.simulation.shopping import standing_still
from homing.simulation.simulate import lived, simulate

LEDGER = Path(__file__).resolve().parents[2] / "benchmarks" / "quality_ledger.csv"


@pytest.fixture(scope="module")
def found(made):
    return {one.name: one for one in moments(made)}


def test_every_published_moment_is_beside_its_simulated_one(found):
    assert list(found) == [one.name for one in PUBLISHED]
    assert all(one.low < one.high and one.source for one in found.values())


@pytest.mark.parametrize("name", ["households of two partners", "households in the market", "inquiries for each view"])
def test_moments_that_need_no_purchase_hold_in_a_small_market_too(found, name):
    assert found[name].holds, found[name]


def test_a_moment_without_enough_cases_has_no_value(homes):
    few = {one.name: one for one in moments(simulate(homes, 8, 4, seed=1, end_at=END))}
    bought = few["tours before a purchase"]
    assert (bought.value, bought.holds) == (None, None)
    assert bought.n < FEWEST


def test_a_moment_beyond_its_band_does_not_hold(made):
    changed = [dict(row) for row in made.truth]
    for row in changed:
        if row["kind"] == "household":
            row["partners"] = 1
    alone = {one.name: one for one in moments(type(made)(made.listings, made.leads, made.agents, made.events, changed))}
    assert alone["households of two partners"].holds is False


def test_the_constants_are_those_of_the_last_calibration():
    """Whoever changes a constant runs `benchmarks/simulator_moments.py --ledger` again."""
    with LEDGER.open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["command"].startswith("benchmarks/simulator_moments.py")]
    assert rows[-1]["data"].endswith(f"constants {fingerprint()}")
    last = [row for row in rows if row["data"] == rows[-1]["data"] and row["command"] == rows[-1]["command"]]
    assert len(last) >= len(PUBLISHED)
    for row in last:
        low, high = (float(text) for text in row["protocol"].split(" to "))
        assert float(row["low"]) <= high, row
        assert float(row["high"]) >= low, row


def test_tastes_refitted_on_the_pages_seen_are_the_true_ones():
    world = lived(town(), 6, 2, seed=7, end_at=END)
    still, errors = standing_still(world.world), []
    for search in world.searches[:3]:
        seen, opened = opened_on_pages(still, search, 1_500)
        errors.append(taste_error(search, refitted(seen, opened), seen[opened]))
        assert taste_error(search, refitted(seen, np.random.default_rng(1).permutation(opened)), seen[opened]) > 0.5
    assert np.mean(errors) < 0.12


def test_the_error_of_refitted_tastes_is_that_of_chance_and_falls_with_the_root_of_the_pages():
    world = lived(town(), 6, 2, seed=7, end_at=END)
    still, errors, expected = standing_still(world.world), [], []
    for search in world.searches[:3]:
        seen, opened = opened_on_pages(still, search, 1_500)
        errors.append(taste_error(search, refitted(seen, opened), seen[opened]))
        few = sampling_error(search, seen[: 20 * 375], opened[: 20 * 375])
        expected.append(sampling_error(search, seen, opened))
        assert few == pytest.approx(2 * expected[-1], rel=0.35)
    assert 0.4 < np.mean(errors) / np.mean(expected) < 1.8
