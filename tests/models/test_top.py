"""The highest scores, however many are asked for: as a plain sort has them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homing.models.top import top

SCORES = st.lists(st.one_of(st.integers(-3, 3).map(float), st.just(float("nan")), st.floats(width=32)), max_size=400)


def sorted_plainly(scores, k):
    known = [place for place, score in enumerate(scores.tolist()) if not np.isnan(score)]
    return sorted(known, key=lambda place: (-scores[place], place))[:k]


@given(SCORES, st.integers(0, 400))
def test_the_highest_are_those_of_a_plain_sort(scores, k):
    scores = np.array(scores, dtype=np.float32)
    assert top(scores, k).tolist() == sorted_plainly(scores, k)


@pytest.mark.parametrize("k", [1, 10, 250, 625, 626, 20_000])
@pytest.mark.parametrize("decimals", [0, 2, 7])
def test_among_many_scores_equal_ones_stand_in_their_order(k, decimals):
    scores = np.round(np.random.default_rng(k).normal(size=20_000), decimals).astype(np.float32)
    scores[::7] = np.nan
    assert top(scores, k).tolist() == sorted_plainly(scores, k)
