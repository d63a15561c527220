"""All declared features of leads, homes and agents, live for one and in batch for many, as of any moment."""

from __future__ import annotations

import asyncio
import os
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar, cast, get_args

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import Clock, system_clock, to_micros
from homing.core.errors import BadInput, Fault
from homing.core.telemetry import logger
from homing.feature_engineering import FEATURES
from homing.feature_engineering.behind import Behind, behind
from homing.feature_engineering.declaration import version_of
from homing.feature_engineering.feature_table import FeatureTable, joined, table_of, vectors_of
from homing.feature_engineering.interpreter import interpreted
from homing.feature_engineering.kernel import Kernel, KernelState
from homing.feature_engineering.loading import FAILURES, Loading, TimeZoneOf
from homing.feature_engineering.plan import neighbours
from homing.feature_engineering.vector_cache import CacheStats, VectorCache
from homing.interfaces import BehavioralEvent, FeatureSchema, FeatureVector, IBehaviorTracker, moment_or_now
from homing.store.events import EventQuery, EventStore
from homing.tracking.history import Histories, Subject
from homing.tracking.homes import HomeSource
from homing.tracking.peers import PeerSource

__all__ = ["FeatureStats", "StandardFeatureEngineer"]

_log = logger(__name__)
_CHUNK = 256
_DEFAULT_CACHE = Path("~/.cache/homing")
_Thing = TypeVar("_Thing")


@dataclass(frozen=True, slots=True)
class FeatureStats:
    """What was done: vectors by path, entities that failed with the reason, the state of each kernel, the cache."""

    compiled: int
    interpreted: int
    failed: int
    failures: Mapping[str, str]
    kernels: Mapping[Subject, KernelState]
    cache: CacheStats


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
    people_revision: a number that changes with every change of what `time_zone_of` answers; without it the vectors of
        homes and agents are never cached.
    homes: what is known of the homes that events name, such as `KnownHomes(catalogue)`, as of any moment.
    peers: the market in which homes are like others, and who views them, such as `KnownPeers(catalogue, store)`.
    warm_after: how many vectors are interpreted before kernels are loaded or compiled in the background; `warm` does it
        at once. Both paths give the same values.
    cached_vectors: how many vectors of one tenant's store are kept. One is given again only for the same entity and
        moment, while its events, the merges, zones, homes and peers it was made of, and the declarations are the same.

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

    def __init__(  # noqa: PLR0913  # where things come from, each by its name
        self,
        tracker: IBehaviorTracker | None,
        *,
        clock: Clock = system_clock,
        cache_dir: Path | None = None,
        time_zone_of: TimeZoneOf = lambda _lead_id, _as_of: "UTC",
        people_revision: Callable[[], int] | None = None,
        homes: HomeSource | None = None,
        peers: PeerSource | None = None,
        warm_after: int = 64,
        cached_vectors: int = 1_000,
    ) -> None:
        self.tracker = tracker
        self._clock = clock
        self._warm_after = warm_after
        folder = (cache_dir or _DEFAULT_CACHE).expanduser() / "features"
        self._kernels = {subject: Kernel(subject, features, folder) for subject, features in FEATURES.items()}
        self._loading = {
            subject: Loading(subject, features, time_zone_of, homes, people_revision, peers)
            for subject, features in FEATURES.items()
        }
        self._cache = VectorCache(cached_vectors)
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
        given = None if events is None else {entity_id: events}
        work = await self._work(subject, [entity_id], given, at)
        done = await work([entity_id])
        for error in done.failed.values():
            raise error
        return done.made[0]

    async def batch_extract_features(
        self,
        entities: Sequence[tuple[str, str]],
        events_by_entity: Mapping[str, Sequence[BehavioralEvent]] | None = None,
        *,
        as_of: datetime | None = None,
    ) -> dict[str, FeatureVector]:
        """The features of many (id, type) pairs, keyed by entity id; several at once, with the same values as in turn.

        An entity that fails is left out, logged, and named with its reason in `stats().failures`.
        """
        pairs = list(dict.fromkeys(entities))
        if len({entity_id for entity_id, _ in pairs}) != len(pairs):
            raise BadInput.of("entities", "name each id with one type only, for answers are keyed by id", pairs)
        at = moment_or_now(as_of, self._clock())
        free = asyncio.Semaphore(os.cpu_count() or 1)

        async def some(subject: Subject, ids: Sequence[str]) -> list[FeatureVector]:
            async with free:
                return await self._apart(await self._work(subject, ids, events_by_entity, at), ids)

        asked = [
            some(_subject(entity_type), ids)
            for entity_type in dict.fromkeys(kind for _, kind in pairs)
            for ids in _chunks([entity_id for entity_id, kind in pairs if kind == entity_type])
        ]
        found = {vector.entity_id: vector for vectors in await asyncio.gather(*asked) for vector in vectors}
        return {entity_id: found[entity_id] for entity_id, _ in pairs if entity_id in found}

    def get_feature_names(self, entity_type: str = "lead") -> tuple[str, ...]:
        """Every name that a vector of this type holds, in its order: numbers, then categories."""
        return self.schema(entity_type).names

    def get_feature_types(self, entity_type: str = "lead") -> dict[str, Literal["numerical", "categorical"]]:
        """Whether each name is a number or a text."""
        return {one.name: "categorical" if one.is_category else "numerical" for one in FEATURES[_subject(entity_type)]}

    def schema(self, entity_type: str = "lead") -> FeatureSchema:
        """The names, dtypes and version of every vector and table of this type."""
        features = FEATURES[_subject(entity_type)]
        numbers = [one.name for one in features if not one.is_category]
        return FeatureSchema.of(numbers, [one.name for one in features if one.is_category], version_of(features))

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
            values = kernel(neighbours(of, rest), moments[rest])
            if values is not None:
                out[rest] = values
                self._count(compiled=len(values))
                break
            chunk = slice(start, start + _CHUNK)
            out[chunk] = interpreted(features, neighbours(of, chunk), moments[chunk])
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
        source, at = self._source(store, tenant), moment_or_now(as_of, self._clock())
        subject = _subject(entity_type)
        ids = source.names(subject, at) if entity_ids is None else entity_ids
        return joined(self._tables(source, subject, ids, at))

    def feature_tables(
        self,
        entity_type: str = "lead",
        *,
        as_of: datetime | None = None,
        entity_ids: Sequence[str] | None = None,
    ) -> tuple[int, Iterator[FeatureTable]]:
        """How many entities there are, and the rows of `feature_table` in parts, so that memory stays bounded."""
        source, at = self._source(), moment_or_now(as_of, self._clock())
        subject = _subject(entity_type)
        ids = source.names(subject, at) if entity_ids is None else entity_ids
        return len(ids), self._tables(source, subject, ids, at)

    def training_table(
        self,
        pairs: Sequence[tuple[str, datetime]],
        entity_type: str = "lead",
        *,
        store: EventStore | None = None,
        tenant: str | None = None,
    ) -> FeatureTable:
        """One row for each (entity id, moment), in the order given: the features as they would have been said then.

        Only what had happened and was known by the moment counts, of events, of who a visitor is, of homes and of time
        zones. A pair whose features cannot be had is refused, all of them at once, for a row left out would shift the
        labels that stand beside the table.
        """
        source, subject = self._source(store, tenant), _subject(entity_type)
        asked = [(entity_id, to_micros(moment)) for entity_id, moment in pairs]
        loading = self._loading[subject].remembering()
        alike = subject == "lead" and not source.store.identities.revision(source.tenant)
        done = [
            (
                rows,
                self._stored(
                    source, loading, [asked[row][0] for row in rows], np.array([asked[row][1] for row in rows])
                ),
            )
            for together in _rounds(asked, alike)
            for rows in _chunks(together)
        ]
        faults = [
            Fault(f"pairs[{row}]", "be a lead whose features can be had", f"{asked[row][0]}: {error}")
            for rows, part in done
            for row in rows
            if (error := part.failed.get(asked[row][0])) is not None
        ]
        if faults:
            raise BadInput(faults)
        place = {row: number for number, row in enumerate(row for rows, _ in done for row in rows)}
        empty = self._stored(source, loading, [], np.zeros(0, np.int64)).made
        return joined(
            [*empty, *(table for _, part in done for table in part.made)], [place[row] for row in range(len(asked))]
        )

    def behind(
        self, entity_id: str, entity_type: str = "lead", *, as_of: datetime | None = None, most: int = 3
    ) -> Mapping[str, Behind]:
        """For each feature how many events its value was made of, and the latest `most` of them."""
        source, at, subject = self._source(), moment_or_now(as_of, self._clock()), _subject(entity_type)
        events = self._loading[subject].columns(source.store, source.tenant, [entity_id], at, at)
        return behind(FEATURES[subject], events, subject, entity_id, at, most)

    def warm(self, entity_type: str = "lead", wait_seconds: float | None = 0.0) -> bool:
        """Bring the compiled kernel up in the background now; whether it is ready after this long (None: wait)."""
        return self._kernels[_subject(entity_type)].wait(wait_seconds)

    def stats(self) -> FeatureStats:
        """What was done so far, how the cache fares, and how the kernels stand."""
        tally, cache = self._tally, self._cache.stats()
        kernels = {subject: kernel.state for subject, kernel in self._kernels.items()}
        return FeatureStats(tally.compiled, tally.interpreted, tally.failed, dict(tally.failures), kernels, cache)

    async def _work(
        self,
        subject: Subject,
        ids: Sequence[str],
        given: Mapping[str, Sequence[BehavioralEvent]] | None,
        at: int,
    ) -> _Work:
        """What makes the vectors of some of these entities: from events given, from the store, or from the tracker."""
        if given is None and hasattr(self.tracker, "store") and hasattr(self.tracker, "tenant"):
            source = self._source()

            async def work(some: Sequence[str]) -> _Vectors:
                return await asyncio.to_thread(self._live, source, subject, some, at)

            return work
        if given is None and self.tracker is None:
            raise BadInput.of("events", "be given, because there is no tracker", None)
        held = dict(given or {})
        if given is None and self.tracker is not None:
            held = {one: await self.tracker.get_events(one, subject, limit=None) for one in ids}

        async def from_events(some: Sequence[str]) -> _Vectors:
            events = [event for one in some for event in held.get(one, ())]
            counts = [_known_count(held.get(one, ()), subject, one, at) for one in some]
            return self._from_events(subject, some, counts, events, at)

        return from_events

    async def _apart(self, work: _Work, ids: Sequence[str]) -> list[FeatureVector]:
        """The vectors of all that can be had; if they fail together, each by itself."""
        try:
            done = await work(ids)
        except FAILURES as error:
            if len(ids) == 1:
                self._failed(ids[0], error)
                return []
            return [vector for one in ids for vector in await self._apart(work, [one])]
        for entity_id, why in done.failed.items():
            self._failed(entity_id, why)
        return done.made

    def _live(self, source: _Source, subject: Subject, ids: Sequence[str], at: int) -> _Vectors:
        """The vectors of entities as of one moment, those from the cache that are there."""
        loading, version = self._loading[subject], version_of(FEATURES[subject])
        keys: dict[str, Hashable] = {}
        found: dict[str, FeatureVector] = {}
        failed: dict[str, Exception] = {}
        for one in ids:
            try:
                stamp = loading.stamp(source.store, source.tenant, one, at)
            except FAILURES as error:
                failed[one] = error
                continue
            extent = loading.extent(source.store, source.tenant, one, at)
            key: Hashable = (source.tenant, subject, one, at, extent, stamp, version)
            held = None if stamp is None else self._cache.get(key)
            if held is not None:
                found[one] = held
            elif stamp is not None:
                keys[one] = key
        rest = [one for one in ids if one not in found and one not in failed]
        if rest:
            done = self._stored(source, loading, rest, np.full(len(rest), at))
            failed |= done.failed
            for table in done.made:
                found |= {vector.entity_id: vector for vector in vectors_of(table)}
        for one, key in keys.items():
            if one in found:
                self._cache.put(key, found[one])
        return _Vectors([found[one] for one in ids if one in found], failed)

    def _from_events(
        self, subject: Subject, ids: Sequence[str], counts: Sequence[int], events: Sequence[BehavioralEvent], at: int
    ) -> _Vectors:
        once = {event.event_id: event for event in reversed(events)}
        features = FEATURES[subject]
        loading = self._loading[subject]
        of, failed = loading.histories(loading.columns_of(once.values()), ids, at)
        moments = np.full(len(of), at)
        kept = [count for one, count in zip(ids, counts, strict=True) if one not in failed]
        table = table_of(features, of, self.feature_matrix(of, moments), moments, np.array(kept, dtype=np.int64))
        return _Vectors(vectors_of(table), failed)

    def _stored(self, source: _Source, loading: Loading, ids: Sequence[str], moments: NDArray[np.int64]) -> _Tables:
        """The table of entities of the store, each as of its own moment."""
        since, upto = (int(moments.min()), int(moments.max())) if len(moments) else (0, 0)
        events = loading.columns(source.store, source.tenant, ids, since, upto)
        of, failed = loading.histories(events, ids, moments)
        kept = np.array([place for place, one in enumerate(ids) if one not in failed], dtype=np.int64)
        counts = [loading.extent(source.store, source.tenant, ids[place], int(moments[place])).size for place in kept]
        as_of = moments[kept]
        matrix = self.feature_matrix(of, as_of)
        return _Tables([table_of(loading.features, of, matrix, as_of, np.array(counts, dtype=np.int64))], failed)

    def _tables(self, source: _Source, subject: Subject, ids: Sequence[str], at: int) -> Iterator[FeatureTable]:
        """The rows of these entities in parts, at least one; an entity that fails is left out, logged and counted."""
        loading = self._loading[subject].remembering()
        for some in (ids[:0], *_chunks(ids)):
            try:
                done = self._stored(source, loading, some, np.full(len(some), at))
            except FAILURES as error:
                if len(some) == 1:
                    self._failed(some[0], error)
                else:
                    for one in some:
                        yield from self._tables(source, subject, [one], at)
                continue
            for entity_id, why in done.failed.items():
                self._failed(entity_id, why)
            yield from done.made

    def _source(self, store: EventStore | None = None, tenant: str | None = None) -> _Source:
        held, owner = store or getattr(self.tracker, "store", None), tenant or getattr(self.tracker, "tenant", None)
        if held is None or owner is None:
            raise BadInput.of("store", "be given, because the tracker has none", self.tracker)
        return _Source(held, owner)

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


class _Source(NamedTuple):
    """A store and whose events in it."""

    store: EventStore
    tenant: str

    def names(self, subject: Subject, at: int) -> tuple[str, ...]:
        """All entities that an event known by a moment names."""
        return self.store.names(self.tenant, subject, EventQuery(upto=at, known_upto=at))


class _Vectors(NamedTuple):
    """The vectors of those entities that could be had, and why not of the others."""

    made: list[FeatureVector]
    failed: Mapping[str, Exception]


class _Tables(NamedTuple):
    """One table of those entities that could be had, and why not of the others."""

    made: list[FeatureTable]
    failed: Mapping[str, Exception]


_Work = Callable[[Sequence[str]], Awaitable[_Vectors]]


def _subject(entity_type: str) -> Subject:
    if entity_type not in get_args(Subject):
        raise BadInput.of("entity_type", f"be one of {', '.join(get_args(Subject))}", entity_type)
    return cast("Subject", entity_type)


def _chunks(things: Sequence[_Thing]) -> list[Sequence[_Thing]]:
    return [things[start : start + _CHUNK] for start in range(0, len(things), _CHUNK)]


def _rounds(asked: Sequence[tuple[str, int]], alike: bool) -> list[list[int]]:
    """The places of the pairs that can be read at once: no entity twice, and of one moment unless all see `alike`.

    >>> _rounds([("a", 5), ("b", 7), ("a", 6), ("c", 5)], True), _rounds([("a", 5), ("b", 7), ("c", 5)], False)
    ([[0, 1, 3], [2]], [[0, 2], [1]])
    """
    seen: Counter[tuple[str, int]] = Counter()
    rounds: dict[tuple[int, int], list[int]] = {}
    for place, (entity_id, moment) in enumerate(asked):
        group = 0 if alike else moment
        rounds.setdefault((group, seen[entity_id, group]), []).append(place)
        seen[entity_id, group] += 1
    return list(rounds.values())


def _known_count(events: Iterable[BehavioralEvent], subject: Subject, entity_id: str, at: int) -> int:
    """How many different events name the entity, happened by `at` and were known by then."""
    return len(
        {
            event.event_id
            for event in events
            if getattr(event, f"{subject}_id") == entity_id and event.at <= at and event.known_at <= at
        }
    )
