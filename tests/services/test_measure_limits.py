"""Recommendations checked against what leads stated, by a check that is not the engine's."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "simulation"))

from synthetic_homes import END, town

from homing.personalization import candidates
from homing.services.measure_limits import MeasureLimits

MEASURE = MeasureLimits(leads=40, days=15, strangers=40, seed=7, end=END, k=50)


def test_nothing_recommended_breaks_a_limit(tmp_path):
    found = MEASURE(town(), tmp_path, 3_000)
    assert found["recommendations"] >= 3_000
    assert found["broken"] == {"price": 0, "bedrooms": 0, "area": 0, "type": 0}


@pytest.mark.parametrize("kind", ["price", "bedrooms", "area"])
def test_an_engine_that_forgets_a_limit_is_found_out(tmp_path, monkeypatch, kind):
    known = candidates._limit_tests
    names = {"price": "price|budget", "bedrooms": "bed", "area": "area"}[kind].split("|")

    def forgets(market, limits, rows):
        for name, passes in known(market, limits, rows):
            yield name, passes | any(word in name for word in names)

    monkeypatch.setattr(candidates, "_limit_tests", forgets)
    assert MEASURE(town(), tmp_path, 1_000)["broken"][kind] > 0
