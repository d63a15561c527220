"""Who is there: every lead with the number of its events and its last act, kept up to date cheaply."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np

from homing.store.columns import EventColumns
from homing.store.events import EventQuery, EventStore

__all__ = ["LeadList", "LeadSummary"]


@dataclass(frozen=True, slots=True)
class LeadSummary:
    """One lead: how many events are stored of it, and the moment of the last one in microseconds."""

    lead_id: str
    events: int
    last_at: int


class LeadList:
    """Calling it gives all leads with events, the one that acted last first. It reads only what came since last time.

    >>> from homing.store.memory_events import MemoryEventStore
    >>> LeadList(MemoryEventStore(), "default")()
    []
    """

    def __init__(self, store: EventStore, tenant: str) -> None:
        self._store = store
        self._tenant = tenant
        self._read_to = self._merges = 0
        self._known: dict[str, LeadSummary] = {}
        self._reading = threading.Lock()

    def __call__(self) -> list[LeadSummary]:
        """All leads, the one that acted last first."""
        with self._reading:
            if self._merges != (merges := self._store.identities.revision(self._tenant)):
                self._merges, self._read_to, self._known = merges, 0, {}
            self._read(self._store.columns(self._tenant, EventQuery(after_sequence=self._read_to)))
            return sorted(self._known.values(), key=lambda lead: (-lead.last_at, lead.lead_id))

    def _read(self, columns: EventColumns) -> None:
        if not len(columns.sequence):
            return
        counts = np.bincount(columns.lead + 1, minlength=len(columns.leads) + 1)[1:]
        last = np.full(len(columns.leads), np.iinfo(np.int64).min)
        named = columns.lead >= 0
        np.maximum.at(last, columns.lead[named], columns.at[named])
        for lead_id, count, at in zip(columns.leads.ids, counts.tolist(), last.tolist(), strict=True):
            if count:
                before = self._known.get(lead_id, LeadSummary(lead_id, 0, at))
                self._known[lead_id] = LeadSummary(lead_id, before.events + count, max(before.last_at, at))
        self._read_to = int(columns.sequence.max())
