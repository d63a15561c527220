"""A message of Segment's or RudderStack's clients as our event, and as what it says of who somebody is.

Both send the same shape (track, page, screen, identify, group, alias). What homing has no word for is kept as `custom`
under its own name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from homing.core.clock import format_moment
from homing.core.errors import BadInput, Fault, shown
from homing.core.ids import checked_id, content_id, id_fault
from homing.event_types import EventType, by_foreign_name
from homing.market.attributes import lenient_moment
from homing.tracking.validation import payload_faults

__all__ = ["KINDS", "Speaker", "Told", "told"]

KINDS: Final = ("track", "page", "screen", "identify", "group", "alias")
"""What a message may be."""

_TYPES: Final = {name.casefold(): kind for name, kind in by_foreign_name("segment").items()}
_HOME: Final = ("property_id", "listing_id", "ListingKey", "product_id")
_NOT_CONTENT: Final = frozenset({"sentAt", "receivedAt", "writeKey", "_metadata", "integrations", "context", "type"})
_TRAITS: Final = ("email", "phone", "time_zone", "state", "area_code", "stage", "agent_id", "household_id", "limits",
                  "answers", "consent")  # fmt: skip
_NOT_OWN: Final = frozenset({"stage", "agent_id", "household_id"})
_ADDRESSES: Final = ("url", "referrer", "path")
_INTRODUCE: Final = frozenset({"identify", "alias"})
_PROVEN: Final = "be given: a site key tells of a lead only with that lead's token as Homing-Token"
_canonical = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Told:
    """What a message says: a row of an event, a visitor who is a lead, parts of a profile; each may be missing."""

    event: dict[str, Any] | None = None
    lead_id: str | None = None
    visitor: str | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who sends a message: a server, whose word counts, or with `public` anybody at all, such as a page's visitor.

    Of what the public says of leads only that counts which it says of `lead_id`, the lead that it proved to be.
    """

    public: bool = False
    lead_id: str | None = None

    def may_speak_for(self, lead_id: str | None) -> bool:
        """Whether what it says of a lead counts.

        >>> Speaker().may_speak_for("ann"), Speaker(public=True).may_speak_for("ann")
        (True, False)
        """
        return not self.public or lead_id in (None, self.lead_id)


_SERVER: Final = Speaker()


def told(
    message: object,
    received_at: int,
    *,
    kind: str | None = None,
    sent_at: object = None,
    speaker: Speaker = _SERVER,
) -> Told:
    """What a message says; `BadInput` if nobody can tell who did it, or what it is.

    `kind` is that of the address it was sent to, left out: its `type`. The clock of the sender is corrected: what it
    says happened so long before it was sent, so long before `received_at` it is taken to have happened. `sent_at` is
    that of the batch. Without a messageId the event's id is made from what the message says, not from the clocks.

    What a `speaker` says of a lead for whom it may not speak is taken as said of its visitor only: events are the
    visitor's, and that it is the lead is kept as a claim, a `custom` event with `claimed_lead_id`, once. Nothing is
    merged by it, and no profile changes.

    >>> message = {"userId": "ann", "event": "Listing Viewed", "properties": {"listing_id": 7}, "messageId": "m1",
    ...            "timestamp": "2026-05-01T11:00:00Z", "sentAt": "2026-05-01T11:00:10Z"}
    >>> told(message, 1_777_636_800_000_000, kind="track").event
    {'event_id': 'm1', 'event_type': 'property_view', 'timestamp': '2026-05-01T11:59:50Z', 'lead_id': 'ann',
     'property_id': '7'}
    """
    if not isinstance(message, dict):
        raise BadInput.of("message", f"be an object with type ({', '.join(KINDS)}), userId or anonymousId", message)
    kind = kind or message.get("type")
    if kind not in KINDS:
        raise BadInput.of("type", f"be one of {', '.join(KINDS)}", kind)
    who = {ours: _id(message, theirs) for ours, theirs in (("lead_id", "userId"), ("anonymous_id", "anonymousId"))}
    at = _moment(message, sent_at, received_at)
    if kind == "alias":
        who = {"lead_id": _required(message, "userId"), "anonymous_id": _required(message, "previousId")}
    elif not any(who.values()):
        raise BadInput(Fault("userId", "be given (or anonymousId)", "nothing"))
    lead, visitor = who["lead_id"], who["anonymous_id"]
    if not speaker.may_speak_for(lead):
        if visitor is None:
            raise BadInput(Fault("anonymousId", _PROVEN, "nothing"))
        if kind in _INTRODUCE:
            return Told(event=_claim(kind, visitor, lead, at))
        who["lead_id"] = None
    elif kind in _INTRODUCE and lead is not None:
        return Told(lead_id=lead, visitor=visitor, profile=_profile(message, speaker) if kind == "identify" else {})
    return Told(event=_event(message, kind, who, at))


def _claim(kind: str, visitor: str, lead: str | None, at: int) -> dict[str, Any]:
    """That a visitor says it is a lead: the same event however often it says so."""
    return {
        "event_id": content_id("claim", visitor, lead or ""),
        "event_type": EventType.CUSTOM.value,
        "timestamp": format_moment(at),
        "anonymous_id": visitor,
        "event_data": {"name": kind, "claimed_lead_id": lead},
    }


def _event(message: Mapping[str, Any], kind: str, who: Mapping[str, str | None], at: int) -> dict[str, Any]:
    said, context = _object(message, "traits" if kind == "group" else "properties"), _object(message, "context")
    name = message.get("event") if kind == "track" else kind
    name = name if isinstance(name, str) and name.strip() else kind
    home = next((str(said[key]) for key in _HOME if _is_id(said.get(key))), None)
    ours = _TYPES.get(name.strip().casefold(), EventType.CUSTOM)
    if home is None and "property" in ours.spec.needs:
        ours = EventType.CUSTOM
    campaign, device = _object(context, "campaign"), _object(context, "device")
    event = {
        "event_id": _id(message, "messageId") or _made(message, kind),
        "event_type": ours.value,
        "timestamp": format_moment(at),
        **who,
        "property_id": None if kind in {"page", "screen"} else home,
        "session_id": next(
            (str(one) for one in (said.get("session_id"), context.get("sessionId")) if _is_id(one)), None
        ),
        "device_type": _word(device.get("type")),
        "source_channel": _word(campaign.get("source")),
        "campaign_id": _word(campaign.get("name")),
        "event_data": _payload(ours, name, message, said),
    }
    return {name: value for name, value in event.items() if value not in (None, "", {})}


def _payload(kind: EventType, name: str, message: Mapping[str, Any], said: Mapping[str, Any]) -> dict[str, Any]:
    """The properties without the home's id; what does not fit the key that it is called like stands apart."""
    data = {key: value for key, value in said.items() if key not in (*_HOME, "session_id", "search")}
    for key in _ADDRESSES:
        if isinstance(data.get(key), str):
            data[key] = data[key].partition("?")[0]
    if kind is EventType.PAGE_VIEW:
        found = {"page_url": data.pop("url", None), "page_title": data.pop("title", None), "name": message.get("name")}
        data |= {key: value for key, value in found.items() if value is not None}
    elif kind is EventType.SEARCH_QUERY and "query" in data:
        data.setdefault("search_query", data["query"])
    elif kind is EventType.PROPERTY_VIEW and _is_number(data.get("dwell_ms")):
        data.setdefault("view_duration_seconds", data["dwell_ms"] / 1_000)
    elif kind is EventType.CUSTOM:
        data["name"] = name
    odd = [fault.where.removeprefix("event_data.") for fault in payload_faults(kind, data)]
    if odd:
        data["properties"] = {key: data.pop(key) for key in odd}
    return data


def _profile(message: Mapping[str, Any], speaker: Speaker) -> dict[str, Any]:
    """The parts of a profile that traits bring; RudderStack's Python client puts them in the context.

    A lead who speaks for itself does not say how far its agent has come with it, nor whose it is.
    """
    context = _object(message, "context")
    traits = {**_object(context, "traits"), **_object(message, "traits")}
    told_of = [name for name in _TRAITS if not (speaker.public and name in _NOT_OWN)]
    found = {name: traits[name] for name in told_of if traits.get(name) is not None}
    zone = traits.get("timezone") or context.get("timezone")
    if isinstance(zone, str) and "/" in zone:
        found.setdefault("time_zone", zone)
    return found


def _moment(message: Mapping[str, Any], sent_at: object, received_at: int) -> int:
    """When it happened by our clock, never later than it was received."""
    happened = _micros(message.get("originalTimestamp")) or _micros(message.get("timestamp"))
    if happened is None:
        return received_at
    sent = _micros(message.get("sentAt")) or _micros(sent_at)
    corrected = happened if sent is None else received_at - (sent - happened)
    return min(corrected, received_at)


def _micros(value: object) -> int | None:
    at = lenient_moment(value) if isinstance(value, str) else None
    return at if at is None or at > 0 else None


def _made(message: Mapping[str, Any], kind: str) -> str:
    content = {name: value for name, value in message.items() if name not in _NOT_CONTENT}
    return content_id("seg", kind, _canonical(content).decode())


def _id(message: Mapping[str, Any], name: str) -> str | None:
    value = message.get(name)
    if value is None or value == "":
        return None
    return checked_id(str(value) if _is_number(value) else value, name)


def _required(message: Mapping[str, Any], name: str) -> str:
    found = _id(message, name)
    if found is None:
        raise BadInput(Fault(name, "be given", shown(message.get(name))))
    return found


def _is_id(value: object) -> bool:
    return _is_number(value) or (value is not None and id_fault(value, "") is None)


def _is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _word(value: object) -> str | None:
    return value if isinstance(value, str) and "\0" not in value else None


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}
