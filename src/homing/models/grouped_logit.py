"""Weights that tell what was engaged with from what was not, within each list: a conditional logit over lists."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

__all__ = ["group_starts", "grouped_logit", "log_chances"]

Floats = NDArray[np.float64]
Places = NDArray[np.int64]


def group_starts(group: Places) -> Places:
    """Where each group begins in rows that are sorted by group.

    >>> group_starts(np.array([3, 3, 7, 9, 9])).tolist()
    [0, 2, 3]
    """
    return np.flatnonzero(np.append(True, group[1:] != group[:-1])) if group.size else np.zeros(0, dtype=np.int64)


def log_chances(utility: Floats, engaged: NDArray[np.bool_], starts: Places) -> Floats:
    """For each row engaged with the log of its chance against the rows of its group that were not, else 0; (n,).

    log p_i = u_i - log(exp u_i + sum over rows j of the group not engaged with of exp u_j)

    >>> log_chances(np.zeros(3), np.array([True, False, False]), np.array([0])).round(3).tolist()
    [-1.099, 0.0, 0.0]
    """
    odds, others, _ = _odds(utility, engaged, starts)
    with np.errstate(divide="ignore"):
        chance = np.log(odds) - np.log(odds + others)
    return np.where(engaged, np.maximum(chance, -700.0), 0.0)


def grouped_logit(
    features: Floats,
    strengths: Floats,
    starts: Places,
    prior: Floats,
    pull: float | Floats,
    bounds: tuple[Floats, Floats] | None = None,
) -> Floats:
    """Weights (m,) that make what was engaged with likely among what was not, list by list.

    Maximises sum_i c_i log p_i - sum of pull (w - prior)^2 for rows (n, m) sorted by group, strengths c (n,), 0 for
    rows not engaged with, and p as `log_chances` has it with u = features @ w (McFadden 1974, with a normal prior).
    `pull` is one number or one for each weight. It is the logit of each row with a level of its own for each group,
    conditioned away. `bounds` are the least and the largest weights, infinities for none.

    >>> rows = np.array([[1.0, 0.0], [0.0, 0.0]] * 200)
    >>> taken, starts = np.array([1.0, 0.0] * 200), np.arange(0, 400, 2)
    >>> weights = grouped_logit(rows, taken, starts, np.array([0.5, 0.5]), 1.0)
    >>> bool(weights[0] > 2.0), round(float(weights[1]), 6)
    (True, 0.5)
    """
    engaged = strengths > 0

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds, others, sizes = _odds(features @ weights, engaged, starts)
        total = odds + others
        chance = odds / total
        taken = np.where(engaged, strengths / total, 0.0)
        passed = np.repeat(np.add.reduceat(taken, starts), sizes)
        push = np.where(engaged, strengths * (1.0 - chance), -odds * passed)
        away = weights - prior
        likelihood = float(strengths[engaged] @ np.log(np.maximum(chance[engaged], 1e-300)))
        return float(pull * away @ away) - likelihood, 2.0 * pull * away - features.T @ push

    low, high = bounds or (np.full(prior.size, -np.inf), np.full(prior.size, np.inf))
    start = np.clip(prior, low, high)
    if not engaged.any():
        return start
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=list(zip(low, high, strict=True)))
    return np.asarray(found.x, dtype=np.float64)


def _odds(utility: Floats, engaged: NDArray[np.bool_], starts: Places) -> tuple[Floats, Floats, Places]:
    """The odds exp(u - largest u of the group), their sum over those not engaged with at each row, sizes of groups."""
    sizes = np.diff(np.append(starts, utility.size))
    odds = np.exp(utility - np.repeat(np.maximum.reduceat(utility, starts), sizes))
    others = np.repeat(np.add.reduceat(np.where(engaged, 0.0, odds), starts), sizes)
    return odds, others, sizes
