"""Whether choices say what a household wants: a logit refitted on the pages it saw gives its tastes back."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from homing.simulation.browsing import pulls
from homing.simulation.results import filters_of, results_page
from homing.simulation.taste import NAMES
from homing.simulation.world import Search, World

__all__ = ["opened_on_pages", "refitted", "sampling_error", "taste_error"]

Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]

_EXPERIENCED: Final = 400


def opened_on_pages(world: World, search: Search, pages: int) -> tuple[Doubles, Flags]:
    """What an experienced household saw of the homes on so many pages, and which it opened.

    float64 (homes, attributes + 1), the last column the logarithm of the place; bool (homes,).
    """
    search.views = max(search.views, _EXPERIENCED)
    seen, opened = [], []
    for _ in range(pages):
        page = results_page(world, filters_of(search.household.taste, search.draw), search.draw, world.start, set())
        worth = world.worth(search, page.rows, world.start)
        pull, nothing = pulls(search, worth.own, np.zeros(len(page.rows), dtype=np.bool_))
        seen.append(np.column_stack((worth.seen, np.log(np.arange(1, len(page.rows) + 1)))))
        opened.append(pull > nothing)
    return np.concatenate(seen), np.concatenate(opened)


def refitted(seen: Doubles, opened: Flags) -> Doubles:
    """The weights of the attributes that make the choices most likely, float64 (attributes,).

    Each home stands against opening nothing, a logit of two alternatives with a constant (McFadden 1974): exact for
    each home, as the difference of two Gumbel draws is logistic, though homes of one page share one of them.
    """
    return _fitted(np.column_stack((seen, np.ones(len(seen)))), opened)[: len(NAMES)]


def _fitted(columns: Doubles, opened: Flags) -> Doubles:
    def loss(weights: Doubles) -> tuple[float, Doubles]:
        utility = columns @ weights
        away: Doubles = expit(utility) - opened
        return float(np.logaddexp(0.0, utility).sum() - utility[opened].sum()), columns.T @ away

    found = minimize(loss, np.zeros(columns.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 2_000})
    return np.asarray(found.x, dtype=np.float64)


def taste_error(search: Search, found: Doubles, opened: Doubles) -> float:
    """How far the refitted tastes are from the true ones: the spread of the difference in utility over homes opened,
    as a share of the spread of their true utility. Of what nobody would open no choice says how bad it is.
    """
    true = search.household.taste.weights[0]
    homes = opened[:, : len(NAMES)]
    return float((homes @ (found - true)).std() / (homes @ true).std())


def sampling_error(search: Search, seen: Doubles, opened: Flags) -> float:
    """What `taste_error` is to be expected from the chance in so many choices alone, if the logit is right.

    The root of tr(C V), as a share of the spread of true utility: C is the covariance of the attributes of homes
    opened, V that of the weights found, H^-1 G H^-1 with the curvature H and the spread G of the slopes of whole
    pages, as homes of one page share one draw (a sandwich by clusters; Liang, Zeger 1986).
    """
    columns = np.column_stack((seen, np.ones(len(seen))))
    weights = _fitted(columns, opened)
    chance = expit(columns @ weights)
    curvature = (columns * (chance * (1.0 - chance))[:, None]).T @ columns
    starts = np.flatnonzero(seen[:, -1] == 0.0)
    slopes = np.add.reduceat(columns * (opened - chance)[:, None], starts)
    inverse = np.linalg.pinv(curvature)
    spread = (inverse @ (slopes.T @ slopes) @ inverse)[: len(NAMES), : len(NAMES)]
    homes = seen[opened][:, : len(NAMES)]
    true = search.household.taste.weights[0]
    return float(np.sqrt(np.trace(np.cov(homes.T) @ spread)) / (homes @ true).std())
