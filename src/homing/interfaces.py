"""The five contracts of homing and the values they pass. Everything above this file speaks in these words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import to_micros
from homing.core.errors import NotReady
from homing.core.ids import new_id
from homing.event_types import EventType

if TYPE_CHECKING:
    import polars
    import pyarrow

__all__ = [
    "BehavioralEvent",
    "ConfidenceLevel",
    "Counterfactual",
    "EntityType",
    "EventType",
    "FeatureSchema",
    "FeatureVector",
    "IBehaviorTracker",
    "IFeatureEngineer",
    "ILearningModel",
    "ILearningService",
    "IPersonalizationEngine",
    "LearningContext",
    "ModelPrediction",
    "Reason",
    "Recommendations",
    "Stage",
    "TrainingResult",
]

EntityType = Literal["lead", "agent", "property", "session", "visitor"]
"""What an id may name when events are asked for; a visitor's is an anonymous id."""


_LEFT_OUT = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class BehavioralEvent:
    """One thing that happened. `timestamp` is when, `received_at` is when we knew (left out: the same).

    `event_id` makes it idempotent: within a tenant an id is stored once, and what was stored first wins.

    >>> from datetime import UTC, datetime
    >>> event = BehavioralEvent(event_type=EventType.PROPERTY_VIEW, timestamp=datetime(2026, 5, 1, 12, tzinfo=UTC),
    ...                         lead_id="lead-1", property_id="home-7")
    >>> event.at, event.received_at == event.timestamp, event.tenant
    (1777636800000000, True, 'default')
    """

    event_type: EventType
    timestamp: datetime
    event_id: str = field(default_factory=lambda: new_id("evt"))
    tenant: str = "default"
    lead_id: str | None = None
    anonymous_id: str | None = None
    agent_id: str | None = None
    property_id: str | None = None
    session_id: str | None = None
    device_type: str | None = None
    source_channel: str | None = None
    campaign_id: str | None = None
    event_data: Mapping[str, Any] = field(default_factory=dict)
    outcome: str | None = None
    outcome_value: float | None = None
    outcome_timestamp: datetime | None = None
    received_at: datetime = _LEFT_OUT

    def __post_init__(self) -> None:
        if self.timestamp.tzinfo is not UTC:
            to_micros(self.timestamp)
        if self.received_at is _LEFT_OUT:
            object.__setattr__(self, "received_at", self.timestamp)
        elif self.received_at.tzinfo is not UTC:
            to_micros(self.received_at, "received_at")

    @property
    def at(self) -> int:
        """When it happened, in microseconds since 1970 UTC."""
        return to_micros(self.timestamp)

    @property
    def known_at(self) -> int:
        """When we knew, in microseconds since 1970 UTC."""
        return to_micros(self.received_at)


class ConfidenceLevel(StrEnum):
    """How sure we are of a probability, by the width of its 90 % interval: up to .05 high, .15 medium, .30 low."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNCERTAIN = "uncertain"

    @classmethod
    def of_width(cls, width: float) -> ConfidenceLevel:
        """The level of an interval of this width.

        >>> ConfidenceLevel.of_width(0.1).value, ConfidenceLevel.of_width(0.5).value
        ('medium', 'uncertain')
        """
        for limit, level in ((0.05, cls.HIGH), (0.15, cls.MEDIUM), (0.30, cls.LOW)):
            if width <= limit + 1e-12:
                return level
        return cls.UNCERTAIN


@dataclass(frozen=True, slots=True)
class FeatureSchema:
    """What every vector and table of one kind of entity holds: names, their dtypes, and the version of their meaning.

    >>> FeatureSchema.of(("views",), ("kind",), "1f").dtypes
    {'views': 'float64', 'kind': 'string'}
    """

    names: tuple[str, ...]
    dtypes: Mapping[str, Literal["float64", "string"]]
    version: str

    @classmethod
    def of(cls, numbers: Sequence[str], categories: Sequence[str], version: str) -> FeatureSchema:
        """Numbers first, then categories."""
        dtypes: dict[str, Literal["float64", "string"]] = dict.fromkeys(numbers, "float64")
        dtypes |= dict.fromkeys(categories, "string")
        return cls((*numbers, *categories), dtypes, version)


@dataclass(frozen=True, slots=True)
class FeatureVector:
    """All declared features of one entity at one moment, raw and in their declared units.

    Every declared name is always present: NaN (number) or "unknown" (category) where there is no evidence. The `schema`
    is the same for all vectors of one kind of entity that one version of the declarations made.

    >>> vector = FeatureVector("lead-1", "lead", datetime(2026, 5, 1, tzinfo=UTC), 2, {"views": 2.0, "dwell": math.nan},
    ...                        {"kind": "unknown"}, "1f")
    >>> vector.schema.names, vector.missing_mask().tolist(), vector.to_polars().columns
    (('views', 'dwell', 'kind'), [False, True, True], ['entity_id', 'views', 'dwell', 'kind'])
    """

    entity_id: str
    entity_type: str
    as_of: datetime
    event_count: int
    numerical_features: Mapping[str, float]
    categorical_features: Mapping[str, str]
    feature_version: str

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Numeric names, then categorical ones, in the order of their declaration."""
        return (*self.numerical_features, *self.categorical_features)

    @property
    def missing(self) -> tuple[str, ...]:
        """The names for which there is no evidence."""
        numbers = tuple(name for name, value in self.numerical_features.items() if math.isnan(value))
        return numbers + tuple(name for name, value in self.categorical_features.items() if value == "unknown")

    @property
    def schema(self) -> FeatureSchema:
        """The names in their order, their dtypes, and the version of their declarations."""
        return FeatureSchema.of(tuple(self.numerical_features), tuple(self.categorical_features), self.feature_version)

    def missing_mask(self) -> NDArray[np.bool_]:
        """Where there is no evidence, in the order of `feature_names`, shape (number of features,)."""
        texts = [text == "unknown" for text in self.categorical_features.values()]
        return np.concatenate([np.isnan(self.to_numpy()), np.array(texts, dtype=np.bool_)])

    def to_numpy(self) -> NDArray[np.float64]:
        """The numeric features in order, shape (number of numeric features,), NaN where there is no evidence."""
        return np.fromiter(self.numerical_features.values(), dtype=np.float64, count=len(self.numerical_features))

    def to_polars(self) -> polars.DataFrame:
        """One row: `entity_id`, then the features; a number without evidence is null, a category "unknown"."""
        import polars as pl  # heavy: loads only for tables

        numbers = {name: None if math.isnan(one) else one for name, one in self.numerical_features.items()}
        types = {"entity_id": pl.String, **dict.fromkeys(numbers, pl.Float64)}
        row = {"entity_id": self.entity_id, **numbers, **self.categorical_features}
        return pl.DataFrame([row], schema_overrides=types)

    def to_arrow(self) -> pyarrow.Table:
        """The same row as an Arrow table; needs pyarrow, which `pip install homing[arrow]` brings."""
        return arrow_of(self.to_polars())


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningContext:
    """What a caller asks of one answer, beyond whom it is for.

    `max_results` is the most homes, `min_confidence` (0 to 1) leaves out homes of which less is expected, and once
    ranking has taken `max_latency_ms` milliseconds no reasons are made. `business_rules` may hold `where` (a filter
    such as "ListPrice le 600000") and `exclude` (ids of homes not to be shown); `feature_flags` may switch off
    `reasons` and `diversity` (the care that homes are not all alike). A `model_version` or `experiment_id` that does
    not answer is told in `degraded`. `session_id` is that of what is tracked; `user_id` is the caller's own note.

    >>> LearningContext(max_results=3, feature_flags={"reasons": False}).max_latency_ms
    100
    """

    session_id: str | None = None
    user_id: str | None = None
    experiment_id: str | None = None
    model_version: str | None = None
    max_latency_ms: int = 100
    min_confidence: float = 0.0
    max_results: int = 10
    business_rules: Mapping[str, Any] = field(default_factory=dict)
    feature_flags: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a home is in a list: its share of the positive part of the score, and what proves it.

    `text` is for the agent; `say` can be said aloud and recites no tracked click.
    """

    kind: str
    share: float
    text: str
    say: str
    events: tuple[str, ...] = ()
    attributes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """What a home in a list hangs on: without these events it would not be there. `text` is for the agent."""

    text: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPrediction:
    """One home for one lead. `score` orders; `confidence` is the calibrated probability that the lead engages with it
    within 14 days of being shown it, `interval` its 90 % interval, and the level says how narrow that is.

    `sms` is its address and the first reason in one text message, empty without reasons.
    """

    property_id: str
    rank: int
    score: float
    confidence: float
    interval: tuple[float, float]
    confidence_level: ConfidenceLevel
    home: Mapping[str, object]
    reasons: tuple[Reason, ...] = ()
    rest: float = 1.0
    stretch: bool = False
    sms: str = ""
    counterfactual: Counterfactual | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """One step on the way to an answer: how many candidates it kept, and how many it removed for which reason.

    `returned` counts, by what is news about them, those of the kept that the lead has seen and that are news again; a
    home of which the price was cut and that came back counts under both.
    """

    stage: str
    kept: int
    removed: Mapping[str, int] = field(default_factory=dict)
    returned: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendations:
    """The answer to "which homes should this lead see next", with all that is needed to check it.

    `recommendation_id` is a signed token of what was answered; nothing of the answer is stored. An answer to a visitor
    has an `anonymous_id` and no `lead_id`.
    """

    recommendation_id: str
    lead_id: str | None
    anonymous_id: str | None = None
    as_of: datetime
    event_count: int
    models: Mapping[str, str]
    experiment: Mapping[str, object] | None
    degraded: tuple[str, ...]
    items: tuple[ModelPrediction, ...]
    trace: tuple[Stage, ...]

    def __iter__(self) -> Iterator[ModelPrediction]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingResult:
    """What one training of one model did."""

    model: str
    version: str
    samples: int
    seconds: float
    metrics: Mapping[str, float]
    trained_as_of: datetime
    checksum: str


@runtime_checkable
class IBehaviorTracker(Protocol):
    """Keeps events of one tenant and gives them back."""

    async def track_event(self, event: BehavioralEvent) -> bool:
        """Store one event; True when it is new, False when its id was there already. Returns once it is durable."""
        ...

    async def track_events_batch(self, events: Sequence[BehavioralEvent]) -> int:
        """Store many; returns how many were new."""
        ...

    async def get_events(
        self,
        entity_id: str | None = None,
        entity_type: EntityType = "lead",
        *,
        event_types: Sequence[EventType] | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        limit: int | None = 1000,
        newest_first: bool = True,
    ) -> list[BehavioralEvent]:
        """Events that match all that is given; both times are inclusive. Without `entity_id`, of everybody."""
        ...

    async def get_event_count(
        self,
        entity_id: str | None = None,
        entity_type: EntityType = "lead",
        *,
        event_types: Sequence[EventType] | None = None,
        start_time: datetime | None = None,
        end_time: datetime | None = None,
    ) -> int:
        """How many events match."""
        ...

    async def record_outcome(
        self, event_id: str, outcome: str, outcome_value: float | None = None, at: datetime | None = None
    ) -> bool:
        """Write what became of an event; False if there is no such event."""
        ...


@runtime_checkable
class IFeatureEngineer(Protocol):
    """Turns events into the declared features of a lead, an agent or a home."""

    async def extract_features(
        self,
        entity_id: str,
        entity_type: str = "lead",
        events: Sequence[BehavioralEvent] | None = None,
        *,
        as_of: datetime | None = None,
    ) -> FeatureVector:
        """All features of one entity as of a moment (left out: now); without `events` they come from the tracker."""
        ...

    async def batch_extract_features(
        self,
        entities: Sequence[tuple[str, str]],
        events_by_entity: Mapping[str, Sequence[BehavioralEvent]] | None = None,
        *,
        as_of: datetime | None = None,
    ) -> dict[str, FeatureVector]:
        """The features of many (id, type) pairs, keyed by entity id."""
        ...

    def get_feature_names(self, entity_type: str = "lead") -> tuple[str, ...]:
        """Every name that a vector of this type holds, in its order."""
        ...


@runtime_checkable
class ILearningModel(Protocol):
    """Learns from interactions; scores and explains. It does not filter, diversify, explore or log.

    A lead is an id known from training, or a live history; see `homing.models` for the shapes of data.
    """

    def fit(self, data: Any) -> Self:
        """Forget everything, learn from these interactions, and return the model."""
        ...

    def partial_fit(self, more: Any) -> Self:
        """Learn from further interactions without forgetting, if the model can."""
        ...

    def score(self, lead: Any, property_ids: Any) -> NDArray[np.float32]:
        """One number a home, higher is better, NaN where the model has nothing to say."""
        ...

    def recommend(self, lead: Any, k: int = 10) -> tuple[list[Any], NDArray[np.float32]]:
        """The best k homes and their scores, best first."""
        ...

    def explain(self, lead: Any, property_id: Any) -> dict[str, float]:
        """Named parts that add up to the score."""
        ...

    def save(self, folder: Path | str) -> str:
        """Write arrays and a manifest with checksums; returns the manifest's checksum."""
        ...

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """The model saved in a folder, with the same answers to the bit."""
        ...


@runtime_checkable
class IPersonalizationEngine(Protocol):
    """Answers which homes a lead should see, why, and takes back what came of it."""

    async def get_recommendations(
        self,
        entity_id: str,
        entity_type: str = "lead",
        max_results: int = 10,
        context: LearningContext | None = None,
        *,
        as_of: datetime | None = None,
    ) -> Recommendations:
        """The best homes for a lead, with reasons, confidence and trace."""
        ...

    async def get_explanation(self, entity_id: str, property_id: str) -> ModelPrediction:
        """Why this home has the score it has for this lead."""
        ...

    async def record_feedback(
        self, entity_id: str, recommendation_id: str, property_id: str, event_type: EventType
    ) -> str:
        """Store what the lead did with a recommended home; returns the event id."""
        ...


@runtime_checkable
class ILearningService(Protocol):
    """Trains and evaluates on what a tenant's store holds."""

    async def train(self, *, as_of: datetime | None = None, seed: int = 0) -> list[TrainingResult]:
        """Train, calibrate and save; the new models serve once all of them are complete on disk."""
        ...

    async def evaluate(self, *, protocol: str = "temporal", k: int = 10) -> Mapping[str, Any]:
        """Compare the models with baselines on what leads did after the models were trained."""
        ...


def moment_or_now(as_of: datetime | None, now: int) -> int:
    """The moment asked for in microseconds, or `now`."""
    return now if as_of is None else to_micros(as_of, "as_of")


def arrow_of(frame: polars.DataFrame) -> pyarrow.Table:
    """A frame as an Arrow table; refused with the way out where pyarrow is not installed."""
    try:
        import pyarrow as pa  # optional: the extra `arrow`
    except ImportError:
        raise NotReady("An Arrow table needs pyarrow: pip install 'homing[arrow]'.") from None
    return pa.table(frame)
