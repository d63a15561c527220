"""The wall clock where a lead lives: many moments at once, exact across daylight-saving nights."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, SECOND, from_micros, to_micros
from homing.core.errors import BadInput

__all__ = ["checked_zone", "local_micros"]

_MICROSECOND = timedelta(microseconds=1)


def local_micros(at: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """What the wall clock of an IANA time zone shows at each moment, shape (n,), in microseconds as if it were UTC.

    So `local // HOUR % 24` is the hour of day, and `local // DAY` counts local dates.

    >>> night = np.array([to_micros(datetime(2026, 3, 8, hour, tzinfo=UTC)) for hour in (9, 10)])
    >>> (local_micros(night, "America/Los_Angeles") // 3_600_000_000 % 24).tolist()
    [1, 3]
    """
    if zone == "UTC" or not len(at):
        return at
    years = at.astype("M8[us]").astype("M8[Y]").astype(np.int64) + 1970
    if years[0] == years[-1] and (len(at) < 3 or bool(np.all(years == years[0]))):
        return at + _offsets(at, zone, int(years[0]))
    local = at.copy()
    for year in np.unique(years).tolist():
        rows = years == year
        local[rows] += _offsets(at[rows], zone, year)
    return local


def checked_zone(name: str) -> str:
    """The name of an IANA time zone; anything else is refused."""
    return _zone(name).key


def _offsets(at: NDArray[np.int64], zone: str, year: int) -> NDArray[np.int64]:
    starts, offsets = _changes(zone, year)
    return offsets[np.searchsorted(starts, at, side="right") - 1]


@lru_cache(maxsize=4096)
def _changes(zone: str, year: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The moments of a UTC year from which an offset holds, and the offsets, both in microseconds."""
    place = _zone(zone)
    first = to_micros(datetime(year, 1, 1, tzinfo=UTC))
    starts, offsets = [first], [_offset(place, first)]
    for day in range(366):
        before, after = first + day * DAY, first + (day + 1) * DAY
        if _offset(place, after) != offsets[-1]:
            starts.append(_change(place, before, after))
            offsets.append(_offset(place, after))
    return np.array(starts), np.array(offsets)


def _change(place: ZoneInfo, before: int, after: int) -> int:
    """The first whole second in (before, after] whose offset is that of `after`."""
    low, high = before // SECOND, after // SECOND
    target = _offset(place, after)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if _offset(place, middle * SECOND) == target else (middle, high)
    return high * SECOND


def _offset(place: ZoneInfo, at: int) -> int:
    offset = from_micros(at).astimezone(place).utcoffset()
    return 0 if offset is None else offset // _MICROSECOND


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError):
        raise BadInput.of("time_zone", "be an IANA time zone such as America/Los_Angeles", name) from None
