"""What the status of a listing means: one row for each value of RESO's StandardStatus."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

__all__ = ["ACTIVE", "DELETED", "STATUSES", "UNKNOWN", "Status", "status_of"]

Shown = Literal["yes", "if displayable", "no"]

ACTIVE: Final = "Active"
DELETED: Final = "Delete"


@dataclass(frozen=True, slots=True)
class Status:
    """One status: whether the home is shown, may still be toured, is on the market, and whether the listing is over.

    `shown` says whether it may be offered: `if displayable` asks for the listing's own word that it may be on public
    pages. `terminal` is a listing that will not come back under its key; the home may, under another.
    """

    name: str
    shown: Shown
    tourable: bool
    on_market: bool
    terminal: bool
    meaning: str

    def is_shown(self, fields: Mapping[str, Any]) -> bool:
        """Whether a listing of this status may be offered to shoppers."""
        if self.shown == "if displayable":
            return fields.get("InternetEntireListingDisplayYN") is True
        return self.shown == "yes"


def _table() -> Iterator[Status]:
    yield Status("Coming Soon", "if displayable", False, False, False, "listed, not yet open to showings")
    yield Status(ACTIVE, "yes", True, True, False, "for sale")
    yield Status("Active Under Contract", "no", True, True, False, "sold subject to conditions; backups are welcome")
    yield Status("Pending", "no", False, False, False, "sold, the closing is to come")
    yield Status("Hold", "no", False, False, False, "taken off the market for a while")
    yield Status("Withdrawn", "no", False, False, False, "taken off the market, the listing contract runs on")
    yield Status("Closed", "no", False, False, True, "sold")
    yield Status("Canceled", "no", False, False, True, "the listing contract was ended")
    yield Status("Expired", "no", False, False, True, "the listing contract ran out")
    yield Status("Incomplete", "no", False, False, False, "not yet entered in full")
    yield Status(DELETED, "no", False, False, True, "entered in error, or taken out of the catalogue")


STATUSES: Final[Mapping[str, Status]] = {status.name: status for status in _table()}
"""Every status by its RESO name."""

UNKNOWN: Final = Status("", "no", False, False, False, "a status that RESO does not name")
"""What is held of a status that is not in the table: nobody can tell that such a home is for sale."""


def status_of(fields: Mapping[str, Any]) -> Status:
    """The status of a listing; one that says nothing of it is Active.

    >>> status_of({"StandardStatus": "Pending"}).is_shown({}), status_of({}).name
    (False, 'Active')
    """
    name = fields.get("StandardStatus")
    return STATUSES.get(name, UNKNOWN) if isinstance(name, str) and name else STATUSES[ACTIVE]
