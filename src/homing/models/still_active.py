"""Whether a lead who has been silent is still looking: the BG/NBD model of acts that come at random until they stop.

Each lead acts at a rate of its own, and after each act stops for good with a chance of its own. Rates are gamma,
chances beta distributed; of a lead we need only how many acts followed the first, when the last was, and for how long
it has been watched. (Fader, Hardie and Lee 2005, "Counting your customers the easy way", Marketing Science 24.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln

from homing.core.errors import BadInput, Fault, NotReady, shown

__all__ = ["StillActive", "still_active"]

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class StillActive:
    """The four parameters: rates are Gamma(`r`, rate `alpha`) in acts per unit of time, chances are Beta(`a`, `b`).

    >>> leads = StillActive(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> leads.chance([2, 2, 0], [30.0, 2.0, 0.0], [39.0, 39.0, 39.0]).round(2).tolist()
    [0.72, 0.06, 1.0]
    """

    r: float
    alpha: float
    a: float
    b: float

    def __post_init__(self) -> None:
        values = {"r": self.r, "alpha": self.alpha, "a": self.a, "b": self.b}
        faults = [
            Fault(name, "be a positive number", shown(value))
            for name, value in values.items()
            if not 0.0 < value < float("inf")
        ]
        if faults:
            raise BadInput(faults)

    def chance(self, acts: object, last: object, watched: object) -> Values:
        """The probability that each lead is still active, float64 (n,).

        `acts` is how many acts followed the first, `last` the time from the first act to the last one (0 without acts),
        `watched` the time from the first act to now, all (n,), in one unit of time.

            1 / (1 + a / (b + x - 1) ((alpha + T) / (alpha + t))^(r + x)),  1 where x = 0

        A lead with a single act is always called active: in this model one stops only after a repeated act.
        """
        x, t, span = _checked(acts, last, watched)
        again = x > 0
        odds = (np.log(self.alpha + span) - np.log(self.alpha + t)) * (self.r + x)
        odds += np.log(self.a) - np.log(self.b + np.maximum(x, 1.0) - 1.0)
        chance: Values = np.where(again, 1.0 / (1.0 + np.exp(np.minimum(odds, 700.0))), 1.0)
        return chance

    def log_likelihood(self, acts: object, last: object, watched: object) -> float:
        """The log of the probability of these histories, in nats, as `chance` takes them."""
        return float(self._each(*_checked(acts, last, watched)).sum())

    def _each(self, x: Values, t: Values, span: Values) -> Values:
        r, alpha, a, b = self.r, self.alpha, self.a, self.b
        rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        stay = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        active = -(r + x) * np.log(alpha + span)
        again = x > 0
        stopped = np.log(a) - np.log(b + np.maximum(x, 1.0) - 1.0) - (r + x) * np.log(alpha + t)
        either: Values = rate + stay + np.where(again, np.logaddexp(active, stopped), active)
        return either


def still_active(acts: object, last: object, watched: object) -> StillActive:
    """The parameters that make these histories likeliest; `acts`, `last` and `watched` as in `StillActive.chance`.

    `NotReady` where no lead acted more than once, as then nothing tells rates and chances apart.
    """
    x, t, span = _checked(acts, last, watched)
    if not (x > 0).any():
        raise NotReady("A model of who is still active needs leads that acted more than once. Import more events.")
    rows, counts = np.unique(np.column_stack((x, t, span)), axis=0, return_counts=True)
    scale = float(np.median(span)) or 1.0

    def loss(logs: Values) -> float:
        r, alpha, a, b = np.exp(logs)
        found = StillActive(r, alpha, a, b)._each(rows[:, 0], rows[:, 1] / scale, rows[:, 2] / scale)
        return float(-(counts * found).sum() / counts.sum())

    bounds = [(-12.0, 12.0)] * 4
    found = minimize(loss, np.zeros(4), method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-13, "gtol": 1e-8})
    r, alpha, a, b = np.exp(found.x).tolist()
    return StillActive(r, alpha * scale, a, b)


def _checked(acts: object, last: object, watched: object) -> tuple[Values, Values, Values]:
    x, t, span = (np.atleast_1d(np.asarray(column, dtype=np.float64)) for column in (acts, last, watched))
    if not (x.shape == t.shape == span.shape and x.ndim == 1):
        raise BadInput.of("last and watched", f"have the shape of acts, {x.shape}", (t.shape, span.shape))
    counts = (x >= 0) & (x == np.floor(x)) & np.isfinite(x)
    if not counts.all():
        raise BadInput.of("acts", "be whole numbers of at least 0", float(x[~counts][0]))
    possible = (t >= 0) & (t <= span) & np.isfinite(span) & ((x > 0) | (t == 0))
    if not possible.all():
        row = int(np.argmin(possible))
        got = f"{t[row]:g} of {span[row]:g} with {x[row]:g} acts"
        raise BadInput.of("last", "lie between 0 and watched, and be 0 without acts", got)
    return x, t, span
