"""An event as a store keeps it: one flat row, the same in memory and in a table, so that both give back the same."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from homing.core.clock import from_micros, to_micros
from homing.core.errors import StorageError
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.store.columns import EventRow
from homing.store.events import EventQuery, payload_json

__all__ = ["StoredEvent", "behavioral_event", "event_row", "payload", "stored_event"]

_decode = msgspec.json.Decoder(dict[str, Any]).decode
_known_at = lru_cache(16)(to_micros)  # what came together was known together
_TYPES: Final = {kind.value: kind for kind in EventType}


class StoredEvent(NamedTuple):
    """The columns of the table of events but the tenant, in this order. `data` is JSON, moments are microseconds."""

    sequence: int
    event_id: str
    type: str
    at: int
    known_at: int
    lead_id: str | None
    anonymous_id: str | None
    agent_id: str | None
    property_id: str | None
    session_id: str | None
    device_type: str | None
    source_channel: str | None
    campaign_id: str | None
    data: str | None
    outcome: str | None
    outcome_value: float | None
    outcome_at: int | None
    outcome_known_at: int | None


def stored_event(event: BehavioralEvent, sequence: int) -> StoredEvent:
    """The row of an event. An outcome that came with it was known when the event was, but not before it happened."""
    at = event.at
    known_at = at if event.received_at is event.timestamp else _known_at(event.received_at)
    outcome_at = outcome_known_at = None
    if event.outcome is not None or event.outcome_value is not None or event.outcome_timestamp is not None:
        moment = event.outcome_timestamp
        outcome_at = at if moment is None else to_micros(moment, "outcome_timestamp")
        outcome_known_at = max(known_at, outcome_at)
    return StoredEvent(
        sequence, event.event_id, event.event_type.value, at, known_at,
        event.lead_id, event.anonymous_id, event.agent_id, event.property_id, event.session_id,
        event.device_type, event.source_channel, event.campaign_id, payload_json(event.event_data),
        event.outcome, None if event.outcome_value is None else float(event.outcome_value),
        outcome_at, outcome_known_at,
    )  # fmt: skip


def behavioral_event(row: StoredEvent, tenant: str, query: EventQuery) -> BehavioralEvent:
    """The event of a row as the query may see it: without an outcome that became known later."""
    outcome, value, outcome_at = row.outcome, row.outcome_value, row.outcome_at
    if _hidden(row, query):
        outcome = value = outcome_at = None
    timestamp = from_micros(row.at)
    return BehavioralEvent(
        event_type=_event_type(row.type),
        timestamp=timestamp,
        event_id=row.event_id,
        tenant=tenant,
        lead_id=row.lead_id,
        anonymous_id=row.anonymous_id,
        agent_id=row.agent_id,
        property_id=row.property_id,
        session_id=row.session_id,
        device_type=row.device_type,
        source_channel=row.source_channel,
        campaign_id=row.campaign_id,
        event_data=payload(row.data) or {},
        outcome=outcome,
        outcome_value=value,
        outcome_timestamp=None if outcome_at is None else from_micros(outcome_at),
        received_at=timestamp if row.known_at == row.at else from_micros(row.known_at),
    )


def event_row(row: StoredEvent, query: EventQuery, *, data: bool, lead_known_at: int | None = None) -> EventRow:
    """The part of a row that goes into columns, as the query may see it, with its payload if `data` is asked for.

    `lead_known_at` is when its visitor was known to be its lead, None where it names the lead itself or has none.
    """
    return EventRow(
        row.sequence, row.at, row.known_at, row.type, row.lead_id, row.property_id, row.agent_id, row.session_id,
        row.event_id, None if _hidden(row, query) else row.outcome, payload(row.data) if data else None,
        lead_known_at,
    )  # fmt: skip


def payload(data: str | None) -> dict[str, Any] | None:
    """The payload that a row keeps as JSON."""
    return None if data is None else _decode(data)


def _hidden(row: StoredEvent, query: EventQuery) -> bool:
    upto, known_at = query.known_upto, row.outcome_known_at
    return upto is not None and known_at is not None and known_at > upto


def _event_type(name: str) -> EventType:
    kind = _TYPES.get(name)
    if kind is None:
        raise StorageError(f"The store holds an event of type {name!r}, which this version of homing does not know.")
    return kind
