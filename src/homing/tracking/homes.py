"""What is known of the homes that events name: their versions as columns, joined to events without looking ahead."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from homing.core.ids import Vocabulary
from homing.store.payload import Label

__all__ = ["HOME_NUMBERS", "HOME_TEXTS", "HomeSource", "HomeVersion", "Versions", "home_columns"]


class HomeVersion(NamedTuple):
    """What a home was from `at` on, which we knew from `known_at` on (microseconds); NaN and None where unknown.

    `price` USD, `area` square feet, `latitude` and `longitude` degrees, `amenities` a sum of powers of two, one for
    each thing the home has, `listed_at` microseconds, `active` 1 on the market and 0 off it, `kind` the kind of home,
    `place` its postal code or else its city.
    """

    at: int
    known_at: int
    price: float = math.nan
    beds: float = math.nan
    baths: float = math.nan
    area: float = math.nan
    latitude: float = math.nan
    longitude: float = math.nan
    amenities: float = math.nan
    listed_at: float = math.nan
    active: float = math.nan
    kind: str | None = None
    place: str | None = None


class HomeSource(Protocol):
    """Where versions of homes come from. `revision` changes whenever any home does: what is cached must know it."""

    def revision(self) -> int:
        """A number that grows with every change of any home."""
        ...

    def versions(self, property_ids: Sequence[str]) -> Mapping[str, Sequence[HomeVersion]]:
        """All versions of these homes, each home's in the order of (`at`, `known_at`); unknown homes are left out."""
        ...


_THEN: Final = {
    "home_price": "price",
    "home_beds": "beds",
    "home_baths": "baths",
    "home_area": "area",
    "home_latitude": "latitude",
    "home_longitude": "longitude",
    "home_amenities": "amenities",
}
_NOW: Final = {"home_price_now": "price", "home_active_now": "active"}
_PAST: Final = ("home_listed_at", "home_first_price", "home_price_cuts", "home_price_cut_at")

HOME_NUMBERS: Final = (*_THEN, *_NOW, *_PAST)
"""Number columns of a history: the home as it was at the event; then as it is at `as_of`, and what led there."""

HOME_TEXTS: Final = {"home_kind": "kind", "home_place": "place"}
"""Text columns of a history and the fields of a version they hold, as of the event."""


def home_columns(
    source: HomeSource,
    homes: Vocabulary[str],
    home: NDArray[np.int32],
    at: NDArray[np.int64],
    as_of: NDArray[np.int64],
    wanted: Sequence[str],
) -> tuple[dict[str, NDArray[np.float64]], dict[str, Label]]:
    """The wanted columns of n events: each names a home (code, -1 for none), happened `at` and is seen from `as_of`.

    Only versions count that hold and were known by `as_of`. Of these the one in force at the event is what the lead
    saw; where the first is later than the event, it is the best that is known.
    """
    given = source.versions(homes.ids)
    versions = Versions.of([given.get(one, ()) for one in homes.ids])
    then, now = np.full(len(home), -1, dtype=np.int64), np.full(len(home), -1, dtype=np.int64)
    price, listed_at = versions.number("price"), versions.number("listed_at")
    past = {name: np.full(len(home), np.nan) for name in _PAST if name in wanted}
    for moment in np.unique(as_of):
        rows = np.flatnonzero((as_of == moment) & (home >= 0))
        known = versions.known_by(int(moment))
        then[rows], now[rows] = known.in_force(home[rows], at[rows]), known.last(home[rows])
        for name, of_home in known.past(len(homes), price, listed_at).items() if past else ():
            if name in past:
                past[name][rows] = of_home[home[rows]]
    numbers = {name: versions.number(field)[then] for name, field in _THEN.items() if name in wanted}
    numbers |= {name: versions.number(field)[now] for name, field in _NOW.items() if name in wanted}
    texts = {name: versions.text(field) for name, field in HOME_TEXTS.items() if name in wanted}
    return numbers | past, {name: Label(text.codes[then], text.names) for name, text in texts.items()}


class Versions(NamedTuple):
    """v versions sorted by (home, at, known_at)."""

    home: NDArray[np.int64]
    at: NDArray[np.int64]
    known_at: NDArray[np.int64]
    rows: Sequence[HomeVersion]

    @classmethod
    def of(cls, homes: Sequence[Sequence[HomeVersion]]) -> Versions:
        """The versions of homes, each home's in the order of (`at`, `known_at`); a home's code is its place."""
        rows = [version for versions in homes for version in versions]
        return cls(
            np.repeat(np.arange(len(homes)), [len(versions) for versions in homes]),
            np.array([row.at for row in rows], dtype=np.int64),
            np.array([row.known_at for row in rows], dtype=np.int64),
            rows,
        )

    def number(self, field: str) -> NDArray[np.float64]:
        """One field of all versions and, as the last entry, the NaN that stands for no version."""
        return np.array([*(getattr(row, field) for row in self.rows), math.nan], dtype=np.float64)

    def text(self, field: str) -> Label:
        """One text of all versions and, as the last entry, the -1 that stands for no version."""
        words: list[Any] = [getattr(row, field) for row in self.rows]
        names = Vocabulary(sorted({word for word in words if word}))
        codes = [names.code(word) if word else -1 for word in words]
        return Label(np.array([*codes, -1], dtype=np.int32), names)

    def known_by(self, moment: int) -> _Known:
        """The versions that hold and were known by a moment; of several that began at once the one known last."""
        kept = np.flatnonzero((self.at <= moment) & (self.known_at <= moment))
        corrected = (self.home[kept[:-1]] == self.home[kept[1:]]) & (self.at[kept[:-1]] == self.at[kept[1:]])
        kept = kept[np.append(~corrected, np.ones(len(kept[:1]), dtype=np.bool_))]
        return _Known(kept, self.home[kept], self.at[kept])


class _Known(NamedTuple):
    """The versions known by a moment: their places among all, their homes and moments, sorted by (home, at)."""

    places: NDArray[np.int64]
    home: NDArray[np.int64]
    at: NDArray[np.int64]

    def in_force(self, home: NDArray[np.int32], at: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of the version of each home that held at each moment, else of its first; -1 if it has none."""
        moments = np.unique(self.at)
        width = len(moments) + 1
        keys = self.home * width + np.searchsorted(moments, self.at, side="right")
        asked = home.astype(np.int64) * width
        before = np.searchsorted(keys, asked + np.searchsorted(moments, at, side="right"), side="right") - 1
        first = np.searchsorted(keys, asked, side="right")
        return self._places(np.maximum(before, first), home)

    def last(self, home: NDArray[np.int32]) -> NDArray[np.int64]:
        """The place of the newest version of each home, -1 if it has none."""
        return self._places(np.searchsorted(self.home, home, side="right") - 1, home)

    def past(
        self, homes: int, prices: NDArray[np.float64], listed_at: NDArray[np.float64]
    ) -> dict[str, NDArray[np.float64]]:
        """For each home when it was listed (else first known), its first price, how often that was cut, and when last.

        `prices` and `listed_at` are those of all versions.
        """
        listed, first_price, cut_at = (np.full(homes, np.nan) for _ in range(3))
        listed[self.home[::-1]] = self.at[::-1]
        said = listed_at[self.places]
        telling = np.flatnonzero(~np.isnan(said))
        listed[self.home[telling]] = said[telling]
        price = prices[self.places]
        priced = np.flatnonzero(~np.isnan(price))
        home, price, at = self.home[priced], price[priced], self.at[priced]
        first_price[home[::-1]] = price[::-1]
        cut = np.flatnonzero((home[1:] == home[:-1]) & (price[1:] < price[:-1])) + 1
        cut_at[home[cut]] = at[cut]
        cuts = np.where(np.isnan(first_price), np.nan, np.bincount(home[cut], minlength=homes))
        return dict(zip(_PAST, (listed, first_price, cuts, cut_at), strict=True))

    def _places(self, known: NDArray[np.int64], home: NDArray[np.int32]) -> NDArray[np.int64]:
        inside = (known >= 0) & (known < len(self.places))
        if not len(self.places):
            return np.full(len(home), -1, dtype=np.int64)
        candidate = np.where(inside, known, 0)
        return np.where(inside & (self.home[candidate] == home), self.places[candidate], -1)
