"""Homes and views of them at hand: for examples, for laws, and for whoever has no catalogue."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.store.columns import columns_of
from homing.tracking.homes import HomeVersion
from homing.tracking.peers import Market, viewed_since, viewers_of

__all__ = ["GivenHomes"]


class GivenHomes:
    """A source of versions of homes, and of the peers of homes with the views among some events.

    >>> homes = GivenHomes({"h1": [HomeVersion(20, 20, price=450.0), HomeVersion(10, 10, price=500.0)]})
    >>> [version.price for version in homes.versions(["h1", "h2"])["h1"]]
    [500.0, 450.0]
    """

    def __init__(self, homes: Mapping[str, Sequence[HomeVersion]], events: Sequence[BehavioralEvent] = ()) -> None:
        self.homes = {home: sorted(versions, key=itemgetter(0, 1)) for home, versions in homes.items()}
        self.events = tuple(events)

    def revision(self) -> int:
        """Always the same: they do not change."""
        return 0

    def versions(self, property_ids: Sequence[str]) -> Mapping[str, Sequence[HomeVersion]]:
        """All versions of these homes, each home's in the order of (`at`, `known_at`); unknown homes are left out."""
        return {home: self.homes[home] for home in property_ids if home in self.homes}

    def market(self) -> Market:
        """All versions of all homes."""
        return self._market

    def viewers(self, property_ids: Sequence[str], as_of: int) -> NDArray[np.int64]:
        """How many viewed each home in the last 7 days and in the 3 weeks before, as known by then; (homes, 2)."""
        since = viewed_since(as_of)
        viewed = (view for home in property_ids for view in self._views.get(home, ()))
        known = [view for view in viewed if since <= view.at <= as_of and view.known_at <= as_of]
        return viewers_of(columns_of(known), property_ids, as_of)

    def extent(self, _property_ids: Sequence[str], _as_of: int) -> int:
        """Always the same: they do not change."""
        return 0

    @cached_property
    def _market(self) -> Market:
        return Market.of(self.homes)

    @cached_property
    def _views(self) -> Mapping[str, Sequence[BehavioralEvent]]:
        views: dict[str, list[BehavioralEvent]] = defaultdict(list)
        for event in self.events:
            if event.event_type is EventType.PROPERTY_VIEW and event.property_id is not None:
                views[event.property_id].append(event)
        return views
