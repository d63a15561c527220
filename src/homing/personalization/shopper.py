"""One lead as the engine sees it at one moment: what it did, for and against which homes, and its stated limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.market.snapshot import MarketSnapshot
from homing.models.query import Query
from homing.people.lead import Limits
from homing.store.columns import TYPES, EventColumns
from homing.store.events import EventQuery, EventStore
from homing.tracking.signals import SIGNAL_LABELS, SIGNAL_NUMBERS, signed_weights

__all__ = ["Acts", "Shopper", "shopper"]

_MOST_EVENTS: Final = 5_000
_NOT_AN_ACT: Final = np.array([kind.spec.cause == "system" for kind in TYPES])


@dataclass(frozen=True, slots=True)
class Acts:
    """Distinct homes with the last act on each: snapshot rows (-1 where the home is unknown), ids, prices of then."""

    rows: NDArray[np.int64]
    property_ids: tuple[str, ...]
    event_ids: tuple[str, ...]
    prices: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.property_ids)


@dataclass(frozen=True, slots=True)
class Shopper:
    """What an answer to this lead stands on. `liked` and `passed` hold the homes it spoke for and against."""

    lead_id: str
    limits: Limits | None
    event_count: int
    query: Query
    liked: Acts
    passed: Acts
    seen: NDArray[np.int64]


def shopper(
    store: EventStore,
    tenant: str,
    lead_id: str,
    limits: Limits | None,
    market: MarketSnapshot,
    as_of: int,
    *,
    visitor: bool = False,
) -> Shopper:
    """Read a lead's last events as of a moment (what had happened and was known by then) and weigh them.

    Of a `visitor` the id is the anonymous one, and the events are those of that visitor.
    """
    asked = EventQuery(
        lead_id=None if visitor else lead_id,
        anonymous_id=lead_id if visitor else None,
        upto=as_of,
        known_upto=as_of,
        limit=_MOST_EVENTS,
        newest_first=True,
    )
    events = store.columns(tenant, asked, numbers=SIGNAL_NUMBERS, labels=SIGNAL_LABELS)
    weights = signed_weights(events)
    acted = (events.property >= 0) & ~_NOT_AN_ACT[events.type]
    homes = market.ids.codes(events.properties.ids)
    signal = np.flatnonzero(acted & (weights != 0.0))
    prices = _prices(market, homes[events.property[signal]], events.at[signal])
    query = Query(
        lead_id=lead_id,
        properties=tuple(events.properties.ids[code] for code in events.property[signal].tolist()),
        weights=weights[signal],
        at=events.at[signal],
        prices=prices,
        as_of=as_of,
    )
    last = _last_of_each_home(events.property[signal])
    for_it = weights[signal][last] > 0
    rows = homes[np.unique(events.property[acted])] if acted.any() else np.empty(0, np.int64)
    return Shopper(
        lead_id=lead_id,
        limits=limits,
        event_count=len(events) if len(events) < _MOST_EVENTS else store.count(tenant, replace(asked, limit=None)),
        query=query,
        liked=_acts(events, homes, signal[last[for_it]], prices[last[for_it]]),
        passed=_acts(events, homes, signal[last[~for_it]], prices[last[~for_it]]),
        seen=rows[rows >= 0],
    )


def _last_of_each_home(codes: NDArray[np.int32]) -> NDArray[np.int64]:
    """Positions of the last act on each home, in the order of time; the acts are sorted by time."""
    _, from_the_end = np.unique(codes[::-1], return_index=True)
    return np.sort(len(codes) - 1 - from_the_end)


def _acts(
    events: EventColumns, homes: NDArray[np.int64], positions: NDArray[np.int64], prices: NDArray[np.float64]
) -> Acts:
    codes = events.property[positions]
    return Acts(
        rows=homes[codes] if len(codes) else np.empty(0, np.int64),
        property_ids=tuple(events.properties.ids[code] for code in codes.tolist()),
        event_ids=tuple(events.event_ids[position] for position in positions.tolist()),
        prices=prices,
    )


def _prices(market: MarketSnapshot, rows: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.float64]:
    """The price each home had at the moment of the act, NaN where the home is unknown."""
    prices = np.full(len(rows), np.nan)
    known = rows >= 0
    if known.any():
        prices[known] = market.price_at(rows[known], at[known])
    return prices
