"""What an agent does in 30 days: every event here names the agent."""

from __future__ import annotations

from homing.core.clock import DAY, HOUR
from homing.event_types import EventType
from homing.feature_engineering.arithmetic import distinct, ratio, whole_days
from homing.feature_engineering.declaration import ALL, Example, feature
from homing.feature_engineering.feature_extractors.vocabulary import MONTH
from homing.tracking.history import History

_MOST = 1e9
_BY_AGENTS = [kind for kind in EventType if kind.spec.cause == "agent"]

_A_WEEK = [
    (7 * DAY, "agent_action", {"lead_id": None}),
    (6 * DAY, "call_made", {"lead_id": "a"}),
    (5 * DAY, "message_sent", {"lead_id": "b"}),
    (4 * DAY, "tour_completed", {"lead_id": "a"}),
    (3 * DAY, "tour_completed", {"lead_id": "b", "completed": False}),
    (2 * DAY + HOUR, "message_sent", {"lead_id": "b"}),
    (DAY, "message_received", {"lead_id": "c"}),
]


@feature(
    subject="agent",
    unit="events",
    family="agents",
    reads=_BY_AGENTS,
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example(_A_WEEK, 6.0),
)
def action_count(h: History) -> int:
    """Things the agent did: calls, messages, tours, notes and the like."""
    return h.size


@feature(
    subject="agent",
    unit="leads",
    family="agents",
    reads=_BY_AGENTS,
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example(_A_WEEK, 2.0),
)
def leads_touched(h: History) -> int:
    """Different leads for whom the agent did something."""
    return distinct(h.lead, h.size)


@feature(
    subject="agent",
    unit="leads",
    family="agents",
    reads=ALL,
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example(_A_WEEK, 3.0),
)
def leads_known(h: History) -> int:
    """Different leads in any event that names the agent, whoever caused it."""
    return distinct(h.lead, h.size)


def _that_took_place(h: History) -> int:
    count = 0
    for i in range(h.size):
        if h.completed[i] != 0.0:
            count += 1
    return count


@feature(
    subject="agent",
    unit="events",
    family="agents",
    reads=[EventType.TOUR_COMPLETED],
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example(_A_WEEK, 1.0),
)
def tours_given(h: History) -> int:
    """Tours that took place."""
    return _that_took_place(h)


@feature(
    subject="agent",
    unit="events",
    family="agents",
    reads=[EventType.CALL_MADE, EventType.MESSAGE_SENT],
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example(_A_WEEK, 3.0),
)
def outreach_count(h: History) -> int:
    """Calls made and messages sent."""
    return h.size


@feature(
    subject="agent",
    unit="events",
    family="agents",
    reads=_BY_AGENTS,
    window=MONTH,
    range=(0, _MOST),
    missing=0.0,
    example=Example(_A_WEEK, 2.5),
)
def actions_per_lead(h: History) -> float:
    """Things done for a lead, on average over the leads touched; 0 without leads."""
    with_lead = 0
    for i in range(h.size):
        if h.lead[i] >= 0:
            with_lead += 1
    return ratio(with_lead, distinct(h.lead, h.size))


@feature(
    subject="agent",
    unit="days",
    family="agents",
    reads=_BY_AGENTS,
    window=MONTH,
    range=(0, 30),
    example=Example(_A_WEEK, 2.0),
)
def days_since_last_action(h: History) -> int:
    """Whole days from the last thing the agent did to `as_of`; NaN without any."""
    return whole_days(h.at[h.size - 1], h.as_of)
