"""How a lead answers, and what becomes of tours."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, HOUR
from homing.event_types import EventType
from homing.feature_engineering.arithmetic import ascending, quantile, share
from homing.feature_engineering.declaration import Example, code, feature
from homing.feature_engineering.feature_extractors.vocabulary import QUARTER, REQUEST
from homing.tracking.history import History

_MOST = 1e9
_HOURS = 90 * 24
_SENT, _RECEIVED = code(EventType.MESSAGE_SENT), code(EventType.MESSAGE_RECEIVED)
_CALL, _CALLED = code(EventType.CALL_MADE), code(EventType.CALL_RECEIVED)
_SCHEDULED, _TOURED = code(EventType.TOUR_SCHEDULED), code(EventType.TOUR_COMPLETED)
_CALLED_OFF, _MISSED = code(EventType.TOUR_CANCELLED), code(EventType.TOUR_MISSED)

_WORDS = [
    (9 * DAY, "message_sent"),
    (9 * DAY - HOUR, "message_sent"),
    (9 * DAY - 4 * HOUR, "message_received"),
    (7 * DAY, "message_sent"),
    (5 * DAY, "call_received"),
    (2 * DAY, "message_sent"),
    (DAY, "call_made"),
]
_TOURS = [
    (9 * DAY, "booking_request"),
    (9 * DAY - 6 * HOUR, "tour_scheduled"),
    (8 * DAY, "tour_scheduled"),
    (7 * DAY, "tour_completed"),
    (6 * DAY, "tour_completed", {"completed": False}),
    (5 * DAY, "tour_scheduled"),
    (3 * DAY, "tour_cancelled"),
    (2 * DAY, "tour_scheduled"),
]

_dialogue = partial(
    feature,
    family="dialogue",
    reads=[
        EventType.MESSAGE_SENT,
        EventType.MESSAGE_RECEIVED,
        EventType.CALL_MADE,
        EventType.CALL_RECEIVED,
        EventType.BOOKING_REQUEST,
        EventType.TOUR_SCHEDULED,
        EventType.TOUR_COMPLETED,
        EventType.TOUR_CANCELLED,
        EventType.TOUR_MISSED,
    ],
    window=QUARTER,
)


def _hours_to_reply(h: History) -> NDArray[np.float64]:
    """Hours from the first message or call that awaits the lead's answer to that answer, in the order of time."""
    found = np.empty(h.size)
    count, waiting = 0, 0
    for i in range(h.size):
        if h.type[i] == _SENT or h.type[i] == _CALL:
            if waiting == 0:
                waiting = h.at[i]
        elif (h.type[i] == _RECEIVED or h.type[i] == _CALLED) and waiting != 0:
            found[count] = (h.at[i] - waiting) / HOUR
            count += 1
            waiting = 0
    return found[:count]


@_dialogue(unit="hours", range=(0, _HOURS), example=Example(_WORDS, 26.0))
def reply_hours_90d(h: History) -> float:
    """Median time that the lead takes to answer messages and calls, from the first unanswered one; NaN without any."""
    return quantile(ascending(_hours_to_reply(h)), 0.5)


@_dialogue(unit="ratio", range=(0, 1), example=Example(_WORDS, 0.5))
def replies_in_24h_share_90d(h: History) -> float:
    """Share of the lead's answers that came within 24 hours; NaN without answers."""
    hours = _hours_to_reply(h)
    soon = 0
    for i in range(len(hours)):
        if hours[i] <= 24.0:
            soon += 1
    return soon / len(hours) if len(hours) > 0 else math.nan


@_dialogue(unit="events", range=(0, _MOST), missing=0.0, example=Example(_WORDS, 2.0))
def unanswered_messages_90d(h: History) -> int:
    """Messages and calls to the lead since its last message or call."""
    count = 0
    for i in range(h.size):
        if h.type[i] == _SENT or h.type[i] == _CALL:
            count += 1
        elif h.type[i] == _RECEIVED or h.type[i] == _CALLED:
            count = 0
    return count


def _count_of(h: History, kind: int) -> int:
    """Events of a type, without those that say `completed: false`."""
    count = 0
    for i in range(h.size):
        if h.type[i] == kind and h.completed[i] != 0.0:
            count += 1
    return count


@_dialogue(unit="events", range=(0, _MOST), missing=0.0, example=Example(_WORDS, 1.0))
def messages_received_90d(h: History) -> int:
    """Messages from the lead."""
    return _count_of(h, _RECEIVED)


@_dialogue(unit="events", range=(0, _MOST), missing=0.0, example=Example(_TOURS, 4.0))
def tours_scheduled_90d(h: History) -> int:
    """Tours that got a date."""
    return _count_of(h, _SCHEDULED)


@_dialogue(unit="events", range=(0, _MOST), missing=0.0, example=Example(_TOURS, 1.0))
def tours_taken_90d(h: History) -> int:
    """Tours that took place."""
    return _count_of(h, _TOURED)


def _called_off(h: History) -> int:
    """Tours cancelled, missed, or completed with `completed: false`."""
    count = 0
    for i in range(h.size):
        undone = h.type[i] == _TOURED and h.completed[i] == 0.0
        if undone or h.type[i] == _CALLED_OFF or h.type[i] == _MISSED:
            count += 1
    return count


@_dialogue(unit="events", range=(0, _MOST), missing=0.0, example=Example(_TOURS, 2.0))
def tours_called_off_90d(h: History) -> int:
    """Tours that were cancelled or missed."""
    return _called_off(h)


@_dialogue(unit="ratio", range=(0, 1), missing=0.0, example=Example(_TOURS, 0.6666666667))
def tour_cancel_share_90d(h: History) -> float:
    """Tours cancelled or missed by these and tours that took place; 0 of none."""
    off = _called_off(h)
    return share(off, off + _count_of(h, _TOURED))


@_dialogue(unit="hours", range=(0, _HOURS), example=Example(_TOURS, 6.0))
def hours_request_to_tour_date_90d(h: History) -> float:
    """Mean time from a booking request to the next tour that got a date; NaN if none did."""
    total, count, asked = 0, 0, 0
    for i in range(h.size):
        if h.type[i] == REQUEST and asked == 0:
            asked = h.at[i]
        elif h.type[i] == _SCHEDULED and asked != 0:
            total += h.at[i] - asked
            count += 1
            asked = 0
    return total / HOUR / count if count > 0 else math.nan
