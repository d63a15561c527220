"""What each home asked for, and whether it was on the market, from one moment to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homing.market.property import Property

__all__ = ["Timeline", "timeline_of"]


class _Version(NamedTuple):
    """One version of one home."""

    at: int
    known_at: int
    price: float
    active: bool


@dataclass(frozen=True, slots=True, eq=False)
class Timeline:
    """The versions of n homes, those of home `row` at `offsets[row]:offsets[row + 1]`, oldest first.

    `offsets` int64 (n + 1,), `at` and `known_at` int64 (v,) microseconds UTC, `price` float64 (v,) USD, `active` bool
    (v,): whether it may be offered.

    >>> homes = [Property("h1", 10, 10, {"ListPrice": 500}), Property("h1", 20, 20, {"ListPrice": 450})]
    >>> timeline_of([homes]).price_at([0, 0, 0], [5, 15, 25]).tolist()
    [500.0, 500.0, 450.0]
    """

    offsets: NDArray[np.int64]
    at: NDArray[np.int64]
    known_at: NDArray[np.int64]
    price: NDArray[np.float64]
    active: NDArray[np.bool_]

    def price_at(self, rows: ArrayLike, at: ArrayLike) -> NDArray[np.float64]:
        """The price asked at each moment, shape of `rows`; before the first version the first price, NaN for row -1."""
        where, known = self._versions_at(rows, at)
        prices = np.full(known.shape, np.nan)
        prices[known] = self.price[where[known]]
        return prices

    def active_at(self, rows: ArrayLike, at: ArrayLike) -> NDArray[np.bool_]:
        """Whether each home was on the market at each moment; before its first version it was not."""
        where, known = self._versions_at(rows, at)
        active = np.zeros(known.shape, dtype=np.bool_)
        moments = np.broadcast_to(np.asarray(at, dtype=np.int64), known.shape)[known]
        active[known] = self.active[where[known]] & (self.at[where[known]] <= moments)
        return active

    def told_at(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """When the last that is now believed of each home had both begun and become known, shape (len(rows),)."""
        if not rows.size:
            return np.empty(0, dtype=np.int64)
        counts = self.offsets[rows + 1] - self.offsets[rows]
        starts = np.cumsum(counts) - counts
        where = np.arange(int(counts.sum())) + np.repeat(self.offsets[rows] - starts, counts)
        return np.maximum.reduceat(np.maximum(self.at[where], self.known_at[where]), starts)

    def of(self, row: int) -> slice:
        """Where the versions of one home stand."""
        return slice(int(self.offsets[row]), int(self.offsets[row + 1]))

    def _versions_at(self, rows: ArrayLike, at: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The version of each row in force at each moment (the first if none was yet), and whether the row is one."""
        row, moment = np.broadcast_arrays(np.asarray(rows, dtype=np.int64), np.asarray(at, dtype=np.int64))
        known = row >= 0
        home = np.where(known, row, 0)
        if not known.any():
            return home, known
        first = self.offsets[home]
        low, high = first, self.offsets[home + 1]
        while (between := low < high).any():
            middle = (low + high) // 2
            begun = self.at[np.where(between, middle, 0)] <= moment
            low = np.where(between & begun, middle + 1, low)
            high = np.where(between & ~begun, middle, high)
        return np.maximum(low - 1, first), known

    def replaced(self, size: int, places: NDArray[np.int64], changed: Mapping[int, Sequence[Property]]) -> Timeline:
        """The timeline of `size` homes: the old ones moved to `places`, and the versions of some rows added."""
        counts = np.zeros(size, dtype=np.int64)
        counts[places] = np.diff(self.offsets)
        segments = {row: self._merged(row, places, versions) for row, versions in changed.items()}
        for row, segment in segments.items():
            counts[row] = len(segment)
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        shift = np.repeat(offsets[places] - self.offsets[:-1], np.diff(self.offsets))
        to = np.arange(len(self.at)) + shift
        columns = [_moved(column, to, int(offsets[-1])) for column in self._columns()]
        for row, segment in segments.items():
            place = slice(int(offsets[row]), int(offsets[row + 1]))
            for column, values in zip(columns, zip(*segment, strict=True), strict=True):
                column[place] = values
        return _timeline(offsets, *columns)

    def _columns(self) -> tuple[NDArray[Any], ...]:
        return self.at, self.known_at, self.price, self.active

    def _merged(self, row: int, places: NDArray[np.int64], versions: Sequence[Property]) -> list[_Version]:
        """The versions of a row, its old ones and the given ones; of one moment the given one."""
        old = np.searchsorted(places, row)
        known = self.of(int(old)) if old < len(places) and places[old] == row else slice(0, 0)
        held = zip(*(column[known].tolist() for column in self._columns()), strict=True)
        merged = {version.at: version for version in map(_Version._make, held)}
        merged |= {home.at: _version(home) for home in versions}
        return [merged[at] for at in sorted(merged)]


def timeline_of(homes: Sequence[Sequence[Property]]) -> Timeline:
    """The timeline of homes given as their versions, each list oldest first."""
    versions = [_version(version) for home in homes for version in home]
    at, known_at, price, active = zip(*versions, strict=True) if versions else ((), (), (), ())
    return _timeline(
        np.concatenate(([0], np.cumsum([len(home) for home in homes], dtype=np.int64))).astype(np.int64),
        np.array(at, dtype=np.int64),
        np.array(known_at, dtype=np.int64),
        np.array(price, dtype=np.float64),
        np.array(active, dtype=np.bool_),
    )


def _version(home: Property) -> _Version:
    return _Version(home.at, home.known_at, home.price, home.is_active)


def _timeline(offsets: NDArray[np.int64], *columns: NDArray[Any]) -> Timeline:
    for array in (offsets, *columns):
        array.setflags(write=False)
    return Timeline(offsets, *columns)


def _moved(column: NDArray[Any], to: NDArray[np.int64], size: int) -> NDArray[Any]:
    moved = np.zeros(size, dtype=column.dtype)
    moved[to] = column
    return moved
