"""The market of a catalogue and the views of its homes in a store, in the form that peers of homes are found in."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from homing.event_types import EventType
from homing.feature_engineering.known_homes import home_versions
from homing.market.catalogue import Catalogue
from homing.store.events import EventQuery, EventStore, Extent
from homing.tracking.homes import HomeVersion
from homing.tracking.peers import Market, viewed_since, viewers_of

__all__ = ["KnownPeers"]


class KnownPeers:
    """The homes of one catalogue and the views in the store of its tenant. The market is kept; of it, only homes that
    changed are read again.

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
                changed = self._catalogue.changed_since(self._revision if held else 0)
                again = self._catalogue.versions_of({home.property_id for home in changed})
                self._homes = held | home_versions(again)
                self._market, self._revision = Market.of(self._homes), revision
            return self._market

    def viewers(self, property_ids: Sequence[str], as_of: int) -> NDArray[np.int64]:
        """How many viewed each home in the last 7 days and in the 3 weeks before, as known by then; (homes, 2)."""
        views = self._store.columns(self._catalogue.tenant, _views(property_ids, as_of))
        return viewers_of(views, property_ids, as_of)

    def extent(self, property_ids: Sequence[str], as_of: int) -> Extent:
        """How many views there are, and which of them arrived last."""
        return self._store.extent(self._catalogue.tenant, _views(property_ids, as_of))


def _views(property_ids: Sequence[str], as_of: int) -> EventQuery:
    return EventQuery(
        property_ids=frozenset(property_ids),
        event_types=frozenset({EventType.PROPERTY_VIEW}),
        since=viewed_since(as_of),
        upto=as_of,
        known_upto=as_of,
    )
