"""A home that comes back under a new listing: which listings are of the same home, by what, and which follows which."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.core.ids import Vocabulary
from homing.market.derived import living_area
from homing.market.status import status_of
from homing.market.timeline import Timeline

__all__ = ["Kin", "Relisted", "SameHome", "relisted", "same_home"]

OVERLAP: Final = 3 * DAY
"""An old listing may still stand for so long after the new one began: feeds are late, and offices not in step."""

_NUMBERS: Final = ("UniversalPropertyId", "ParcelNumber")
_SHARED_BY_MOST: Final = 50
_SO_FAR_KM: Final = 0.3
_LEFT_FOR_GOOD: Final = frozenset({"Withdrawn", "Hold", "Canceled", "Expired", "Closed", "Delete"})
_UNITS: Final = frozenset(
    {"Condominium", "Apartment", "Stock Cooperative", "Co-Ownership", "Own Your Own", "Timeshare"}
)
_UNIT: Final = re.compile(r"(?:#|\b(?:apartment|apt|unit|suite|ste)\b\.?)\s*#?\s*([\w-]+)", re.IGNORECASE)
_ZIP: Final = re.compile(r"\b(\d{5})(?:-\d{4})?\s*$")
_SIGNS: Final = re.compile(r"[\W_]+")
_SHORT: Final = {
    "street": "st", "avenue": "ave", "av": "ave", "road": "rd", "drive": "dr", "lane": "ln", "boulevard": "blvd",
    "court": "ct", "place": "pl", "terrace": "ter", "circle": "cir", "highway": "hwy", "parkway": "pkwy",
    "trail": "trl", "square": "sq", "north": "n", "south": "s", "east": "e", "west": "w", "northeast": "ne",
    "northwest": "nw", "southeast": "se", "southwest": "sw",
}  # fmt: skip

Fields = Mapping[str, Any]


class SameHome(NamedTuple):
    """The row of the listing that a home had before, and by what the two are known to be of one home."""

    row: int
    by: str


@dataclass(frozen=True, slots=True, eq=False)
class Relisted:
    """Which listings of n follow which.

    `now` int64 (n,) is the row of the home's last listing (itself if none follows); `before` holds, for each row that
    follows another, that other one.
    """

    now: NDArray[np.int64]
    before: Mapping[int, SameHome]

    def listings(self, row: int) -> list[int]:
        """All listings of the home of a row, the newest first."""
        found = [int(self.now[row])]
        while (link := self.before.get(found[-1])) is not None:
            found.append(link.row)
        return found


@dataclass(frozen=True, slots=True)
class Kin:
    """Which homes share a number or an address: ids by each of them, and those of them that several homes share."""

    homes: Mapping[str, tuple[str, ...]]
    shared: frozenset[str]

    @classmethod
    def none(cls) -> Kin:
        """Of no homes."""
        return cls({}, frozenset())

    def replaced(self, old: Iterable[tuple[str, Fields]], new: Iterable[tuple[str, Fields]]) -> Kin:
        """With what some homes said before taken out, and what homes say now put in."""
        homes, shared = dict(self.homes), set(self.shared)
        for home, fields in old:
            for mark in _marks(fields):
                left = tuple(other for other in homes.pop(mark) if other != home)
                if left:
                    homes[mark] = left
                if len(left) < 2:
                    shared.discard(mark)
        for home, fields in new:
            for mark in _marks(fields):
                if mark in homes:
                    homes[mark] += (home,)
                    shared.add(mark)
                else:
                    homes[mark] = (home,)
        return Kin(homes, frozenset(shared))

    def groups(self) -> Iterable[tuple[str, ...]]:
        """Homes that share something; what very many share tells none of them."""
        return (self.homes[mark] for mark in sorted(self.shared) if len(self.homes[mark]) <= _SHARED_BY_MOST)


def same_home(old: Fields, new: Fields) -> str | None:
    """By what two listings are known to be of one home: the name of a field, or `address`; None if they are not.

    UniversalPropertyId decides where both have it, else ParcelNumber, else the address with its unit and postal code.
    Anything that contradicts it (another unit, kind, year, size, place) says no; so does a flat of which the unit is
    unknown.

    >>> here = {"StreetNumber": "12", "StreetName": "Elm", "StreetSuffix": "Street", "PostalCode": "98032"}
    >>> same_home(here, {"UnparsedAddress": "12 Elm St, Kent, WA 98032"})
    'address'
    >>> same_home(here | {"UnitNumber": "1"}, here | {"UnitNumber": "2"}) is None
    True
    """
    if _contradict(old, new):
        return None
    for name in _NUMBERS:
        theirs, ours = _bare(old.get(name)), _bare(new.get(name))
        if theirs and ours:
            sure = name == "UniversalPropertyId" or _unit_is_known(old, new)
            return name if theirs == ours and sure else None
    street, postal_code = _street(old), _postal_code(old)
    if street and postal_code and street == _street(new) and postal_code == _postal_code(new):
        return "address" if _unit_is_known(old, new) else None
    return None


def relisted(ids: Vocabulary[str], kin: Kin, timeline: Timeline, fields: Callable[[int], Fields]) -> Relisted:
    """Which listing follows which: the old one has left the market, at the latest three days after the new one began.

    Two listings that stand at once are two; a listing is followed by one other at most.
    """
    others: dict[int, set[int]] = defaultdict(set)
    offered = timeline.active[timeline.offsets[1:] - 1]
    for homes in kin.groups():
        rows = ids.codes(homes)
        if not offered[rows].all():  # of listings that all stand none follows another
            for row in rows.tolist():
                others[row].update(rows.tolist())
    began = {row: _began(timeline, row) for row in others}
    said = {row: fields(row) for row in others if not all(began[other] is None for other in others[row])}
    before: dict[int, SameHome] = {}
    after: dict[int, int] = {}
    for row in sorted((row for row in said if began[row] is not None), key=lambda row: (began[row], row)):
        found = _followed(row, others[row] - {row, *after}, timeline, said)
        if found is not None:
            before[row], after[found.row] = found, row
    now = np.arange(len(ids))
    for row in sorted(after, key=lambda row: -int(began[after[row]] or 0)):
        now[row] = now[after[row]]
    now.setflags(write=False)
    return Relisted(now, MappingProxyType(before))


def _followed(row: int, others: Iterable[int], timeline: Timeline, said: Mapping[int, Fields]) -> SameHome | None:
    """The last listing of the same home that had left the market when this one began."""
    began = _began(timeline, row)
    left = [(_left(timeline, other), other) for other in others if status_of(said[other]).name in _LEFT_FOR_GOOD]
    for at, other in sorted(left, reverse=True):
        first = int(timeline.at[timeline.offsets[other]])
        if began is None or first >= began or at > began + OVERLAP:
            continue
        by = same_home(said[other], said[row])
        if by is not None:
            return SameHome(other, by)
    return None


def _began(timeline: Timeline, row: int) -> int | None:
    """When a listing was first offered; None if it never was."""
    here = timeline.of(row)
    offered = np.flatnonzero(timeline.active[here])
    return int(timeline.at[here][offered[0]]) if offered.size else None


def _left(timeline: Timeline, row: int) -> int:
    """When a listing that is no longer offered was offered last; its beginning if it never was."""
    here = timeline.of(row)
    offered = np.flatnonzero(timeline.active[here])
    return int(timeline.at[here][min(offered[-1] + 1, here.stop - here.start - 1) if offered.size else 0])


def _marks(fields: Fields) -> list[str]:
    """What a listing may share with another of the same home."""
    marks = [f"{name}:{value}" for name in _NUMBERS if name in fields and (value := _bare(fields[name]))]
    street = _street(fields)
    if street and (postal_code := _postal_code(fields)):
        marks.append(f"address:{street}|{_unit(fields)}|{postal_code}")
    return marks


def _contradict(old: Fields, new: Fields) -> bool:
    texts = ("PropertyType", "PropertySubType", "StateOrProvince", "CountyOrParish")
    if any(old[name] != new[name] for name in texts if old.get(name) and new.get(name)):
        return True
    if _unit(old) != _unit(new) or _differ(_postal_code(old), _postal_code(new)):
        return True
    if _differ(_street(old).partition(" ")[0], _street(new).partition(" ")[0]):
        return True
    area, other = living_area(old), living_area(new)
    beds, years = (_apart(old, new, name) for name in ("BedroomsTotal", "YearBuilt"))
    return beds > 1 or years > 1 or abs(area - other) > 0.1 * max(area, other) or _kilometres(old, new) > _SO_FAR_KM


def _apart(old: Fields, new: Fields, name: str) -> float:
    return abs(float(old.get(name, math.nan)) - float(new.get(name, math.nan)))


def _kilometres(old: Fields, new: Fields) -> float:
    north, east = _apart(old, new, "Latitude") * 111.2, _apart(old, new, "Longitude") * 111.2
    return math.hypot(north, east * math.cos(math.radians(float(old.get("Latitude", math.nan)))))


def _differ(one: str, other: str) -> bool:
    return bool(one and other and one != other)


def _unit_is_known(old: Fields, new: Fields) -> bool:
    """Whether both name their unit, or are of a kind that is no part of a building."""
    return bool(_unit(new)) or not {old.get("PropertySubType"), new.get("PropertySubType")} & _UNITS


def _unit(fields: Fields) -> str:
    unit = _bare(fields.get("UnitNumber"))
    if unit:
        return re.sub(r"^(apartment|apt|unit|suite|ste|no)(?=.)", "", unit)
    found = _UNIT.search(str(fields.get("UnparsedAddress") or ""))
    return _bare(found[1]) if found else ""


def _street(fields: Fields) -> str:
    """Number and street in one spelling, as `12 elm st`; nothing if the number is not known."""
    parts = ("StreetNumber", "StreetDirPrefix", "StreetName", "StreetSuffix", "StreetDirSuffix")
    if fields.get("StreetNumber") and fields.get("StreetName"):
        text = " ".join(str(fields[name]) for name in parts if fields.get(name))
    elif fields.get("UnparsedAddress"):
        text = _UNIT.sub(" ", str(fields["UnparsedAddress"]).partition(",")[0])
    else:
        return ""
    words = [_SHORT.get(word, word) for word in re.findall(r"[^\W_]+", text.casefold())]
    return " ".join(words) if len(words) > 1 and words[0][0].isdigit() else ""


def _postal_code(fields: Fields) -> str:
    said = str(fields.get("PostalCode") or "").strip()
    if said:
        return said.partition("-")[0].casefold()
    found = _ZIP.search(str(fields.get("UnparsedAddress") or ""))
    return found[1] if found else ""


def _bare(value: object) -> str:
    """Letters and digits alone, whatever their case; a number of zeros is none."""
    text = _SIGNS.sub("", str(value).casefold()) if value else ""
    return text if text.strip("0") else ""
