"""Next stays on a market made by hand: when homes are there, who is judged on what, and what the rows compare."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from cold_quality import FILES, cases_of, listed_of, moment, rows_of, stays_of
from content_quality import read

STAYS = {"ann": {"h1": 1, "h2": 5, "h3": 6}, "bob": {"h2": 2, "h1": 7}, "eve": {"h3": 8}}
HOMES, LISTED = ("h1", "h2", "h3", "h4"), np.array([0, 0, 4, 9])


def test_a_home_is_there_when_one_with_a_higher_id_had_its_first_stay():
    rows = [{"id": "10", "first_review": ""}, {"id": "9", "first_review": "2020-05-05"}]
    rows += [{"id": "11", "first_review": "2021-01-01"}]
    found = listed_of(rows, moment("2022-01-01"))
    assert found == {"9": moment("2020-05-05"), "10": moment("2021-01-01"), "11": moment("2021-01-01")}


def test_the_first_home_new_to_a_guest_is_to_be_found_among_those_on_the_market():
    found = cases_of(STAYS, 3, 9, HOMES, LISTED)
    told = {case.lead: (case.open.tolist(), set(case.test)) for case in found["all"]}
    assert told == {"ann": ([False, True, True, False], {"h2"}), "bob": ([True, False, True, False], {"h1"})}


def test_never_seen_homes_are_those_nobody_stayed_in_before_the_cut():
    (case,) = cases_of(STAYS, 3, 9, HOMES, LISTED)["new"]
    assert (case.lead, case.open.tolist(), set(case.test)) == ("ann", [False, False, True, False], {"h3"})


def test_rows_have_the_difference_and_the_ratio_to_the_peers():
    ones = {"ndcg": np.array([0.4, 0.2]), "recall": np.array([1.0, 1.0])}
    half = {name: values / 2 for name, values in ones.items()}
    values = {"hybrid": ones, "als": half, "content_knn": half, "popularity": half}
    about = {"command": "c", "date": "d", "version": "v", "seed": 0, "data": "x", "protocol": "p"}
    found = {(row.model, row.measure): row.value for row in rows_of(about, values, ["a", "b"], 1.0)}
    assert found["hybrid less als", "ndcg@10"] == pytest.approx(0.15)
    assert found["hybrid over als", "recall@10"] == pytest.approx(2.0)


@pytest.mark.skipif(
    "HOMING_BENCH_DATA" not in os.environ, reason="HOMING_BENCH_DATA names no folder with inside_airbnb"
)
def test_no_stay_lies_before_its_home_was_there():
    folder = Path(os.environ["HOMING_BENCH_DATA"]) / "inside_airbnb"
    listings, reviews = (read(folder, FILES.format(name)) for name in ("listings", "reviews"))
    stays = stays_of(reviews, {row["id"] for row in listings})
    listed = listed_of(listings, max(at for mine in stays.values() for at in mine.values()))
    assert len(listed) == 3_483
    assert all(listed[home] <= at for mine in stays.values() for home, at in mine.items())
