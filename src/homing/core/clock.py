"""Moments: aware `datetime` at the rim, `int64` microseconds since 1970 UTC inside.

>>> at = parse_moment("2026-11-22T20:00:00Z")
>>> at, format_moment(at)
(1795377600000000, '2026-11-22T20:00:00Z')
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from homing.core.errors import BadInput

__all__ = [
    "DAY",
    "HOUR",
    "MINUTE",
    "SECOND",
    "Clock",
    "format_moment",
    "from_micros",
    "parse_moment",
    "system_clock",
    "to_micros",
]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

Clock = Callable[[], int]
"""A function that returns the present moment in microseconds; tests pass their own."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_FIRST = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
_LAST = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND


def system_clock() -> int:
    """The present moment in microseconds since 1970 UTC."""
    return time.time_ns() // 1_000


def to_micros(moment: datetime, where: str = "timestamp") -> int:
    """Microseconds of an aware datetime; a naive one is refused, because nobody can tell which moment it means."""
    if moment.tzinfo is not UTC and (moment.tzinfo is None or moment.utcoffset() is None):
        raise BadInput.of(where, "carry a time zone (for example 2026-11-22T20:00:00Z)", moment.isoformat())
    since = moment - _EPOCH
    return since.days * DAY + since.seconds * SECOND + since.microseconds


def from_micros(at: int) -> datetime:
    """The aware UTC datetime of a moment in microseconds."""
    return _EPOCH + timedelta(microseconds=int(at))


def parse_moment(text: str, where: str = "timestamp") -> int:
    """Microseconds of an RFC 3339 text with offset, such as `2026-11-22T20:00:00Z`; anything else is refused.

    So is a moment that lies outside the years 1 to 9999 of UTC, which `from_micros` could not give back.
    """
    try:
        moment = datetime.fromisoformat(text if text[-1:] == "Z" else text.upper())
    except (ValueError, AttributeError, TypeError):
        raise BadInput.of(where, "be an RFC 3339 moment such as 2026-11-22T20:00:00Z", text) from None
    if "T" not in text and "t" not in text and " " not in text:
        raise BadInput.of(where, "be a moment with time and offset such as 2026-11-22T20:00:00Z", text)
    at = to_micros(moment, where)
    if not _FIRST <= at <= _LAST:
        raise BadInput.of(where, "lie in the years 1 to 9999 of UTC", text)
    return at


def format_moment(at: int) -> str:
    """RFC 3339 text of a moment, in UTC, with as many decimals of a second as it needs."""
    return from_micros(at).isoformat().replace("+00:00", "Z")
