"""Small sums that several features share, written as loops that run as Python and compiled alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, HOUR

__all__ = [
    "circular_std_hours",
    "commonest",
    "distinct",
    "hour_of_day",
    "largest_positive",
    "mean_positive",
    "ratio",
    "share",
    "weekday",
    "whole_days",
]

Codes = Sequence[int] | NDArray[np.int64]

_TURN = 2.0 * math.pi
_LEAST_CONCENTRATION = 1e-6
_LEAST_VARIANCE = 1e-10


def distinct(codes: Codes, size: int) -> int:
    """How many different ids there are: the codes of a history are numbered 0, 1, 2, … as they first appear."""
    most = -1
    for i in range(size):
        if codes[i] > most:
            most = int(codes[i])
    return most + 1


def mean_positive(values: Sequence[float], size: int) -> float:
    """The mean of the values above 0, NaN of none; absent ones (NaN) are left out too."""
    total, count = 0.0, 0
    for i in range(size):
        if values[i] > 0.0:
            total += values[i]
            count += 1
    return total / count if count > 0 else math.nan


def largest_positive(values: Sequence[float], size: int) -> float:
    """The largest of the values above 0, NaN of none."""
    best = 0.0
    for i in range(size):
        if values[i] > best:  # noqa: PLR1730  # max() of NaN is not the same compiled
            best = values[i]
    return best if best > 0.0 else math.nan


def ratio(part: float, whole: float) -> float:
    """Part / whole; 0 of nothing."""
    return part / whole if whole > 0 else 0.0


def share(part: float, whole: float) -> float:
    """Part / whole, at most 1; 0 of nothing."""
    return min(1.0, part / whole) if whole > 0 else 0.0


def commonest(codes: Codes, size: int, choices: int) -> int:
    """The code that occurs most often; of equally common ones the one seen last, -1 of none; codes are < choices."""
    counts = np.zeros(choices, np.int64)
    for i in range(size):
        if codes[i] >= 0:
            counts[codes[i]] += 1
    best, most = -1, 0
    for i in range(size - 1, -1, -1):
        if codes[i] >= 0 and counts[codes[i]] > most:
            best, most = codes[i], counts[codes[i]]
    return best


def hour_of_day(local_at: int) -> int:
    """The hour, 0 to 23, that the wall clock shows."""
    return (local_at // HOUR) % 24


def weekday(local_at: int) -> int:
    """The weekday, 0 Monday to 6 Sunday; 1970 began on a Thursday."""
    return (local_at // DAY + 3) % 7


def whole_days(since: int, upto: int) -> int:
    """Whole days between two moments."""
    return (upto - since) // DAY


def circular_std_hours(local_at: Sequence[int], size: int) -> float:
    """The circular standard deviation of the time of day in hours: 23:00 and 01:00 are two hours apart.

    sqrt(-2 ln R) of the mean resultant length R, as hours; R is taken as at least 1e-6, so that times spread evenly
    over the day give 20.08 and not infinity. A deviation below a second, which rounding could make, is 0.
    """
    x, y = 0.0, 0.0
    for i in range(size):
        angle = _TURN * (local_at[i] % DAY) / DAY
        x += math.cos(angle)
        y += math.sin(angle)
    concentration = min(1.0, max(_LEAST_CONCENTRATION, math.sqrt(x * x + y * y) / size))
    variance = -2.0 * math.log(concentration)
    return math.sqrt(variance) * 24.0 / _TURN if variance > _LEAST_VARIANCE else 0.0
