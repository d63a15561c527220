from __future__ import annotations

import math
import random

import numpy as np
import pytest

from homing.core.errors import BadInput
from homing.measures import ranking


def brute(ranked, test, k):
    """Every measure in its plainest form, for one lead."""
    places = [place for place, item in enumerate(ranked[:k], 1) if item in test]
    dcg = sum(1 / math.log2(place + 1) for place in places)

    def ideal(n):
        return sum(1 / math.log2(place + 1) for place in range(1, n + 1))

    return {
        "precision": len(places) / k,
        "recall": len(places) / len(test),
        "hit_rate": float(bool(places)),
        "mrr": 1 / places[0] if places else 0.0,
        "map": sum((i + 1) / place for i, place in enumerate(places)) / min(k, len(test)),
        "ndcg": dcg / ideal(min(k, len(test))),
        "ndcg_full_ideal": dcg / ideal(len(test)),
    }


@pytest.mark.parametrize("k", [1, 3, 10, 25])
def test_every_measure_equals_its_plain_form_on_random_lists(k):
    draw = random.Random(k)
    lists = [draw.sample(range(40), draw.randint(0, 40)) for _ in range(200)]
    tests = [set(draw.sample(range(40), draw.randint(1, 30))) for _ in range(200)]
    values = ranking.measured(lists, tests, k)
    for row, (ranked, test) in enumerate(zip(lists, tests, strict=True)):
        for name, expected in brute(ranked, test, k).items():
            assert values[name][row] == pytest.approx(expected, abs=1e-12), name


def test_a_perfect_list_scores_one_on_the_measures_that_can_reach_it():
    values = ranking.measured([list("abcde")], [set("abcde")], k=5)
    assert all(value[0] == pytest.approx(1.0) for value in values.values())


def test_the_two_ideal_lists_differ_where_a_lead_has_more_test_items_than_places():
    values = ranking.measured([list("ab")], [set("abcd")], k=2)
    assert values["ndcg"][0] == pytest.approx(1.0)
    assert values["ndcg_full_ideal"][0] == pytest.approx(
        (1 + 1 / math.log2(3)) / (1 + 1 / math.log2(3) + 0.5 + 1 / math.log2(5))
    )


def test_recall_divides_by_all_test_items():
    assert ranking.measured([list("ab")], [set("abcd")], k=2)["recall"][0] == 0.5


def test_a_repeated_home_counts_once():
    assert ranking.hit_matrix([["a", "a", "b"]], [{"a", "b"}], k=3).tolist() == [[True, False, True]]


def test_a_lead_without_test_items_is_refused():
    with pytest.raises(BadInput, match="relevant must be at least 1"):
        ranking.measured([["a"]], [set()], k=1)


def test_a_k_below_one_is_refused():
    with pytest.raises(BadInput, match="k must be at least 1; got 0"):
        ranking.hit_matrix([["a"]], [{"a"}], k=0)


def test_lists_and_tests_must_be_as_many():
    with pytest.raises(BadInput, match="one entry a list"):
        ranking.hit_matrix([["a"]], [], k=1)


def test_coverage_is_the_share_of_the_catalogue_that_anyone_is_shown():
    assert ranking.coverage([["a", "b", "x"], ["b", "c"]], k=2, catalogue_size=10) == 0.3


def test_coverage_of_an_empty_catalogue_is_refused():
    with pytest.raises(BadInput, match="catalogue_size"):
        ranking.coverage([["a"]], k=1, catalogue_size=0)


def test_top_k_equals_a_full_sort_with_ties_in_the_given_order():
    draw = np.random.default_rng(3)
    for _ in range(50):
        scores = draw.integers(0, 5, 60).astype(np.float32)
        scores[draw.random(60) < 0.1] = np.nan
        ties = draw.permutation(60)
        expected = sorted(np.flatnonzero(~np.isnan(scores)), key=lambda i: (-scores[i], ties[i]))[:10]
        assert ranking.top_k(scores, 10, ties).tolist() == expected


def test_top_k_of_nothing_known_is_empty():
    assert ranking.top_k(np.full(4, np.nan), 2).tolist() == []
