"""Small sums that several features share, written as loops that run as Python and compiled alike."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, HOUR

__all__ = [
    "ascending",
    "circular_std_hours",
    "commonest",
    "deviation",
    "distinct",
    "entropy_bits",
    "hour_of_day",
    "largest_positive",
    "last_known",
    "longest_run",
    "mean_of",
    "mean_positive",
    "quantile",
    "ratio",
    "runs",
    "share",
    "weekday",
    "whole_days",
]

Codes = Sequence[int] | NDArray[np.int64]
Floats = Sequence[float] | NDArray[np.float64]

_TURN = 2.0 * math.pi
_LEAST_CONCENTRATION = 1e-6
_LEAST_VARIANCE = 1e-10
_GAPS = (10_543, 4_687, 2_083, 926, 301, 132, 57, 23, 10, 4, 1)


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


def mean_of(values: Floats) -> float:
    """The mean, NaN of none."""
    total = 0.0
    for i in range(len(values)):
        total += values[i]
    return total / len(values) if len(values) > 0 else math.nan


def deviation(values: Floats) -> float:
    """The standard deviation of all there are (not of a sample), NaN of none."""
    middle, total = mean_of(values), 0.0
    for i in range(len(values)):
        total += (values[i] - middle) * (values[i] - middle)
    return math.sqrt(total / len(values)) if len(values) > 0 else math.nan


def ascending(values: Floats) -> NDArray[np.float64]:
    """The values in ascending order, as a new array.

    Shell's sort: for a few thousand values as fast as numpy's, and far less to compile into every feature.
    """
    ordered = np.empty(len(values))
    for i in range(len(values)):
        ordered[i] = values[i]
    for gap in _GAPS:
        for i in range(gap, len(ordered)):
            value, place = ordered[i], i
            while place >= gap and ordered[place - gap] > value:
                ordered[place] = ordered[place - gap]
                place -= gap
            ordered[place] = value
    return ordered


def quantile(ordered: Floats, level: float) -> float:
    """The value below which a share of `level` of the ordered values lies, between neighbours in proportion.

    NaN of none.
    """
    if len(ordered) == 0:
        return math.nan
    place = level * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (place - low) * (ordered[high] - ordered[low])


def runs(ordered: Floats) -> int:
    """How many different values there are among ordered ones."""
    count = 0
    for i in range(len(ordered)):
        if i == 0 or ordered[i] != ordered[i - 1]:
            count += 1
    return count


def longest_run(ordered: Floats) -> int:
    """How often the commonest of ordered values occurs."""
    longest, current = 0, 0
    for i in range(len(ordered)):
        current = current + 1 if i > 0 and ordered[i] == ordered[i - 1] else 1
        longest = max(longest, current)
    return longest


def entropy_bits(ordered: Floats) -> float:
    """The Shannon entropy in bits of how often each of the ordered values occurs; 0 of one, NaN of none."""
    size = len(ordered)
    if size == 0:
        return math.nan
    total, current = 0.0, 0
    for i in range(size):
        current += 1
        if i == size - 1 or ordered[i + 1] != ordered[i]:
            total -= current * math.log2(current / size)
            current = 0
    return total / size


def last_known(values: Floats, size: int) -> float:
    """The last value that is there, NaN if none is."""
    for i in range(size - 1, -1, -1):
        if not math.isnan(values[i]):
            return values[i]
    return math.nan
