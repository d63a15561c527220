"""Homes like a home: those on the market in its place, of its kind, at about its price; and who views them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.core.ids import Vocabulary
from homing.store.columns import EventColumns
from homing.tracking.homes import HomeVersion, Versions

__all__ = ["PEERS", "Market", "PeerSource", "Remembered", "peer_columns", "peer_stamp", "viewed_since", "viewers_of"]

PEERS: Final = ("peers", "peer_viewers_7d", "peer_viewers_before")
"""Number columns of a history, as of `as_of`: how many homes are like the event's home, and how many different leads
viewed such a home, on average over them, in the last 7 days and in the 3 weeks before; NaN without such homes."""

_MOST: Final = 50
_WITHIN: Final = 0.2
_RECENT: Final = 7 * DAY
_SEEN: Final = 28 * DAY


class PeerSource(Protocol):
    """The whole market, and how many view its homes."""

    def market(self) -> Market:
        """All versions of all homes."""
        ...

    def viewers(self, property_ids: Sequence[str], as_of: int) -> NDArray[np.int64]:
        """How many different leads viewed each home in the last 7 days and in the 3 weeks before, as known by then.

        int64 (homes, 2), as `viewers_of` counts them.
        """
        ...

    def extent(self, property_ids: Sequence[str], as_of: int) -> Hashable:
        """Changes whenever the views do that make the viewers."""
        ...


class Remembered:
    """Another source, of which each home's viewers are asked once a moment: for as long as one table is made.

    Only those of the moment asked about last are held, so that many moments need no more memory than one.
    """

    def __init__(self, source: PeerSource) -> None:
        self._source = source
        self._as_of: int | None = None
        self._viewers: dict[str, list[int]] = {}

    def market(self) -> Market:
        """All versions of all homes."""
        return self._source.market()

    def viewers(self, property_ids: Sequence[str], as_of: int) -> NDArray[np.int64]:
        """How many viewed each home in both times; int64 (homes, 2)."""
        if as_of != self._as_of:
            self._as_of, self._viewers = as_of, {}
        missing = [home for home in property_ids if home not in self._viewers]
        if missing:
            self._viewers |= zip(missing, self._source.viewers(missing, as_of).tolist(), strict=True)
        rows = [self._viewers[home] for home in property_ids]
        return np.array(rows, dtype=np.int64).reshape(len(rows), 2)

    def extent(self, property_ids: Sequence[str], as_of: int) -> Hashable:
        """Changes whenever the views do that make the viewers."""
        return self._source.extent(property_ids, as_of)


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """The versions of all homes, `ids` in alphabetical order: among them each home has its peers, as of a moment.

    Peers are the other homes on the market in the same place and of the same kind, with an asking price at most 20 %
    off the home's own: the 50 nearest in price, of equally near ones those first by id. Only versions count that hold
    and were known by then.

    >>> def home(price: float, active: float = 1.0) -> list[HomeVersion]:
    ...     return [HomeVersion(10, 10, price=price, active=active, kind="Condominium", place="98001")]
    >>> market = Market.of({"a": home(100.0), "b": home(119.0), "c": home(90.0), "d": home(130.0), "e": home(99, 0)})
    >>> market.peers_of(["a", "e", "nowhere"], 20), market.peers_of(["a"], 9)
    ([('c', 'b'), ('a', 'c'), None], [None])
    """

    ids: Vocabulary[str]
    versions: Versions
    price: NDArray[np.float64]
    active: NDArray[np.float64]
    group: NDArray[np.int64]

    @classmethod
    def of(cls, homes: Mapping[str, Sequence[HomeVersion]]) -> Market:
        """The market of these homes, each home's versions in the order of (`at`, `known_at`)."""
        ids = Vocabulary(sorted(homes))
        versions = Versions.of([homes[one] for one in ids.ids])
        groups: dict[tuple[str, str], int] = {}
        group = [
            groups.setdefault((row.place, row.kind), len(groups)) if row.place and row.kind and row.price > 0.0 else -1
            for row in versions.rows
        ]
        return cls(ids, versions, versions.number("price"), versions.number("active"), np.array(group, dtype=np.int64))

    def peers_of(self, property_ids: Sequence[str], as_of: int) -> list[tuple[str, ...] | None]:
        """The peers of each home, nearest in price first; None of one whose place, kind or price is not known."""
        standing = _standing(self, as_of)
        rows = [standing.peers_of(code) for code in self.ids.codes(property_ids).tolist()]
        return [None if some is None else tuple(map(self.ids.ids.__getitem__, some)) for some in rows]


class _Standing(NamedTuple):
    """The market as of a moment: homes with the group and price of each, and those on offer, sorted by (group, home).

    A group is a place and a kind, -1 where either or the price is not known.
    """

    home: NDArray[np.int64]
    group: NDArray[np.int64]
    price: NDArray[np.float64]
    offered: NDArray[np.int64]
    offered_group: NDArray[np.int64]
    offered_price: NDArray[np.float64]

    def peers_of(self, home: int) -> list[int] | None:
        row = int(np.searchsorted(self.home, home))
        if home < 0 or row == len(self.home) or self.home[row] != home or self.group[row] < 0:
            return None
        first, last = np.searchsorted(self.offered_group, (self.group[row], self.group[row] + 1)).tolist()
        off = np.abs(self.offered_price[first:last] - self.price[row])
        like = np.flatnonzero((off <= _WITHIN * self.price[row]) & (self.offered[first:last] != home))
        found: list[int] = self.offered[first + like[np.argsort(off[like], kind="stable")[:_MOST]]].tolist()
        return found


@lru_cache(maxsize=4)
def _standing(market: Market, as_of: int) -> _Standing:
    known = market.versions.known_by(as_of)
    newest = np.flatnonzero(np.append(known.home[1:] != known.home[:-1], np.ones(len(known.home[:1]), dtype=np.bool_)))
    home, places = known.home[newest], known.places[newest]
    group, price = market.group[places], market.price[places]
    offered = np.flatnonzero((market.active[places] == 1.0) & (group >= 0))
    offered = offered[np.argsort(group[offered], kind="stable")]
    return _Standing(home, group, price, home[offered], group[offered], price[offered])


def peer_columns(
    source: PeerSource, homes: Vocabulary[str], home: NDArray[np.int32], as_of: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """The columns in `PEERS` of n events: each names a home (code, -1 for none) and is seen from `as_of`.

    NaN where the place, the kind or the price of the home is not known. The viewers are asked once for each moment.
    """
    made = np.full((len(home), len(PEERS)), np.nan)
    for moment in np.unique(as_of[home >= 0]).tolist():
        rows = np.flatnonzero((as_of == moment) & (home >= 0))
        asked, place = np.unique(home[rows], return_inverse=True)
        made[rows] = _told(source, [homes.ids[code] for code in asked], moment)[place]
    return {name: made[:, column] for column, name in enumerate(PEERS)}


def peer_stamp(source: PeerSource, property_id: str, as_of: int) -> Hashable:
    """Changes with whatever the columns in `PEERS` of a home depend on, beside who the visitors are."""
    (peers,) = source.market().peers_of([property_id], as_of)
    return peers, source.extent(peers, as_of) if peers else None


def viewed_since(as_of: int) -> int:
    """The first moment whose views count as of a moment."""
    return as_of - _SEEN + 1


def viewers_of(views: EventColumns, property_ids: Sequence[str], as_of: int) -> NDArray[np.int64]:
    """How many different leads viewed each of these homes in the last 7 days and in the 3 weeks before; (homes, 2)."""
    homes = Vocabulary(property_ids)
    home = np.append(homes.codes_of(views.properties), -1)[views.property].astype(np.int64)
    recent = as_of - views.at < _RECENT
    columns = []
    for among in (recent, ~recent):
        counted = np.flatnonzero(among & (home >= 0) & (views.lead >= 0))
        pairs = np.unique(home[counted] * len(views.leads) + views.lead[counted])
        columns.append(np.bincount(pairs // max(1, len(views.leads)), minlength=len(homes)))
    return np.stack(columns, axis=1).astype(np.int64)


def _told(source: PeerSource, property_ids: Sequence[str], as_of: int) -> NDArray[np.float64]:
    """How many peers each home has, and the mean viewers of one in both times; float64 (homes, 3)."""
    peers = source.market().peers_of(property_ids, as_of)
    everyone = Vocabulary(sorted({one for some in peers for one in some or ()}))
    viewers = source.viewers(everyone.ids, as_of) if len(everyone) else np.zeros((0, 2), dtype=np.int64)
    told = np.full((len(peers), len(PEERS)), np.nan)
    for row, some in enumerate(peers):
        if some is not None:
            told[row, 0] = len(some)
        if some:
            told[row, 1:] = viewers[everyone.codes(some)].mean(axis=0)
    return told
