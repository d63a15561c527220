"""RESO InternetTracking: what visitors of a listing site did, as our events. What says who they are is left behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from homing.core.clock import format_moment
from homing.core.errors import BadInput, Fault, shown
from homing.event_types import EventType, by_foreign_name
from homing.market.attributes import lenient_moment

__all__ = ["ResolveListing", "event_row", "looks_like_tracking"]

ResolveListing = Callable[[str], str | None]
"""The home that goes by a ListingId; None if no home is known to."""

_TYPES: Final = {"".join(name.split()).casefold(): kind for name, kind in by_foreign_name("reso").items()}
_HOMES: Final = frozenset({"", "listing", "property", "photo", "virtualtour", "openhouse", "document"})
_KEPT: Final = {
    "EventSource": "event_source",
    "EventTarget": "event_target",
    "EventLabel": "event_label",
    "ObjectType": "object_type",
}
_OWN_WAYS: Final = frozenset({"email", "sms"})
_OTHER_WAYS: Final = frozenset({"", "agent", "broker"})


def looks_like_tracking(row: Mapping[str, Any]) -> bool:
    """Whether a row is of InternetTracking rather than our own."""
    return "event_type" not in row and "EventType" in row and "EventTimestamp" in row


def event_row(row: Mapping[str, Any], resolve: ResolveListing | None = None) -> dict[str, Any]:
    """Our row of an InternetTracking row; `BadInput` where nobody did it, or nobody can tell what.

    The actor's key (else id) is the lead, or the agent where the actor is one, whose doing then is an `agent_action`.
    Of an actor without either, the session is the visitor. The object is a home by its key, or by its ListingId if
    `resolve` knows it. A type homing does not know, or one that needs a home where none is named, is `custom` under its
    foreign name. E-mail, telephone, IP address, coordinates and postal code of the actor are not read.

    >>> row = {"EventKey": "e1", "EventType": "DetailedView", "EventTimestamp": "2026-01-02T03:04:05Z",
    ...        "ActorKey": "c1", "ActorEmail": "c@example.com", "ObjectIdType": "ListingKey", "ObjectKey": "h1"}
    >>> {name: value for name, value in event_row(row).items() if name != "event_data"}
    {'event_id': 'e1', 'event_type': 'property_view', 'timestamp': '2026-01-02T03:04:05Z',
     'lead_id': 'c1', 'property_id': 'h1'}
    """
    actor = _letters(row.get("ActorType"))
    if actor == "bot":
        raise BadInput(Fault("ActorType", "be a person", shown(row.get("ActorType"))))
    name = row.get("EventType")
    if not _letters(name):
        raise BadInput(Fault("EventType", "be the name of what was done, such as Detailed View", shown(name)))
    who, session = _text(row.get("ActorKey")) or _text(row.get("ActorID")), _text(row.get("SessionID"))
    home = _home(row, resolve)
    kind = _kind(name, home)
    data = {ours: row[theirs] for theirs, ours in _KEPT.items() if row.get(theirs)}
    if actor == "agent":
        kind, data = EventType.AGENT_ACTION, {**data, "action_type": name}
    event = {
        "event_id": _text(row.get("EventKey")),
        "event_type": kind.value,
        "timestamp": row.get("EventTimestamp"),
        "agent_id" if actor == "agent" else "lead_id": who,
        "anonymous_id": None if who or actor == "agent" else session,
        "property_id": home,
        "session_id": session,
        "device_type": _letters(row.get("DeviceType")),
        "received_at": _reported(row),
        "event_data": {**data, **_payload(kind, row)},
    }
    return {name: value for name, value in event.items() if value is not None and value != ""}


def _text(value: object) -> Any:
    """An id, which some feeds send as a number."""
    return str(value) if type(value) is int else value


def _letters(value: object) -> str:
    return "".join(value.split()).casefold() if isinstance(value, str) else ""


def _kind(name: object, home: object) -> EventType:
    kind = _TYPES.get(_letters(name), EventType.CUSTOM)
    return EventType.CUSTOM if home is None and "property" in kind.spec.needs else kind


def _home(row: Mapping[str, Any], resolve: ResolveListing | None) -> Any:
    """The home an event is about, if it is about one."""
    by, key, number = _letters(row.get("ObjectIdType")), _text(row.get("ObjectKey")), _text(row.get("ObjectID"))
    if _letters(row.get("ObjectType")) not in _HOMES:
        return None
    if by in {"listingkey", ""}:
        return key or number
    if by != "listingid":
        return None
    return key or (resolve(number) if resolve and number else None) or number


def _reported(row: Mapping[str, Any]) -> str | None:
    """When the event was reported, unless a clock was wrong and that is before it happened."""
    told, happened = row.get("EventReportedTimestamp"), row.get("EventTimestamp")
    if not isinstance(told, str) or not isinstance(happened, str):
        return None
    reported, at = lenient_moment(told), lenient_moment(happened)
    return format_moment(reported) if reported is not None and at is not None and reported >= at else None


def _payload(kind: EventType, row: Mapping[str, Any]) -> dict[str, Any]:
    if kind is EventType.CUSTOM:
        return {"name": row.get("EventType")}
    target = _letters(row.get("EventTarget"))
    if kind is EventType.PROPERTY_SHARE and target:
        method = target if target in _OWN_WAYS else "other" if target in _OTHER_WAYS else "social"
        return {"share_method": method}
    referrer = row.get("ReferringURL")
    if kind is EventType.PROPERTY_VIEW and isinstance(referrer, str):
        return {"referrer": referrer.partition("?")[0]}
    return {}
