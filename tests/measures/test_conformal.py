"""Conformal sets hold the truth as often as they promise, whatever the model."""

from __future__ import annotations

import numpy as np
import pytest

from homing.core.errors import BadInput
from homing.measures.conformal import conformal_sets, conformal_threshold, covered


def drawn(n, seed, *, honest):
    """Probabilities of three outcomes and what came true; a model that is not honest says the opposite."""
    draw = np.random.default_rng(seed)
    said = draw.dirichlet([4.0, 1.5, 0.5], n)
    truth = (draw.random(n)[:, None] > said.cumsum(axis=1)).sum(axis=1).clip(max=2)
    return (said if honest else said[:, ::-1]), truth


@pytest.mark.parametrize("honest", [True, False])
@pytest.mark.parametrize("level", [0.8, 0.9])
def test_coverage_is_within_a_point_of_the_promise_for_any_model(honest, level):
    threshold = conformal_threshold(*drawn(20_000, 1, honest=honest), level)
    said, truth = drawn(20_000, 2, honest=honest)
    assert covered(conformal_sets(said, threshold), truth).mean() == pytest.approx(level, abs=0.01)


def test_an_honest_model_needs_smaller_sets():
    sizes = [
        conformal_sets(drawn(5_000, 2, honest=honest)[0], conformal_threshold(*drawn(5_000, 1, honest=honest))).sum()
        for honest in (True, False)
    ]
    assert sizes[0] < 0.8 * sizes[1]


def test_few_rows_cover_on_average_too():
    found = []
    for seed in range(600):
        threshold = conformal_threshold(*drawn(19, seed, honest=True))
        said, truth = drawn(50, 10_000 + seed, honest=True)
        found.append(covered(conformal_sets(said, threshold), truth).mean())
    assert 0.885 < np.mean(found) < 0.96


def test_too_few_rows_for_a_level_give_sets_of_everything():
    said, truth = drawn(5, 0, honest=True)
    assert conformal_sets(said, conformal_threshold(said, truth)).all()


@pytest.mark.parametrize(
    ("said", "truth", "level", "message"),
    [
        ([[0.5, 0.5]], [0], 1.0, "level must lie between 0 and 1; got 1.0"),
        ([[0.5, 0.5]], [0, 1], 0.9, "probability must have a row for each of the 2 outcomes"),
        ([[0.5, 0.5]], [2], 0.9, "truth must be numbers of the 2 outcomes, from 0; got 2"),
    ],
)
def test_what_fits_not_is_refused(said, truth, level, message):
    with pytest.raises(BadInput, match=message):
        conformal_threshold(np.array(said), np.array(truth), level)
