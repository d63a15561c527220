"""Numbers, moments and events in words a person reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from homing.core.clock import DAY, HOUR, MINUTE
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent

__all__ = ["DID", "LEVELS", "ago", "clock_time", "day_name", "details", "money", "percent", "quantity", "words"]

DID: Final[Mapping[EventType, str]] = {
    EventType.PROPERTY_VIEW: "Viewed",
    EventType.PROPERTY_SWIPE: "Swiped",
    EventType.PROPERTY_LIKE: "Liked",
    EventType.PROPERTY_DISLIKE: "Passed on",
    EventType.PROPERTY_SHARE: "Shared",
    EventType.PROPERTY_SAVE: "Saved",
    EventType.BOOKING_REQUEST: "Asked for a visit to",
    EventType.BOOKING_COMPLETED: "Kept the appointment at",
    EventType.BOOKING_CANCELLED: "Called off the appointment at",
    EventType.AGENT_INTERACTION: "Was in touch with the agent",
    EventType.AGENT_ACTION: "The agent took care of something",
    EventType.LEAD_INTERACTION: "Did something on the site",
    EventType.SEARCH_QUERY: "Searched",
    EventType.FILTER_APPLIED: "Narrowed the search",
    EventType.TOUR_SCHEDULED: "Has a tour planned of",
    EventType.TOUR_COMPLETED: "Toured",
    EventType.FORM_SUBMISSION: "Sent in a form",
    EventType.EMAIL_OPENED: "Opened an e-mail",
    EventType.EMAIL_CLICKED: "Followed a link in an e-mail",
    EventType.PAGE_VIEW: "Opened a page",
    EventType.SESSION_START: "Came to the site",
    EventType.SESSION_END: "Left the site",
    EventType.MESSAGE_SENT: "Was written to",
    EventType.MESSAGE_RECEIVED: "Wrote a message",
    EventType.CALL_MADE: "Was called",
    EventType.CALL_RECEIVED: "Called",
    EventType.INQUIRY_SENT: "Asked about",
    EventType.REGISTERED: "Registered",
    EventType.SEARCH_SAVED: "Saved a search",
    EventType.LISTING_ALERT_SENT: "Was told of new homes",
    EventType.RECOMMENDATION_SHOWN: "Was shown",
    EventType.RECOMMENDATION_CLICKED: "Opened the recommended",
    EventType.PHOTOS_VIEWED: "Looked through the photos of",
    EventType.VIRTUAL_TOUR_VIEWED: "Walked online through",
    EventType.DIRECTIONS_CLICKED: "Asked for the way to",
    EventType.CONTACT_CLICKED: "Pressed a contact button",
    EventType.PROPERTY_MAYBE: "Kept in mind",
    EventType.OPEN_HOUSE_VISITED: "Came to the open house at",
    EventType.TOUR_CANCELLED: "Called off the tour of",
    EventType.TOUR_MISSED: "Did not come to the tour of",
    EventType.OFFER_MADE: "Made an offer on",
    EventType.OFFER_ACCEPTED: "Had the offer accepted on",
    EventType.OFFER_DECLINED: "Had the offer declined on",
    EventType.DEAL_CLOSED: "Bought",
    EventType.STAGE_CHANGED: "Moved to another stage",
    EventType.UNSUBSCRIBED: "Unsubscribed",
    EventType.CONSENT_CHANGED: "Changed a consent",
    EventType.CUSTOM: "Something else happened",
}
"""What the lead did; where the event is about a home, its name follows."""

LEVELS: Final[Mapping[str, str]] = {
    "high": "high certainty",
    "medium": "medium certainty",
    "low": "low certainty",
    "uncertain": "uncertain",
}
"""How well we know a probability, by its confidence level."""

_MOST_DETAILS: Final = 4
_DOLLARS: Final = frozenset({"amount"})
_QUIET: Final = frozenset(
    {
        "recommendation_id", "propensity", "user_agent", "property_details", "original_request_event_id",
        "page_source", "referrer", "total_page_views",
    }
)  # fmt: skip


def quantity(value: object) -> str:
    """A number with thousands separated and no needless decimals; nothing for what is no number.

    >>> quantity(1710.0), quantity(2.25), quantity(None)
    ('1,710', '2.25', '')
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(value):
        return ""
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def money(value: object) -> str:
    """A price in whole dollars; nothing for what is no number.

    >>> money(599000.0), money(None)
    ('$599,000', '')
    """
    number = quantity(value)
    return f"${round(float(number.replace(',', ''))):,}" if number else ""


def percent(value: float | None) -> str:
    """A fraction as a percentage, with a decimal where it is small.

    >>> percent(0.142), percent(0.031), percent(0.0002), percent(None)
    ('14 %', '3.1 %', 'under 0.1 %', 'unknown')
    """
    if value is None or math.isnan(value):
        return "unknown"
    if 0 < value < 0.001:
        return "under 0.1 %"
    return (
        f"{value:.1%}".replace(".0%", "%").replace("%", " %") if value < 0.0995 else f"{value:.0%}".replace("%", " %")
    )


def words(name: str) -> str:
    """A name of ours without its underscores.

    >>> words("price_too_high")
    'price too high'
    """
    return name.replace("_", " ")


def ago(span: int) -> str:
    """How long ago, from microseconds.

    >>> ago(90 * MINUTE), ago(3 * DAY), ago(0)
    ('1 h ago', '3 days ago', 'just now')
    """
    if span < MINUTE:
        return "just now"
    if span < HOUR:
        return f"{span // MINUTE} min ago"
    if span < DAY:
        return f"{span // HOUR} h ago"
    days = span // DAY
    return "1 day ago" if days == 1 else f"{days:,} days ago"


def clock_time(moment: datetime) -> str:
    """The time of day, such as 18:04."""
    return f"{moment:%H:%M}"


def day_name(moment: datetime, today: datetime) -> str:
    """The day, such as Sunday 22 November; the year only if it is not this year's."""
    name = f"{moment:%A} {moment.day} {moment:%B}"
    if moment.date() == today.date():
        return f"Today, {name}"
    return name if moment.year == today.year else f"{name} {moment.year}"


def details(event: BehavioralEvent) -> list[str]:
    """The few things of an event's data that a person wants to know, such as `for 45 s` or `reason: style`."""
    data = event.event_data
    found = []
    if (seconds := data.get("view_duration_seconds")) is not None:
        found.append(f"for {quantity(seconds)} s")
    if (direction := data.get("swipe_direction")) is not None:
        found.append(f"to the {direction}: {'a like' if direction == 'right' else 'a dislike'}")
    for key in event.event_type.spec.payload:
        value = data.get(key.name)
        if (
            key.name in _QUIET
            or key.name in {"view_duration_seconds", "swipe_direction"}
            or value in (None, "", [], {})
        ):
            continue
        found.append(_detail(key.name, value))
    if event.outcome:
        found.append(f"outcome: {words(event.outcome)}")
    return found[:_MOST_DETAILS]


def _detail(name: str, value: Any) -> str:
    if name.endswith("_seconds") and (seconds := quantity(value)):
        return f"{words(name.removesuffix('_seconds'))}: {seconds} s"
    return f"{words(name)}: {_plain(name, value)}"


def _plain(name: str, value: Any) -> str:
    if name in _DOLLARS:
        return money(value) or str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{words(str(key))} {_plain(str(key), one)}" for key, one in value.items())
    if isinstance(value, (list, tuple)):
        return ", ".join(str(one) for one in value)
    return quantity(value) or words(str(value))
