"""The words that the families share: codes of event types, and which types speak of what."""

from __future__ import annotations

from dataclasses import replace

from homing.core.clock import DAY
from homing.event_types import EventType
from homing.feature_engineering.declaration import Feature, choice, code

__all__ = [
    "BEHAVIOR",
    "CANCELLED",
    "COMPLETED",
    "DISLIKE",
    "FILTER",
    "FIRST_VERSION",
    "FOR_A_HOME",
    "HIGH",
    "LEFT",
    "LIKE",
    "LOW",
    "MONTH",
    "QUARTER",
    "REQUEST",
    "RIGHT",
    "SAVE",
    "SEARCH",
    "SHARE",
    "SWIPE",
    "TYPE_COUNT",
    "VIEW",
    "WEEK",
    "WISHES",
    "second_name",
]

MONTH = 30 * DAY
"""The window of every feature that the first version named."""

QUARTER = 90 * DAY
"""The window of features that end in `_90d`."""

WEEK = 7 * DAY
"""The window of features that end in `_7d`."""

FIRST_VERSION: tuple[EventType, ...] = (
    EventType.PROPERTY_VIEW,
    EventType.PROPERTY_SWIPE,
    EventType.PROPERTY_LIKE,
    EventType.PROPERTY_DISLIKE,
    EventType.PROPERTY_SHARE,
    EventType.PROPERTY_SAVE,
    EventType.BOOKING_REQUEST,
    EventType.BOOKING_COMPLETED,
    EventType.BOOKING_CANCELLED,
    EventType.AGENT_INTERACTION,
    EventType.AGENT_ACTION,
    EventType.LEAD_INTERACTION,
    EventType.SEARCH_QUERY,
    EventType.FILTER_APPLIED,
    EventType.TOUR_SCHEDULED,
    EventType.TOUR_COMPLETED,
    EventType.FORM_SUBMISSION,
    EventType.EMAIL_OPENED,
    EventType.EMAIL_CLICKED,
    EventType.PAGE_VIEW,
    EventType.SESSION_START,
    EventType.SESSION_END,
)

BEHAVIOR: frozenset[EventType] = frozenset(FIRST_VERSION) | {kind for kind in EventType if kind.spec.cause == "lead"}
"""What counts as something going on with a lead: the first version's types and all else that the lead does.

What is merely done to the lead (a message sent, an alert, a home shown in a list) is no sign of life.
"""

FOR_A_HOME: frozenset[EventType] = frozenset(
    kind for kind in BEHAVIOR if "property" in kind.spec.needs and kind.spec.polarity == "positive"
)
"""What speaks for a single home; a left swipe has to be told apart by its direction."""

WISHES: frozenset[EventType] = FOR_A_HOME | {
    EventType.PROPERTY_DISLIKE,
    EventType.SEARCH_QUERY,
    EventType.FILTER_APPLIED,
    EventType.SEARCH_SAVED,
}
"""What tells what a lead wants: what speaks for a home or against it, and searches."""

TYPE_COUNT = len(EventType)

VIEW = code(EventType.PROPERTY_VIEW)
SWIPE = code(EventType.PROPERTY_SWIPE)
LIKE = code(EventType.PROPERTY_LIKE)
DISLIKE = code(EventType.PROPERTY_DISLIKE)
SHARE = code(EventType.PROPERTY_SHARE)
SAVE = code(EventType.PROPERTY_SAVE)
REQUEST = code(EventType.BOOKING_REQUEST)
COMPLETED = code(EventType.BOOKING_COMPLETED)
CANCELLED = code(EventType.BOOKING_CANCELLED)
SEARCH = code(EventType.SEARCH_QUERY)
FILTER = code(EventType.FILTER_APPLIED)

LEFT = choice("swipe_direction", "left")
RIGHT = choice("swipe_direction", "right")
LOW = choice("urgency", "low")
HIGH = choice("urgency", "high")


def second_name(one: Feature, name: str, family: str) -> Feature:
    """The same feature under another name that the first version used for it."""
    return replace(one, name=name, family=family, doc=f"{one.doc} The same as {one.name}.")
