"""What an import did: counts, and every refused row with its reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Advance", "EventsImported", "Progress", "Refused", "RowsImported"]


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


@dataclass(frozen=True, slots=True)
class RowsImported:
    """What an import of listings or people did. `dropped` counts personal keys that were left out, by name."""

    read: int
    created: int
    updated: int
    unchanged: int
    refused: tuple[Refused, ...]
    dropped: dict[str, int]

    @property
    def any_good(self) -> bool:
        """Whether a row could be used, or there was none: then the import succeeded."""
        return not self.read or bool(self.created + self.updated + self.unchanged)


@dataclass(frozen=True, slots=True)
class EventsImported:
    """What an import of events did. `suppressed` are events of erased persons, which are not stored again."""

    read: int
    stored: int
    duplicates: int
    suppressed: int
    refused: tuple[Refused, ...]

    @property
    def any_good(self) -> bool:
        """Whether a row could be used, or there was none: then the import succeeded."""
        return not self.read or bool(self.stored + self.duplicates + self.suppressed)
