from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "simulation"))

from synthetic_homes import END, town

from homing.evaluation.relevance import POINTS, Graded, relevance_report, relevant, share
from homing.services.measure_relevance import MeasureRelevance


def test_the_best_twentieth_is_relevant_but_at_least_twenty_and_only_within_the_limits():
    worth = np.arange(1_000.0)
    fits = worth < 800
    assert np.flatnonzero(relevant(worth, fits)).tolist() == list(range(760, 800))
    assert np.flatnonzero(relevant(worth, worth < 100)).tolist() == list(range(80, 100))
    assert np.flatnonzero(relevant(worth, worth < 7)).tolist() == list(range(7))


def test_a_place_left_empty_is_no_relevant_home():
    assert share(np.array([], dtype=np.int64), np.ones(3, dtype=bool)) == 0.0
    assert share(np.array([0, 1, 2]), np.array([True, False, True]), k=4) == 0.5


def graded(name, eligible, **of):
    return Graded("investor", name, eligible, {who: (value,) * len(POINTS) for who, value in of.items()}, 0)


def test_the_way_is_measured_from_popularity_to_the_best_learner():
    report = relevance_report([graded("a", 500, hybrid=0.4, popularity=0.1, best_learner=0.6)])
    assert report["all"]["way"] == pytest.approx([0.6] * len(POINTS))
    same = relevance_report([graded("a", 500, hybrid=0.4, popularity=0.1, best_learner=0.1)])
    assert set(same["all"]["way"]) == {None}


def test_households_with_few_homes_are_reported_apart():
    report = relevance_report([graded("a", 500, hybrid=0.4), graded("b", 99, hybrid=0.0)])
    assert (report["households"], report["few_homes"]["households"]) == (1, 1)
    assert report["all"]["rows"][0]["share"] == [0.4] * len(POINTS)


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    measure = MeasureRelevance(leads=60, days=20, each=1, seed=7, end=END)
    return measure(town(2_500), tmp_path_factory.mktemp("relevance"), scenarios=("out_of_town_buyer", "changes_mind"))


def shares(report, ranker):
    return next(np.array(row["share"]) for row in report["all"]["rows"] if row["ranker"] == ranker)


def test_the_oracle_is_the_ceiling_and_nothing_stated_is_broken(report):
    assert report["households"] + report["few_homes"]["households"] == 2
    assert (shares(report, "oracle") == 1.0).all()
    assert report["violations"] == 0
    assert report["simulated"] is True
