"""Features of the calibration measures know nothing of what came later."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from calibration_quality import booking, booking_of_all_months, record, usual_of


def test_a_record_holds_what_was_known_when_the_contact_was_made():
    asked = np.array([0.0, 10.0, 20.0])
    replied, booked = np.array([5.0, 30.0, np.nan]), np.array([15.0, np.nan, np.nan])
    told = record(pl.Series(["a", "a", "a"]), asked, replied, booked)
    assert told[:, 0].tolist() == pytest.approx(np.log1p([0, 1, 2]).tolist())
    assert told[1, 1:3].tolist() == [1.0, 1 / 3]
    assert told[2, 1:3].tolist() == [0.5, 2 / 4]


def test_the_usual_price_is_that_of_early_rows_alike():
    values = np.array([1.0] * 20 + [9.0] * 20)
    early = np.arange(40) < 20
    assert usual_of(values, [["x"] * 40], early).tolist() == [1.0] * 40


@pytest.mark.skipif(
    "HOMING_BENCH_DATA" not in os.environ, reason="HOMING_BENCH_DATA names no folder with airbnb_dublin"
)
@pytest.mark.parametrize(("read", "contacts"), [(booking, 5_558), (booking_of_all_months, 7_823)])
def test_of_the_contacts_in_dublin_a_quarter_are_booked_within_a_fortnight(read, contacts):
    features, outcome, guests = read(Path(os.environ["HOMING_BENCH_DATA"]) / "airbnb_dublin")
    assert {len(columns) for columns in features.values()} == {len(outcome)} == {len(guests)} == {contacts}
    assert 0.25 < outcome.mean() <= 0.285
