"""The wall of published values: it fails where a value differs, and says what it could not measure."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

import reproduce
from reproduce import Missing, Row


def row(ours, printed=".243", *, is_drawn=False):
    return Row("d", "w", printed, ours, "s", is_drawn)


@pytest.mark.parametrize(
    ("printed", "ours", "agrees"),
    [(".243", 0.2434, True), (".243", 0.2436, False), ("4.414", 4.41353, True), ("-9582.4", -9582.44, True),
     ("-9582.4", -9582.46, False), (".2905", 0.29051, True), (".2905", 0.2911, False)],
)  # fmt: skip
def test_a_value_agrees_within_what_was_printed(printed, ours, agrees):
    assert row(ours, printed).agrees is agrees


def test_one_value_that_differs_fails_the_whole(capsys):
    assert reproduce.main(None, [lambda _: iter([row(0.243), row(0.25)])]) == 1
    assert "DIFFERS" in capsys.readouterr().out
    assert reproduce.main(None, [lambda _: iter([row(0.243)])]) == 0


def test_a_value_that_was_drawn_by_chance_is_shown_and_not_counted(capsys):
    assert reproduce.main(None, [lambda _: iter([row(0.243), row(0.9, is_drawn=True)])]) == 0
    assert "1 of 1" in capsys.readouterr().out


def test_what_is_not_there_is_said_and_nothing_at_all_is_no_success(capsys):
    def missing(_):
        raise Missing("MovieLens: no folder")
        yield

    assert reproduce.main(None, [missing]) == 1
    assert "not measured: MovieLens: no folder." in capsys.readouterr().out


def test_the_small_walls_agree():
    assert all(one.agrees for one in reproduce.batters(None))


def test_cdnow_is_as_published():
    try:
        rows = list(reproduce.cdnow(None))
    except Missing as reason:
        pytest.skip(str(reason))
    assert [one.what for one in rows if not one.agrees] == []
    assert len(rows) == 5


@pytest.mark.skipif(
    "HOMING_BENCH_DATA" not in os.environ, reason="HOMING_BENCH_DATA names no folder with ml_100k_mcrec"
)
def test_popularity_is_as_published(monkeypatch):
    monkeypatch.setattr(reproduce, "MOVIES", {"popularity": reproduce.MOVIES["popularity"]})
    rows = list(reproduce.movies(os.environ["HOMING_BENCH_DATA"]))
    assert [one.what for one in rows if not one.agrees] == []
