from __future__ import annotations

import numpy as np
import pytest

from homing.core.errors import BadInput
from homing.measures.intervals import bootstrap_by_lead, bootstrap_mean, paired_difference


def test_the_interval_of_a_mean_covers_the_truth_about_as_often_as_it_says():
    draw = np.random.default_rng(1)
    covered = 0
    for run in range(300):
        interval = bootstrap_mean(draw.normal(2.0, 1.0, 60), resamples=400, seed=run)
        covered += interval.low <= 2.0 <= interval.high
    assert 0.90 <= covered / 300 <= 0.98


def test_the_interval_agrees_with_the_normal_one_on_many_values():
    values = np.random.default_rng(2).normal(0.0, 1.0, 2_000)
    interval = bootstrap_mean(values, seed=3)
    half = 1.96 * values.std() / np.sqrt(2_000)
    assert interval.low == pytest.approx(values.mean() - half, abs=0.005)
    assert interval.high == pytest.approx(values.mean() + half, abs=0.005)


def test_the_same_seed_gives_the_same_interval():
    values = np.random.default_rng(4).random(50)
    assert bootstrap_mean(values, seed=5) == bootstrap_mean(values, seed=5) != bootstrap_mean(values, seed=6)


def test_drawing_whole_leads_is_wider_where_a_leads_values_hang_together():
    leads = np.repeat(np.arange(40), 25)
    values = np.repeat(np.random.default_rng(7).random(40), 25)
    by_lead, by_row = bootstrap_by_lead(values, leads), bootstrap_mean(values)
    assert by_lead.n == 40
    assert by_lead.high - by_lead.low > 3 * (by_row.high - by_row.low)


def test_a_paired_difference_sees_what_two_intervals_cannot():
    hard = np.random.default_rng(8).normal(0.0, 1.0, 200)
    difference = paired_difference(hard + 0.1, hard)
    assert difference.value == pytest.approx(0.1)
    assert difference.excludes_zero
    assert not paired_difference(hard, hard).excludes_zero


def test_pairs_must_be_as_many():
    with pytest.raises(BadInput, match="one value for each of the 2 leads; got 3"):
        paired_difference(np.zeros(2), np.zeros(3))


def test_no_lead_has_no_interval():
    interval = bootstrap_mean(np.array([]))
    assert interval.n == 0
    assert np.isnan([interval.value, interval.low, interval.high]).all()


def test_a_level_of_percent_is_refused():
    with pytest.raises(BadInput, match="level must lie between 0 and 1; got 95"):
        bootstrap_mean(np.ones(3), level=95)


def test_leads_with_more_values_weigh_more_in_every_draw():
    same = bootstrap_by_lead(np.full(7, 2.0), np.array([0, 0, 0, 0, 0, 1, 2]), seed=1)
    assert (same.value, same.low, same.high) == (2.0, 2.0, 2.0)
