"""The table of quality counts as the publications do, and keeps what it found."""

from __future__ import annotations

import csv
import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = str(Path(__file__).parents[2] / "benchmarks")
ABOUT = {"command": "it", "date": "2026-01-01", "version": "v", "seed": 0, "data": "d", "protocol": "p"}


@pytest.fixture(scope="module")
def told():
    """The module of the benchmark."""
    sys.path.insert(0, FOLDER)
    yield importlib.import_module("recommender_quality")
    sys.path.remove(FOLDER)


def test_the_ideal_list_is_cut_off_in_one_protocol_alone(told):
    listed, wanted = list(range(10)), set(range(20))
    assert told.graded(listed, wanted, cut=True) == pytest.approx((1.0, 0.5, 1.0))
    discount = 1 / np.log2(np.arange(2, 22))
    assert told.graded(listed, wanted, cut=False)[2] == pytest.approx(discount[:10].sum() / discount.sum())


def test_a_hit_counts_by_its_place_and_a_short_list_is_allowed(told):
    assert told.graded(["x", "b"], {"b"}, cut=True) == pytest.approx((0.1, 1.0, 1 / np.log2(3)))
    assert told.graded([], {"b"}, cut=True) == (0.0, 0.0, 0.0)


def test_every_row_is_in_one_fold_and_the_folds_are_the_same_each_time(told):
    parts = told.folds(103)
    assert sorted(np.concatenate(parts).tolist()) == list(range(103))
    assert [part.tolist() for part in parts] == [part.tolist() for part in told.folds(103)]
    assert {part.size for part in parts} == {20, 21}


def test_folds_of_a_lead_count_as_one(told):
    found = told.means_of([{"a": (1.0, 0.0, 0.0), "b": (0.0, 0.0, 0.0)}, {"a": (0.0, 0.0, 0.5)}])
    assert found.tolist() == [[0.5, 0.0, 0.25], [0.0, 0.0, 0.0]]


def test_held_out_homes_are_told_by_lead(told):
    assert told.held_out(["a", "b", "a"], ["h1", "h2", "h3"], [0, 2]) == {"a": {"h1", "h3"}}


def test_rows_have_an_interval_and_the_ledger_one_header(told, tmp_path):
    rows = told.rows_of(ABOUT, "m", np.array([[0.0, 0.5, 1.0], [1.0, 0.5, 1.0]]), 2.0, (0.4, None, 0.9))
    assert [(row.measure, row.value, row.published, row.leads) for row in rows] == [
        ("precision@10", 0.5, 0.4, 2), ("recall@10", 0.5, None, 2), ("ndcg@10", 1.0, 0.9, 2),
    ]  # fmt: skip
    assert rows[0].low < 0.5 < rows[0].high
    for _ in range(2):
        told.keep(rows, tmp_path / "ledger.csv")
    kept = list(csv.DictReader((tmp_path / "ledger.csv").read_text().splitlines()))
    assert [row["measure"] for row in kept] == [row.measure for row in rows] * 2
    assert kept[1]["published"] == ""


def test_without_data_it_says_so_and_measures_nothing(told, monkeypatch, capsys):
    monkeypatch.delenv("HOMING_BENCH_DATA", raising=False)
    told.main(["--quick"])
    assert capsys.readouterr().out.count("nothing measured") == 2
