"""How much a lead does: events, sessions, homes, and one count for each type of event of the first version."""

from __future__ import annotations

from homing.core.clock import DAY, HOUR
from homing.event_types import EventType
from homing.feature_engineering.arithmetic import distinct
from homing.feature_engineering.declaration import ALL, Example, Feature, feature
from homing.feature_engineering.feature_extractors.vocabulary import (
    BEHAVIOR,
    CANCELLED,
    FIRST_VERSION,
    MONTH,
)
from homing.tracking.history import History

_MOST = 1e9


@feature(
    unit="events",
    family="activity",
    reads=ALL,
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example([(31 * DAY, "property_view"), (2 * DAY, "property_view"), (DAY, "message_sent")], 2.0),
)
def total_events(h: History) -> int:
    """Events of any type about the lead, whoever caused them."""
    return h.size


@feature(
    unit="sessions",
    family="activity",
    reads=BEHAVIOR,
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example(
        [
            (3 * DAY, "page_view", {"session_id": "a"}),
            (2 * DAY, "page_view", {"session_id": "a"}),
            (DAY, "page_view", {"session_id": "b"}),
            (HOUR, "page_view"),
        ],
        2.0,
    ),
)
def unique_sessions(h: History) -> int:
    """Different session ids."""
    return distinct(h.session, h.size)


@feature(
    unit="listings",
    family="activity",
    reads=BEHAVIOR,
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example(
        [
            (3 * DAY, "property_view", {"property_id": "home-1"}),
            (2 * DAY, "property_save", {"property_id": "home-1"}),
            (DAY, "property_view", {"property_id": "home-2"}),
        ],
        2.0,
    ),
)
def unique_properties(h: History) -> int:
    """Different homes that the lead dealt with."""
    return distinct(h.property, h.size)


def _count(h: History) -> int:
    return h.size


def _that_took_place(h: History) -> int:
    count = 0
    for i in range(h.size):
        if h.completed[i] != 0.0:
            count += 1
    return count


def _cancelled(h: History) -> int:
    count = 0
    for i in range(h.size):
        if h.type[i] == CANCELLED or h.completed[i] == 0.0:
            count += 1
    return count


def _counted(kind: EventType, name: str | None = None) -> Feature:
    """The count of one event type: `completed: false` makes a completion none, and a booking a cancelled one."""
    reads, body, doc = [kind], _count, f"Events of type {kind}."
    example = Example([(2 * DAY, kind.value), (DAY, "listing_alert_sent"), (HOUR, kind.value)], 2.0)
    if kind in {EventType.BOOKING_COMPLETED, EventType.TOUR_COMPLETED}:
        body, doc = _that_took_place, f"Events of type {kind}, without those that say `completed: false`."
        example = Example([(2 * DAY, kind.value), (DAY, kind.value, {"completed": False})], 1.0)
    if kind is EventType.BOOKING_CANCELLED:
        reads.append(EventType.BOOKING_COMPLETED)
        body, doc = _cancelled, "Bookings called off: booking_cancelled, and booking_completed with `completed: false`."
        example = Example([(2 * DAY, kind.value), (DAY, "booking_completed", {"completed": False})], 2.0)
    return feature(
        unit="events",
        family="activity",
        reads=reads,
        window=MONTH,
        range=(0, _MOST),
        missing=0.0,
        example=example,
        name=name or f"{kind}_count",
        doc=doc if name is None else f"{doc} The same as {kind}_count, under the first version's second name.",
    )(body)


COUNTS = tuple(_counted(kind) for kind in FIRST_VERSION)

SECOND_NAMES = (
    _counted(EventType.BOOKING_REQUEST, "booking_requests_count"),
    _counted(EventType.BOOKING_COMPLETED, "booking_completions_count"),
)


@feature(
    unit="hours",
    family="activity",
    reads=BEHAVIOR,
    window=MONTH,
    range=(0, 720),
    missing=0.0,
    example=Example([(2 * DAY, "property_view"), (DAY, "property_view"), (HOUR, "message_sent")], 24.0),
)
def activity_time_span_hours(h: History) -> float:
    """Hours from the first to the last event."""
    return (h.at[h.size - 1] - h.at[0]) / HOUR


@feature(
    unit="events/hour",
    family="activity",
    reads=BEHAVIOR,
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example([(5 * HOUR, "property_view"), (4 * HOUR, "property_view"), (HOUR, "search_query")], 0.75),
)
def avg_events_per_hour(h: History) -> float:
    """Events an hour between the first and the last; the time is taken as at least one hour."""
    return h.size / max(1.0, (h.at[h.size - 1] - h.at[0]) / HOUR)
