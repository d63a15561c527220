"""What is held out, of whom, and whether the order of rows is one of time."""

import numpy as np
import pytest

from homing.models import Interactions
from homing.models.blend import Judged, climbed, cold_cut
from homing.models.validation import gain, in_order, validation_cut, validation_cuts


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
    assert all(cold[cut.held_of(one)].all() for one in cut.leads.tolist())


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
    found = Judged(np.arange(0, 6_001, 30), np.column_stack((noise.ravel(), good.ravel())), held.ravel())
    weights, ndcg = climbed(found)
    assert weights[1] > 0.8
    assert ndcg >= found.ndcg(np.array([0.0, 1.0]))


def test_two_parts_that_each_see_half_of_it_are_both_used():
    rng = np.random.default_rng(0)
    held = np.zeros((400, 30), dtype=bool)
    held[:, 0] = True
    first, second = (held + rng.normal(0, 0.7, held.shape) for _ in range(2))
    found = Judged(np.arange(0, 12_001, 30), np.column_stack((first.ravel(), second.ravel())), held.ravel())
    weights, ndcg = climbed(found)
    assert weights.min() > 0.2
    assert ndcg > 1.1 * max(found.ndcg(alone) for alone in np.eye(2))
