"""The best learner is one: what it expects comes about, and the truth is anywhere among what it holds possible."""

import numpy as np
import pytest
from scipy.stats import kstest
from synthetic_homes import END, town

from homing.evaluation.relevance import relevant
from homing.simulation import constants as c
from homing.simulation.bayesian_learner import BayesianLearner
from homing.simulation.evidence import Known, evidence_of
from homing.simulation.pages_seen import ForSale
from homing.simulation.possible import Prior, partners_weights
from homing.simulation.scenarios import SCENARIOS, drawn
from homing.simulation.shopping import shop, standing_still
from homing.simulation.simulate import lived
from homing.simulation.taste import NAMES, attributes, utility, within_limits

pytestmark = pytest.mark.xdist_group("bayesian_learner")  # `lives` takes a minute: one test process makes it

ACTS = (0, 6, 20)
SPREAD = np.array([c.TASTES[name][1] for name in NAMES])


@pytest.fixture(scope="module")
def market():
    still = standing_still(lived(town(4_000), 20, 5, seed=3, end_at=END).world)
    rows = np.flatnonzero(still.life.active(np.arange(len(still.homes)), still.start))
    return still, ForSale(still.homes, rows, still.life.price(rows, still.start), still.life.listed[rows])


def told(homes, taste):
    areas = taste.areas if taste.areas_hard and homes.areas_have_names else None
    return Known(taste.budget, taste.beds if taste.beds_hard else None, taste.beds_hard, areas, taste.areas_hard)


@pytest.fixture(scope="module")
def lives(market):
    """Of households of all scenarios but the one that changes: what each learner learned, expected and got."""
    still, sale = market
    found = []
    for scenario in SCENARIOS:
        for number in range(3):
            if scenario.changes is not None:
                continue
            one = drawn(still.homes, scenario, number, 5)
            taste, done = one.household.taste, shop(still, one, ACTS, 5)
            worth = utility(taste, attributes(still.homes, taste, sale.rows, sale.prices))[0]
            truth = relevant(worth, within_limits(still.homes, taste, sale.rows, sale.prices))
            for watched in (False, True):
                learner = BayesianLearner(sale, 5, watched, particles=200)
                for acts, upto in zip(ACTS, done.upto, strict=True):
                    known = told(still.homes, taste)
                    learned = learner.learn(evidence_of(known, done.events[:upto], done.looks, still.homes))
                    chances = learner.chances(learned, relevant)
                    best = np.argsort(-chances, kind="stable")[:10]
                    ranks = (partners_weights(learned.possible)[0][:, 0] < taste.weights[0]).mean(axis=0)
                    shifted = (partners_weights(learned.possible)[0][:, 0] < taste.weights[0] + SPREAD).mean(axis=0)
                    found.append((watched, acts, chances[best].mean(), truth[best].mean(), ranks, shifted, learned))
    return found


@pytest.mark.parametrize("watched", [False, True], ids=["log", "everything"])
def test_it_gets_what_it_expects(lives, watched):
    away = np.array([got - hoped for sees, _, hoped, got, *_ in lives if sees == watched])
    assert abs(away.mean()) < 3.0 * away.std() / np.sqrt(len(away) / len(ACTS))


@pytest.mark.parametrize("watched", [False, True], ids=["log", "everything"])
def test_the_truth_is_anywhere_among_what_it_holds_possible(lives, watched):
    """Ranks of true weights among those of the posterior are uniform (Talts et al. 2018), and would not be if off."""
    own = [at for at, name in enumerate(NAMES) if name not in {"price", "over", "size_gap", "distance"}]
    ranks = np.concatenate([one[4][own] for one in lives if one[0] == watched and one[1] == ACTS[-1]])
    assert kstest(ranks, "uniform").pvalue > 0.001
    off = np.concatenate([one[5][own] for one in lives if one[0] == watched and one[1] == ACTS[-1]])
    assert kstest(off, "uniform").pvalue < 1e-6


def test_more_acts_and_more_sight_tell_more(lives):
    hoped = {key: np.mean([one[2] for one in lives if one[:2] == key]) for key in {one[:2] for one in lives}}
    for watched in (False, True):
        assert hoped[watched, ACTS[0]] < hoped[watched, ACTS[1]] < hoped[watched, ACTS[2]]
    assert hoped[True, ACTS[2]] > hoped[False, ACTS[2]]


def test_many_different_households_stay_possible(lives):
    for *_, learned in lives:
        assert learned.effective >= 0.4 * len(learned.possible)
        assert learned.moved > 0.1
        assert len(np.unique(learned.possible.normals[:, 0, 0])) > 0.3 * len(learned.possible)


def test_the_prior_is_that_of_the_scenarios(market):
    """Weights drawn in columns have the means and spreads of those that `scenarios` draws one by one."""
    still, _ = market
    place = next(at for at, one in enumerate(SCENARIOS) if one.name == "couple_who_disagree")
    one_by_one = np.array([drawn(still.homes, SCENARIOS[place], n, 9).household.taste.weights for n in range(150)])
    taste = drawn(still.homes, SCENARIOS[place], 0, 9).household.taste
    possible = Prior(still.homes, told(still.homes, taste), (SCENARIOS[place].name,)).draw(
        2_000, np.random.default_rng(1)
    )
    columns = partners_weights(possible)[0]
    error = one_by_one.std(axis=0) / np.sqrt(150)
    assert (np.abs(columns.mean(axis=0) - one_by_one.mean(axis=0)) < 4 * error).all()
    assert columns.std(axis=0) == pytest.approx(one_by_one.std(axis=0), rel=0.3)


def test_what_was_told_is_kept(market):
    still, _ = market
    taste = drawn(still.homes, SCENARIOS[0], 1, 5).household.taste
    known = told(still.homes, taste)
    possible = Prior(still.homes, known).draw(300, np.random.default_rng(2))
    if known.beds is not None:
        assert (possible.beds == known.beds).all()
    assert ((possible.comfort >= 0.8) & (possible.comfort <= 0.95)).all()
