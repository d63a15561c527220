"""The fairness audit over made-up leads with known tastes: it fails what steers, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from homing.core.clock import DAY
from homing.evaluation.exposure import exposure
from homing.evaluation.fairness_audit import FEWEST, Check, fairness_audit
from homing.market.property import Property
from homing.market.snapshot import snapshot_of
from homing.measures.intervals import Interval
from homing.personalization.shown import Shown

AREAS, HOMES, LEADS = 24, 1_200, 1_000
MARKET = snapshot_of(
    [
        Property(f"h{n:04d}", DAY, DAY, {"PostalCode": f"98{n % AREAS:03d}", "ListPrice": 300_000.0 + 500 * n})
        for n in range(HOMES)
    ]
)
AREA = MARKET.categories["PostalCode"].codes
SEEDS = (1, 2, 3)


def leads(seed, groups=None, steered=None):
    """What leads are shown who want one area or two beside it; `steered(lead, home areas)` weighs for a group."""
    draw = np.random.default_rng(seed)
    made = []
    for number in range(LEADS):
        home = draw.integers(AREAS)
        near = np.abs((AREA - home + AREAS // 2) % AREAS - AREAS // 2)
        weight = np.exp(-near / draw.uniform(0.5, 2.0))
        liked = draw.choice(HOMES, 8, replace=False, p=weight / weight.sum())
        if steered is not None:
            weight = weight * steered(groups[number])
        open_to = np.flatnonzero(draw.random(HOMES) < 0.8)
        chance = weight[open_to] / weight[open_to].sum()
        made.append(Shown(f"lead-{number}", MARKET, open_to, draw.choice(open_to, 10, replace=False, p=chance), liked))
    return made


@cache
def fair(seed):
    """Leads who are shown what their behaviour says, whatever their group."""
    return leads(seed)


def at_random(seed, of=2):
    return np.random.default_rng([seed, 9]).integers(0, of, LEADS)


def audited(made, group, **more):
    return fairness_audit(
        exposure(made), 10, {one.lead_id: f"group {g}" for one, g in zip(made, group, strict=True)}, **more
    )


def failed(report):
    return {check.name for check in report.checks if not check.passed}


@pytest.mark.parametrize("seed", SEEDS)
def test_an_engine_that_knows_only_behaviour_passes(seed):
    report = audited(fair(seed), at_random(seed))
    assert failed(report) == set()
    assert {check.name for check in report.checks} | set(report.left_out) == {
        "area_spread", "group_reach", "area_variation", "area_ratio",
    }  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_it_passes_too_where_the_groups_live_in_different_areas(seed):
    made = fair(seed)
    home = exposure(made).liked.argmax(axis=1) % 2
    mostly = np.random.default_rng(seed).random(LEADS) < 0.75
    report = audited(made, np.where(mostly, home, 1 - home))
    assert failed(report) == set()
    assert report.matched > 0.8


@pytest.mark.parametrize("seed", SEEDS)
def test_an_engine_that_shows_groups_different_areas_fails(seed):
    group = at_random(seed)
    made = leads(seed, group, lambda g: np.where(g == AREA % 2, 3.0, 1.0))
    assert failed(audited(made, group)) >= {"area_variation", "area_ratio"}


def test_an_area_that_is_kept_from_one_group_is_found():
    group = at_random(1)
    made = leads(1, group, lambda g: np.where((AREA < 2) & (g == 1), 1e-9, 1.0))
    assert "area_ratio" in failed(audited(made, group))


def test_showing_everybody_a_few_areas_fails_without_any_groups():
    made = leads(1, np.zeros(LEADS), lambda _: np.where(AREA < 4, 1e6, 1.0))
    report = fairness_audit(exposure(made), 10)
    assert failed(report) == {"area_spread"}


def test_a_group_whose_lists_are_cut_short_fails_and_its_absolute_exposure_is_told():
    group = at_random(2)
    made = [replace(one, shown=one.shown[:5]) if g else one for one, g in zip(fair(2), group, strict=True)]
    report = audited(made, group)
    assert failed(report) == {"group_reach"}
    full, short = report.groups
    assert (full.full, short.full) == (1.0, 0.5)
    assert short.reached == short.leads
    assert short.homes_of_as_many < full.homes_of_as_many
    assert 0 < full.variation < 1


def test_without_groups_their_checks_are_left_out_and_that_is_said():
    report = fairness_audit(exposure(fair(1)), 10)
    assert [check.name for check in report.checks] == ["area_spread"]
    assert set(report.left_out) == {"group_reach", "area_variation", "area_ratio"}
    assert "--groups" in report.left_out["group_reach"]


def test_a_group_of_too_few_leads_is_not_judged():
    group = np.where(np.arange(LEADS) < FEWEST - 1, 2, at_random(1))
    report = audited(fair(1), group)
    assert [one.group for one in report.groups] == ["group 0", "group 1"]


def test_without_areas_the_checks_of_areas_are_left_out():
    bare = snapshot_of([Property(f"h{n}", DAY, DAY, {"ListPrice": 1.0}) for n in range(20)])
    rows = np.arange(20)
    made = [Shown(f"lead-{n}", bare, rows, rows[:10], rows[:2]) for n in range(100)]
    report = audited(made, np.arange(100) % 2)
    assert [check.name for check in report.checks] == ["group_reach"]
    assert set(report.left_out) == {"area_spread", "area_variation", "area_ratio"}


def test_the_same_seed_gives_the_same_audit():
    made, group = fair(3), at_random(3, of=3)
    assert audited(made, group, seed=4) == audited(made, group, seed=4)


def test_a_check_fails_only_where_its_interval_lies_wholly_beyond_the_limit():
    beyond, across = Interval(0.5, 0.4, 0.6, 9), Interval(0.5, 0.4, 0.9, 9)
    assert not Check("a", beyond, 0.8, "at least").passed
    assert Check("a", across, 0.8, "at least").passed
    assert not Check("a", beyond, 0.1, "at most").passed
    assert Check("a", across, 0.45, "at most").passed
