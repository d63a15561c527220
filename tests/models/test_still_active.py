"""Who is still looking: against histories of known parameters, and a likelihood summed the long way."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad, quad
from scipy.stats import beta, gamma

from homing.core.errors import BadInput, NotReady
from homing.models.still_active import StillActive, still_active

TRUE = StillActive(r=0.8, alpha=3.0, a=1.2, b=2.5)


def drawn(true, leads, watched, seed):
    """Acts, time of the last, and whether still active, of leads drawn as the model says."""
    draw = np.random.default_rng(seed)
    rows = []
    for _ in range(leads):
        rate, chance = draw.gamma(true.r, 1 / true.alpha), draw.beta(true.a, true.b)
        at, last, acts, active = 0.0, 0.0, 0, True
        while active and (at := at + draw.exponential(1 / rate)) < watched:
            last, acts = at, acts + 1
            active = draw.random() >= chance
        rows.append((acts, last, watched, active))
    return np.array(rows).T


def test_known_parameters_are_found_again():
    acts, last, watched, _ = drawn(TRUE, 20_000, 40.0, seed=1)
    found = still_active(acts, last, watched)
    assert found.r == pytest.approx(TRUE.r, rel=0.05)
    assert found.alpha == pytest.approx(TRUE.alpha, rel=0.08)
    assert found.a / (found.a + found.b) == pytest.approx(TRUE.a / (TRUE.a + TRUE.b), rel=0.05)


def test_the_chance_is_the_rate_at_which_such_leads_are_still_active():
    acts, last, watched, active = drawn(TRUE, 20_000, 40.0, seed=2)
    said = TRUE.chance(acts, last, watched)
    for low, high in ((0.0, 0.1), (0.1, 0.5), (0.5, 0.9), (0.9, 0.999)):
        rows = (said > low) & (said <= high)
        assert rows.sum() > 100
        assert active[rows].mean() == pytest.approx(said[rows].mean(), abs=0.03)


@pytest.mark.parametrize("history", [(0, 0.0, 5.0), (1, 2.0, 5.0), (3, 4.0, 9.0)])
def test_the_likelihood_is_the_integral_over_all_leads(history):
    acts, last, watched = history

    def of_one(rate, chance):
        still = (1 - chance) ** acts * rate**acts * np.exp(-rate * watched)
        stopped = chance * (1 - chance) ** (acts - 1) * rate**acts * np.exp(-rate * last) if acts else 0.0
        return (still + stopped) * gamma.pdf(rate, TRUE.r, scale=1 / TRUE.alpha) * beta.pdf(chance, TRUE.a, TRUE.b)

    whole = dblquad(of_one, 0, 1, 0, 60, epsabs=1e-9)[0] if acts else quad(
        lambda rate: np.exp(-rate * watched) * gamma.pdf(rate, TRUE.r, scale=1 / TRUE.alpha), 0, 60)[0]  # fmt: skip
    assert TRUE.log_likelihood(*([value] for value in history)) == pytest.approx(np.log(whole), abs=2e-3)


def test_the_unit_of_time_changes_nothing_but_alpha():
    acts, last, watched, _ = drawn(TRUE, 500, 20.0, seed=3)
    weeks, days = still_active(acts, last, watched), still_active(acts, 7 * last, 7 * watched)
    assert days.alpha == pytest.approx(7 * weeks.alpha, rel=1e-6)
    assert days.chance(acts, 7 * last, 7 * watched) == pytest.approx(weeks.chance(acts, last, watched), abs=1e-6)


def test_long_silence_after_many_acts_says_stopped_without_overflow():
    assert TRUE.chance([500], [1.0], [1e9])[0] == pytest.approx(0.0, abs=1e-12)
    assert TRUE.chance([500], [1e9], [1e9])[0] > 0.99


def test_nothing_repeated_is_nothing_to_learn_from():
    with pytest.raises(NotReady, match="acted more than once"):
        still_active([0, 0], [0, 0], [3, 4])


@pytest.mark.parametrize(
    "history", [([-1], [0], [1]), ([1.5], [1], [2]), ([1], [3], [2]), ([0], [1], [2]), ([1], [1, 2], [3])]
)
def test_impossible_histories_are_refused(history):
    with pytest.raises(BadInput, match="must"):
        still_active(*history)
