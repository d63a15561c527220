"""How far homes are from homes, on a flat map around each."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import kernel

__all__ = ["nearest_km", "nearness"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_KM_A_DEGREE: Final = 111.2
_LARGE: Final = 1e250


@kernel
def nearest_km(latitude: Floats, longitude: Floats, liked: Codes, items: Codes) -> Floats:
    """Kilometres from each home to the nearest of those liked; 0 where no two places are known."""
    out = np.zeros(items.size)
    for j in range(items.size):
        nearest = np.inf
        across = _KM_A_DEGREE * np.cos(np.radians(latitude[items[j]]))
        for k in range(liked.size):
            north = (latitude[items[j]] - latitude[liked[k]]) * _KM_A_DEGREE
            east = (longitude[items[j]] - longitude[liked[k]]) * across
            away = north * north + east * east
            if away < nearest:  # noqa: PLR1730  # min would pass NaN on
                nearest = away
        if nearest < np.inf:
            out[j] = np.sqrt(nearest)
    return out


@kernel
def nearness(latitude: Floats, longitude: Floats, liked: Codes, items: Codes) -> Floats:
    """How near homes (n,) are to all of those liked: - the mean of log(1 + km / 3); NaN where no places are known."""
    out = np.full(items.size, np.nan)
    for j in range(items.size):
        total, product, known = 0.0, 1.0, 0
        across = _KM_A_DEGREE * np.cos(np.radians(latitude[items[j]]))
        for k in range(liked.size):
            north = (latitude[items[j]] - latitude[liked[k]]) * _KM_A_DEGREE
            east = (longitude[items[j]] - longitude[liked[k]]) * across
            away = np.sqrt(north * north + east * east)
            if np.isfinite(away):
                product *= 1.0 + away / 3.0  # one logarithm for many, as long as their product is a number
                known += 1
                if product > _LARGE:
                    total += np.log(product)
                    product = 1.0
        if known:
            out[j] = -(total + np.log(product)) / known
    return out
