"""What stands behind every method of the collector: make the event, check it, track it, count it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homing.core.clock import Clock, format_moment, from_micros, system_clock, to_micros
from homing.core.errors import BadInput, Fault
from homing.core.ids import new_id
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent, IBehaviorTracker
from homing.tracking.validation import event_from
from homing.trust.denied import DENIED, Denied

__all__ = ["BatchResult", "Collecting", "Refused"]


@dataclass(frozen=True, slots=True)
class Refused:
    """An event of a batch that was not stored: its place in the batch, from 0, and all that is wrong with it."""

    index: int
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """What became of a batch. `event_ids` are those of the events that are now in the store, in the order given."""

    stored: int
    duplicates: int
    refused: tuple[Refused, ...]
    event_ids: tuple[str, ...]


class Collecting:
    """Makes events of a tracker's tenant and tracks them. An event is known from when it happened, as in a file."""

    def __init__(self, tracker: IBehaviorTracker, *, clock: Clock = system_clock) -> None:
        self.tracker = tracker
        self._tenant: str = getattr(tracker, "tenant", "default")
        self._denied: Denied = getattr(tracker, "denied", DENIED)
        self._clock = clock
        self._by_type: Counter[str] = Counter()
        self._duplicates = self._errors = self._unknown_requests = 0

    async def track_events_batch(self, events: Sequence[Mapping[str, Any]]) -> BatchResult:
        """Track many events, each a mapping of the fields of an event; a bad one is named and loses no other.

        `timestamp` left out is now; `received_at` may be given.
        """
        good: list[BehavioralEvent] = []
        refused: list[Refused] = []
        for index, row in enumerate(events):
            try:
                good.append(self._event(row))
            except BadInput as error:
                refused.append(Refused(index, tuple(error.faults)))
        self._errors += len(refused)
        stored = await self._store(good)
        return BatchResult(stored, len(good) - stored, tuple(refused), tuple(event.event_id for event in good))

    def get_stats(self) -> dict[str, Any]:
        """Counts since the collector was built.

        `events_collected` is how many were new, `events_by_type` the new and the known by type, `success_rate` the
        percentage of the events given that are in the store (None before the first), `unknown_requests` how many
        outcomes found no request.
        """
        kept = sum(self._by_type.values())
        given = kept + self._errors
        return {
            "events_collected": kept - self._duplicates,
            "duplicates": self._duplicates,
            "collection_errors": self._errors,
            "events_by_type": dict(self._by_type),
            "success_rate": 100.0 * kept / given if given else None,
            "unknown_requests": self._unknown_requests,
        }

    async def _track(
        self,
        kind: EventType,
        fields: Mapping[str, object],
        data: Mapping[str, object],
        more: Mapping[str, object] | None = None,
    ) -> str:
        """Track one event; what is None is left out. `more` are further keys of its payload. Returns its id."""
        payload = {**(more or {}), **_given(data)}
        try:
            event = self._event(
                {"event_type": kind, **_given(fields), "event_data": payload, **_outcome(kind, payload)}
            )
        except BadInput:
            self._errors += 1
            raise
        await self._store([event])
        await self._settle_request(event)
        return event.event_id

    def _event(self, row: Mapping[str, Any]) -> BehavioralEvent:
        """The event of a row: without a timestamp a new one of now; moments in its payload become text."""
        now = self._clock()
        if isinstance(row, Mapping):
            row = dict(row)
            if row.get("timestamp") is None:
                row |= {"timestamp": from_micros(now), "event_id": row.get("event_id") or new_id("evt")}
            if isinstance(row.get("event_data"), Mapping):
                row["event_data"] = _plain(row["event_data"], "event_data")
        return event_from(row, tenant=self._tenant, now=now, files=True, denied=self._denied)

    async def _store(self, events: list[BehavioralEvent]) -> int:
        try:
            stored = await self.tracker.track_events_batch(events) if events else 0
        except Exception:
            self._errors += len(events)
            raise
        self._by_type.update(event.event_type.value for event in events)
        self._duplicates += len(events) - stored
        return stored

    async def _settle_request(self, event: BehavioralEvent) -> None:
        """Write on the request what became of it, where an event that completes one names it."""
        request = event.event_data.get("original_request_event_id")
        if request is None or event.event_type not in _COMPLETING:
            return
        done = event.event_data.get("completed") is not False
        outcome, value = ("completed", 1.0) if done else ("cancelled", 0.0)
        if not await self.tracker.record_outcome(request, outcome, value, event.timestamp):
            self._unknown_requests += 1


_COMPLETING = (EventType.BOOKING_COMPLETED, EventType.TOUR_COMPLETED)


def _outcome(kind: EventType, data: Mapping[str, Any]) -> dict[str, object]:
    """The outcome a completed tour carries itself: the lead's interest from 0 to 1, else whether it took place."""
    if kind is not EventType.TOUR_COMPLETED:
        return {}
    done, interest = data.get("completed") is not False, data.get("lead_interest_level")
    value = interest / 10 if isinstance(interest, (int, float)) else float(done)
    return {"outcome": "completed" if done else "cancelled", "outcome_value": value}


def _given(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in fields.items() if value is not None}


def _plain(value: Any, where: str) -> Any:
    """The same value with RFC 3339 text in place of every moment."""
    if isinstance(value, datetime):
        return format_moment(to_micros(value, where))
    if isinstance(value, Mapping):
        return {key: _plain(part, f"{where}.{key}") for key, part in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(part, f"{where}[{place}]") for place, part in enumerate(value)]
    return value
