"""Benchmarks compare what is equal, and tell it in one table and one ledger."""

from __future__ import annotations

import csv
import importlib
import sys
from pathlib import Path

import duckdb
import numpy as np
import pytest

from homing.feature_engineering import FEATURES
from homing.feature_engineering.interpreter import interpreted
from homing.tracking.history import histories

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


@pytest.fixture
def leads(module):
    """Some leads of the benchmarks, and the twenty features of each as ours are, interpreted."""
    data = module("feature_data")
    held, twenty = data.columns(20, 50), [one for one in FEATURES["lead"] if one.name in data.TWENTY]
    of = histories(held, "lead", held.leads.ids)
    values = interpreted(sorted(twenty, key=lambda one: data.TWENTY.index(one.name)), of, np.full(20, data.NOW))
    return data, held, values


def test_the_peers_of_many_leads_compute_the_same(leads):
    data, held, wanted = leads
    frame, database = data.frame_of(held), duckdb.connect()
    database.register("events", frame.to_arrow())
    by_polars = data.polars_query(frame, data.NOW).collect().to_numpy()
    in_sql = np.array(database.sql(data.duckdb_query(data.NOW)).fetchall(), dtype=np.float64)
    data.agree(wanted, {"polars": by_polars, "DuckDB": in_sql})


def test_the_peer_of_one_lead_computes_the_same(leads):
    data, _, _ = leads
    held = data.columns(1, 100)
    found = data.by_numpy(held, data.NOW)
    twenty = [one for name in data.TWENTY for one in FEATURES["lead"] if one.name == name]
    wanted = interpreted(twenty, histories(held, "lead", held.leads.ids), np.array([data.NOW]))
    data.agree(wanted, {"numpy": np.array([[found[name] for name in data.TWENTY]])})


def test_a_side_that_computes_something_else_is_not_timed(leads):
    data, _, wanted = leads
    wrong = wanted.copy()
    wrong[3, 5] += 1e-6
    with pytest.raises(SystemExit, match="polars does not agree with ours on unique_properties"):
        data.agree(wanted, {"polars": wrong})
