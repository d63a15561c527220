"""An immutable view of all homes of a tenant, as columns: what answers are made from."""

from __future__ import annotations

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import is_not, itemgetter
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from homing.core.ids import Vocabulary
from homing.market.attributes import lenient_moment
from homing.market.card import card
from homing.market.columns import Category, Columns, columns_of, values_of
from homing.market.property import Property, fields_of, fields_text
from homing.market.relist import Kin, Relisted, relisted
from homing.market.timeline import Timeline, timeline_of
from homing.store.listings import FOREVER

__all__ = ["Category", "MarketSnapshot", "listed_at", "snapshot_of"]

_LISTED: Final = ("OnMarketTimestamp", "OriginalEntryTimestamp", "ListingContractDate", "OnMarketDate")
_REMARKS: Final = "PublicRemarks"


@dataclass(frozen=True, slots=True, eq=False)
class MarketSnapshot:
    """The homes in alphabetical order of their ids; row i of every array is home `ids.ids[i]`. Nothing in it changes.

    `numbers` float64 (n,), NaN where unknown, flags as 0 and 1, areas in square feet, `BathroomsTotalDecimal` with half
    bathrooms as .5; `categories` with their labels; `active` bool (n,); `listed_at` and `updated_at` int64 (n,)
    microseconds UTC; the `version_…` arrays are the timeline of prices and status; `relisted` says which listing
    follows which of the same home. `pending` are versions whose moment has not come. `remarks` are the public remarks,
    "" where there are none. `as_of` is the moment it was asked for, None for the present.

    >>> homes = [Property("h1", 10, 10, {"ListPrice": 500}), Property("h1", 20, 20, {"ListPrice": 450}),
    ...          Property("h2", 30, 30, {"ListPrice": 900, "City": "Kent"})]
    >>> market = snapshot_of(homes)
    >>> market.numbers["ListPrice"].tolist(), market.price_at([0, 0], [12, 25]).tolist(), market.card(1)["address"]
    ([450.0, 900.0], [500.0, 450.0], 'Kent')
    >>> market.replaced([Property("h1", 40, 40, {"ListPrice": 400})]).numbers["ListPrice"].tolist()
    [400.0, 900.0]
    """

    ids: Vocabulary[str]
    revision: int
    as_of: int | None
    numbers: Mapping[str, NDArray[np.float64]]
    categories: Mapping[str, Category]
    active: NDArray[np.bool_]
    listed_at: NDArray[np.int64]
    updated_at: NDArray[np.int64]
    timeline: Timeline
    relisted: Relisted
    pending: tuple[Property, ...]
    remarks: tuple[str, ...]
    _texts: tuple[str, ...]
    _kin: Kin

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def version_offsets(self) -> NDArray[np.int64]:
        """Where the versions of each home begin, int64 (n + 1,)."""
        return self.timeline.offsets

    @property
    def version_at(self) -> NDArray[np.int64]:
        """From when each version holds, int64 (v,)."""
        return self.timeline.at

    @property
    def version_price(self) -> NDArray[np.float64]:
        """The price of each version, float64 (v,), NaN where it names none."""
        return self.timeline.price

    @property
    def version_status_active(self) -> NDArray[np.bool_]:
        """Whether each version is on the market, bool (v,)."""
        return self.timeline.active

    def price_at(self, rows: ArrayLike, at: ArrayLike) -> NDArray[np.float64]:
        """The price asked at each moment, shape of `rows`; before the first version the first price, NaN for row -1."""
        return self.timeline.price_at(rows, at)

    def home(self, row: int) -> dict[str, Any]:
        """Everything the listing says, under its RESO names."""
        return self._home(row).row()

    def card(self, row: int) -> dict[str, object]:
        """What an answer shows of a home."""
        return card(self._home(row))

    def replaced(self, changed: Sequence[Property], upto: int | None = None) -> MarketSnapshot:
        """The view with some versions added or replaced, in the order they were written: the same as built anew.

        Versions that begin after `upto` (left out: none) wait in `pending`; a view of the past leaves out what was not
        known or had not begun by then.
        """
        homes, pending = _sorted_out([*self.pending, *changed], self.as_of, upto)
        ids, places = _with_new(self.ids, sorted(home for home in homes if home not in self.ids))
        rows = {ids.code(home): versions for home, versions in homes.items()}
        timeline = self.timeline.replaced(len(ids), places, rows)
        current = {row: self._newest(versions) for row, versions in rows.items()}
        columns = Columns(dict(self.numbers), dict(self.categories)).replaced(
            len(ids), places, {row: values_of(home.fields) for row, home in current.items()}
        )
        moments = _Moments(self.active, self.listed_at, self.updated_at, self._texts, self.remarks).replaced(
            len(ids), places, _read(current, timeline)
        )
        said_before = [(home, fields_of(self._texts[row])) for home in homes if (row := self.ids.code(home)) >= 0]
        kin = self._kin.replaced(said_before, _said(current.values()))
        revision = max([self.revision, *(home.revision for home in changed)])
        return _assembled(ids, revision, self.as_of, columns, moments, timeline, kin, pending)

    def differs_from(self, before: MarketSnapshot) -> NDArray[np.int64]:
        """The rows of the homes that another view does not have, or describes otherwise; those it still has may go on.

        >>> one = snapshot_of([Property("h1", 10, 10, {"ListPrice": 500}), Property("h2", 10, 10, {"ListPrice": 900})])
        >>> one.replaced([Property("h2", 40, 40, {"ListPrice": 800})]).differs_from(one).tolist()
        [1]
        """
        then = before.ids.codes_of(self.ids)
        texts = [*before._texts, None]
        changed = np.fromiter(map(is_not, self._texts, (texts[row] for row in then.tolist())), np.bool_, len(self))
        changed |= self.listed_at != np.append(before.listed_at, 0)[then]
        return np.flatnonzero(changed)

    def _home(self, row: int) -> Property:
        at = int(self.updated_at[row])
        return Property(self.ids.ids[row], at, at, fields_of(self._texts[row]))

    def _newest(self, versions: Sequence[Property]) -> Property:
        """The version in force: the last of these, unless the home is known to have a later one."""
        newest = versions[-1]
        row = self.ids.code(newest.property_id)
        return self._home(row) if row >= 0 and newest.at < self.updated_at[row] else newest


def snapshot_of(
    versions: Iterable[Property], *, revision: int | None = None, as_of: int | None = None, upto: int | None = None
) -> MarketSnapshot:
    """The view of the homes of these versions; `revision` left out is that of the version written last.

    With `as_of`, of what was known and had begun by then. Without it, of what has begun by `upto` (left out: of all).
    """
    given = list(versions)
    homes, pending = _sorted_out(given, as_of, upto)
    ids = Vocabulary(sorted(homes))
    history = [homes[home] for home in ids.ids]
    timeline = timeline_of(history)
    columns = columns_of([values_of(home[-1].fields) for home in history])
    nowhere = np.zeros(0, dtype=np.int64)
    empty = _Moments(nowhere.astype(np.bool_), nowhere, nowhere, (), ())
    current = dict(enumerate(home[-1] for home in history))
    moments = empty.replaced(len(ids), nowhere, _read(current, timeline))
    last = max((home.revision for home in given), default=0) if revision is None else revision
    kin = Kin.none().replaced((), _said(current.values()))
    return _assembled(ids, last, as_of, columns, moments, timeline, kin, pending)


def _said(homes: Iterable[Property]) -> list[tuple[str, Mapping[str, Any]]]:
    return [(home.property_id, home.fields) for home in homes]


class _Read(NamedTuple):
    """What a version in force says beside its columns."""

    active: bool
    listed_at: int
    updated_at: int
    text: str
    remarks: str


class _Moments(NamedTuple):
    """Status, moments and texts of n homes."""

    active: NDArray[np.bool_]
    listed_at: NDArray[np.int64]
    updated_at: NDArray[np.int64]
    texts: tuple[str, ...]
    remarks: tuple[str, ...]

    def replaced(self, size: int, places: NDArray[np.int64], read: Mapping[int, _Read]) -> _Moments:
        """Those of `size` homes: the old ones moved to `places`, some rows written anew."""
        texts, remarks = list(self.texts), list(self.remarks)
        for row in sorted(set(read).difference(places.tolist())) if len(texts) < size else ():
            texts.insert(row, "")
            remarks.insert(row, "")
        rows = np.fromiter(read, dtype=np.int64, count=len(read))
        for row, said in read.items():
            texts[row], remarks[row] = said.text, said.remarks
        return _Moments(
            _rewritten(self.active, size, places, rows, [said.active for said in read.values()]),
            _rewritten(self.listed_at, size, places, rows, [said.listed_at for said in read.values()]),
            _rewritten(self.updated_at, size, places, rows, [said.updated_at for said in read.values()]),
            tuple(texts),
            tuple(remarks),
        )


def _rewritten(
    old: NDArray[Any], size: int, places: NDArray[np.int64], rows: NDArray[np.int64], values: Sequence[int]
) -> NDArray[Any]:
    column = np.zeros(size, dtype=old.dtype)
    column[places] = old
    column[rows] = values
    column.setflags(write=False)
    return column


def _read(current: Mapping[int, Property], timeline: Timeline) -> dict[int, _Read]:
    first = timeline.at[timeline.offsets[:-1]].tolist()
    return {
        row: _Read(
            home.is_active,
            first[row] if said is None else said,
            home.at,
            fields_text(home.fields),
            home.text(_REMARKS) or "",
        )
        for row, home in current.items()
        for said in (listed_at(home),)
    }


def listed_at(home: Property) -> int | None:
    """When the home came on the market, as far as the listing says."""
    moments = (lenient_moment(text) for text in map(home.text, _LISTED) if text is not None)
    return next((at for at in moments if at is not None), None)


def _sorted_out(
    versions: Iterable[Property], as_of: int | None, upto: int | None
) -> tuple[dict[str, list[Property]], tuple[Property, ...]]:
    """The versions that hold, by home and oldest first, and those whose moment is still to come.

    Of two versions of one home and moment the one that comes last holds.
    """
    begun = FOREVER if upto is None else upto
    known = FOREVER if as_of is None else as_of
    by_moment = {(home.property_id, home.at): home for home in versions if home.known_at <= known}
    holding: dict[str, list[Property]] = defaultdict(list)
    pending: list[Property] = []
    for _, home in sorted(by_moment.items(), key=itemgetter(0)):
        if as_of is None:
            (holding[home.property_id] if home.at <= begun else pending).append(home)
        elif home.at <= as_of:
            holding[home.property_id].append(home)
    return dict(holding), tuple(pending)


def _with_new(ids: Vocabulary[str], new: Sequence[str]) -> tuple[Vocabulary[str], NDArray[np.int64]]:
    """The ids with some new ones in their alphabetical places, and where the old ones now stand."""
    places = np.arange(len(ids))
    if not new:
        return ids, places
    before = [bisect(ids.ids, home) for home in new]
    merged = list(ids.ids)
    for shift, (place, home) in enumerate(zip(before, new, strict=True)):
        merged.insert(place + shift, home)
    return Vocabulary(merged), places + np.searchsorted(before, places, side="right")


def _assembled(
    ids: Vocabulary[str], revision: int, as_of: int | None, columns: Columns, moments: _Moments, timeline: Timeline,
    kin: Kin, pending: tuple[Property, ...],
) -> MarketSnapshot:  # fmt: skip
    return MarketSnapshot(
        ids=ids,
        revision=revision,
        as_of=as_of,
        numbers=MappingProxyType(columns.numbers),
        categories=MappingProxyType(columns.categories),
        active=moments.active,
        listed_at=moments.listed_at,
        updated_at=moments.updated_at,
        timeline=timeline,
        relisted=relisted(ids, kin, timeline, lambda row: fields_of(moments.texts[row])),
        pending=pending,
        remarks=moments.remarks,
        _texts=moments.texts,
        _kin=kin,
    )
