"""A change of taste is found where there is one, and seldom where there is none."""

import numpy as np
import pytest

from homing.models.taste_shift import MOST_ACTS, current_taste_begins

LEADS = 600
DRAWS = {
    "normal": lambda rng, m: rng.normal(size=(m, 5)),
    "heavy tails": lambda rng, m: rng.standard_t(2, size=(m, 4)),
    "counts": lambda rng, m: rng.integers(1, 4, (m, 3)).astype(float),
    "skewed": lambda rng, m: rng.exponential(size=(m, 3)) ** 2,
    "two kinds": lambda rng, m: rng.normal(size=(m, 2)) + 6.0 * (rng.random((m, 1)) < 0.3),
    "half unknown": lambda rng, m: np.where(rng.random((m, 4)) < 0.5, np.nan, rng.normal(size=(m, 4))),
}


@pytest.mark.parametrize("acts", [7, 20, 60])
@pytest.mark.parametrize("kind", DRAWS)
def test_of_leads_that_stay_as_they_are_at_most_two_in_a_hundred_alarm(kind, acts):
    rng = np.random.default_rng(11)
    assert np.mean([current_taste_begins(DRAWS[kind](rng, acts)) > 0 for _ in range(LEADS)]) <= 0.02


def looking(rng, acts, price, latitude):
    return np.column_stack((
        np.log(price) + rng.normal(0, 0.2, acts), latitude + rng.normal(0, 0.03, acts),
        rng.normal(0, 0.03, acts), rng.integers(2, 5, acts), rng.normal(0, 0.3, acts),
    ))  # fmt: skip


@pytest.mark.parametrize("before", [5, 10, 30, 120])
def test_from_400k_in_the_north_to_900k_in_the_south_is_seen_within_eight_acts(before):
    waits = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        acts = np.vstack((looking(rng, before, 4e5, 47.8), looking(rng, 12, 9e5, 47.4)))
        found = {more: current_taste_begins(acts[: before + more]) for more in range(1, 13)}
        waits.append(next((more for more, place in found.items() if place), 99))
        assert abs(found[12] - before) <= 1
    assert np.quantile(waits, 0.9) <= 8
    assert np.median(waits) <= 6


def test_one_odd_act_is_no_change():
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(200):
        acts = np.vstack((looking(rng, 60, 4e5, 47.8), looking(rng, 1, 3e6, 47.0)))
        alarms += current_taste_begins(acts) > 0
    assert alarms <= 6


def test_few_acts_acts_alike_and_acts_of_which_nothing_is_known_say_nothing():
    assert current_taste_begins(np.zeros((0, 3))) == current_taste_begins(np.ones((50, 3))) == 0
    assert current_taste_begins(np.full((50, 2), np.nan)) == current_taste_begins(np.zeros((50, 0))) == 0
    assert current_taste_begins(np.array([[0.0], [0.0], [9.0], [9.0], [9.0]])) == 0


def test_it_is_the_same_in_any_unit_and_each_time():
    rng = np.random.default_rng(1)
    acts = np.vstack((looking(rng, 9, 4e5, 47.8), looking(rng, 9, 9e5, 47.4)))
    assert current_taste_begins(acts) == current_taste_begins(acts) == current_taste_begins(1e3 * acts - 5.0) == 9


def test_only_the_newest_acts_are_looked_at():
    rng = np.random.default_rng(1)
    acts = np.vstack((looking(rng, 300, 4e5, 47.8), looking(rng, 30, 9e5, 47.4)))
    assert abs(current_taste_begins(acts) - 300) <= 1
    assert current_taste_begins(np.vstack((looking(rng, 9, 9e5, 47.4), looking(rng, MOST_ACTS, 4e5, 47.8)))) == 0
