"""Benchmarks compare what is equal, and tell it in one table and one ledger."""

from __future__ import annotations

import asyncio
import csv
import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

FOLDER = str(Path(__file__).parents[2] / "benchmarks")


@pytest.fixture(scope="module")
def module():
    """Imports a module of the folder of benchmarks."""
    sys.path.insert(0, FOLDER)
    yield importlib.import_module
    sys.path.remove(FOLDER)


@pytest.fixture
def told(module):
    return module("side_by_side")


def taken(ratio):
    theirs = np.linspace(1.0, 3.0, 9)
    return theirs * ratio, theirs


def test_the_ratio_is_that_of_each_round_and_units_are_turned(told):
    found = told.row("it", "peer", "ms", taken(0.5), "a note")
    assert (found.ours, found.theirs, found.ratio, found.low, found.high) == (1_000.0, 2_000.0, 0.5, 0.5, 0.5)


def test_sides_take_turns_and_the_first_round_is_not_counted(told):
    heard = []
    ours, theirs = told.in_turn(lambda: heard.append("a") or len(heard), lambda: heard.append("b") or len(heard), 3)
    assert "".join(heard) == "abab" * 2
    assert (ours.tolist(), theirs.tolist()) == ([3, 5, 7], [4, 6, 8])


def test_the_ledger_is_appended_to_with_one_header(told, tmp_path):
    run, rows = told.about(0.5), [told.row("it", "peer", "s", taken(2.0), "a note")]
    for _ in range(2):
        told.keep(rows, run, tmp_path / "ledger.csv")
    kept = list(csv.DictReader((tmp_path / "ledger.csv").read_text().splitlines()))
    assert [(row["what"], row["ratio"], row["load_before"]) for row in kept] == [("it", "2.0", "0.5")] * 2


def test_the_table_holds_every_row_and_the_version(told, capsys):
    told.show([told.row("it", "peer", "s", taken(2.0), "a note")], told.about(0.5))
    text = capsys.readouterr().out
    assert text.startswith("homing ")
    assert text.splitlines()[2].split()[-4:] == ["2.00", "[2.00,", "2.00]", "9"]
    assert "a note" in text


def test_the_sides_of_the_features_compute_the_same(module):
    bench = module("bench_features")
    engineer, acts = bench.StandardFeatureEngineer(None, warm_after=10**9), bench.events()
    vector = asyncio.run(engineer.extract_features("lead-1", "lead", acts, as_of=bench.from_micros(bench.NOW)))
    for peer in (bench.by_numpy, bench.by_polars):
        assert bench.unequal(peer(acts, bench.NOW), vector.numerical_features) == []
