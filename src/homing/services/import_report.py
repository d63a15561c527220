"""What an import did: counts, and every refused row with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from homing.core.errors import one_line

__all__ = ["Advance", "Dropped", "EventsImported", "Progress", "Refusals", "Refused", "RowsImported"]

_LISTED: Final = 10_000
_NAMED: Final = 1_000


@dataclass(frozen=True, slots=True)
class Advance:
    """How far an import is: rows read, and bytes of the file as it is on disk."""

    rows: int
    bytes_read: int
    bytes_total: int


Progress = Callable[[Advance], None]
"""Called now and then during an import, and once at its end."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that was not stored: its number in the file, and why."""

    row: int
    why: str


class Refusals:
    """The rows that were refused: `count` of them, of which `rows` are the first 10,000 with their reasons.

    >>> refusals = Refusals()
    >>> for number in range(10_001): refusals.add(number, "row must be a JSON object; got 5")
    >>> refusals.count, len(refusals.rows)
    (10001, 10000)
    """

    def __init__(self) -> None:
        self.count = 0
        self.rows: list[Refused] = []

    def add(self, row: int, why: object) -> None:
        """Note a row and why it was refused."""
        self.count += 1
        if len(self.rows) < _LISTED:
            self.rows.append(Refused(row, str(why)))


class Dropped:
    r"""The fields that were not kept: `counts` by name, of very many different names the first 1,000.

    >>> dropped = Dropped()
    >>> for name in ("email", "email", "Owner\nName"): dropped.add(name)
    >>> dropped.counts
    {'email': 2, 'Owner\\nName': 1}
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        """Note one field that was not kept."""
        told = one_line(name)
        if told in self._counts or len(self._counts) < _NAMED:
            self._counts[told] += 1

    @property
    def counts(self) -> dict[str, int]:
        """How often each field was not kept."""
        return dict(self._counts)


@dataclass(frozen=True, slots=True)
class RowsImported:
    """What an import of listings or people did. `dropped` counts the fields that may not be kept, by name.

    Of many refused rows only the first 10,000 are listed; `refused_count` counts all.
    """

    read: int
    created: int
    updated: int
    unchanged: int
    refused: tuple[Refused, ...]
    dropped: dict[str, int]
    refused_count: int

    @property
    def any_good(self) -> bool:
        """Whether a row could be used, or there was none: then the import succeeded."""
        return not self.read or bool(self.created + self.updated + self.unchanged)


@dataclass(frozen=True, slots=True)
class EventsImported:
    """What an import of events did. `suppressed` are events of erased persons, which are not stored again.

    `dropped` counts the fields that may not be kept, by name.

    Of many refused rows only the first 10,000 are listed; `refused_count` counts all.
    """

    read: int
    stored: int
    duplicates: int
    suppressed: int
    refused: tuple[Refused, ...]
    dropped: dict[str, int]
    refused_count: int

    @property
    def any_good(self) -> bool:
        """Whether a row could be used, or there was none: then the import succeeded."""
        return not self.read or bool(self.stored + self.duplicates + self.suppressed)
