"""The chance of engaging at once is what browsing makes it, and a learner that knows nothing expects the usual."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from synthetic_homes import END, town

from homing.event_types import EventType
from homing.simulation.agents import Agent
from homing.simulation.bayesian_learner import BayesianLearner
from homing.simulation.browsing import Plan, Visit, go_on
from homing.simulation.event_log import EventLog
from homing.simulation.evidence import Evidence, Known
from homing.simulation.knowable import as_known, in_truth
from homing.simulation.pages_seen import ForSale
from homing.simulation.results import filters_of, results_page
from homing.simulation.scenarios import SCENARIOS, drawn
from homing.simulation.shopping import standing_still
from homing.simulation.simulate import lived
from homing.simulation.world import Look, Search

KINDS = {EventType.PROPERTY_SAVE, EventType.PROPERTY_SHARE}
VIEWS, TRIES = 40, 150


class Heard(EventLog):
    """Which homes were saved or shared."""

    def __init__(self):
        super().__init__()
        self.homes = set()

    def add(self, at, kind, lead, *, data=None, ids=None, known_at=None):
        if kind in KINDS:
            self.homes.add(ids["property_id"])


@pytest.fixture(scope="module")
def market():
    still = standing_still(lived(town(4_000), 20, 5, seed=3, end_at=END).world)
    rows = np.flatnonzero(still.life.active(np.arange(len(still.homes)), still.start))
    return still, ForSale(still.homes, rows, still.life.price(rows, still.start), still.life.listed[rows])


def page_of(still, household, seed):
    draw = np.random.default_rng(seed)
    return results_page(still, filters_of(household.taste, draw), draw, still.start + 1, set())


def lived_through(still, household, page, filters):
    """In how many of the tries each home of the page is saved or shared there."""
    none = np.zeros(len(page.rows), dtype=np.bool_)
    look = Look(still.start + 1, 0, VIEWS, page.rows, none, none, none, {}, logged=True, whole=True)
    count = np.zeros(len(page.rows))
    for number in range(TRIES):
        still.log = heard = Heard()
        search = Search(household, np.random.default_rng([7, number]), Agent("nobody", 0.0, 1.0, 0.0, 0), 2)
        search.views = VIEWS
        visit = Visit(search, household.leads[0], 0, "visit", "mobile", still.start + 1, still.start + 1)
        go_on(still, visit, Plan(filters, 1, logged=True), replace(look, opened=none.copy()))
        count += [still.home_id(int(row)) in heard.homes for row in page.rows]
    return count


def gap(market, places):
    """By how many standard errors what came differs from what the chances let expect, as if in these places."""
    still, sale = market
    came, hoped, spread = 0.0, 0.0, 0.0
    for scenario in SCENARIOS:
        household = drawn(still.homes, scenario, 0, 5).household
        page = page_of(still, household, 1)
        chance = in_truth(household, sale, places(page), still.life.price(places(page).rows, still.start), VIEWS)
        came += lived_through(still, household, page, filters_of(household.taste, np.random.default_rng(0))).sum()
        hoped, spread = hoped + TRIES * chance.sum(), spread + TRIES * (chance * (1.0 - chance)).sum()
    return abs(came - hoped) / np.sqrt(spread)


def test_what_the_chances_let_expect_comes_about(market):
    assert gap(market, lambda page: page) < 3.5


def test_chances_that_go_by_other_places_are_found_out(market):
    assert gap(market, lambda page: replace(page, rows=page.rows[-1:])) > 3.5


@pytest.mark.parametrize("watched", [False, True], ids=["log", "everything"])
def test_a_learner_that_has_seen_nothing_expects_what_comes_about_on_average(market, watched):
    still, sale = market
    gaps = []
    for scenario in SCENARIOS:
        for number in range(6):
            household = drawn(still.homes, scenario, number, 5).household
            page, taste = page_of(still, household, number), household.taste
            areas = taste.areas if taste.areas_hard and still.homes.areas_have_names else None
            known = Known(
                taste.budget, taste.beds if taste.beds_hard else None, taste.beds_hard, areas, taste.areas_hard
            )
            learner = BayesianLearner(sale, number, watched, particles=200)
            prices = still.life.price(page.rows, still.start)
            expected = as_known(learner, learner.learn(Evidence(known)), page, prices, VIEWS)
            gaps.append((in_truth(household, sale, page, prices, VIEWS) - expected).sum())
    assert abs(np.mean(gaps)) < 3.0 * np.std(gaps) / np.sqrt(len(gaps))
