"""Events in anybody's columns: a mapping names them, translates types and tells how moments are written."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from homing.core.errors import BadInput, Fault, shown
from homing.core.json_text import NotJson, read_json
from homing.event_types import EventType
from homing.integrations.mapping import Map, MapForm, read_map
from homing.integrations.moments import MomentForm, moment_form
from homing.tracking.validation import FILE_FIELDS
from homing.trust.denied import Denied

__all__ = ["EventMap", "read_event_map"]

_DATA: Final = "event_data."
_MOMENTS: Final = ("timestamp", "received_at", "outcome_timestamp")
_IDS: Final = ("event_id", "lead_id", "anonymous_id", "agent_id", "property_id", "session_id")
_OTHER: Final = "*"
_TYPES: Final = {kind.value: kind for kind in EventType}
_NAMED: Final = "be named in [event_types] of the map, or be one of the event types, such as property_view"
_FLAGS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_FORM: Final = MapForm(
    must='be TOML with a table [columns] such as lead_id = "contact", and if wanted [constants], [event_types] and '
    "[timestamps]",
    tables=frozenset({"event_types", "timestamps"}),
    field="be a field of an event, or event_data. and a key",
    knows=lambda name: name in FILE_FIELDS or (name.startswith(_DATA) and name != _DATA),
    place="event",
)


class EventMap:
    """The mapping of one file. `columns` are those that the file must have."""

    def __init__(self, found: Map, types: Mapping[str, EventType], moments: MomentForm) -> None:
        self._map, self._types, self._moments = found, types, moments
        named = {*found.columns, *found.constants}
        own = [name for name in ("event_type", "timestamp") if name not in named]
        self.columns = (*own, *found.columns.values())

    def row(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Our row of a row of the file; `BadInput` if its type or a moment means nothing.

        A type is looked up in [event_types], in small letters, then among our own; the entry `"*"` stands for all
        others. What becomes `custom` keeps its name in `event_data.name`.
        """
        ours = self._map.renamed(row, FILE_FIELDS)
        ours |= {name: str(ours[name]) for name in _IDS if type(ours.get(name)) is int}
        foreign = ours.get("event_type")
        faults: list[Fault] = []
        for name in _MOMENTS:
            if ours.get(name) is not None:
                try:
                    ours[name] = self._moments.read(ours[name], name)
                except BadInput as error:
                    faults += error.faults
        kind = self._kind(foreign)
        if kind is None:
            faults.append(Fault("event_type", _NAMED, shown(foreign)))
        if faults or kind is None:
            raise BadInput(faults)
        data = self._gathered(ours, kind)
        if kind is EventType.CUSTOM and isinstance(data, dict) and foreign != kind.value:
            data.setdefault("name", foreign)
        return {**ours, "event_type": kind.value, "event_data": data}

    def _kind(self, name: object) -> EventType | None:
        if not isinstance(name, str):
            return None
        return self._types.get(_plain(name)) or _TYPES.get(name) or self._types.get(_OTHER)

    def _value(self, kind: str, value: object) -> object:
        """A value as the table of events declares it; what cannot be read so stays as it is, and is refused later."""
        if kind == "moment":
            with suppress(BadInput):
                return self._moments.read(value, kind)
        if not isinstance(value, str):
            return value
        if kind == "flag":
            return _FLAGS.get(value.strip().casefold(), value)
        if kind in {"number", "integer", "list", "object"}:
            with suppress(NotJson):
                return read_json(value.encode())
        return value

    def _gathered(self, ours: dict[str, Any], kind: EventType) -> Any:
        """What the columns event_data.… hold, beside what an own column of JSON text does."""
        declared = {key.name: key.kind for key in kind.spec.payload}
        found = {
            name.removeprefix(_DATA): self._value(declared.get(name.removeprefix(_DATA), "any"), ours.pop(name))
            for name in [name for name in ours if name.startswith(_DATA)]
        }
        own = ours.get("event_data")
        if isinstance(own, str):
            with suppress(NotJson):
                own = read_json(own.encode())
        if own is not None and not isinstance(own, Mapping):
            return own
        return {name: value for name, value in {**(own or {}), **found}.items() if value is not None}


def read_event_map(path: Path, denied: Denied) -> EventMap:
    """The mapping in a TOML file; `BadInput` with all that is wrong in it."""
    found = read_map(path, _FORM, denied)
    faults = [
        Fault(f"{path}.event_types.{name}", "be one of the event types, such as property_view", shown(kind))
        for name, kind in found.more["event_types"].items()
        if not isinstance(kind, str) or kind not in _TYPES
    ]
    if "event_id" in found.constants:
        faults.append(Fault(f"{path}.constants.event_id", "be a column: each event has an id of its own", "a constant"))
    try:
        moments = moment_form(found.more["timestamps"])
    except BadInput as error:
        raise BadInput([*faults, *(fault.under(f"{path}.timestamps") for fault in error.faults)]) from error
    if faults:
        raise BadInput(faults)
    types = {_plain(name): _TYPES[kind] for name, kind in found.more["event_types"].items()}
    return EventMap(found, types, moments)


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()
