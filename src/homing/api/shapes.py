"""What the routes answer: encoded as it stands, and the OpenAPI document is made of it.

Dataclasses, and a typed dictionary where a field may be left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NotRequired

from typing_extensions import TypedDict  # until Python 3.12 pydantic cannot read the one of typing

from homing.core.clock import format_moment, to_micros
from homing.core.errors import Fault
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent, FeatureVector

__all__ = [
    "CheckShown",
    "CounterfactualShown",
    "Evidence",
    "FeaturesAnswer",
    "FeedbackRequest",
    "FeedbackStored",
    "FollowUpBossStored",
    "HomeCard",
    "Item",
    "LeadShown",
    "LeadsForAnswer",
    "ListingsStored",
    "MergeStored",
    "MessagesTaken",
    "ProfileStored",
    "RankRequest",
    "ReadyAnswer",
    "ReasonShown",
    "RecommendationAnswer",
    "Refused",
    "SimilarAnswer",
    "SimilarShown",
    "StageShown",
    "Stored",
    "TimelineAnswer",
    "TimelineEvent",
    "VisitorAnswer",
    "features_answer",
    "given",
    "timeline_event",
]


def given(answer: Stored) -> dict[str, Any]:
    """The fields of an answer that say something.

    >>> given(Stored(1, 0, 0, (), 7))
    {'stored': 1, 'duplicates': 0, 'suppressed': 0, 'refused': (), 'sequence': 7}
    """
    return {name: value for name in answer.__slots__ if (value := getattr(answer, name)) is not None}


@dataclass(frozen=True, slots=True)
class Refused:
    """One row of an array that was not stored: its place in the array, and everything wrong with it."""

    index: int
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of posted events; `sequence` is the number of the last event stored.

    `dropped`, if anything was, counts the fields that may not be kept, by name.
    """

    stored: int
    duplicates: int
    suppressed: int
    refused: Sequence[Refused]
    sequence: int
    dropped: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class ListingsStored:
    """What became of posted homes. `dropped`, if anything was, counts the fields that may not be kept, by name."""

    created: int
    updated: int
    unchanged: int
    refused: Sequence[Refused]
    dropped: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class FeaturesAnswer:
    """All features of one lead, raw and in their declared units; null and `missing` where there is no evidence."""

    entity_id: str
    entity_type: str
    as_of: str
    event_count: int
    numeric: Mapping[str, float | None]
    categorical: Mapping[str, str]
    missing: Sequence[str]


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """One event of a lead; `local_time` is what the clock showed where the lead lives.

    `anonymous_id` names the visitor as whom it was done, if any.
    """

    event_id: str
    event_type: str
    timestamp: str
    received_at: str
    local_time: str
    property_id: str | None
    agent_id: str | None
    session_id: str | None
    anonymous_id: str | None
    device_type: str | None
    source_channel: str | None
    event_data: Mapping[str, Any]
    outcome: str | None


@dataclass(frozen=True, slots=True)
class TimelineAnswer:
    """The latest events of a lead, newest first."""

    lead_id: str
    time_zone: str
    event_count: int
    events: Sequence[TimelineEvent]


@dataclass(frozen=True, slots=True)
class HomeCard:
    """What is shown of a home."""

    address: str | None
    ListPrice: float | None
    beds: float | None
    baths: float | None
    area: float | None
    photo: str | None
    url: str | None
    attribution: str | None
    updated_at: str | None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves a reason: ids of events, and attributes of the home."""

    events: Sequence[str]
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReasonShown:
    """One part of a score: `text` for the agent, `say` to be said aloud."""

    kind: str
    share: float
    text: str
    say: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class CounterfactualShown:
    """The sentence, for the agent, that a home would not be in the list without some acts, and the ids of those."""

    text: str
    events: Sequence[str]


class Item(TypedDict):
    """One home of an answer; `confidence` is the probability of engagement within 14 days of being shown.

    With `explain=full` there are also `sms`, its address and the first reason in one text message (160 characters of
    GSM-7), and `counterfactual`, null where the home stays whatever is left out.
    """

    property_id: str
    rank: int
    score: float | None
    confidence: float | None
    interval: tuple[float | None, float | None]
    confidence_level: str
    stretch: bool
    home: HomeCard
    reasons: Sequence[ReasonShown]
    rest: float
    sms: NotRequired[str | None]
    counterfactual: NotRequired[CounterfactualShown | None]


class StageShown(TypedDict):
    """One step on the way to the answer; `returned` counts, by what is news, the homes that are news again to the lead.

    It is left out where there are none.
    """

    stage: str
    kept: int
    removed: Mapping[str, int]
    returned: NotRequired[Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class RecommendationAnswer:
    """Which homes to show next, and all that is needed to check it."""

    recommendation_id: str
    lead_id: str | None
    as_of: str
    event_count: int
    models: Mapping[str, str]
    experiment: Mapping[str, Any] | None
    degraded: Sequence[str]
    items: Sequence[Item]
    trace: Sequence[StageShown]


@dataclass(frozen=True, slots=True)
class VisitorAnswer(RecommendationAnswer):
    """An answer to a visitor, whose `lead_id` is null."""

    anonymous_id: str | None


@dataclass(frozen=True, slots=True)
class RankRequest:
    """Homes to put in order for a lead or a visitor."""

    property_ids: Sequence[str]
    lead_id: str | None = None
    anonymous_id: str | None = None
    explain: bool = True


@dataclass(frozen=True, slots=True)
class FeedbackRequest:
    """What a shopper did with a home of an answer; `recommendation_shown` reports that it was seen in the list."""

    recommendation_id: str
    property_id: str
    event_type: EventType


@dataclass(frozen=True, slots=True)
class FeedbackStored:
    """The event that tells of it; `stored` is false when it had been reported before."""

    event_id: str
    stored: bool
    sequence: int


class MessagesTaken(TypedDict):
    """What the clients of Segment and RudderStack expect; `refused`, if given, are messages that nobody can store."""

    success: bool
    refused: NotRequired[Sequence[Refused]]


@dataclass(frozen=True, slots=True)
class FollowUpBossStored:
    """The lead that an event of Follow Up Boss was stored under; `stored` is false when it had been sent before."""

    id: str
    event_id: str
    stored: bool
    sequence: int


@dataclass(frozen=True, slots=True)
class ProfileStored:
    """What a profile that was put did: `outcome` is created, updated or unchanged.

    `dropped` names the fields that homing may not keep, such as those that say who the person is.
    """

    outcome: str
    dropped: Sequence[str]


@dataclass(frozen=True, slots=True)
class MergeStored:
    """A visitor and its lead: `changed` is false if nothing had to be done. `event_count` is the lead's, after it."""

    lead_id: str
    anonymous_id: str
    changed: bool
    event_count: int


@dataclass(frozen=True, slots=True)
class LeadShown:
    """A lead for a home; `confidence` is the probability of engagement within 14 days of being shown it."""

    lead_id: str
    rank: int
    score: float | None
    confidence: float | None
    interval: tuple[float | None, float | None]
    confidence_level: str
    reasons: Sequence[ReasonShown]
    rest: float


@dataclass(frozen=True, slots=True)
class LeadsForAnswer:
    """The leads who want a home, most likely first, and how many were left out for which reason."""

    property_id: str
    as_of: str
    models: Mapping[str, str]
    degraded: Sequence[str]
    home: HomeCard
    items: Sequence[LeadShown]
    trace: Sequence[StageShown]


@dataclass(frozen=True, slots=True)
class SimilarShown:
    """A home like another; `alike` says in what, with the share of the likeness and the attribute of both homes."""

    property_id: str
    rank: int
    score: float | None
    home: HomeCard
    alike: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class SimilarAnswer:
    """Homes on the market like one home, most alike first."""

    property_id: str
    items: Sequence[SimilarShown]


@dataclass(frozen=True, slots=True)
class CheckShown:
    """One thing a deployment needs, and what to do if it is not there."""

    name: str
    ok: bool
    hint: str


@dataclass(frozen=True, slots=True)
class ReadyAnswer:
    """Whether events can be stored durably, and what else is there or not."""

    ready: bool
    checks: Sequence[CheckShown]


def features_answer(vector: FeatureVector) -> FeaturesAnswer:
    """A feature vector in the shape of commands and routes."""
    numeric = {name: None if math.isnan(value) else value for name, value in vector.numerical_features.items()}
    return FeaturesAnswer(
        entity_id=vector.entity_id,
        entity_type=vector.entity_type,
        as_of=format_moment(to_micros(vector.as_of)),
        event_count=vector.event_count,
        numeric=numeric,
        categorical=dict(vector.categorical_features),
        missing=list(vector.missing),
    )


def timeline_event(event: BehavioralEvent, local_time: str) -> TimelineEvent:
    """An event in the shape of the timeline."""
    return TimelineEvent(
        event_id=event.event_id,
        event_type=event.event_type.value,
        timestamp=format_moment(event.at),
        received_at=format_moment(event.known_at),
        local_time=local_time,
        property_id=event.property_id,
        agent_id=event.agent_id,
        session_id=event.session_id,
        anonymous_id=event.anonymous_id,
        device_type=event.device_type,
        source_channel=event.source_channel,
        event_data=event.event_data,
        outcome=event.outcome,
    )
