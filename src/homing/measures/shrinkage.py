"""Means of few observations each, pulled towards what they have in common (James, Stein 1961; Efron, Morris 1977).

>>> shrunk = shrunk_to_mean(np.array([0.4, 0.3, 0.2, 0.1, 0.25]), 0.004)
>>> shrunk.value.round(3).tolist(), round(shrunk.factor, 3)
([0.376, 0.292, 0.208, 0.124, 0.25], 0.84)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput

__all__ = ["Shrunk", "shrunk_to_mean"]

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The pulled means (n,), their common `centre`, and how much of the distance to it each keeps, 0 to 1."""

    value: Values
    centre: float
    factor: float


def shrunk_to_mean(means: Values, variance: float) -> Shrunk:
    """The means, float64 (n,), of equal sampling `variance`, pulled towards their mean.

        value = m + c (y - m),   c = max(0, 1 - (n - 3) variance / sum of (y - m)^2)

    For n of at least 4 the summed squared error is expected to be smaller than that of the means themselves, whatever
    the truth is (the positive part, after Efron and Morris 1977). With means that do not differ c is 0.
    """
    y = np.asarray(means, dtype=np.float64)
    if y.ndim != 1 or len(y) < 4 or not np.isfinite(y).all():
        raise BadInput.of("means", "be at least 4 finite numbers", y.tolist())
    if not 0.0 < variance < float("inf"):
        raise BadInput.of("variance", "be a positive number", variance)
    centre = float(y.mean())
    spread = float(((y - centre) ** 2).sum())
    factor = max(0.0, 1.0 - (len(y) - 3) * variance / spread) if spread else 0.0
    return Shrunk(centre + factor * (y - centre), centre, factor)
