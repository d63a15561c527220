"""Choices of many leads, each with a taste of its own: a mixed logit, and what it says of one lead.

A lead turns to a home with chance proportional to exp(w . x), x being the attributes of a home (d,), among homes that
it could have turned to. Its taste w is normal around what leads have in common (McFadden, Train 2000). Of one lead
what is likely, given its choices, is found by Newton's method, and is normal around that (Laplace); what leads have in
common is found by expectation and maximisation over all leads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import fast_kernel
from homing.models.population import Population

__all__ = ["Choices", "common_taste", "likely_taste"]

Doubles = NDArray[np.float64]

ROUNDS = 25
_STEPS = 3
_STRIDE = 3.0
_CLOSE = 1e-3
_AGAINST = 0.5
_START_LEADS = 5.0
_MEAN_LEADS = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Choices:
    """What one lead chose: homes turned to (m, d) and how much each counts (m,), homes it spoke against (n, d), and all
    that it could have turned to, or a sample of these, those turned to among them (r, d).
    """

    chosen: Doubles
    counts: Doubles
    against: Doubles
    others: Doubles


def likely_taste(
    choices: Choices, common: Population, precision: Doubles, start: Doubles | None = None, steps: int = 6
) -> tuple[Doubles, Doubles]:
    """The likeliest taste (d,) of a lead and the curvature there (d, d), whose inverse is its covariance.

    Maximises sum_i c_i [w . x_i - log sum_j exp(w . z_j)] + 1/2 sum_k log s(log mean_j exp(w . z_j) - w . y_k)
    - 1/2 (w - m)' P (w - m), for homes x turned to, y spoken against, z others, s the logistic function, and what is
    common: mean m and `precision` P.

    >>> one = Choices(np.array([[1.0]]), np.ones(1), np.zeros((0, 1)), np.array([[1.0], [-1.0]]))
    >>> taste, curvature = likely_taste(one, Population(np.zeros(1), np.eye(1)), np.eye(1))
    >>> taste.round(2).tolist(), curvature.round(2).tolist()
    ([0.52], [[1.77]])
    """
    taste = common.mean if start is None else start
    found: tuple[Doubles, Doubles] = _likeliest(
        choices.chosen, choices.counts, choices.against, choices.others, common.mean, precision, taste, steps
    )
    return found


@fast_kernel
def _likeliest(
    chosen: Doubles,
    counts: Doubles,
    against: Doubles,
    others: Doubles,
    mean: Doubles,
    precision: Doubles,
    start: Doubles,
    steps: int,
) -> tuple[Doubles, Doubles]:
    """`likely_taste` by Newton's method from `start`: at most so many `steps`, none too long."""
    taste, curvature = start.copy(), precision.copy()
    total, pull = counts.sum(), _summed(chosen, counts)
    for _ in range(steps):
        chance, usual = _chances(others, taste)
        middle = _summed(others, chance)
        gradient = pull - total * middle - _summed(precision, taste - mean)
        curvature[:] = precision
        _add_spread(curvature, others, total * chance, middle)
        doubt = np.empty(len(against))
        for row in range(doubt.size):
            height = usual - _product(against[row], taste)
            doubt[row] = _AGAINST / (1.0 + np.exp(min(max(height, -30.0), 30.0)))
        gradient -= _summed(against, doubt) - doubt.sum() * middle
        _add_spread(curvature, against, doubt * (1.0 - doubt / _AGAINST), middle)
        step = np.linalg.solve(curvature, gradient)
        length = 0.0
        for row in range(len(others)):
            length = max(length, abs(_product(others[row], step)))
        taste += step * min(1.0, _STRIDE / max(length, 1e-9))
        if length < _CLOSE:
            break
    return taste, curvature


@fast_kernel
def _chances(others: Doubles, taste: Doubles) -> tuple[Doubles, float]:
    """The chance of each home (r,), proportional to exp(w . z), and the logarithm of the mean of these."""
    chance, top, whole = np.empty(len(others)), 0.0, 0.0
    for row in range(chance.size):
        chance[row] = _product(others[row], taste)
        top = max(top, chance[row])
    for row in range(chance.size):
        chance[row] = np.exp(chance[row] - top)
        whole += chance[row]
    return chance / whole, top + np.log(whole / chance.size)


@fast_kernel
def _summed(rows: Doubles, weights: Doubles) -> Doubles:
    """The sum of rows (n, d), each times its weight (n,)."""
    total = np.zeros(rows.shape[1])
    for row in range(weights.size):
        for i in range(total.size):
            total[i] += weights[row] * rows[row, i]
    return total


@fast_kernel
def _add_spread(spread: Doubles, rows: Doubles, weights: Doubles, middle: Doubles) -> None:
    """Add to a symmetric matrix (d, d) the sum of weight (x - middle)(x - middle)' over rows x."""
    away = np.empty(middle.size)
    for row in range(weights.size):
        for i in range(away.size):
            away[i] = rows[row, i] - middle[i]
        for i in range(away.size):
            for j in range(away.size):
                spread[i, j] += weights[row] * away[i] * away[j]


@fast_kernel
def _product(one: Doubles, other: Doubles) -> float:
    total = 0.0
    for i in range(one.size):
        total += one[i] * other[i]
    return total


def common_taste(leads: Sequence[Choices], start: Population, rounds: int = ROUNDS) -> Population:
    """What leads have in common: mean and covariance of their tastes, as likely as their choices make them.

    The covariance is shrunk to that of `start` as if that were five more leads, the mean to 0 as by two.

    >>> rng = np.random.default_rng(0)
    >>> homes, tastes = rng.normal(size=(60, 2)), rng.normal([1.0, 0.0], [0.3, 0.3], size=(200, 2))
    >>> def shops(taste):
    ...     rows = [int(np.argmax(homes @ taste + rng.gumbel(size=60))) for _ in range(12)]
    ...     return Choices(homes[rows], np.ones(12), homes[:0], homes)
    >>> found = common_taste([shops(taste) for taste in tastes], Population(np.zeros(2), 0.1 * np.eye(2)))
    >>> bool(np.abs(found.mean - [1.0, 0.0]).max() < 0.1), bool(np.abs(np.diag(found.covariance) - 0.09).max() < 0.06)
    (True, True)
    """
    common = start
    tastes: list[Doubles | None] = [None] * len(leads)
    for _ in range(rounds):
        precision = common.precision
        unsure = _START_LEADS * start.covariance
        for place, one in enumerate(leads):
            tastes[place], curvature = likely_taste(one, common, precision, tastes[place], _STEPS)
            unsure = unsure + np.linalg.inv(curvature)
        found = np.array(tastes)
        mean = found.sum(axis=0) / (len(leads) + _MEAN_LEADS)
        apart = found - mean
        covariance = (unsure + apart.T @ apart) / (len(leads) + _START_LEADS)
        common = Population(mean, (covariance + covariance.T) / 2.0)
    return common
