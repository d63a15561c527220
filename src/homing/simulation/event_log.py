"""What happened in the simulation, collected in any order and given out as event rows ordered by time."""

from __future__ import annotations

from collections.abc import Mapping

from homing.core.clock import format_moment
from homing.event_types import EventType

__all__ = ["EventLog"]

_Entry = tuple[int, int, EventType, dict[str, object], int]


class EventLog:
    """Collects events; `rows(prefix, end)` gives those that happened and were known by `end`."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    def add(
        self,
        at: int,
        kind: EventType,
        lead: str | None,
        *,
        data: Mapping[str, object] | None = None,
        ids: Mapping[str, str] | None = None,
        known_at: int | None = None,
    ) -> None:
        """One event; `ids` are property_id, agent_id, session_id, device_type and source_channel where they apply."""
        fields: dict[str, object] = {"lead_id": lead} if lead else {}
        fields.update(ids or {})
        if data:
            fields["event_data"] = dict(data)
        self._entries.append((at, len(self._entries), kind, fields, at if known_at is None else known_at))

    def rows(self, prefix: str, end: int) -> list[dict[str, object]]:
        """Event rows by time, then in the order they came about; ids are the prefix and a number."""
        entries = sorted(entry[:2] for entry in self._entries if entry[0] <= end and entry[4] <= end)
        return [_row(f"{prefix}_{i:07d}", self._entries[place]) for i, (_, place) in enumerate(entries)]


def _row(event_id: str, entry: _Entry) -> dict[str, object]:
    at, _, kind, fields, known_at = entry
    row: dict[str, object] = {"event_id": event_id, "event_type": kind.value, "timestamp": format_moment(at)}
    if known_at != at:
        row["received_at"] = format_moment(known_at)
    return row | fields
