"""The laws that every feature keeps, whoever wrote it. Each law returns how many comparisons it made.

A law takes a feature and the paths by which values are computed, and raises `LawBroken`; so a test can hand it a
feature or a path that is broken on purpose, and see that exactly this law notices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, HOUR, MINUTE, from_micros, parse_moment
from homing.event_types import EventType
from homing.feature_engineering.declaration import ALL, UNKNOWN, Feature
from homing.feature_engineering.interpreter import interpreted
from homing.feature_engineering.plan import labels_read, numbers_read
from homing.interfaces import BehavioralEvent
from homing.store.columns import TYPES, columns_of
from homing.tracking.history import Histories, Subject, histories

__all__ = ["LAWS", "LawBroken", "Paths", "Value", "example_events", "random_histories", "value_of_events"]

Value = float | str
SUBJECT = "it"
_TOLERANCE = 1e-9
_ZONES = ("UTC", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu")
_MOMENTS = tuple(map(parse_moment, ("2026-03-08T12:00:00Z", "2026-11-01T09:30:00Z", "2026-07-15T23:59:59.999999Z")))
_CASES = 6
_MANY = 1000


class LawBroken(AssertionError):
    """A feature does not keep a law."""


@dataclass(frozen=True, slots=True)
class Paths:
    """How values are computed: from events by `one` (feature, events, as_of, zone), from histories by the others."""

    one: Callable[[Feature, Sequence[BehavioralEvent], int, str], Value]
    many: Callable[[Feature, Histories, NDArray[np.int64]], NDArray[np.float64]]
    compiled: Callable[[Feature, Histories, NDArray[np.int64]], NDArray[np.float64]]


def value_of_events(one: Feature, events: Sequence[BehavioralEvent], as_of: int, zone: str = "UTC") -> Value:
    """One feature of the entity `it`, interpreted: a number, or the text of a category."""
    once = {event.event_id: event for event in reversed(events)}
    columns = columns_of(once.values(), numbers_read([one]), labels_read([one]))
    of = histories(columns, one.subject, [SUBJECT], time_zone_of=lambda _: zone)
    value = float(interpreted([one], of, np.array([as_of]))[0, 0])
    return one.text(value, of.words) if one.is_category else value


def example_events(one: Feature) -> list[BehavioralEvent]:
    """The events of a feature's example, about the entity `it`."""
    return [
        _event(one.subject, number, one.example.at - row[0], EventType(row[1]), dict(row[2]) if len(row) > 2 else {})
        for number, row in enumerate(one.example.events)
    ]


def _event(
    subject: Subject, number: int, at: int, kind: EventType, data: dict[str, Any], known_at: int | None = None
) -> BehavioralEvent:
    ids: dict[str, Any] = {f"{name}_id": data.pop(f"{name}_id", None) for name in ("property", "agent", "session")}
    ids["lead_id"] = data.pop("lead_id", "lead")
    return BehavioralEvent(
        event_type=kind,
        timestamp=from_micros(at),
        received_at=from_micros(max(at, known_at or at)),
        event_id=f"evt-{number}",
        event_data=data,
        **(ids | {f"{subject}_id": SUBJECT}),
    )


@dataclass(frozen=True, slots=True)
class _Case:
    """A random history, sorted by time, and the moment to look from; some events are outside each wall."""

    events: tuple[BehavioralEvent, ...]
    as_of: int
    zone: str


@lru_cache(maxsize=256)
def _cases(subject: Subject, reads: frozenset[EventType], window: int) -> tuple[_Case, ...]:
    return tuple(_case(np.random.default_rng(seed), subject, reads, window) for seed in range(_CASES))


def _case(rng: np.random.Generator, subject: Subject, reads: frozenset[EventType], window: int) -> _Case:
    as_of = int(rng.choice(_MOMENTS))
    declared = [kind for kind in TYPES if kind in reads]
    events = []
    for number in range(int(rng.integers(20, 50))):
        at = as_of - _age(rng, window)
        pool = declared if rng.random() < 0.6 else TYPES
        late = int(rng.integers(1, 5 * DAY)) if rng.random() < 0.2 else 0
        kind = pool[int(rng.integers(len(pool)))]
        events.append(_event(subject, number, at, kind, _payload(rng, kind), at + late))
    return _Case(_sorted(events), as_of, str(rng.choice(_ZONES)))


def _age(rng: np.random.Generator, window: int) -> int:
    """An age with ties, gaps and the edges of the window; negative is the future."""
    choice = rng.random()
    if choice < 0.2:
        return int(rng.choice([0, 1, window - 1, window, window + 1, -1, -MINUTE, HOUR, 2 * HOUR, DAY]))
    if choice < 0.3:
        return window + int(rng.integers(1, 40 * DAY))
    if choice < 0.6:
        return int(rng.integers(0, 3)) * DAY + int(rng.integers(0, 5)) * MINUTE
    return int(rng.integers(0, window))


def _payload(rng: np.random.Generator, kind: EventType) -> dict[str, Any]:
    """Ids of a small world, so that things repeat, and keys that the type declares; each may be absent."""
    data: dict[str, Any] = {}
    for name, size in (("lead", 4), ("property", 5), ("session", 4), ("agent", 3)):
        if rng.random() < 0.8:
            data[f"{name}_id"] = f"{name}-{rng.integers(size)}"
    for key in kind.spec.payload:
        if rng.random() < 0.7:
            data |= _of_kind(rng, key.name, key.kind, key.choices)
    return data


def _of_kind(rng: np.random.Generator, name: str, kind: str, choices: tuple[str, ...]) -> dict[str, Any]:
    if kind in {"number", "integer"}:
        return {name: int(rng.integers(0, 100))}
    if kind == "flag":
        return {name: bool(rng.random() < 0.5)}
    return {name: str(rng.choice(choices or ("one", "two", "three")))} if kind == "text" else {}


def _sorted(events: Sequence[BehavioralEvent]) -> tuple[BehavioralEvent, ...]:
    return tuple(sorted(events, key=lambda event: (event.timestamp, event.event_id)))


@lru_cache(maxsize=8)
def random_histories(subject: Subject, keys: tuple[tuple[str, ...], tuple[str, ...]]) -> tuple[Histories, Any]:
    """A thousand random histories with the payload keys (numbers, labels), and a moment for each, shape (1000,)."""
    rng = np.random.default_rng(7)
    events: list[BehavioralEvent] = []
    moments: list[int] = []
    zones: dict[str, str] = {}
    for entity in range(_MANY):
        case = _case(rng, subject, ALL, 30 * DAY)
        moments.append(case.as_of)
        for number, event in enumerate(case.events if entity % 50 else ()):
            named: dict[str, Any] = {"lead_id": f"{entity}-{event.lead_id}", f"{subject}_id": f"entity-{entity:04d}"}
            zones[named["lead_id"]] = case.zone
            events.append(replace(event, event_id=f"{entity}-{number}", **named))
    columns = columns_of(events, *keys)
    ids = [f"entity-{entity:04d}" for entity in range(_MANY)]
    return histories(columns, subject, ids, time_zone_of=lambda lead: zones.get(lead, "UTC")), np.array(moments)


def _same(a: Value, b: Value) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return (math.isnan(a) and math.isnan(b)) or abs(a - b) <= _TOLERANCE * max(1.0, abs(a))


def _compare(one: Feature, a: Value, b: Value, what: str) -> int:
    if not _same(a, b):
        raise LawBroken(f"{one.name} {what}: {a!r} became {b!r}")
    return 1


def _unchanged(one: Feature, paths: Paths, change: Callable[[_Case], Sequence[BehavioralEvent]], what: str) -> int:
    """The value is the same before and after a change that the feature must not notice."""
    count = 0
    for case in _cases(one.subject, one.reads, one.window):
        changed = tuple(change(case))
        if changed != case.events:
            before = paths.one(one, case.events, case.as_of, case.zone)
            count += _compare(one, before, paths.one(one, changed, case.as_of, case.zone), what)
    return count


def example_holds(one: Feature, paths: Paths) -> int:
    """The value of the example's events is the one it states."""
    got = paths.one(one, example_events(one), one.example.at, one.example.zone)
    return _compare(one, one.example.value, got, "does not keep its example")


def no_history_gives_missing(one: Feature, paths: Paths) -> int:
    """Without events the value is `missing`, and a category is unknown."""
    expected = UNKNOWN if one.is_category else one.missing
    return _compare(one, expected, paths.one(one, [], _MOMENTS[0], "UTC"), "has another value without history")


def stays_in_range(one: Feature, paths: Paths) -> int:
    """Numbers lie in the declared range, NaN only where that is the missing value; texts are declared ones."""
    count = 0
    for case in _cases(one.subject, one.reads, one.window):
        value = paths.one(one, case.events, case.as_of, case.zone)
        if not _in_range(one, value):
            raise LawBroken(f"{one.name} is {value!r}, outside {one.categories or (one.low, one.high)}")
        count += 1
    return count


def _in_range(one: Feature, value: Value) -> bool:
    if isinstance(value, str):
        return isinstance(one.categories, str) or value in (*(one.categories or ()), UNKNOWN)
    return math.isnan(one.missing) if math.isnan(value) else one.low <= value <= one.high


def same_twice(one: Feature, paths: Paths) -> int:
    """Asked twice, it says the same."""
    count = 0
    for case in _cases(one.subject, one.reads, one.window):
        first = paths.one(one, case.events, case.as_of, case.zone)
        count += _compare(one, first, paths.one(one, case.events, case.as_of, case.zone), "said something else again")
    return count


def blind_to_the_undeclared(one: Feature, paths: Paths) -> int:
    """Events of other types, and keys and fields that it does not name, change nothing."""

    def without(case: _Case) -> list[BehavioralEvent]:
        return [
            replace(event, device_type="telephone", source_channel="other", event_data={**event.event_data, "x": 1})
            for event in case.events
            if event.event_type in one.reads
        ]

    return _unchanged(one, paths, without, "saw what it does not declare")


def blind_to_the_past(one: Feature, paths: Paths) -> int:
    """Events as old as the window or older change nothing."""

    def older(case: _Case) -> Sequence[BehavioralEvent]:
        kind = next(iter(sorted(one.reads)))
        edge = case.as_of - one.window
        more = [_event(one.subject, 1000 + i, edge - age, kind, {}) for i, age in enumerate((0, 1, DAY, 400 * DAY))]
        return _sorted([*more, *case.events])

    return _unchanged(one, paths, older, "saw beyond its window")


def blind_to_the_future(one: Feature, paths: Paths) -> int:
    """Events after the moment asked about change nothing, even if a clock that runs ahead told of them before it."""

    def newer(case: _Case) -> Sequence[BehavioralEvent]:
        kinds = sorted(one.reads)
        more = [
            replace(
                _event(one.subject, 1000 + i, case.as_of + ahead, kinds[i % len(kinds)], {}),
                received_at=from_micros(case.as_of),
            )
            for i, ahead in enumerate((1, MINUTE, 4 * MINUTE))
        ]
        return _sorted([*case.events, *more])

    return _unchanged(one, paths, newer, "saw the future")


def blind_to_order_and_replay(one: Feature, paths: Paths) -> int:
    """The order of arrival, and events that arrive twice, change nothing."""

    def shuffled(case: _Case) -> Sequence[BehavioralEvent]:
        order = np.random.default_rng(len(case.events)).permutation(len(case.events)).tolist()
        return [case.events[i] for i in (*order, *order[:5])]

    def twice(case: _Case) -> Sequence[BehavioralEvent]:
        return [event for event in case.events for _ in range(2)]

    what = "depends on order of arrival or on replay"
    return _unchanged(one, paths, shuffled, what) + _unchanged(one, paths, twice, what)


def one_is_many(one: Feature, paths: Paths) -> int:
    """An entity's value does not depend on who is computed beside it."""
    of, moments = _histories(one)
    together = paths.many(one, of, moments)
    count = 0
    for entity in range(0, len(of), 37):
        alone = paths.many(one, _alone(of, entity), moments[entity : entity + 1])
        count += _compare(one, float(together[entity]), float(alone[0]), "depends on its neighbours")
    return count


def interpreted_is_compiled(one: Feature, paths: Paths) -> int:
    """Both paths give the same on a thousand random histories."""
    of, moments = _histories(one)
    python, machine = paths.many(one, of, moments), paths.compiled(one, of, moments)
    if len(python) != len(machine):
        raise LawBroken(f"{one.name}: {len(python)} values interpreted, {len(machine)} compiled")
    pairs = zip(python.tolist(), machine.tolist(), strict=True)
    return sum(_compare(one, a, b, "is another number compiled") for a, b in pairs)


def live_is_as_of(one: Feature, paths: Paths) -> int:
    """Looking back gives what was said then: events that became known later change nothing."""

    def known_then(case: _Case) -> Sequence[BehavioralEvent]:
        return [event for event in case.events if event.at > case.as_of or event.known_at <= case.as_of]

    def told_later(case: _Case) -> Sequence[BehavioralEvent]:
        kind = next(iter(sorted(one.reads)))
        late = [_event(one.subject, 1000 + i, case.as_of - i * HOUR, kind, {}, case.as_of + DAY) for i in range(1, 4)]
        return _sorted([*case.events, *late])

    what = "saw what was not known yet"
    return _unchanged(one, paths, known_then, what) + _unchanged(one, paths, told_later, what)


def _histories(one: Feature) -> tuple[Histories, NDArray[np.int64]]:
    """The random histories with all the keys that any feature could read, so that they are made once."""
    numbers = [key.name for kind in TYPES for key in kind.spec.payload if key.kind in {"number", "integer", "flag"}]
    labels = [key.name for kind in TYPES for key in kind.spec.payload if key.kind == "text"]
    return random_histories(one.subject, (tuple(sorted(set(numbers))), tuple(sorted(set(labels)))))


def _alone(of: Histories, entity: int) -> Histories:
    first, last = int(of.offsets[entity]), int(of.offsets[entity + 1])
    columns = {name: values[first:last] for name, values in of.columns.items()}
    return Histories(of.subject, of.entity_ids[entity : entity + 1], np.array([0, last - first]), columns, of.words)


LAWS: dict[str, Callable[[Feature, Paths], int]] = {
    law.__name__: law
    for law in (
        example_holds,
        no_history_gives_missing,
        stays_in_range,
        same_twice,
        blind_to_the_undeclared,
        blind_to_the_past,
        blind_to_the_future,
        blind_to_order_and_replay,
        one_is_many,
        interpreted_is_compiled,
        live_is_as_of,
    )
}
"""Every law by its name."""
