"""What is held out, of whom, whether the order of rows is one of time, and what that is learned from may expect."""

import itertools

import numpy as np
import pytest

from homing.models import Interactions
from homing.models.blend import Judged, climbed
from homing.models.new_homes import among_known, as_expected, cold_cut, expected_on_new, in_proportion
from homing.models.validation import gain, in_order, validation_cut, validation_cuts

EVEN = (np.ones(1), np.ones(1))
HOMES = np.tile(np.arange(30), 400)


def walks(leads=150, homes=60, acts=12, seed=0):
    """Rows in which leads go from a home to the next of a ring: the order of rows says in which order they acted."""
    rng = np.random.default_rng(seed)
    ring = rng.permutation(homes)
    starts = rng.integers(0, homes, leads)
    lead, home = np.repeat(np.arange(leads), acts), ring[(starts[:, None] + np.arange(acts)) % homes].ravel()
    return lead, home


def test_rows_in_the_order_of_a_walk_are_in_order_and_shuffled_or_sorted_ones_are_not():
    lead, home = walks()
    turn = np.random.default_rng(1).permutation(lead.size)
    by_home = np.lexsort((home, lead))
    assert in_order(Interactions.from_columns(lead, home))
    assert not in_order(Interactions.from_columns(lead[turn], home[turn]))
    assert not in_order(Interactions.from_columns(lead[by_home], home[by_home]))


@pytest.mark.parametrize("last", [True, False])
def test_nothing_held_out_is_left_to_learn_from_and_each_lead_keeps_some(last):
    lead, home = walks()
    data = Interactions.from_columns(lead, home)
    cut = validation_cut(data, 0, last=last)
    for one in cut.leads.tolist():
        held, left = cut.held_of(one), cut.past(one).items
        assert held.size == 1
        assert left.size == 11
        assert not np.isin(held, left).any()
        if last:
            assert held[0] == data.property[data.lead == one][-1]


def test_there_are_three_cuts_by_chance_of_few_leads_and_one_where_rows_are_in_order():
    lead, home = walks()
    turn = np.random.default_rng(1).permutation(lead.size)
    assert len(validation_cuts(Interactions.from_columns(lead, home), 0)) == 1
    assert len(validation_cuts(Interactions.from_columns(lead[turn], home[turn]), 0)) == 3
    assert validation_cuts(Interactions.from_columns(lead[:24], home[:24]), 0) == ()


def test_homes_made_cold_are_in_no_row_that_is_learned_from():
    lead, home = walks(homes=300)
    data = Interactions.from_columns(lead, home)
    cut, cold = cold_cut(data, 0, 1_000)
    assert cold.sum() == np.unique(home).size // 10
    assert not cold[cut.train.property].any()
    assert all(cold[cut.held_of(one)].any() for one in cut.leads.tolist())
    assert any(not cold[cut.held_of(one)].all() for one in cut.leads.tolist())


def test_homes_unseen_by_chance_may_expect_little_and_new_ones_as_much_as_any():
    rng = np.random.default_rng(0)
    share = 1.0 / np.arange(1, 2_001)
    chance = rng.choice(2_000, 8_000, p=share / share.sum())
    lead = np.arange(8_000)
    by_chance = Interactions.from_columns(lead, chance)
    unseen = np.setdiff1d(np.arange(2_000), chance)
    later = np.bincount(rng.choice(2_000, 400_000, p=share / share.sum()), minlength=2_000)
    truth = later[unseen].mean() / later[np.unique(chance)].mean()
    assert expected_on_new(by_chance, 2_000) == pytest.approx(truth, rel=0.25)
    often = rng.integers(0, 1_000, 8_000)
    assert expected_on_new(Interactions.from_columns(lead, often), 2_000) > 0.95


def test_with_moments_it_is_counted_what_came_to_homes_unseen_before():
    at = np.arange(1_000)
    home = np.where(at < 900, at % 100, np.where(at % 2 == 0, at % 100, 100 + at % 100))
    data = Interactions.from_columns(at, home, timestamps=at)
    assert expected_on_new(data, 300) == pytest.approx((50 / 200) / (50 / 100))
    assert expected_on_new(Interactions.from_columns(at, at % 100, timestamps=at), 200) == 0.0


def test_a_market_is_made_as_new_as_the_real_one():
    data = Interactions.from_columns(np.arange(400), np.arange(400) % 90)
    cold = np.arange(100) % 3 == 0
    homes = np.tile(np.arange(100), 5)
    found = Judged(np.arange(0, 501, 100), np.zeros((500, 1)), homes, np.ones(500, dtype=bool))
    made = as_expected(found, cold, data, 100, 0)
    for first, last in itertools.pairwise(made.offsets.tolist()):
        rows = made.homes[first:last]
        assert (~cold[rows]).sum() == (~cold).sum()
        assert cold[rows].sum() == 10
        assert made.held[first:last][cold[rows]].sum() == round(10 * expected_on_new(data, 100))


def test_cold_homes_rise_as_far_as_lists_become_better():
    rng = np.random.default_rng(0)
    cold = np.arange(40) >= 20
    homes = np.tile(np.arange(40), 300)
    for liked, rises in ((homes == 0, False), (homes == 20, True)):
        scores = (0.4 * rng.random(12_000) + 0.25 * liked)[:, None]
        found = Judged(np.arange(0, 12_001, 40), scores, homes, liked)
        even, chosen = (one(found, *given) for one, given in ((in_proportion, EVEN), (among_known, (cold, *EVEN))))
        assert (chosen > even) is rises


def test_gain_is_that_of_the_ranks_and_nan_is_never_in_a_list():
    scores = np.array([3.0, 2.0, 1.0, np.nan])
    assert gain(scores, np.array([0])) == 1.0
    assert gain(scores, np.array([1])) == pytest.approx(1 / np.log2(3))
    assert gain(scores, np.array([3])) == 0.0


def test_the_climb_finds_the_part_that_ranks_and_leaves_out_noise():
    rng = np.random.default_rng(0)
    held = np.zeros((200, 30), dtype=bool)
    held[:, 0] = True
    good = held + rng.normal(0, 0.5, held.shape)
    noise = rng.normal(0, 1, held.shape)
    found = Judged(np.arange(0, 6_001, 30), np.column_stack((noise.ravel(), good.ravel())), HOMES[:6_000], held.ravel())
    weights, ndcg = climbed(found)
    assert weights[1] > 0.8
    assert ndcg >= found.ndcg(np.array([0.0, 1.0]))


def test_two_parts_that_each_see_half_of_it_are_both_used():
    rng = np.random.default_rng(0)
    held = np.zeros((400, 30), dtype=bool)
    held[:, 0] = True
    first, second = (held + rng.normal(0, 0.7, held.shape) for _ in range(2))
    found = Judged(np.arange(0, 12_001, 30), np.column_stack((first.ravel(), second.ravel())), HOMES, held.ravel())
    weights, ndcg = climbed(found)
    assert weights.min() > 0.2
    assert ndcg > 1.1 * max(found.ndcg(alone) for alone in np.eye(2))
