"""Our measures of ranked lists against trec_eval, the program that others compute them with, on random input."""

from __future__ import annotations

import random

import numpy as np
import pytest

from homing.measures.ranking import measured

pytrec_eval = pytest.importorskip("pytrec_eval", reason="pytrec-eval-terrier, the reference, is not installed.")


def random_case(seed):
    draw = random.Random(seed)
    lists = [draw.sample(range(60), draw.randint(0, 60)) for _ in range(150)]
    tests = [set(draw.sample(range(60), draw.randint(1, 40))) for _ in range(150)]
    return lists, tests


def reference(lists, tests, k):
    """What trec_eval says of the same lists cut off at k, one dict a lead."""
    wanted = {str(row): {f"h{home}": 1 for home in test} for row, test in enumerate(tests)}
    run = {
        str(row): {f"h{home}": float(len(ranked) - place) for place, home in enumerate(ranked[:k])}
        for row, ranked in enumerate(lists)
    }
    names = {f"P.{k}", f"recall.{k}", f"ndcg_cut.{k}", "ndcg", f"map_cut.{k}", "recip_rank", f"success.{k}"}
    found = pytrec_eval.RelevanceEvaluator(wanted, names).evaluate(run)
    return [found[str(row)] if ranked else None for row, ranked in enumerate(lists)]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("k", [1, 5, 10, 30])
def test_every_measure_is_that_of_trec_eval(seed, k):
    lists, tests = random_case(seed)
    ours = measured(lists, tests, k)
    assert set(ours) == {"recall", "ndcg", "precision", "map", "mrr", "hit_rate", "ndcg_full_ideal"}
    for row, theirs in enumerate(reference(lists, tests, k)):
        if theirs is None:  # trec_eval leaves out a lead with an empty list; ours is all misses
            assert all(values[row] == 0.0 for values in ours.values())
            continue
        size = len(tests[row])
        expected = {
            "precision": theirs[f"P_{k}"],
            "recall": theirs[f"recall_{k}"],
            "ndcg": theirs[f"ndcg_cut_{k}"],
            "ndcg_full_ideal": theirs["ndcg"],
            "map": theirs[f"map_cut_{k}"] * size / min(k, size),  # trec_eval divides by all test items
            "mrr": theirs["recip_rank"],
            "hit_rate": theirs[f"success_{k}"],
        }
        assert {name: values[row] for name, values in ours.items()} == pytest.approx(expected, abs=1e-9)


def test_the_comparison_sees_a_gain_that_is_discounted_wrongly():
    lists, tests = random_case(0)
    theirs = np.array([0.0 if one is None else one["ndcg_cut_10"] for one in reference(lists, tests, 10)])
    hits = np.array([[place < len(ranked) and ranked[place] in test for place in range(10)]
                     for ranked, test in zip(lists, tests, strict=True)])  # fmt: skip
    by_rank = 1.0 / np.arange(1, 11)
    ideal = np.array([by_rank[: min(10, len(test))].sum() for test in tests])
    assert np.abs(hits @ by_rank / ideal - theirs).max() > 0.01
