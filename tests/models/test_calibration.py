"""Probabilities that hold, intervals that widen where we know less."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from homing.interfaces import ConfidenceLevel
from homing.measures.calibration import calibration_error
from homing.models.calibration import Calibrated, Calibration, fit_calibration

WORLDS = {
    "logistic": lambda score: expit(-2.5 + score),
    "plateau": lambda score: 0.02 + 0.3 * np.clip(score, 0.0, 1.0),
    "bend": lambda score: expit(-3.0 + np.where(score < 0.0, 0.3, 2.2) * score),
    "both ends flat": lambda score: 0.02 + 0.5 * expit(4.0 * (score - 1.0)),
}
BINS = np.linspace(-1.9, 1.9, 20)
"""Scores from the 3rd to the 97th in a hundred."""


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


def lived(world, n, seed=0):
    """Scores and what came of them."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=n)
    return scores, np.zeros(n), rng.random(n) < WORLDS[world](scores)


def said(fitted, scores=BINS):
    return fitted.of(scores, np.zeros(scores.size))


@pytest.mark.parametrize(("n", "method"), [(0, "platt"), (199, "platt"), (900, "isotonic")])
def test_the_method_goes_by_the_number_of_samples(n, method):
    assert fit_calibration(*lived("logistic", n)).method == method


def test_few_positives_keep_the_logistic_curve():
    scores, acts, engaged = lived("logistic", 5_000)
    engaged &= np.cumsum(engaged) < 30
    assert fit_calibration(scores, acts, engaged).method == "platt"


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("n", [1_500, 5_000])
def test_ninety_percent_intervals_hold_the_truth_and_are_not_much_too_wide(world, n):
    answers = [said(fit_calibration(*lived(world, n, seed))) for seed in range(40)]
    truth = WORLDS[world](BINS)
    held = np.array([(answer.low <= truth) & (truth <= answer.high) for answer in answers])
    assert 0.85 <= held.mean() <= 0.975
    assert held.mean(axis=0).min() > 0.6


@pytest.mark.parametrize("world", WORLDS)
def test_probabilities_can_be_taken_at_their_word(world):
    fitted = fit_calibration(*lived(world, 20_000))
    scores, _, engaged = lived(world, 50_000, seed=1)
    probability = said(fitted, scores).probability
    assert calibration_error(probability, engaged.astype(float)) < 0.006
    assert np.abs(probability - WORLDS[world](scores)).mean() < 0.01


def test_where_the_truth_is_no_logistic_curve_the_bent_one_is_nearer_to_it():
    fitted = fit_calibration(*lived("both ends flat", 20_000))
    curve = replace(fitted, points=np.zeros((4, 0)))
    away = [np.abs(said(one).probability - WORLDS["both ends flat"](BINS)).mean() for one in (fitted, curve)]
    assert away[0] < 0.3 * away[1]


@pytest.mark.parametrize("n", [200, 1_500, 20_000])
@pytest.mark.parametrize("world", WORLDS)
def test_probabilities_and_their_ends_rise_with_the_score(world, n):
    answer = said(fit_calibration(*lived(world, n)), np.linspace(-9.0, 9.0, 500))
    assert (np.diff(answer.probability) >= -1e-12).all()
    assert ((answer.low <= answer.probability) & (answer.probability <= answer.high)).all()
    if n > 1_000:
        assert (np.diff(answer.low) >= -1e-12).all()
        assert (np.diff(answer.high) >= -1e-12).all()


def test_beyond_what_was_seen_nothing_is_certain():
    answer = said(fit_calibration(*lived("both ends flat", 5_000)), np.array([-50.0, 50.0]))
    assert 0.0 < answer.probability[0] < 0.05
    assert answer.probability[1] < 0.75
    assert answer.high[1] - answer.low[1] > 0.1


@pytest.mark.parametrize("world", WORLDS)
def test_the_further_beyond_what_was_seen_the_less_is_said(world):
    scores, acts, engaged = lived(world, 5_000)
    fitted = fit_calibration(scores, acts, engaged)
    above = said(fitted, scores.max() + np.array([0.0, 0.5, 1.0, 2.0]))
    assert (np.diff(above.high - above.low) > 0).all()
    assert (np.diff(above.low) == 0).all()
    below = said(fitted, scores.min() - np.array([0.0, 0.5, 1.0, 2.0]))
    assert (np.diff(below.low) < 0).all()


def covered(say, n, fits=40):
    """How many 90 % intervals hold the truth, over all worlds; `say` answers for a fitted calibration."""
    held = []
    for world, rate in WORLDS.items():
        truth = rate(BINS)
        for seed in range(fits):
            answer = say(fit_calibration(*lived(world, n, seed)))
            held.append((answer.low <= truth) & (truth <= answer.high))
    return np.mean(held)


def unbent(fitted):
    """Broken on purpose: believes that the truth is logistic."""
    rows = np.column_stack(
        (np.ones(BINS.size), (BINS - fitted.centre) / fitted.spread, np.zeros(BINS.size), np.zeros(BINS.size))
    )
    odds, reach = rows @ fitted.mean, 1.645 * np.sqrt(np.einsum("ij,jk,ik->i", rows, fitted.covariance, rows))
    return Calibrated(expit(odds), expit(odds - reach), expit(odds + reach))


@pytest.mark.parametrize("n", [120, 300, 900])
def test_of_few_samples_too_intervals_hold_a_truth_that_is_not_logistic(n):
    assert 0.87 <= covered(said, n) <= 0.95
    assert covered(unbent, n, fits=10) < 0.8


def clipped(fitted, scores):
    """Broken on purpose: every score beyond what was seen counts as the last one that was."""
    return said(fitted, np.clip(scores, *(fitted.centre + fitted.spread * _standard(fitted))))


def carried_on(fitted, scores):
    """Broken on purpose: goes on beyond what was seen as if that had been seen too."""
    return said(replace(fitted, seen=np.array([-np.inf, np.inf]), points=np.zeros((4, 0))), scores)


def _standard(fitted):
    return (fitted.seen - fitted.mean[0]) / fitted.mean[1]


def opens_and_tells_apart(say, fitted, scores):
    """The law of scores above all that were seen."""
    above = say(fitted, scores.max() + np.array([0.0, 0.5, 1.0, 2.0, 8.0]))
    assert (np.diff(above.probability) > 0).all()
    assert (np.diff(above.high - above.low) > 0).all()
    assert above.probability[-1] < above.probability[0] + 0.1
    assert above.high[-1] > 0.95


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("n", [150, 900, 5_000])
def test_beyond_what_was_seen_homes_are_told_apart_and_less_is_known_of_each(world, n):
    scores, acts, engaged = lived(world, n)
    fitted = fit_calibration(scores, acts, engaged)
    opens_and_tells_apart(said, fitted, scores)
    for broken in (clipped, carried_on):
        with pytest.raises(AssertionError):
            opens_and_tells_apart(broken, fitted, scores)


def test_a_bin_without_positives_is_not_zero():
    scores = np.linspace(0.0, 1.0, 4_000)
    answer = fit_calibration(scores, np.zeros(4_000), scores > 0.8).of(np.array([0.1]), np.zeros(1))
    assert 0.0 < answer.probability[0] < 0.005
    assert answer.high[0] > 0.001


def test_a_score_that_speaks_the_wrong_way_counts_as_nothing():
    scores, acts, engaged = lived("logistic", 900)
    answer = said(fit_calibration(-scores, acts, engaged))
    assert np.ptp(answer.probability) == 0.0
    assert answer.probability[0] == pytest.approx(engaged.mean(), abs=0.01)
    more = lived("logistic", 3_000)
    assert np.ptp(said(fit_calibration(-more[0], *more[1:])).probability) == 0.0


def test_equal_scores_get_the_rate_that_was_seen():
    engaged = np.random.default_rng(0).random(4_000) < 0.2
    answer = fit_calibration(np.ones(4_000), np.zeros(4_000), engaged).of(np.array([0.0, 1.0, 2.0]), np.zeros(3))
    assert answer.probability[1] == pytest.approx(engaged.mean(), abs=0.002)


def test_scores_that_part_all_from_nothing_give_finite_numbers():
    scores = np.append(np.linspace(-1e6, -9e5, 3_000), np.linspace(9e5, 1e6, 3_000))
    answer = fit_calibration(scores, np.zeros(6_000), scores > 0).of(np.array([-1e9, 0.0, 1e9]), np.zeros(3))
    assert np.isfinite([answer.probability, answer.low, answer.high]).all()
    assert answer.probability[0] < 0.02
    assert answer.probability[2] > 0.98


def test_activity_counts_with_much_data_too():
    scores, acts, engaged, _ = drawn(40_000)
    fitted = fit_calibration(scores, acts, engaged)
    assert fitted.method == "isotonic"
    idle, busy = (fitted.of(np.full(1, 2.0), np.full(1, n)).probability[0] for n in (0.0, 190.0))
    assert busy > 1.5 * idle


def test_homes_acted_on_before_do_not_raise_what_is_said_of_others():
    scores, acts, engaged = lived("logistic", 20_000)
    rng = np.random.default_rng(2)
    again = (rng.random(scores.size) < 0.1).astype(float)
    engaged |= (again > 0) & (rng.random(scores.size) < 0.3)
    at, none = np.array([0.0]), np.zeros(1)
    apart, mixed = fit_calibration(scores, acts, engaged, again), fit_calibration(scores, acts, engaged)
    assert apart.of(at, none).probability[0] == pytest.approx(expit(-2.5), abs=0.01)
    assert apart.of(at, none, np.ones(1)).probability[0] == pytest.approx(0.3 + 0.7 * expit(-2.5), abs=0.05)
    assert mixed.of(at, none).probability[0] > expit(-2.5) + 0.02


@pytest.mark.parametrize("n", [0, 200, 5_000])
def test_saved_as_arrays_and_restored_it_says_the_same_to_the_bit(n):
    fitted = fit_calibration(*lived("bend", n))
    again = Calibration.from_arrays(fitted.arrays())
    assert (again.method, again.samples, again.positives) == (fitted.method, fitted.samples, fitted.positives)
    for name in ("probability", "low", "high"):
        assert np.array_equal(getattr(said(again), name), getattr(said(fitted), name))


@pytest.mark.parametrize("name", ["mean", "covariance", "points", "seen"])
def test_arrays_that_do_not_fit_each_other_are_refused(name):
    arrays = fit_calibration(*lived("bend", 5_000)).arrays()
    with pytest.raises(ValueError, match="not those of a calibration"):
        Calibration.from_arrays(arrays | {name: arrays[name][1:]})
