"""Moments as other people's files write them: by a format, in a time zone, or as a number since 1970."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from homing.core.clock import DAY, SECOND, format_moment, to_micros
from homing.core.errors import BadInput, Fault, shown

__all__ = ["MomentForm", "moment_form"]

_UNITS: Final = {"unix": SECOND, "unix_ms": SECOND // 1_000}
_SAMPLE: Final = datetime(2026, 11, 22, 13, 45, 7, tzinfo=UTC)
_LATEST: Final = to_micros(datetime(9999, 12, 31, tzinfo=UTC)) - DAY


@dataclass(frozen=True, slots=True)
class MomentForm:
    """How a file writes moments: `format` as of `strptime`, `unix` or `unix_ms`; left out, ISO 8601.

    `zone` is where a moment without an offset was read off the clock. An hour that a clock showed twice is the first;
    one that it never showed is refused.

    >>> form = moment_form({"format": "%m/%d/%Y %I:%M %p", "time_zone": "America/Los_Angeles"})
    >>> form.read("11/01/2026 01:30 AM", "when"), form.read("11/02/2026 01:30 AM", "when")
    ('2026-11-01T08:30:00Z', '2026-11-02T09:30:00Z')
    """

    format: str | None = None
    zone: ZoneInfo | None = None

    def read(self, value: object, where: str) -> str:
        """RFC 3339 of a moment, `BadInput` if it is none."""
        if self.format in _UNITS:
            return _since_1970(value, self.format, where)
        moment = value if isinstance(value, datetime) else self._parsed(value, where)
        if moment.tzinfo is None and self.zone is None:
            raise BadInput.of(where, "have an offset, or the map a time_zone", value)
        try:
            return self._placed(moment, where)
        except OverflowError:
            raise BadInput.of(where, "lie in the years 1 to 9999 of UTC", value) from None

    def _placed(self, moment: datetime, where: str) -> str:
        if moment.tzinfo is None and self.zone is not None:
            shown_there = moment
            moment = moment.replace(tzinfo=self.zone)
            if moment.astimezone(UTC).astimezone(self.zone).replace(tzinfo=None) != shown_there:
                raise BadInput.of(where, f"be a time that clocks showed in {self.zone.key}", f"{shown_there}")
        return format_moment(to_micros(moment))

    def _parsed(self, value: object, where: str) -> datetime:
        text = value.strip() if isinstance(value, str) else ""
        try:
            return datetime.fromisoformat(text) if self.format is None else datetime.strptime(text, self.format)  # noqa: DTZ007  # its zone comes next
        except ValueError:
            form = "ISO 8601, such as 2026-11-22 20:00:00" if self.format is None else self.format
            raise BadInput.of(where, f"be a moment of the form {form}", value) from None


def moment_form(table: Mapping[str, Any]) -> MomentForm:
    """The form that a table with `format` and `time_zone` tells; `BadInput` with all that is wrong in it."""
    format, zone = table.get("format"), table.get("time_zone")  # noqa: A001  # the words of the table
    faults = [
        Fault(name, "be left out: the table has format and time_zone", shown(table[name]))
        for name in table
        if name not in {"format", "time_zone"}
    ]
    if format is not None and not _tells_a_moment(format):
        must = "be unix, unix_ms, or a strptime format that tells year, month, day and, if any, the hour"
        faults.append(Fault("format", must, shown(format)))
    place = None if zone is None else _zone(zone)
    if zone is not None and place is None:
        faults.append(Fault("time_zone", "be an IANA time zone such as America/Los_Angeles", shown(zone)))
    if zone is None and isinstance(format, str) and format not in _UNITS and "%z" not in format:
        faults.append(Fault("time_zone", "be given: moments of this format have no offset", "nothing"))
    if faults:
        raise BadInput(faults)
    return MomentForm(format, place)


def _tells_a_moment(format: object) -> bool:  # noqa: A002  # the word of the table
    """Whether what is written by a format reads back as the same day and hour."""
    if format in _UNITS:
        return True
    if not isinstance(format, str) or "\0" in format:
        return False
    try:
        back = datetime.strptime(_SAMPLE.strftime(format), format)  # noqa: DTZ007  # only its day and hour are looked at
    except (ValueError, re.error):
        return False
    return back.date() == _SAMPLE.date() and back.hour in {0, _SAMPLE.hour}


def _zone(name: object) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if isinstance(name, str) else None
    except (KeyError, ValueError, OSError):
        return None


def _since_1970(value: object, unit: str, where: str) -> str:
    try:
        at = int(Decimal(str(value)) * _UNITS[unit])
    except (InvalidOperation, ValueError, OverflowError):
        at = -1
    if not 0 <= at <= _LATEST:
        raise BadInput.of(
            where, f"be a number of {'milliseconds' if unit == 'unix_ms' else 'seconds'} since 1970", value
        )
    return format_moment(at)
