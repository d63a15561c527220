from __future__ import annotations

import numpy as np
import pytest

from homing.core.errors import BadInput
from homing.measures.calibration import (
    brier,
    brier_skill,
    calibration_error,
    calibration_error_by_lead,
    calibration_line,
    log_loss,
    reliability,
    skill_of_tries,
)


@pytest.fixture(scope="module")
def calibrated():
    draw = np.random.default_rng(11)
    said = draw.beta(1.0, 9.0, 20_000)
    return said, (draw.random(20_000) < said).astype(float)


def test_known_answers_of_the_proper_scores():
    said, seen = np.array([0.8, 0.3]), np.array([1.0, 0.0])
    assert brier(said, seen) == pytest.approx((0.04 + 0.09) / 2)
    assert log_loss(said, seen) == pytest.approx(-(np.log(0.8) + np.log(0.7)) / 2)


def test_skill_is_nought_for_the_base_rate_and_one_for_the_outcome():
    seen = np.array([0.0, 1.0, 0.0, 0.0])
    assert brier_skill(np.full(4, 0.25), seen) == pytest.approx(0.0)
    assert brier_skill(seen, seen) == pytest.approx(1.0)


def test_the_truth_has_no_debiased_error_and_a_slope_of_one(calibrated):
    assert abs(calibration_error(*calibrated)) < 0.003
    slope, intercept = calibration_line(*calibrated)
    assert slope == pytest.approx(1.0, abs=0.05)
    assert intercept == pytest.approx(0.0, abs=0.1)


def test_a_shift_of_the_probabilities_is_the_error(calibrated):
    said, seen = calibrated
    assert calibration_error(np.minimum(said + 0.05, 1.0), seen) == pytest.approx(0.05, abs=0.01)


def test_the_interval_of_the_error_holds_nought_for_the_truth_nineteen_times_in_twenty():
    draw, held = np.random.default_rng(5), 0
    for _ in range(200):
        said = draw.beta(1.0, 9.0, 2_000)
        seen = (draw.random(2_000) < said).astype(float)
        held += calibration_error_by_lead(said, seen, np.arange(2_000) // 5, resamples=200).low <= 0.0
    assert held >= 185


def test_the_interval_of_the_error_excludes_nought_for_a_shift(calibrated):
    said, seen = calibrated
    error = calibration_error_by_lead(np.minimum(said + 0.05, 1.0), seen, np.arange(len(said)))
    assert error.low > 0.03
    assert error.low < error.value < error.high


def test_a_slope_alone_is_no_intercept(calibrated):
    said, _ = calibrated
    odds = np.log(said) - np.log1p(-said)
    true = 1.0 / (1.0 + np.exp(-(0.8 * (odds - odds.mean()) + odds.mean())))
    seen = (np.random.default_rng(0).random(len(said)) < true).astype(float)
    slope, intercept = calibration_line(said, seen)
    assert slope == pytest.approx(0.8, abs=0.05)
    assert abs(intercept) < 0.25


def test_an_intercept_is_what_is_said_too_much_in_log_odds(calibrated):
    said, seen = calibrated
    odds = np.log(said) - np.log1p(-said) + 0.4
    assert calibration_line(1.0 / (1.0 + np.exp(-odds)), seen)[1] == pytest.approx(-0.4, abs=0.05)


def test_overconfidence_is_a_slope_below_one(calibrated):
    said, seen = calibrated
    odds = 2.0 * (np.log(said) - np.log1p(-said))
    assert calibration_line(1.0 / (1.0 + np.exp(-odds)), seen)[0] == pytest.approx(0.5, abs=0.03)


def test_equal_probabilities_share_a_bin_whatever_the_order_of_rows():
    said, seen = np.full(100, 0.5), np.repeat([0.0, 1.0], 50)
    bins = reliability(said, seen)
    assert bins.count.tolist() == [100]
    assert calibration_error(said, seen, resamples=0) == pytest.approx(0.0)


def test_bins_have_equal_mass(calibrated):
    bins = reliability(*calibrated, bins=20)
    assert bins.count.tolist() == [1000] * 20
    assert (np.diff(bins.said) > 0).all()


def test_outcomes_that_are_all_equal_have_no_slope():
    assert np.isnan(calibration_line(np.array([0.2, 0.4]), np.zeros(2))).all()


@pytest.mark.parametrize(
    ("said", "seen", "message"),
    [
        ([1.2], [1.0], "probability must lie between 0 and 1; got 1.2"),
        ([np.nan], [1.0], "probability must lie between 0 and 1; got nan"),
        ([0.5], [2.0], "outcome must be 0 or 1; got 2.0"),
        ([0.5, 0.5], [1.0], "have the shape of probability"),
        ([], [], "not be empty"),
    ],
)
def test_what_is_no_probability_or_outcome_is_refused(said, seen, message):
    with pytest.raises(BadInput, match=message):
        brier(np.array(said), np.array(seen))


def test_the_skill_of_the_truth_is_known_from_few_tries():
    rng = np.random.default_rng(0)
    truth = rng.beta(0.3, 2.0, 200_000)
    outcome = (rng.random(truth.size) < truth).astype(float)
    rate = rng.binomial(4, truth) / 4
    assert skill_of_tries(rate, 4, outcome) == pytest.approx(brier_skill(truth, outcome), abs=0.01)
    assert brier_skill(rate, outcome) < brier_skill(truth, outcome) - 0.1


def test_one_try_says_nothing_of_the_skill_of_the_truth():
    with pytest.raises(BadInput, match="tries must be at least 2"):
        skill_of_tries(np.array([0.0, 1.0]), 1, np.array([0.0, 1.0]))
