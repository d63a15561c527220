"""Probabilities that hold, intervals that widen where we know less."""

import numpy as np
from scipy.special import expit

from homing.interfaces import ConfidenceLevel
from homing.models.calibration import Calibration, fit_calibration


def drawn(n, seed=0):
    rng = np.random.default_rng(seed)
    scores, acts = rng.normal(2.0, 3.0, n), rng.integers(0, 200, n).astype(float)
    truth = expit(-3.0 + 0.8 * (scores - 2.0) / 3.0 + 0.2 * np.log1p(acts))
    return scores, acts, rng.random(n) < truth, truth


def test_without_data_every_answer_is_uncertain():
    answer = Calibration().of(np.array([-5.0, 0.0, 5.0]), np.array([0.0, 10.0, 500.0]))
    assert all(ConfidenceLevel.of_width(w) is ConfidenceLevel.UNCERTAIN for w in answer.high - answer.low)


def test_with_much_data_the_true_probabilities_are_recovered():
    scores, acts, engaged, truth = drawn(40_000)
    answer = fit_calibration(scores, acts, engaged).of(scores, acts)
    assert np.abs(answer.probability - truth).mean() < 0.005


def test_the_ninety_percent_interval_covers_the_truth_about_ninety_percent_of_the_time():
    at, acts = np.array([2.0]), np.array([20.0])
    truth = expit(-3.0 + 0.2 * np.log1p(20.0))
    fits = [fit_calibration(*drawn(600, seed)[:3]).of(at, acts) for seed in range(200)]
    covered = np.mean([answer.low[0] <= truth <= answer.high[0] for answer in fits])
    assert 0.84 <= covered <= 0.97


def test_intervals_narrow_as_evidence_grows():
    widths = []
    for n in (0, 50, 500, 5000):
        answer = fit_calibration(*drawn(n)[:3]).of(np.array([2.0]), np.array([20.0]))
        widths.append(float(answer.high[0] - answer.low[0]))
    assert widths == sorted(widths, reverse=True)


def test_the_probability_lies_inside_its_interval():
    answer = fit_calibration(*drawn(300)[:3]).of(np.linspace(-20, 20, 50), np.zeros(50))
    assert np.all((answer.low <= answer.probability) & (answer.probability <= answer.high))


def test_one_kind_of_outcome_only_gives_finite_numbers():
    scores = np.linspace(0, 1, 40)
    answer = fit_calibration(scores, np.zeros(40), np.zeros(40, dtype=bool)).of(scores, np.zeros(40))
    assert np.all(np.isfinite(answer.probability))
    assert answer.probability.max() < 0.1
