"""The market of a catalogue and the views of its homes in a store, in the form that peers of homes are found in."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.event_types import EventType
from homing.feature_engineering.known_homes import kind_of, place_of
from homing.market.catalogue import Catalogue
from homing.market.property import Property
from homing.store.events import EventQuery, EventStore, Extent
from homing.tracking.homes import HomeVersion
from homing.tracking.peers import Market, viewed_since, viewers_of

__all__ = ["KnownPeers"]

_TOGETHER: Final = 256
"""So many homes' views are read at once, so that memory does not grow with the market."""


class KnownPeers:
    """The homes of one catalogue and the views in the store of its tenant. The market is kept; of it, only what
    was written since is read.

    >>> import tempfile, pathlib
    >>> from homing.market.property import property_from
    >>> from homing.store.listings import ListingStore
    >>> from homing.store.memory_events import MemoryEventStore
    >>> from homing.store.sqlite import SqliteDatabase
    >>> listings = ListingStore(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "homes.sqlite3"))
    >>> catalogue = Catalogue(listings, clock=lambda: 1_000)
    >>> rows = [{"ListingKey": key, "ListPrice": price, "City": "Kent", "PropertySubType": "Condominium",
    ...          "StandardStatus": "Active"} for key, price in (("h1", 500_000), ("h2", 550_000))]
    >>> _ = catalogue.put([property_from(row, now=1_000) for row in rows])
    >>> KnownPeers(catalogue, MemoryEventStore()).market().peers_of(["h1"], 2_000)
    [('h2',)]
    """

    def __init__(self, catalogue: Catalogue, store: EventStore) -> None:
        self._catalogue, self._store = catalogue, store
        self._homes: dict[str, Sequence[HomeVersion]] = {}
        self._market = Market.of({})
        self._revision = 0
        self._lock = threading.Lock()

    def market(self) -> Market:
        """All versions of all homes; the same object until a home changes.

        A revision behind the one held is that of another database, put in the place of the one that was read.
        """
        with self._lock:
            revision = self._catalogue.revision()
            if revision != self._revision:
                held = self._homes if revision > self._revision else {}
                self._homes = _with(held, self._catalogue.changed_since(self._revision if held else 0))
                self._market, self._revision = Market.of(self._homes), revision
            return self._market

    def viewers(self, property_ids: Sequence[str], as_of: int) -> NDArray[np.int64]:
        """How many viewed each home in the last 7 days and in the 3 weeks before, as known by then; (homes, 2)."""
        counts = [np.zeros((0, 2), dtype=np.int64)]
        for start in range(0, len(property_ids), _TOGETHER):
            some = property_ids[start : start + _TOGETHER]
            views = self._store.columns(self._catalogue.tenant, _views(some, as_of))
            counts.append(viewers_of(views, some, as_of))
        return np.concatenate(counts)

    def extent(self, property_ids: Sequence[str], as_of: int) -> Extent:
        """How many views there are, and which of them arrived last."""
        return self._store.extent(self._catalogue.tenant, _views(property_ids, as_of))


def _with(held: Mapping[str, Sequence[HomeVersion]], written: Sequence[Property]) -> dict[str, Sequence[HomeVersion]]:
    """The versions of homes with those written since; of those that began and were known at once the last written."""
    fresh: dict[str, list[HomeVersion]] = {}
    for home in written:
        fresh.setdefault(home.property_id, list(held.get(home.property_id, ()))).append(_version(home))
    for versions in fresh.values():
        versions.sort(key=attrgetter("at", "known_at"))
    return {**held, **fresh}


def _version(home: Property) -> HomeVersion:
    """A version with no more of it than peers are found by."""
    return HomeVersion(
        home.at,
        home.known_at,
        price=home.price,
        active=float(home.is_active),
        kind=kind_of(home),
        place=place_of(home),
    )


def _views(property_ids: Sequence[str], as_of: int) -> EventQuery:
    return EventQuery(
        property_ids=frozenset(property_ids),
        event_types=frozenset({EventType.PROPERTY_VIEW}),
        since=viewed_since(as_of),
        upto=as_of,
        known_upto=as_of,
    )
