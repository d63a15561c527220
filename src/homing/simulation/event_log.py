"""What happened in the simulation, collected in any order and given out as event rows ordered by time."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter

from homing.core.clock import format_moment
from homing.event_types import EventType
from homing.simulation.lateness import Lateness

__all__ = ["EventLog"]

_Entry = tuple[int, int, EventType, dict[str, object], int]


class EventLog:
    """Collects events; `rows(prefix, end, seed)` gives those that happened and were known by `end`."""

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

    def rows(self, prefix: str, end: int, seed: int) -> list[dict[str, object]]:
        """Event rows by time, then in the order they came about; ids are the prefix and a number.

        When each became known is drawn here, from `seed`.
        """
        late = Lateness(seed)
        happened = sorted((entry for entry in self._entries if entry[0] <= end), key=itemgetter(0, 1))
        known = ((entry, late.known_at(entry[0], *entry[2:])) for entry in happened)
        kept = [(entry, known_at) for entry, known_at in known if known_at <= end]
        return [_row(f"{prefix}_{i:07d}", entry, known_at) for i, (entry, known_at) in enumerate(kept)]


def _row(event_id: str, entry: _Entry, known_at: int) -> dict[str, object]:
    at, _, kind, fields, _ = entry
    row: dict[str, object] = {"event_id": event_id, "event_type": kind.value, "timestamp": format_moment(at)}
    if known_at != at:
        row["received_at"] = format_moment(known_at)
    return row | fields
