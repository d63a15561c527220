"""How an agent serves leads in 30 days: how fast answers come, whom they reach, and what comes of it."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, HOUR, MINUTE
from homing.event_types import EventType
from homing.feature_engineering.arithmetic import ascending, distinct, quantile, ratio, share
from homing.feature_engineering.declaration import ALL, Example, code, feature
from homing.feature_engineering.feature_extractors.vocabulary import MONTH, WEEK
from homing.store.columns import TYPES
from homing.tracking.history import History

_MOST = 1e9
_MINUTES = 30 * 24 * 60
_ASKS = {EventType.MESSAGE_RECEIVED, EventType.CALL_RECEIVED, EventType.INQUIRY_SENT, EventType.BOOKING_REQUEST}
_IS_ASKED = tuple(int(kind in _ASKS) for kind in TYPES)
_ANSWERS = {EventType.MESSAGE_SENT, EventType.CALL_MADE, EventType.TOUR_SCHEDULED, EventType.AGENT_INTERACTION}
_IS_ANSWER = tuple(int(kind in _ANSWERS) for kind in TYPES)
_BY_AGENT = tuple(int(kind.spec.cause == "agent") for kind in TYPES)
_CALL, _MESSAGE = code(EventType.CALL_MADE), code(EventType.MESSAGE_SENT)
_SCHEDULED, _TOURED = code(EventType.TOUR_SCHEDULED), code(EventType.TOUR_COMPLETED)
_CALLED_OFF, _MISSED = code(EventType.TOUR_CANCELLED), code(EventType.TOUR_MISSED)
_OFFER, _CLOSED = code(EventType.OFFER_MADE), code(EventType.DEAL_CLOSED)

_TALK = [
    (9 * DAY, "inquiry_sent", {"lead_id": "a"}),
    (9 * DAY - 4 * MINUTE, "call_made", {"lead_id": "a", "answered": False}),
    (8 * DAY, "message_sent", {"lead_id": "a", "automated": True}),
    (7 * DAY, "message_received", {"lead_id": "b"}),
    (7 * DAY - 2 * HOUR, "message_sent", {"lead_id": "b"}),
    (5 * DAY, "call_made", {"lead_id": "b", "answered": True, "duration_seconds": 300}),
    (3 * DAY, "message_received", {"lead_id": "c"}),
    (2 * DAY, "message_sent", {"lead_id": "a"}),
]
_WORK = [
    (9 * DAY, "tour_scheduled", {"lead_id": "a"}),
    (8 * DAY, "tour_completed", {"lead_id": "a"}),
    (7 * DAY, "tour_scheduled", {"lead_id": "b"}),
    (6 * DAY, "tour_missed", {"lead_id": "b"}),
    (6 * DAY, "agent_action", {"lead_id": None}),
    (5 * DAY, "offer_made", {"lead_id": "a"}),
    (4 * DAY, "deal_closed", {"lead_id": "a"}),
]

_service = partial(feature, subject="agent", family="service", reads=ALL, window=MONTH)


def _answer_minutes(h: History) -> NDArray[np.float64]:
    """Minutes from a lead's first unanswered question to the agent's next word to it, in ascending order.

    Questions are messages, calls, inquiries and booking requests; words messages, calls, tours given a date and other
    dealings. What the system wrote (`automated`) is no answer.
    """
    waiting = np.zeros(distinct(h.lead, h.size), np.int64)
    found = np.empty(h.size)
    count = 0
    for i in range(h.size):
        lead = h.lead[i]
        if lead >= 0 and _IS_ASKED[h.type[i]] == 1 and waiting[lead] == 0:
            waiting[lead] = h.at[i]
        elif lead >= 0 and _IS_ANSWER[h.type[i]] == 1 and waiting[lead] != 0 and h.automated[i] != 1.0:
            found[count] = (h.at[i] - waiting[lead]) / MINUTE
            count += 1
            waiting[lead] = 0
    return ascending(found[:count])


@_service(unit="minutes", range=(0, _MINUTES), example=Example(_TALK, 62.0))
def response_minutes_p50(h: History) -> float:
    """Median time from a lead's question to the agent's answer; NaN without answers."""
    return quantile(_answer_minutes(h), 0.5)


@_service(unit="minutes", range=(0, _MINUTES), example=Example(_TALK, 91.0))
def response_minutes_p75(h: History) -> float:
    """The time within which three of four answers came; NaN without answers."""
    return quantile(_answer_minutes(h), 0.75)


@_service(unit="minutes", range=(0, _MINUTES), example=Example(_TALK, 108.4))
def response_minutes_p90(h: History) -> float:
    """The time within which nine of ten answers came; NaN without answers."""
    return quantile(_answer_minutes(h), 0.9)


def _leads_waiting(h: History) -> int:
    """Leads whose question has no answer yet."""
    waiting = np.zeros(distinct(h.lead, h.size), np.int64)
    for i in range(h.size):
        if h.lead[i] >= 0 and _IS_ASKED[h.type[i]] == 1:
            waiting[h.lead[i]] = 1
        elif h.lead[i] >= 0 and _IS_ANSWER[h.type[i]] == 1 and h.automated[i] != 1.0:
            waiting[h.lead[i]] = 0
    count = 0
    for lead in range(len(waiting)):
        count += waiting[lead]
    return count


def _within(h: History, minutes: float) -> float:
    """Share of questions answered within so many minutes; one that still waits is not."""
    answers = _answer_minutes(h)
    soon = 0
    for i in range(len(answers)):
        if answers[i] <= minutes:
            soon += 1
    asked = len(answers) + _leads_waiting(h)
    return soon / asked if asked > 0 else math.nan


@_service(unit="ratio", range=(0, 1), example=Example(_TALK, 0.3333333333))
def answered_in_5min_share(h: History) -> float:
    """Share of questions answered within 5 minutes; NaN without questions."""
    return _within(h, 5.0)


@_service(unit="ratio", range=(0, 1), example=Example(_TALK, 0.3333333333))
def answered_in_1h_share(h: History) -> float:
    """Share of questions answered within an hour; NaN without questions."""
    return _within(h, 60.0)


@_service(unit="ratio", range=(0, 1), example=Example(_TALK, 0.6666666667))
def answered_in_24h_share(h: History) -> float:
    """Share of questions answered within a day; NaN without questions."""
    return _within(h, 1440.0)


@_service(unit="leads", range=(0, _MOST), missing=0.0, example=Example(_TALK, 1.0))
def leads_waiting(h: History) -> int:
    """Leads whose last question the agent has not answered."""
    return _leads_waiting(h)


def _touched(h: History, age: int) -> int:
    """Different leads for whom the agent did something within an age."""
    seen = np.zeros(distinct(h.lead, h.size), np.int64)
    count = 0
    for i in range(h.size):
        if h.lead[i] >= 0 and _BY_AGENT[h.type[i]] == 1 and h.as_of - h.at[i] < age and seen[h.lead[i]] == 0:
            seen[h.lead[i]] = 1
            count += 1
    return count


@_service(unit="ratio", range=(0, 1), missing=0.0, example=Example(_TALK, 0.6666666667))
def coverage(h: History) -> float:
    """Share of the leads in any event that names the agent for whom the agent did something; 0 without leads."""
    return ratio(_touched(h, MONTH), distinct(h.lead, h.size))


@_service(unit="ratio", range=(0, 1), missing=0.0, example=Example(_TALK, 0.6666666667))
def coverage_7d(h: History) -> float:
    """Share of these leads for whom the agent did something in the last 7 days; 0 without leads."""
    return ratio(_touched(h, WEEK), distinct(h.lead, h.size))


@_service(unit="events/lead", range=(0, _MOST), missing=0.0, example=Example(_TALK, 1.5))
def follow_ups_per_lead(h: History) -> float:
    """Calls and messages to a lead after the first, on average over the leads called or written to; 0 without."""
    outreach, leads = 0, 0
    seen = np.zeros(distinct(h.lead, h.size), np.int64)
    for i in range(h.size):
        if h.lead[i] >= 0 and (h.type[i] == _CALL or h.type[i] == _MESSAGE):
            outreach += 1
            leads += 1 if seen[h.lead[i]] == 0 else 0
            seen[h.lead[i]] = 1
    return ratio(outreach - leads, leads)


def _count_of(h: History, kind: int) -> int:
    """Events of a type, without those that say `completed: false`."""
    count = 0
    for i in range(h.size):
        if h.type[i] == kind and h.completed[i] != 0.0:
            count += 1
    return count


@_service(unit="events", range=(0, _MOST), missing=0.0, example=Example(_TALK, 2.0))
def calls_made(h: History) -> int:
    """Calls made."""
    return _count_of(h, _CALL)


@_service(unit="ratio", range=(0, 1), example=Example(_TALK, 0.5))
def calls_answered_share(h: History) -> float:
    """Share of the calls that say so in which they spoke; NaN if none says."""
    told, spoke = 0, 0
    for i in range(h.size):
        if h.type[i] == _CALL and not math.isnan(h.answered[i]):
            told += 1
            if h.answered[i] == 1.0:
                spoke += 1
    return spoke / told if told > 0 else math.nan


@_service(unit="seconds", range=(0, 1e9), example=Example(_TALK, 300.0))
def avg_call_seconds(h: History) -> float:
    """Mean length of the calls made that say how long (0 does not); NaN if none does."""
    total, count = 0.0, 0
    for i in range(h.size):
        if h.type[i] == _CALL and h.duration_seconds[i] > 0.0:
            total += h.duration_seconds[i]
            count += 1
    return min(1e9, total / count) if count > 0 else math.nan


@_service(unit="events", range=(0, _MOST), missing=0.0, example=Example(_TALK, 2.0))
def messages_written(h: History) -> int:
    """Messages sent, without those that nobody wrote."""
    count = 0
    for i in range(h.size):
        if h.type[i] == _MESSAGE and h.automated[i] != 1.0:
            count += 1
    return count


@_service(unit="events", range=(0, _MOST), missing=0.0, example=Example(_WORK, 2.0))
def tours_scheduled(h: History) -> int:
    """Tours given a date."""
    return _count_of(h, _SCHEDULED)


@_service(unit="ratio", range=(0, 1), missing=0.0, example=Example(_WORK, 0.5))
def tours_kept_share(h: History) -> float:
    """Tours that took place by these and tours cancelled or missed; 0 of none."""
    off = 0
    for i in range(h.size):
        undone = h.type[i] == _TOURED and h.completed[i] == 0.0
        if undone or h.type[i] == _CALLED_OFF or h.type[i] == _MISSED:
            off += 1
    kept = _count_of(h, _TOURED)
    return share(kept, kept + off)


@_service(unit="events", range=(0, _MOST), missing=0.0, example=Example(_WORK, 1.0))
def offers_made(h: History) -> int:
    """Offers by the agent's leads."""
    return _count_of(h, _OFFER)


@_service(unit="events", range=(0, _MOST), missing=0.0, example=Example(_WORK, 1.0))
def deals_closed(h: History) -> int:
    """Deals closed."""
    return _count_of(h, _CLOSED)


@_service(unit="days", range=(0, 32), missing=0.0, example=Example(_WORK, 5.0))
def days_at_work(h: History) -> int:
    """Different dates in UTC on which the agent did something."""
    days, latest = 0, -1
    for i in range(h.size):
        if _BY_AGENT[h.type[i]] == 1 and h.at[i] // DAY > latest:
            latest = h.at[i] // DAY
            days += 1
    return days
