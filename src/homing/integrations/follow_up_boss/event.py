"""An event as Follow Up Boss takes it: a person, what the person did, and the home or the search it was about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from homing.core.clock import HOUR, format_moment
from homing.core.errors import BadInput, Fault
from homing.core.ids import content_id, id_fault
from homing.event_types import EventType, by_foreign_name
from homing.market.attributes import lenient_moment
from homing.trust.reach import one_spelling

__all__ = ["Person", "event_row", "person_of"]

_TYPES: Final = {name.casefold(): kind for name, kind in by_foreign_name("follow_up_boss").items()}
_SEARCH: Final = {
    "minPrice": "price_min", "maxPrice": "price_max", "minBedrooms": "bedrooms_min", "maxBedrooms": "bedrooms_max",
    "minBathrooms": "bathrooms_min", "maxBathrooms": "bathrooms_max", "minArea": "area_min", "maxArea": "area_max",
    "city": "City", "state": "StateOrProvince", "code": "PostalCode", "neighborhood": "SubdivisionName",
    "type": "property_type", "forRent": "for_rent",
}  # fmt: skip
_canonical = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Person:
    """Whom an event is about: the id of Follow Up Boss if it is told, how to reach the person, the profile's parts."""

    id: str | None
    reach: tuple[tuple[str, str], ...]
    profile: Mapping[str, Any]


def person_of(body: object) -> Person:
    """The person of a body; `BadInput` where nobody could be found by it again.

    >>> person_of({"type": "Registration", "person": {"emails": [{"value": "ann@example.com"}]}}).reach
    (('email', 'ann@example.com'),)
    """
    if not isinstance(body, dict):
        raise BadInput.of("event", "be an object with type and person", body)
    person = _object(body, "person")
    name = person.get("id")
    found = str(name) if isinstance(name, int | str) and not isinstance(name, bool) and name != "" else None
    if found is not None and (fault := id_fault(found, "person.id")):
        raise BadInput(fault)
    reach = tuple(
        (kind, str(one["value"]))
        for kind, many in (("email", "emails"), ("phone", "phones"))
        for one in _list(person, many)
        if isinstance(one, dict) and isinstance(one.get("value"), str | int) and one_spelling(kind, one["value"])
    )
    if found is None and not reach:
        raise BadInput(Fault("person", "have an id, an e-mail address or a telephone number", "none"))
    stage = person.get("stage")
    return Person(found, reach, {"stage": stage} if isinstance(stage, str) and stage.strip() else {})


def event_row(
    body: Mapping[str, Any], lead_id: str, received_at: int, resolve: Callable[[str], str | None]
) -> dict[str, Any]:
    """Our row of a body, done by a lead. A type homing does not know, or one without its home, is `custom`.

    `resolve` finds the home of an MLS number. The body has no id of its own: of the same content and moment it is the
    same event, and where it names no moment, of the same content within an hour.

    >>> body = {"type": "Viewed Property", "occurredAt": "2026-05-01T12:00:00Z", "property": {"mlsNumber": "17"}}
    >>> row = event_row(body, "ann", 1_777_636_900_000_000, {"17": "home-7"}.get)
    >>> row["event_type"], row["property_id"], row["timestamp"]
    ('property_view', 'home-7', '2026-05-01T12:00:00Z')
    """
    name, number = body.get("type"), _object(body, "property").get("mlsNumber")
    if not isinstance(name, str) or not name.strip():
        raise BadInput.of("type", "be the type of an event, such as Viewed Property", name)
    number = str(number) if isinstance(number, int | str) and not id_fault(str(number), "") else None
    home = None if number is None else resolve(number) or number
    kind = _TYPES.get(name.strip().casefold(), EventType.CUSTOM)
    if home is None and "property" in kind.spec.needs:
        kind = EventType.CUSTOM
    told = body.get("occurredAt")
    at = lenient_moment(told) if isinstance(told, str) else None
    campaign = _object(body, "campaign")
    bucket = str(received_at // HOUR) if at is None else str(at)
    row = {
        "event_id": content_id("fub", lead_id, bucket, _canonical({**body, "occurredAt": None}).decode()),
        "event_type": kind.value,
        "timestamp": format_moment(received_at if at is None else min(at, received_at)),
        "lead_id": lead_id,
        "property_id": home,
        "source_channel": campaign.get("source") or body.get("source"),
        "campaign_id": campaign.get("campaign"),
        "event_data": _payload(kind, name, body),
    }
    return {name: value for name, value in row.items() if value not in (None, "", {})}


def _payload(kind: EventType, name: str, body: Mapping[str, Any]) -> dict[str, Any]:
    if kind is EventType.CUSTOM:
        return {"name": name}
    if kind is EventType.PAGE_VIEW:
        url, title = body.get("pageUrl"), body.get("pageTitle")
        found = {"page_url": url.partition("?")[0] if isinstance(url, str) else None, "page_title": title}
        return {key: value for key, value in found.items() if isinstance(value, str)}
    if kind in {EventType.SEARCH_QUERY, EventType.SEARCH_SAVED}:
        search = _object(body, "propertySearch")
        filters = {ours: search[theirs] for theirs, ours in _SEARCH.items() if search.get(theirs) not in (None, "")}
        return {"search_filters": filters} if filters else {}
    message = body.get("message")
    if kind is EventType.INQUIRY_SENT and isinstance(message, str) and message:
        return {"message": message}
    return {}


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _list(holder: Mapping[str, Any], name: str) -> list[Any]:
    value = holder.get(name)
    return value if isinstance(value, list) else []
