"""Choices of many leads, each with a taste of its own: a mixed logit, and what it says of one lead.

A lead turns to a home with chance proportional to exp(w . x), x being the attributes of a home (d,), among homes that
it could have turned to. Its taste w is normal around what leads that told the same have in common (McFadden, Train
2000). Of one lead what is likely, given its choices, is found by Newton's method, and is normal around that (Laplace);
what leads have in common is found from all of them by turns: their tastes, then the mean and covariance of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import fast_kernel

__all__ = ["Choices", "Common", "common_taste", "likely_taste"]

Doubles = NDArray[np.float64]

ROUNDS = 25
_STEPS = 3
_STRIDE = 3.0
_CLOSE = 1e-3
_AGAINST = 0.5
_START_LEADS = 5.0
_MEAN_LEADS = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Common:
    """What leads have in common: the taste of one that told t (q,) is normal around mean + t' slopes.

    `mean` (d,), `slopes` (q, d), `covariance` (d, d).
    """

    mean: Doubles
    slopes: Doubles
    covariance: Doubles
    precision: Doubles = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "precision", np.linalg.inv(self.covariance))

    @classmethod
    def start(cls, variance: float, attributes: int, told: int = 0) -> Common:
        """Tastes around 0, whatever was told."""
        return cls(np.zeros(attributes), np.zeros((told, attributes)), variance * np.eye(attributes))

    def expected(self, told: Doubles) -> Doubles:
        """The mean taste (d,) of leads that told this (q,)."""
        found: Doubles = self.mean + told @ self.slopes
        return found


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
    choices: Choices, mean: Doubles, precision: Doubles, start: Doubles | None = None, steps: int = 6
) -> tuple[Doubles, Doubles]:
    """The likeliest taste (d,) of a lead and the curvature there (d, d), whose inverse is its covariance.

    Maximises sum_i c_i [w . x_i - log sum_j exp(w . z_j)] + 1/2 sum_k log s(log mean_j exp(w . z_j) - w . y_k)
    - 1/2 (w - m)' P (w - m), for homes x turned to, y spoken against, z others, s the logistic function, and what is
    expected before any act: `mean` m and `precision` P.

    >>> one = Choices(np.array([[1.0]]), np.ones(1), np.zeros((0, 1)), np.array([[1.0], [-1.0]]))
    >>> taste, curvature = likely_taste(one, np.zeros(1), np.eye(1))
    >>> taste.round(2).tolist(), curvature.round(2).tolist()
    ([0.52], [[1.77]])
    """
    taste = mean if start is None else start
    found: tuple[Doubles, Doubles] = _likeliest(
        choices.chosen, choices.counts, choices.against, choices.others, mean, precision, taste, steps
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


def common_taste(leads: Sequence[Choices], told: Doubles, start: Common, rounds: int = ROUNDS) -> Common:
    """What leads have in common that made these choices and told (leads, q), as likely as the choices make it.

    Each round finds the likeliest tastes w and their covariances V, moves mean and slopes by a step of Newton's method
    on what they make of the choices, and takes the covariance from how tastes scatter around them (Liu, Rubin 1994: by
    the scatter alone the mean would take hundreds of rounds where choices say little of one lead):

        step = (sum t t' (x) (P - P V P) + I (x) P / 2)^-1 (sum t (w - B' t)' P - B P / 2)
        S = (5 start + sum of V + r r') / (leads + 5),  r what remains of w after regression on t

    with B (1 + q, d) the mean above the slopes, t what a lead told with a 1 before it, and (x) the Kronecker product.
    No step moves what a home is worth to a lead by more than 3.

    The covariance is shrunk to that of `start` as if that were five more leads, mean and slopes to 0 as by half a lead.

    >>> rng = np.random.default_rng(0)
    >>> homes, told = rng.normal(size=(60, 2)), rng.normal(size=(200, 1))
    >>> tastes = rng.normal([1.0, 0.0], [0.3, 0.3], size=(200, 2)) + told * [0.0, 0.5]
    >>> def shops(taste):
    ...     rows = [int(np.argmax(homes @ taste + rng.gumbel(size=60))) for _ in range(12)]
    ...     return Choices(homes[rows], np.ones(12), homes[:0], homes)
    >>> found = common_taste([shops(taste) for taste in tastes], told, Common.start(0.1, 2, 1))
    >>> bool(np.abs(found.mean - [1.0, 0.0]).max() < 0.1), bool(np.abs(found.slopes - [0.0, 0.5]).max() < 0.1)
    (True, True)
    >>> bool(np.abs(np.diag(found.covariance) - 0.09).max() < 0.06)
    True
    """
    common, count = start, len(leads)
    d, known = start.mean.size, np.column_stack((np.ones(count), told))
    shrunk = known.T @ known + _MEAN_LEADS * np.eye(known.shape[1])
    tastes = np.zeros((count, d))
    for round_ in range(rounds):
        found, precision = np.vstack((common.mean, common.slopes)), common.precision
        expected, spread = known @ found, _START_LEADS * start.covariance
        curvature = _MEAN_LEADS * np.kron(np.eye(known.shape[1]), precision)
        for place, one in enumerate(leads):
            begin = tastes[place] if round_ else None
            tastes[place], bent = likely_taste(one, expected[place], precision, begin, _STEPS)
            unsure = np.linalg.inv(bent)
            spread = spread + unsure
            says = precision - precision @ unsure @ precision
            curvature += np.kron(np.outer(known[place], known[place]), says)
        gradient = known.T @ (tastes - expected) @ precision - _MEAN_LEADS * found @ precision
        step = np.linalg.solve(curvature, gradient.ravel()).reshape(found.shape)
        moved = max(float(np.abs(one.others @ by).max()) for one, by in zip(leads, known @ step, strict=True))
        found = found + step * min(1.0, _STRIDE / max(moved, _CLOSE))
        remains = tastes - known @ np.linalg.solve(shrunk, known.T @ tastes)
        covariance = (spread + remains.T @ remains) / (count + _START_LEADS)
        common = Common(found[0], found[1:], (covariance + covariance.T) / 2.0)
    return common
