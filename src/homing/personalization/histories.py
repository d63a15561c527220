"""The last events of whoever is asked about, as of a moment; of those asked about of late only what is new is read."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from homing.personalization.ask import Ask
from homing.store.columns import EventColumns, joined, selected
from homing.store.events import EventQuery, EventStore
from homing.tracking.signals import SIGNAL_LABELS, SIGNAL_NUMBERS

__all__ = ["MOST_EVENTS", "Histories", "History", "history"]

MOST_EVENTS: Final = 5_000
"""So many events of one shopper are looked at, the last ones."""

_AHEAD: Final = 100
"""So many more are held, as the newest may lie ahead of the moment that is asked about."""

_HELD: Final = 100_000
_A_SHOPPER: Final = 20
"""A history counts as so many events more than it has: one without any takes memory as well."""


class History(NamedTuple):
    """The last events of one shopper, sorted like all columns, and how many there are in all."""

    events: EventColumns
    size: int


def history(store: EventStore, tenant: str, ask: Ask, as_of: int) -> History:
    """The last events of who is asked about that had happened and were known by a moment, read from the store."""
    whole = replace(_of(ask), upto=as_of, known_upto=as_of)
    last = replace(whole, limit=MOST_EVENTS, newest_first=True)
    events = store.columns(tenant, last, numbers=SIGNAL_NUMBERS, labels=SIGNAL_LABELS)
    return History(events, len(events) if len(events) < MOST_EVENTS else store.count(tenant, whole))


class Histories:
    """The histories of a tenant's shoppers, kept from question to question.

    The store is asked each time how many events of the shopper there are and which arrived last; only what arrived
    since is read, and all of it again where that does not add up (events were erased, a visitor was merged, a replica
    is behind). So every answer is that of `history`, and an event counts in the next one, whoever stored it. At most
    100,000 events are held, and at most 5,000 shoppers, those asked about last. What became of events (their outcomes)
    and since when a visitor's are a lead's may be out of date. May be called from any thread.
    """

    def __init__(self, store: EventStore, tenant: str) -> None:
        self._store, self._tenant = store, tenant
        self._lock = threading.Lock()
        self._kept: OrderedDict[EventQuery, _Kept] = OrderedDict()
        self._held = 0

    def of(self, ask: Ask, as_of: int, *, present: bool) -> History:
        """The history of who is asked about; one of the past is not kept."""
        if not present:
            return history(self._store, self._tenant, ask, as_of)
        whole = _of(ask)
        kept = self._renewed(whole, self._kept.get(whole))
        self._keep(whole, kept)
        return kept.upto(as_of)

    def _renewed(self, whole: EventQuery, kept: _Kept | None) -> _Kept:
        """What is known of a shopper now, from what was known before."""
        store, tenant = self._store, self._tenant
        merged = self._merged_with(whole)
        there = store.extent(tenant, whole)
        if kept is not None and kept.merged == merged:
            if there == (kept.size, kept.sequence):
                return kept
            new = self._columns(replace(whole, after_sequence=kept.sequence))
            if len(new) and kept.size + len(new) == there.size:
                return kept.with_more(new)
        events = self._columns(replace(whole, limit=MOST_EVENTS + _AHEAD, newest_first=True))
        every = len(events) < MOST_EVENTS + _AHEAD
        last = int(events.sequence.max()) if every and len(events) else there.sequence
        return _Kept(events, merged, len(events) if every else there.size, last)

    def _merged_with(self, whole: EventQuery) -> tuple[str, ...]:
        """The visitors that a lead was, or the lead that a visitor is."""
        identities = self._store.identities
        if not identities.revision(self._tenant):
            return ()
        if whole.lead_id is not None:
            return identities.visitors_of(self._tenant, whole.lead_id)
        return (identities.lead_of(self._tenant, whole.anonymous_id or "") or "",)

    def _columns(self, asked: EventQuery) -> EventColumns:
        return self._store.columns(self._tenant, asked, numbers=SIGNAL_NUMBERS, labels=SIGNAL_LABELS)

    def _keep(self, whole: EventQuery, kept: _Kept) -> None:
        with self._lock:
            before = self._kept.pop(whole, None)
            self._held += kept.weight - (0 if before is None else before.weight)
            self._kept[whole] = kept
            while self._held > _HELD and len(self._kept) > 1:
                self._held -= self._kept.popitem(last=False)[1].weight


@dataclass(frozen=True, slots=True)
class _Kept:
    """The last events of a shopper whichever moment they are of, how many there are in all, and which arrived last."""

    events: EventColumns
    merged: tuple[str, ...]
    size: int
    sequence: int

    @property
    def weight(self) -> int:
        """How many events it counts as."""
        return len(self.events) + _A_SHOPPER

    def with_more(self, new: EventColumns) -> _Kept:
        """The same after more events have arrived."""
        events = joined(self.events, new)
        if len(events) > MOST_EVENTS + _AHEAD:
            events = _newest(events, MOST_EVENTS + _AHEAD)
        return _Kept(events, self.merged, self.size + len(new), int(new.sequence.max()))

    def upto(self, moment: int) -> History:
        """What had happened and was known by a moment, at most `MOST_EVENTS`."""
        events = self.events
        there = (events.at <= moment) & (events.known_at <= moment)
        if there.all() and len(events) <= MOST_EVENTS:
            return History(events, self.size)
        count = self.size - int(np.count_nonzero(~there))
        return History(_newest(selected(events, np.flatnonzero(there)), MOST_EVENTS), count)


def _newest(events: EventColumns, most: int) -> EventColumns:
    """The last of the events, by moment and id."""
    if len(events) <= most:
        return events
    by_id = np.argsort(np.array(events.event_ids, dtype=object))
    in_time = by_id[np.argsort(events.at[by_id], kind="stable")]
    return selected(events, np.sort(in_time[-most:]))


def _of(ask: Ask) -> EventQuery:
    """All events of who is asked about."""
    return EventQuery(lead_id=ask.lead_id, anonymous_id=ask.anonymous_id)
