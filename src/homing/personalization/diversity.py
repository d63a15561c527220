"""A list that is not ten times the same home."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["SAME_PLACE_AND_PRICE", "diverse"]

SAME_PLACE_AND_PRICE: Final = 3
"""At most so many of a list lie in one cell of about 2 km and 15 % of price."""

_CELL_DEGREES: Final = 0.018
_CELL_LOG_PRICE: Final = 0.14


def diverse(
    order: NDArray[np.int64],
    k: int,
    *,
    price: NDArray[np.float64],
    latitude: NDArray[np.float64],
    longitude: NDArray[np.float64],
) -> tuple[NDArray[np.int64], int]:
    """The first k of `order` (indices into the columns, best first) with no cell filled more than thrice.

    Passed-over homes come back when there are too few others. Homes without coordinates and price are never alike.
    Returns the chosen indices in the order given, and how many others were left out for being alike.

    >>> same, none = np.full(5, 500_000.0), np.zeros(5)
    >>> diverse(np.arange(5), 4, price=same, latitude=none, longitude=none)
    (array([0, 1, 2, 3]), 1)
    """
    chosen: list[int] = []
    passed: list[int] = []
    filled: dict[tuple[float, float, float], int] = {}
    for position, index in enumerate(order.tolist()):
        cell = _cell(position, float(price[index]), float(latitude[index]), float(longitude[index]))
        if filled.get(cell, 0) >= SAME_PLACE_AND_PRICE:
            passed.append(position)
            continue
        filled[cell] = filled.get(cell, 0) + 1
        chosen.append(position)
        if len(chosen) == k:
            break
    back = passed[: k - len(chosen)]
    kept = np.array(sorted(chosen + back), dtype=np.int64)
    return order[kept], len(passed) - len(back)


def _cell(position: int, price: float, latitude: float, longitude: float) -> tuple[float, float, float]:
    """The cell of a home; one of its own where place or price is unknown."""
    if not (price > 0 and all(map(math.isfinite, (price, latitude, longitude)))):
        return (math.inf, math.inf, float(position))
    return (
        float(math.floor(latitude / _CELL_DEGREES)),
        float(math.floor(longitude / _CELL_DEGREES * 0.67)),
        float(math.floor(math.log(price) / _CELL_LOG_PRICE)),
    )
