"""What lists show, against the plainest form of each measure."""

from __future__ import annotations

import itertools
import math
import random

import numpy as np
import pytest

from homing.core.errors import BadInput
from homing.measures.variety import area_diversity, novelty, price_diversity


@pytest.fixture
def lists():
    draw = random.Random(3)
    return [np.array(draw.sample(range(30), draw.randint(2, 10))) for _ in range(50)]


def test_areas_are_those_of_pairs(lists):
    area = np.arange(30) % 4
    for rows, found in zip(lists, area_diversity(lists, area), strict=True):
        pairs = list(itertools.combinations(rows.tolist(), 2))
        assert found == pytest.approx(sum(area[i] != area[j] for i, j in pairs) / len(pairs))


def test_prices_are_those_of_pairs(lists):
    price = np.random.default_rng(0).lognormal(13, 0.5, 30)
    for rows, found in zip(lists, price_diversity(lists, price), strict=True):
        pairs = list(itertools.combinations(rows.tolist(), 2))
        assert found == pytest.approx(sum(abs(math.log(price[i] / price[j])) for i, j in pairs) / len(pairs))


def test_a_home_that_everybody_knows_is_no_surprise_and_one_that_nobody_knows_the_largest():
    acted_by = np.array([7, 3, 0])
    told = novelty([np.array([row]) for row in range(3)], acted_by, 7)
    assert told.tolist() == [0.0, 1.0, 3.0]


def test_unknown_areas_and_prices_do_not_count():
    rows = [np.array([0, 1, 2])]
    assert area_diversity(rows, np.array([4, -1, 5])).tolist() == [1.0]
    assert price_diversity(rows, np.array([100.0, np.nan, 200.0]))[0] == pytest.approx(math.log(2))
    assert np.isnan(price_diversity(rows, np.array([100.0, 0.0, np.nan])))[0]


def test_an_empty_list_has_no_value():
    none = [np.zeros(0, np.int64)]
    assert np.isnan([novelty(none, np.array([1]), 1)[0], area_diversity(none, np.array([1]))[0]]).all()


def test_more_leads_on_a_home_than_there_are_is_refused():
    with pytest.raises(BadInput, match="leads must be at least the largest number"):
        novelty([np.array([0])], np.array([5]), 4)
