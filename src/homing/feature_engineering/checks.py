"""The laws that every feature keeps, whoever wrote it. Each law returns how many comparisons it made.

A law takes a feature and the paths by which values are computed, and raises `LawBroken`; so a test can hand it a
feature or a path that is broken on purpose, and see that exactly this law notices.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, HOUR, MINUTE, from_micros
from homing.event_types import EventType
from homing.feature_engineering.declaration import UNKNOWN, Feature
from homing.feature_engineering.interpreter import interpreted
from homing.feature_engineering.plan import needs_of
from homing.feature_engineering.worlds import (
    HOMES,
    MOMENTS,
    NEIGHBORS,
    SUBJECT,
    Case,
    cases_of,
    event_of,
    home_version,
    in_order,
    random_histories,
    view_of,
)
from homing.interfaces import BehavioralEvent
from homing.store.columns import columns_of
from homing.tracking.given_homes import GivenHomes
from homing.tracking.history import Histories, histories
from homing.tracking.homes import HomeVersion

__all__ = [
    "LAWS",
    "LawBroken",
    "Paths",
    "Value",
    "example_events",
    "example_homes",
    "value_of_events",
]

Value = float | str
_TOLERANCE = 1e-9


class LawBroken(AssertionError):
    """A feature does not keep a law."""


@dataclass(frozen=True, slots=True)
class Paths:
    """How values are computed: by `one` (feature, events, as_of, zone, homes), from histories by the others."""

    one: Callable[[Feature, Sequence[BehavioralEvent], int, str, GivenHomes], Value]
    many: Callable[[Feature, Histories, NDArray[np.int64]], NDArray[np.float64]]
    compiled: Callable[[Feature, Histories, NDArray[np.int64]], NDArray[np.float64]]


def value_of_events(
    one: Feature, events: Sequence[BehavioralEvent], as_of: int, zone: str = "UTC", homes: GivenHomes | None = None
) -> Value:
    """One feature of the entity `it`, interpreted: a number, or the text of a category."""
    once = {event.event_id: event for event in reversed(events)}
    needs = needs_of([one])
    columns = columns_of(once.values(), needs.numbers, needs.labels)
    of = histories(
        columns,
        one.subject,
        [SUBJECT],
        time_zone_of=lambda _: zone,
        homes=homes,
        peers=homes,
        as_of=as_of,
        derived=needs.derived,
    )
    value = float(interpreted([one], of, np.array([as_of]))[0, 0])
    return one.text(value, of.words) if one.is_category else value


def example_events(one: Feature) -> list[BehavioralEvent]:
    """The events of a feature's example, about the entity `it`."""
    return [
        event_of(one.subject, number, one.example.at - row[0], EventType(row[1]), dict(row[2]) if len(row) > 2 else {})
        for number, row in enumerate(one.example.events)
    ]


def example_homes(one: Feature) -> GivenHomes:
    """The homes of a feature's example with the views of others; of a feature of homes, `it` is the first of them."""
    told = {
        home: [HomeVersion(one.example.at - age, one.example.at - age, **fields) for age, fields in versions]
        for home, versions in one.example.homes.items()
    }
    if one.subject == "property" and told:
        told[SUBJECT] = next(iter(told.values()))
    views = [view_of(home, lead, one.example.at - age, one.example.at - age) for age, home, lead in one.example.views]
    return GivenHomes(told, views)


def _same(a: Value, b: Value) -> bool:
    if isinstance(a, str) or isinstance(b, str):
        return a == b
    return (math.isnan(a) and math.isnan(b)) or abs(a - b) <= _TOLERANCE * max(1.0, abs(a))


def _compare(one: Feature, a: Value, b: Value, what: str) -> int:
    if not _same(a, b):
        raise LawBroken(f"{one.name} {what}: {a!r} became {b!r}")
    return 1


def _value(one: Feature, paths: Paths, case: Case) -> Value:
    return paths.one(one, case.events, case.as_of, case.zone, case.homes)


def _unchanged(one: Feature, paths: Paths, change: Callable[[Case], Sequence[BehavioralEvent]], what: str) -> int:
    """The value is the same before and after a change that the feature must not notice."""
    count = 0
    for case in cases_of(one.subject, one.reads, one.window):
        changed = tuple(change(case))
        if changed != case.events:
            before = _value(one, paths, case)
            count += _compare(one, before, _value(one, paths, replace(case, events=changed)), what)
    return count


def example_holds(one: Feature, paths: Paths) -> int:
    """The value of the example's events is the one it states."""
    got = paths.one(one, example_events(one), one.example.at, one.example.zone, example_homes(one))
    return _compare(one, one.example.value, got, "does not keep its example")


def no_history_gives_missing(one: Feature, paths: Paths) -> int:
    """Without events the value is `missing`, and a category is unknown."""
    expected = UNKNOWN if one.is_category else one.missing
    return _compare(
        one, expected, paths.one(one, [], MOMENTS[0], "UTC", GivenHomes({})), "has another value without history"
    )


def stays_in_range(one: Feature, paths: Paths) -> int:
    """Numbers lie in the declared range, NaN only where that is the missing value; texts are declared ones."""
    count = 0
    for case in cases_of(one.subject, one.reads, one.window):
        value = _value(one, paths, case)
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
    for case in cases_of(one.subject, one.reads, one.window):
        first = _value(one, paths, case)
        count += _compare(one, first, _value(one, paths, case), "said something else again")
    return count


def blind_to_the_undeclared(one: Feature, paths: Paths) -> int:
    """Events of other types, and keys and fields that it does not name, change nothing."""

    def without(case: Case) -> list[BehavioralEvent]:
        return [
            replace(event, device_type="telephone", source_channel="other", event_data={**event.event_data, "x": 1})
            for event in case.events
            if event.event_type in one.reads
        ]

    return _unchanged(one, paths, without, "saw what it does not declare")


def blind_to_the_past(one: Feature, paths: Paths) -> int:
    """Events as old as the window or older change nothing."""

    def older(case: Case) -> Sequence[BehavioralEvent]:
        kind = next(iter(sorted(one.reads)))
        edge = case.as_of - one.window
        more = [event_of(one.subject, 1000 + i, edge - age, kind, {}) for i, age in enumerate((0, 1, DAY, 400 * DAY))]
        return in_order([*more, *case.events])

    return _unchanged(one, paths, older, "saw beyond its window")


def blind_to_the_future(one: Feature, paths: Paths) -> int:
    """Events after the moment asked about change nothing, even if a clock that runs ahead told of them before it."""

    def newer(case: Case) -> Sequence[BehavioralEvent]:
        kinds = sorted(one.reads)
        more = [
            replace(
                event_of(one.subject, 1000 + i, case.as_of + ahead, kinds[i % len(kinds)], {}),
                received_at=from_micros(case.as_of),
            )
            for i, ahead in enumerate((1, MINUTE, 4 * MINUTE))
        ]
        return in_order([*case.events, *more])

    return _unchanged(one, paths, newer, "saw the future")


def blind_to_order_and_replay(one: Feature, paths: Paths) -> int:
    """The order of arrival, and events that arrive twice, change nothing."""

    def shuffled(case: Case) -> Sequence[BehavioralEvent]:
        order = np.random.default_rng(len(case.events)).permutation(len(case.events)).tolist()
        return [case.events[i] for i in (*order, *order[:5])]

    def twice(case: Case) -> Sequence[BehavioralEvent]:
        return [event for event in case.events for _ in range(2)]

    what = "depends on order of arrival or on replay"
    return _unchanged(one, paths, shuffled, what) + _unchanged(one, paths, twice, what)


def one_is_many(one: Feature, paths: Paths) -> int:
    """An entity's value does not depend on who is computed beside it."""
    of, moments = random_histories(one.subject)
    together = paths.many(one, of, moments)
    count = 0
    for entity in range(0, len(of), 37):
        alone = paths.many(one, _alone(of, entity), moments[entity : entity + 1])
        count += _compare(one, float(together[entity]), float(alone[0]), "depends on its neighbours")
    return count


def interpreted_is_compiled(one: Feature, paths: Paths) -> int:
    """Both paths give the same on a thousand random histories."""
    of, moments = random_histories(one.subject)
    python, machine = paths.many(one, of, moments), paths.compiled(one, of, moments)
    if len(python) != len(machine):
        raise LawBroken(f"{one.name}: {len(python)} values interpreted, {len(machine)} compiled")
    pairs = zip(python.tolist(), machine.tolist(), strict=True)
    return sum(_compare(one, a, b, "is another number compiled") for a, b in pairs)


def live_is_as_of(one: Feature, paths: Paths) -> int:
    """Looking back gives what was said then: events that became known later change nothing."""

    def known_then(case: Case) -> Sequence[BehavioralEvent]:
        return [event for event in case.events if event.at > case.as_of or event.known_at <= case.as_of]

    def told_later(case: Case) -> Sequence[BehavioralEvent]:
        kind = next(iter(sorted(one.reads)))
        late = [event_of(one.subject, 1000 + i, case.as_of - i * HOUR, kind, {}, case.as_of + DAY) for i in range(1, 4)]
        return in_order([*case.events, *late])

    what = "saw what was not known yet"
    return _unchanged(one, paths, known_then, what) + _unchanged(one, paths, told_later, what)


def blind_to_what_homes_become(one: Feature, paths: Paths) -> int:
    """What homes become later, or turn out to have been, changes nothing; nor does who views others later, or is found
    later to have viewed them.
    """

    def later(case: Case, known_late: bool) -> GivenHomes:
        rng = np.random.default_rng(len(case.events))
        age, late = (2 * DAY, 3 * DAY) if known_late else (-MINUTE, 0)
        return GivenHomes(
            {
                home: [*case.homes.homes.get(home, ()), home_version(rng, case.as_of - age, case.as_of - age + late)]
                for home in (SUBJECT, *HOMES, *NEIGHBORS, "elsewhere")
            },
            [
                *case.homes.events,
                *(view_of(home, f"late-{home}", case.as_of - age, case.as_of - age + late) for home in NEIGHBORS),
            ],
        )

    count = 0
    for case in cases_of(one.subject, one.reads, one.window):
        before = _value(one, paths, case)
        for known_late in (False, True):
            after = _value(one, paths, replace(case, homes=later(case, known_late)))
            count += _compare(one, before, after, "saw what homes became later")
    return count


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
        blind_to_what_homes_become,
    )
}
"""Every law by its name."""
