"""From a row as it comes (a line of a file, a body of a request) to an event, or to all that is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec

from homing.core.clock import DAY, MINUTE, format_moment, from_micros, parse_moment, to_micros
from homing.core.errors import BadInput, Fault, shown
from homing.core.ids import content_id, id_fault
from homing.event_types import EventType, Key
from homing.interfaces import BehavioralEvent
from homing.store.events import payload_json, word_fault
from homing.trust.denied import DENIED, Denied, Note

__all__ = ["DECLARED", "FIELDS", "FILE_FIELDS", "LATEST_AHEAD", "event_from", "payload_faults"]

LATEST_AHEAD: Final = 5 * MINUTE
"""How far a sender's clock may be ahead of ours before its moment is refused."""

_IDS = ("event_id", "lead_id", "anonymous_id", "agent_id", "property_id", "session_id")
_WORDS = ("device_type", "source_channel", "campaign_id", "outcome")
FIELDS: Final = frozenset(
    (*_IDS, *_WORDS, "event_type", "timestamp", "event_data", "outcome_value", "outcome_timestamp")
)
"""The fields an event may have."""
FILE_FIELDS: Final = FIELDS | {"received_at"}
"""The fields an event may have in a file."""

_TYPES: dict[str, EventType] = {kind.value: kind for kind in EventType}
_MOMENT = "be an RFC 3339 moment with an offset, such as 2026-11-22T20:00:00Z"
_LAST_MOMENT = to_micros(datetime.fromisoformat("9999-12-31T00:00:00Z")) - DAY
_received = lru_cache(16)(from_micros)  # what comes together is received together
_canonical = msgspec.json.Encoder(order="deterministic").encode


class _Row:
    """A row being read: what it holds, and the faults found so far. A null is a field left out."""

    __slots__ = ("faults", "get")

    def __init__(self, row: Mapping[str, Any]) -> None:
        self.get = row.get
        self.faults: list[Fault] = []

    def fault(self, where: str, must: str, got: object) -> None:
        """Note a fault; `got` None reads as nothing."""
        self.faults.append(Fault(where, must, "nothing" if got is None else shown(got)))

    def texts(self) -> dict[str, str]:
        """The ids and words that are given and right."""
        found: dict[str, str] = {}
        for name in _IDS:
            if (value := self.get(name)) is not None:
                if fault := id_fault(value, name):
                    self.faults.append(fault)
                else:
                    found[name] = value
        for name in _WORDS:
            if (value := self.get(name)) is not None:
                if fault := word_fault(value, name):
                    self.faults.append(fault)
                else:
                    found[name] = value
        return found

    def moment(self, name: str) -> int | None:
        """A moment in microseconds, or None where it is left out or wrong."""
        value = self.get(name)
        if value is None:
            return None
        at = _moment(value)
        if at is None:
            self.fault(name, _MOMENT, value)
        return at


def event_from(
    row: Mapping[str, Any],
    *,
    tenant: str,
    now: int,
    received_at: int | None = None,
    where: str = "",
    files: bool = False,
    denied: Denied = DENIED,
    note: Note = str,
) -> BehavioralEvent:
    """The event a row describes; otherwise `BadInput` with every fault of the row, each under `where` if that is given.

    `now` is the present in microseconds: a `timestamp` more than five minutes later is refused. `received_at` is when a
    server got the row; then a row without `timestamp` happened at that moment. With `files` the row itself may say
    when it was received, not before it happened; left out it was at once. An event without `event_id` gets one made
    from its content, so that the same row read again is the same event. What is `denied` is taken out before anything
    else, and `note` is told its name.

    >>> row = {"event_type": "property_view", "timestamp": "2026-05-01T12:00:00Z", "lead_id": "lead-1"}
    >>> event_from(row, tenant="default", now=1_800_000_000_000_000)
    Traceback (most recent call last):
    ...
    homing.core.errors.BadInput: property_id must be given for property_view; got nothing
    """
    if type(row) is not dict and not isinstance(row, Mapping):
        raise BadInput.of(where or "event", "be an object with event_type and timestamp", row)
    reading = _Row(row)
    known = FILE_FIELDS if files else FIELDS
    if not row.keys() <= known:
        _unknown_fields(reading, row, known, denied, note)
    kind = _event_type(reading)
    at = _timestamp(reading, now, received_at)
    data = _payload(reading, kind, denied, note)
    texts = reading.texts()
    if kind is not None:
        _needs(reading, kind)
    value, outcome_at = _outcome_value(reading), reading.moment("outcome_timestamp")
    known_at = received_at if received_at is not None else _known_at(reading, at) if files else at
    if reading.faults or kind is None or at is None or known_at is None:
        raise BadInput([fault.under(where) for fault in reading.faults] if where else reading.faults)
    if "event_id" not in texts:
        texts["event_id"] = content_id("evt", _canonical((kind, at, texts, data, value, outcome_at)).decode())
    timestamp = from_micros(at)
    return BehavioralEvent(
        event_type=kind,
        timestamp=timestamp,
        received_at=timestamp if known_at == at else _received(known_at),
        tenant=tenant,
        event_data=data,
        outcome_value=value,
        outcome_timestamp=None if outcome_at is None else from_micros(outcome_at),
        **texts,
    )


def payload_faults(kind: EventType, data: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the known keys of a payload; other keys are kept unchecked, and none is required.

    >>> [fault.where for fault in payload_faults(EventType.PROPERTY_DISLIKE, {"reason": "too pink", "colour": 7})]
    ['event_data.reason']
    """
    checks = _CHECKS[kind]
    faults = []
    for name, value in data.items():
        check = checks.get(name)
        if check is not None and value is not None and not check.holds(value):
            faults.append(Fault(f"event_data.{name}", check.must, shown(value)))
    return faults


def _moment(value: object) -> int | None:
    """Microseconds of an RFC 3339 text or an aware datetime from 1970 to 9999; None for anything else."""
    try:
        if isinstance(value, str):
            at = parse_moment(value)
        elif isinstance(value, datetime):
            at = to_micros(value)
        else:
            return None
    except BadInput:
        return None
    return at if 0 <= at <= _LAST_MOMENT else None


def _unknown_fields(reading: _Row, row: Mapping[str, Any], known: frozenset[str], denied: Denied, note: Note) -> None:
    """What an event has no field for: denied names are passed over, others are faults."""
    for name in row:
        if name in known:
            continue
        if isinstance(name, str) and (denied.rule_of(name, "event") or denied.rule_of(name, "person")):
            note(name)
        elif name == "received_at":
            reading.fault(name, "be left out here: the server's clock says when it was received", row[name])
        else:
            reading.fault(str(name), "be left out: an event has no such field (event_data takes any key)", row[name])


def _event_type(reading: _Row) -> EventType | None:
    name = reading.get("event_type")
    kind = _TYPES.get(name) if isinstance(name, str) else None
    if kind is None:
        reading.fault("event_type", "be one of the event types, such as property_view", name)
    return kind


def _timestamp(reading: _Row, now: int, received_at: int | None) -> int | None:
    value = reading.get("timestamp")
    if value is None and received_at is not None:
        return received_at
    at = _moment(value)
    if at is None:
        reading.fault("timestamp", _MOMENT, value)
    elif at > now + LATEST_AHEAD:
        reading.fault("timestamp", f"be at most 5 minutes after now ({format_moment(now)})", value)
        return None
    return at


def _known_at(reading: _Row, at: int | None) -> int | None:
    known_at = reading.moment("received_at")
    if known_at is None or at is None:
        return at
    if known_at < at:
        reading.fault("received_at", f"be no earlier than timestamp ({format_moment(at)})", reading.get("received_at"))
    return known_at


def _needs(reading: _Row, kind: EventType) -> None:
    given, needs = reading.get, kind.spec.needs
    if "lead" in needs and given("lead_id") is None and given("anonymous_id") is None:
        reading.fault("lead_id", f"be given (or anonymous_id) for {kind.value}", None)
    for name, need in (("property_id", "property"), ("agent_id", "agent"), ("session_id", "session")):
        if need in needs and given(name) is None:
            reading.fault(name, f"be given for {kind.value}", None)


def _payload(reading: _Row, kind: EventType | None, denied: Denied, note: Note) -> Mapping[str, Any]:
    data = reading.get("event_data")
    if data is None:
        return {}
    if type(data) is not dict and not isinstance(data, Mapping):
        reading.fault("event_data", "be an object", data)
        return {}
    known = frozenset() if kind is None else DECLARED[kind]
    data = denied.cleaned(data, "event", known=known, note=note, where="event_data")
    try:
        payload_json(data)
    except BadInput as error:
        reading.faults.extend(error.faults)
        return {}
    if kind is not None and (faults := payload_faults(kind, data)):
        reading.faults.extend(faults)
    return data


def _outcome_value(reading: _Row) -> float | None:
    value = reading.get("outcome_value")
    if value is None:
        return None
    if not _is_number(value):
        reading.fault("outcome_value", "be a finite number", value)
        return None
    return float(value)


class _Check(NamedTuple):
    """A test of one payload value, and what it demands in words."""

    holds: Callable[[Any], bool]
    must: str


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer past the largest float
        return False


def _is_integer(value: object) -> bool:
    return _is_number(value) and float(value).is_integer()  # type: ignore[arg-type]


_KINDS: dict[str, _Check] = {
    "text": _Check(lambda value: isinstance(value, str), "be a text"),
    "number": _Check(_is_number, "be a number"),
    "integer": _Check(_is_integer, "be a whole number"),
    "flag": _Check(lambda value: isinstance(value, bool), "be true or false"),
    "moment": _Check(lambda value: _moment(value) is not None, _MOMENT),
    "list": _Check(lambda value: isinstance(value, (list, tuple)), "be a list"),
    "object": _Check(lambda value: isinstance(value, Mapping), "be an object"),
    "any": _Check(lambda _value: True, "be anything"),
}


def _check(key: Key) -> _Check:
    """The test that a row of the event table's payload stands for."""
    kind = _KINDS[key.kind]
    if key.choices:
        choices = frozenset(key.choices)
        return _Check(lambda value: isinstance(value, str) and value in choices, f"be one of {', '.join(key.choices)}")
    if key.low is None and key.high is None:
        return kind
    low, high = (-math.inf if key.low is None else key.low), (math.inf if key.high is None else key.high)
    return _Check(lambda value: kind.holds(value) and low <= value <= high, f"{kind.must}{_span(key)}")


def _span(key: Key) -> str:
    if key.low is not None and key.high is not None:
        return f" from {key.low:g} to {key.high:g}"
    return f" of at least {key.low:g}" if key.low is not None else f" of at most {key.high:g}"


_CHECKS: dict[EventType, dict[str, _Check]] = {
    kind: {key.name: _check(key) for key in kind.spec.payload} for kind in EventType
}

DECLARED: Final[Mapping[EventType, frozenset[str]]] = {kind: frozenset(checks) for kind, checks in _CHECKS.items()}
"""The keys of `event_data` that each type declares: they mean what the table says, and are never denied."""
