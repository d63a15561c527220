"""Shrinkage: the published batters, and that it pays where means differ little."""

from __future__ import annotations

import numpy as np
import pytest

from homing.core.errors import BadInput
from homing.measures.shrinkage import shrunk_to_mean

HITS = np.array([18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7]) / 45
SEASON = [
    0.346, 0.298, 0.276, 0.222, 0.273, 0.270, 0.263, 0.210, 0.269,
    0.230, 0.264, 0.256, 0.303, 0.264, 0.226, 0.286, 0.316, 0.200,
]  # fmt: skip


def test_the_batters_of_efron_and_morris():
    """Scientific American, May 1977: c = .212, Clemente .294; the squared error is 3.5 times smaller."""
    found = shrunk_to_mean(HITS, HITS.mean() * (1 - HITS.mean()) / 45)
    assert (round(found.factor, 3), round(found.value[0], 3)) == (0.212, 0.294)
    before, after = (((values - SEASON) ** 2).sum() for values in (HITS, found.value))
    assert before / after == pytest.approx(3.5, abs=0.05)


def test_it_is_nearer_to_the_truth_on_average_whatever_the_spread():
    draw = np.random.default_rng(0)
    for spread in (0.1, 1.0, 5.0):
        truth = draw.normal(0, spread, (300, 12))
        seen = truth + draw.normal(0, 1, truth.shape)
        pulled = np.array([shrunk_to_mean(row, 1.0).value for row in seen])
        assert ((pulled - truth) ** 2).sum() < ((seen - truth) ** 2).sum()


def test_means_that_differ_less_than_chance_become_one():
    assert shrunk_to_mean(np.array([1.0, 1.1, 0.9, 1.0]), 1.0).value.tolist() == [1.0] * 4
    assert shrunk_to_mean(np.ones(5), 1.0).factor == 0.0


@pytest.mark.parametrize(
    ("means", "variance"), [(np.ones(3), 1.0), (np.array([1, 2, np.nan, 3]), 1.0), (np.ones(5), -1)]
)
def test_nonsense_is_refused(means, variance):
    with pytest.raises(BadInput, match="must be"):
        shrunk_to_mean(means, variance)
