"""Import a file of events into a tenant's store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from homing.core.clock import Clock, system_clock
from homing.integrations.event_files import open_events
from homing.integrations.reso_tracking import ResolveListing
from homing.interfaces import BehavioralEvent
from homing.market.catalogue import Catalogue
from homing.services.batches import take_in
from homing.services.import_report import Dropped, EventsImported, Progress
from homing.store.events import EventStore
from homing.tracking.validation import event_from
from homing.trust.denied import DENIED, Denied

__all__ = ["ImportEvents"]


@dataclass(frozen=True, slots=True)
class ImportEvents:
    r"""With a catalogue, RESO events that name a home by its ListingId are stored under its ListingKey.

    >>> import tempfile
    >>> from homing.store.memory_events import MemoryEventStore
    >>> path = Path(tempfile.mkdtemp()) / "events.jsonl"
    >>> line = '{"event_type": "page_view", "timestamp": "2026-05-01T12:00:00Z", "lead_id": "lead-1"}'
    >>> _ = path.write_text(f"{line}\n{line}\n")
    >>> report = ImportEvents(MemoryEventStore())(path)
    >>> report.read, report.stored, report.duplicates
    (2, 1, 1)
    """

    store: EventStore
    tenant: str = "default"
    catalogue: Catalogue | None = None
    clock: Clock = system_clock
    denied: Denied = DENIED

    def __call__(
        self,
        path: Path | str,
        format: str = "auto",  # noqa: A002  # the word of the command
        *,
        mapping: Path | str | None = None,
        progress: Progress | None = None,
    ) -> EventsImported:
        """Store the good rows, refuse the bad ones; `BadInput`, and nothing stored, if the file cannot be read."""
        stored = duplicates = 0
        dropped = Dropped()

        def store(events: Sequence[BehavioralEvent]) -> None:
            nonlocal stored, duplicates
            new = sum(self.store.append(self.tenant, events).stored)
            stored, duplicates = stored + new, duplicates + len(events) - new

        read = partial(
            event_from, tenant=self.tenant, now=self.clock(), received_at=None, files=True,
            denied=self.denied, note=dropped.add,
        )  # fmt: skip
        file = open_events(path, format, self._resolver(), mapping, self.denied)
        taken = take_in(file, read, store, progress)
        refused = tuple(taken.refused.rows)
        return EventsImported(taken.read, stored, duplicates, 0, refused, dropped.counts, taken.refused.count)

    def _resolver(self) -> ResolveListing:
        @cache
        def keys() -> dict[str, str]:
            return {} if self.catalogue is None else self.catalogue.property_ids_by_listing_id()

        return lambda listing_id: keys().get(listing_id)
