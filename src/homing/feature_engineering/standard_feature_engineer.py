"""All declared features of leads, homes and agents, live for one and in batch for many, as of any moment."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import Clock, from_micros, system_clock
from homing.core.errors import BadInput
from homing.core.telemetry import logger
from homing.feature_engineering import FEATURES
from homing.feature_engineering.declaration import Feature, version_of
from homing.feature_engineering.interpreter import interpreted
from homing.feature_engineering.kernel import Kernel, KernelState
from homing.feature_engineering.plan import derived_read, labels_read, numbers_read
from homing.interfaces import BehavioralEvent, FeatureVector, IBehaviorTracker, moment_or_now
from homing.store.columns import EventColumns, columns_of
from homing.store.events import EventQuery, EventStore
from homing.tracking.history import Histories, Subject, histories
from homing.tracking.homes import HomeSource
from homing.tracking.local_time import checked_zone

__all__ = ["FeatureStats", "FeatureTable", "StandardFeatureEngineer"]

_log = logger(__name__)
_FAILURES = (ValueError, ArithmeticError, LookupError, TypeError)
_CHUNK = 256
_ONE_BY_ONE = 32
_DEFAULT_CACHE = Path("~/.cache/homing")


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """The features of many entities: `numbers` (entities, numeric names) float64, `categories` name to texts."""

    entity_type: Subject
    entity_ids: tuple[str, ...]
    event_counts: NDArray[np.int64]
    names: tuple[str, ...]
    numbers: NDArray[np.float64]
    categories: Mapping[str, tuple[str, ...]]
    feature_version: str


@dataclass(frozen=True, slots=True)
class FeatureStats:
    """What an engineer has done: vectors by path, entities that failed with the reason, the state of each kernel."""

    compiled: int
    interpreted: int
    failed: int
    failures: Mapping[str, str]
    kernels: Mapping[Subject, KernelState]


@dataclass(slots=True)
class _Tally:
    compiled: int = 0
    interpreted: int = 0
    failed: int = 0
    failures: dict[str, str] = field(default_factory=dict)


class StandardFeatureEngineer:
    """Extracts every declared feature; each name is always present, NaN or "unknown" where there is no evidence.

    Parameters
    ----------
    tracker: where events come from when none are given.
    clock: the present moment, for calls without `as_of`.
    cache_dir: the folder of compiled kernels; left out, `~/.cache/homing`.
    time_zone_of: the IANA zone of a lead as known at a moment (id, microseconds), by which hours, weekdays and dates
        are counted.
    homes: what is known of the homes that events name, such as `KnownHomes(catalogue)`, as of any moment.
    warm_after: how many vectors are interpreted before kernels are loaded or compiled in the background; `warm` does it
        at once. Both paths give the same values.

    >>> from datetime import UTC, datetime
    >>> from homing.event_types import EventType
    >>> view = BehavioralEvent(event_type=EventType.PROPERTY_VIEW, timestamp=datetime(2026, 5, 1, 9, tzinfo=UTC),
    ...                        lead_id="lead-1", property_id="home-7")
    >>> engineer = StandardFeatureEngineer(None)
    >>> vector = asyncio.run(engineer.extract_features("lead-1", "lead", [view],
    ...                                                as_of=datetime(2026, 5, 3, 12, tzinfo=UTC)))
    >>> vector.numerical_features["property_view_count"], vector.numerical_features["days_since_last_activity"]
    (1.0, 2.0)
    >>> vector.categorical_features["preferred_time_period"], "avg_view_duration_seconds" in vector.missing
    ('morning', True)
    """

    def __init__(
        self,
        tracker: IBehaviorTracker | None,
        *,
        clock: Clock = system_clock,
        cache_dir: Path | None = None,
        time_zone_of: Callable[[str, int], str] = lambda _lead_id, _as_of: "UTC",
        homes: HomeSource | None = None,
        warm_after: int = 64,
    ) -> None:
        self.tracker = tracker
        self._clock = clock
        self._time_zone_of = time_zone_of
        self._homes = homes
        self._warm_after = warm_after
        folder = (cache_dir or _DEFAULT_CACHE).expanduser() / "features"
        self._kernels = {subject: Kernel(subject, features, folder) for subject, features in FEATURES.items()}
        self._tally = _Tally()
        self._lock = threading.Lock()

    async def extract_features(
        self,
        entity_id: str,
        entity_type: str = "lead",
        events: Sequence[BehavioralEvent] | None = None,
        *,
        as_of: datetime | None = None,
    ) -> FeatureVector:
        """All features of one entity as of a moment (left out: now); without `events` they come from the tracker."""
        subject, at = _subject(entity_type), moment_or_now(as_of, self._clock())
        if events is None:
            return (await self._from_tracker(subject, [entity_id], at))[0]
        return self._vectors(subject, [entity_id], [_known_count(events, subject, entity_id, at)], events, at)[0]

    async def batch_extract_features(
        self,
        entities: Sequence[tuple[str, str]],
        events_by_entity: Mapping[str, Sequence[BehavioralEvent]] | None = None,
        *,
        as_of: datetime | None = None,
    ) -> dict[str, FeatureVector]:
        """The features of many (id, type) pairs, keyed by entity id.

        An entity that fails is left out, logged, and named with its reason in `stats().failures`.
        """
        pairs = list(dict.fromkeys(entities))
        if len({entity_id for entity_id, _ in pairs}) != len(pairs):
            raise BadInput.of("entities", "name each id with one type only, for answers are keyed by id", pairs)
        at = moment_or_now(as_of, self._clock())
        found: dict[str, FeatureVector] = {}
        for entity_type in dict.fromkeys(kind for _, kind in pairs):
            ids = [entity_id for entity_id, kind in pairs if kind == entity_type]
            found |= await self._batch(_subject(entity_type), ids, events_by_entity, at)
        return {entity_id: found[entity_id] for entity_id, _ in pairs if entity_id in found}

    def get_feature_names(self, entity_type: str = "lead") -> tuple[str, ...]:
        """Every name that a vector of this type holds, in its order: numbers, then categories."""
        return tuple(one.name for one in FEATURES[_subject(entity_type)])

    def get_feature_types(self, entity_type: str = "lead") -> dict[str, Literal["numerical", "categorical"]]:
        """Whether each name is a number or a text."""
        return {one.name: "categorical" if one.is_category else "numerical" for one in FEATURES[_subject(entity_type)]}

    def feature_matrix(self, of: Histories, as_of: int | NDArray[np.int64]) -> NDArray[np.float64]:
        """All features of all entities, each as of its own moment, shape (entities, features).

        Categories are codes that `Feature.text` decodes with `of.words`. Compiled if the kernel is ready, else
        interpreted; the values are the same.
        """
        moments = np.array(np.broadcast_to(np.asarray(as_of, dtype=np.int64), (len(of),)))
        features, kernel = FEATURES[of.subject], self._kernels[of.subject]
        if self._tally.interpreted + len(of) > self._warm_after:
            kernel.start()
        out = np.empty((len(of), len(features)))
        for start in range(0, len(of), _CHUNK):
            rest = slice(start, None)
            values = kernel(_part(of, rest), moments[rest])
            if values is not None:
                out[rest] = values
                self._count(compiled=len(values))
                break
            chunk = slice(start, start + _CHUNK)
            out[chunk] = interpreted(features, _part(of, chunk), moments[chunk])
            self._count(interpreted=len(out[chunk]))
        return out

    def feature_table(
        self,
        entity_type: str = "lead",
        *,
        as_of: datetime | None = None,
        entity_ids: Sequence[str] | None = None,
        store: EventStore | None = None,
        tenant: str | None = None,
    ) -> FeatureTable:
        """The features of these entities; left out, of all that any event known by `as_of` names. Synchronous.

        The events come from the tracker's store and tenant, or from those given. A lead that fails is left out, logged,
        and named with its reason in `stats().failures`.
        """
        subject, at = _subject(entity_type), moment_or_now(as_of, self._clock())
        source, owner = store or getattr(self.tracker, "store", None), tenant or getattr(self.tracker, "tenant", None)
        if source is None or owner is None:
            raise BadInput.of("store", "be given, because the tracker has none", self.tracker)
        events = self._columns(source, owner, subject, EventQuery(upto=at, known_upto=at))
        of = self._usable_histories(events, subject, entity_ids, at)
        matrix = self.feature_matrix(of, at)
        features = FEATURES[subject]
        numeric = [place for place, one in enumerate(features) if not one.is_category]
        return FeatureTable(
            entity_type=subject,
            entity_ids=of.entity_ids,
            event_counts=np.diff(of.offsets),
            names=tuple(features[place].name for place in numeric),
            numbers=matrix[:, numeric],
            categories={
                one.name: tuple(one.text(value, of.words) for value in matrix[:, place].tolist())
                for place, one in enumerate(features)
                if one.is_category
            },
            feature_version=version_of(features),
        )

    def warm(self, entity_type: str = "lead", wait_seconds: float | None = 0.0) -> bool:
        """Bring the compiled kernel up in the background now; whether it is ready after this long (None: wait)."""
        return self._kernels[_subject(entity_type)].wait(wait_seconds)

    def stats(self) -> FeatureStats:
        """What was done so far, and how the kernels stand."""
        tally = self._tally
        kernels = {subject: kernel.state for subject, kernel in self._kernels.items()}
        return FeatureStats(tally.compiled, tally.interpreted, tally.failed, dict(tally.failures), kernels)

    async def _batch(
        self,
        subject: Subject,
        ids: Sequence[str],
        given: Mapping[str, Sequence[BehavioralEvent]] | None,
        at: int,
    ) -> dict[str, FeatureVector]:
        try:
            return dict(zip(ids, await self._some(subject, ids, given, at), strict=True))
        except _FAILURES as error:
            if len(ids) == 1:
                self._failed(ids[0], error)
                return {}
        found: dict[str, FeatureVector] = {}
        for entity_id in ids:
            found |= await self._batch(subject, [entity_id], given, at)
        return found

    async def _some(
        self, subject: Subject, ids: Sequence[str], given: Mapping[str, Sequence[BehavioralEvent]] | None, at: int
    ) -> list[FeatureVector]:
        if given is None:
            return await self._from_tracker(subject, ids, at)
        counts = [_known_count(given.get(entity_id, ()), subject, entity_id, at) for entity_id in ids]
        events = [event for entity_id in ids for event in given.get(entity_id, ())]
        return self._vectors(subject, ids, counts, events, at)

    async def _from_tracker(self, subject: Subject, ids: Sequence[str], at: int) -> list[FeatureVector]:
        store, tenant = getattr(self.tracker, "store", None), getattr(self.tracker, "tenant", None)
        if store is not None and tenant is not None:
            return await asyncio.to_thread(self._from_store, store, tenant, subject, ids, at)
        if self.tracker is None:
            raise BadInput.of("events", "be given, because there is no tracker", None)
        events: list[BehavioralEvent] = []
        for entity_id in ids:
            events += await self.tracker.get_events(entity_id, subject, limit=None)
        counts = [_known_count(events, subject, entity_id, at) for entity_id in ids]
        return self._vectors(subject, ids, counts, events, at)

    def _from_store(
        self, store: EventStore, tenant: str, subject: Subject, ids: Sequence[str], at: int
    ) -> list[FeatureVector]:
        since = at - max(one.window for one in FEATURES[subject]) + 1
        counts = [store.count(tenant, _query(subject, entity_id, upto=at, known_upto=at)) for entity_id in ids]
        if len(ids) > _ONE_BY_ONE:
            events = self._columns(store, tenant, subject, EventQuery(since=since, upto=at, known_upto=at))
            return self._answers(self._histories(events, subject, ids, at), counts, at)
        vectors: list[FeatureVector] = []
        for entity_id, count in zip(ids, counts, strict=True):
            query = _query(subject, entity_id, since=since, upto=at, known_upto=at)
            of = self._histories(self._columns(store, tenant, subject, query), subject, [entity_id], at)
            vectors += self._answers(of, [count], at)
        return vectors

    def _columns(self, store: EventStore, tenant: str, subject: Subject, query: EventQuery) -> EventColumns:
        features = FEATURES[subject]
        return store.columns(tenant, query, numbers_read(features), labels_read(features))

    def _vectors(
        self, subject: Subject, ids: Sequence[str], counts: Sequence[int], events: Iterable[BehavioralEvent], at: int
    ) -> list[FeatureVector]:
        once = {event.event_id: event for event in reversed(list(events))}
        features = FEATURES[subject]
        columns = columns_of(once.values(), numbers_read(features), labels_read(features))
        return self._answers(self._histories(columns, subject, ids, at), counts, at)

    def _histories(self, events: EventColumns, subject: Subject, ids: Sequence[str] | None, at: int) -> Histories:
        return histories(
            events,
            subject,
            ids,
            time_zone_of=lambda lead_id: self._time_zone_of(lead_id, at),
            homes=self._homes,
            as_of=at,
            derived=derived_read(FEATURES[subject]),
        )

    def _usable_histories(
        self, events: EventColumns, subject: Subject, ids: Sequence[str] | None, at: int
    ) -> Histories:
        """The histories without those leads whose time zone nobody knows; for others than leads such a zone is UTC."""
        zones: dict[str, str] = {}
        for lead_id in events.leads.ids:
            try:
                zones[lead_id] = checked_zone(self._time_zone_of(lead_id, at))
            except _FAILURES as error:
                self._failed(lead_id, error)
        wanted = ids
        if subject == "lead":
            wanted = [
                one for one in (events.leads.ids if ids is None else ids) if one in zones or one not in events.leads
            ]
        return histories(
            events,
            subject,
            wanted,
            time_zone_of=lambda lead_id: zones.get(lead_id, "UTC"),
            homes=self._homes,
            as_of=at,
            derived=derived_read(FEATURES[subject]),
        )

    def _answers(self, of: Histories, counts: Sequence[int], at: int) -> list[FeatureVector]:
        features = FEATURES[of.subject]
        rows, version, moment = self.feature_matrix(of, at).tolist(), version_of(features), from_micros(at)
        return [
            FeatureVector(
                entity_id=entity_id,
                entity_type=of.subject,
                as_of=moment,
                event_count=count,
                numerical_features=_numbers(features, row),
                categorical_features={
                    one.name: one.text(value, of.words)
                    for one, value in zip(features, row, strict=True)
                    if one.is_category
                },
                feature_version=version,
            )
            for entity_id, row, count in zip(of.entity_ids, rows, counts, strict=True)
        ]

    def _count(self, compiled: int = 0, interpreted: int = 0) -> None:
        with self._lock:
            self._tally.compiled += compiled
            self._tally.interpreted += interpreted

    def _failed(self, entity_id: str, error: Exception) -> None:
        _log.warning("no features for an entity", entity_id=entity_id, reason=str(error))
        with self._lock:
            self._tally.failed += 1
            if len(self._tally.failures) < _CHUNK or entity_id in self._tally.failures:
                self._tally.failures[entity_id] = str(error)


def _subject(entity_type: str) -> Subject:
    if entity_type not in get_args(Subject):
        raise BadInput.of("entity_type", f"be one of {', '.join(get_args(Subject))}", entity_type)
    return cast("Subject", entity_type)


def _query(subject: Subject, entity_id: str, *, upto: int, known_upto: int, since: int | None = None) -> EventQuery:
    return EventQuery(
        lead_id=entity_id if subject == "lead" else None,
        property_id=entity_id if subject == "property" else None,
        agent_id=entity_id if subject == "agent" else None,
        since=since,
        upto=upto,
        known_upto=known_upto,
    )


def _known_count(events: Iterable[BehavioralEvent], subject: Subject, entity_id: str, at: int) -> int:
    """How many different events name the entity, happened by `at` and were known by then."""
    return len(
        {
            event.event_id
            for event in events
            if getattr(event, f"{subject}_id") == entity_id and event.at <= at and event.known_at <= at
        }
    )


def _part(of: Histories, entities: slice) -> Histories:
    """Some neighbouring entities of a history."""
    start, stop, _ = entities.indices(len(of))
    if start == 0 and stop == len(of):
        return of
    first, last = int(of.offsets[start]), int(of.offsets[stop])
    return Histories(
        of.subject,
        of.entity_ids[start:stop],
        of.offsets[start : stop + 1] - first,
        {name: values[first:last] for name, values in of.columns.items()},
        of.words,
    )


def _numbers(features: Sequence[Feature], row: Sequence[float]) -> dict[str, float]:
    return {one.name: value for one, value in zip(features, row, strict=True) if not one.is_category}
