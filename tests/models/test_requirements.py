"""What a lead insists on is told by what became of the homes it opened, and learned from all who acted."""

import numpy as np
import pytest

from homing.models.interactions import Interactions
from homing.models.pasts import Past, Pasts
from homing.models.requirements import learned_requirements, levels_of

RNG = np.random.default_rng(3)
HOMES = 600
VALUES = np.column_stack((RNG.integers(1, 5, HOMES).astype(float), RNG.normal(size=HOMES)))
"""Baths, of which a third of the leads insist on three, and something nobody cares about."""


def pasts(leads=300, insisting=1 / 3, opened=20, seed=5):
    """Leads that open homes by chance, save a third of those that will do, and pass most of those that will not."""
    draw = np.random.default_rng(seed)
    rows = []
    for lead in range(leads):
        insists = draw.random() < insisting
        for home in draw.choice(HOMES, opened, replace=False).tolist():
            lacks = insists and VALUES[home, 0] < 3
            chance = draw.random()
            wanted, passed = (chance < 0.01, chance > 0.5) if lacks else (chance < 0.33, chance > 0.95)
            rows.append((f"lead-{lead}", home, 5.0 if wanted else -10.0 if passed else 1.0))
    names, homes, weights = zip(*rows, strict=True)
    data = Interactions.from_columns(names, [f"h{home}" for home in homes], weights)
    found = Pasts.of(data)
    order = np.array([int(name[1:]) for name in data.properties.ids])
    return Pasts(found.leads, found.offsets, order[found.items].astype(np.int32), found.weights, None, None)


@pytest.fixture(scope="module")
def found():
    return learned_requirements(VALUES, pasts(), range(300))


def past(homes, weights):
    return Past(np.array(homes, dtype=np.int64), np.array(weights, dtype=np.float64))


def chance_of_few_baths(found, of):
    homes = np.array([np.flatnonzero(VALUES[:, 0] == 2)[0], np.flatnonzero(VALUES[:, 0] == 4)[0]])
    parts = found.log_chances(of, homes, np.array([0, 1]), 2)
    return np.exp(parts[0, 0] - parts[1, 0])


def few(number):
    return np.flatnonzero(VALUES[:, 0] < 3)[5 : 5 + number].tolist()


def many(number):
    return np.flatnonzero(VALUES[:, 0] >= 3)[5 : 5 + number].tolist()


def test_the_level_leads_insist_on_its_share_and_its_effect_are_learned(found):
    three = int(np.flatnonzero(found.levels[0] == 3.0)[0]) + 1
    assert abs(found.chance[0, three] - 1 / 3) < 0.08
    assert found.chance[1, 0] > 0.8
    assert found.rates[0] < 0.15
    assert found.rates[1] > 4.0
    assert found.chance.sum(axis=1) == pytest.approx([1.0, 1.0])


def test_where_nobody_insists_on_anything_next_to_nothing_is_learned():
    found = learned_requirements(VALUES, pasts(insisting=0.0), range(300))
    assert (found.chance[:, 0] > 0.8).all()


def test_before_any_act_a_home_that_some_would_refuse_counts_less(found):
    assert 0.55 < chance_of_few_baths(found, past([], [])) < 0.8


def test_homes_opened_and_passed_or_left_tell_that_a_lead_insists(found):
    homes = few(5) + many(5)
    insists = past(homes, [-10.0] * 3 + [1.0] * 2 + [5.0] * 3 + [1.0] * 2)
    assert chance_of_few_baths(found, insists) < 0.1


def test_a_home_saved_belies_what_it_lacks(found):
    homes = few(5) + many(5)
    content = past(homes, [5.0] * 3 + [1.0] * 2 + [5.0] * 3 + [1.0] * 2)
    assert chance_of_few_baths(found, content) > 0.9


def test_who_only_opens_homes_tells_nothing(found):
    assert chance_of_few_baths(found, past(few(5), [1.0] * 5)) == pytest.approx(
        chance_of_few_baths(found, past([], []))
    )


def test_the_last_home_taken_over_is_as_if_it_had_been_there(found):
    fewer = learned_requirements(VALUES, pasts(), range(300))
    moved = VALUES.copy()
    moved[7, 0] = 1.0
    changed = fewer.with_homes(np.vstack((moved, [[4.0, 0.0]])), np.array([7, HOMES]))
    assert changed.reached[7, 0] == 0
    assert changed.reached[HOMES, 0] == np.count_nonzero(np.isfinite(found.levels[0]))
    assert np.array_equal(np.delete(changed.reached[:HOMES], 7, axis=0), np.delete(found.reached, 7, axis=0))


def test_one_home_has_the_bits_it_has_among_many(found):
    of = past(few(4), [5.0, 1.0, -10.0, 1.0])
    together = found.log_chances(of, np.arange(HOMES), np.array([0, 1]), 2)
    alone = [found.log_chances(of, np.array([home]), np.array([0, 1]), 2)[0] for home in range(40)]
    assert np.array_equal(together[:40], alone)


def test_of_many_values_the_levels_are_quantiles_that_some_reach_and_some_do_not():
    levels = levels_of(RNG.normal(size=1_000))
    assert len(levels) == 14
    assert levels_of(np.r_[np.zeros(99), 1.0]).tolist() == []
