"""Random worlds for the laws: small, with repeats, ties, gaps, edges of windows, late news, and homes that change."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, HOUR, MINUTE, from_micros, parse_moment
from homing.event_types import EventType
from homing.feature_engineering.declaration import ALL
from homing.interfaces import BehavioralEvent
from homing.store.columns import TYPES, columns_of
from homing.tracking.given_homes import GivenHomes
from homing.tracking.history import DERIVED, Histories, Subject, histories, payload_kind
from homing.tracking.homes import HomeVersion
from homing.tracking.stated import keys_of

__all__ = [
    "HOMES",
    "MOMENTS",
    "NEIGHBORS",
    "SUBJECT",
    "Case",
    "World",
    "case_of",
    "cases_of",
    "event_of",
    "home_version",
    "in_order",
    "random_histories",
    "random_world",
    "view_of",
]

SUBJECT = "it"
"""The entity that every case is about."""

HOMES = tuple(f"property-{number}" for number in range(5))
"""The homes of a case; if it is about a home, `it` is one more."""

NEIGHBORS = tuple(f"neighbor-{number}" for number in range(8))
"""Homes that no event of a case names, most of them like `it`; others view them."""

MOMENTS = tuple(map(parse_moment, ("2026-03-08T12:00:00Z", "2026-11-01T09:30:00Z", "2026-07-15T23:59:59.999999Z")))
_ZONES = ("UTC", "America/Los_Angeles", "Australia/Lord_Howe", "Asia/Kathmandu")
_CASES = 6
_MANY = 1000


def event_of(
    subject: Subject, number: int, at: int, kind: EventType, data: dict[str, Any], known_at: int | None = None
) -> BehavioralEvent:
    """An event about `it`; ids stand among the data."""
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


def view_of(home: str, lead: str, at: int, known_at: int) -> BehavioralEvent:
    """A view of another home by a lead."""
    return BehavioralEvent(
        event_type=EventType.PROPERTY_VIEW,
        timestamp=from_micros(at),
        received_at=from_micros(known_at),
        event_id=f"view-{home}-{lead}-{at}-{known_at}",
        property_id=home,
        lead_id=lead,
    )


@dataclass(frozen=True, slots=True)
class Case:
    """A random history, sorted by time, and the moment to look from; some events are outside each wall.

    `homes` holds the views of its neighbors, too.
    """

    events: tuple[BehavioralEvent, ...]
    as_of: int
    zone: str
    homes: GivenHomes


@lru_cache(maxsize=256)
def cases_of(subject: Subject, reads: frozenset[EventType], window: int) -> tuple[Case, ...]:
    """A few cases for a feature that reads these types in this window."""
    return tuple(case_of(np.random.default_rng(seed), subject, reads, window) for seed in range(_CASES))


def case_of(rng: np.random.Generator, subject: Subject, reads: frozenset[EventType], window: int) -> Case:
    """One case; most of its events are of the types read."""
    as_of = int(rng.choice(MOMENTS))
    declared = [kind for kind in TYPES if kind in reads]
    events = []
    for number in range(int(rng.integers(20, 50))):
        at = as_of - _age(rng, window)
        pool = declared if rng.random() < 0.6 else TYPES
        late = int(rng.integers(1, 5 * DAY)) if rng.random() < 0.2 else 0
        kind = pool[int(rng.integers(len(pool)))]
        events.append(event_of(subject, number, at, kind, _payload(rng, kind), at + late))
    homes = {home: _versions(rng, as_of) for home in (SUBJECT, *HOMES) if rng.random() < 0.9}
    zone = str(rng.choice(_ZONES))
    near = {home: _like(rng, homes.get(SUBJECT, ()), as_of) for home in NEIGHBORS}
    return Case(in_order(events), as_of, zone, GivenHomes(homes | near, _views(rng, as_of)))


def _like(rng: np.random.Generator, versions: Sequence[HomeVersion], as_of: int) -> list[HomeVersion]:
    """Versions of a home in the place of another, mostly at about its price; some become known late."""
    return [
        own._replace(
            at=own.at - int(rng.integers(0, 30 * DAY)),
            known_at=own.known_at if rng.random() < 0.8 else as_of + int(rng.integers(-DAY, DAY)),
            price=own.price * float(rng.choice([0.75, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3])),
            active=float(rng.random() < 0.8),
        )
        for own in versions
    ]


def _views(rng: np.random.Generator, as_of: int) -> list[BehavioralEvent]:
    """Who views the neighbors, at the edges of weeks and later, too; some views become known late."""
    views = []
    for home in NEIGHBORS:
        for _ in range(int(rng.integers(0, 8))):
            edge = int(rng.choice([0, 7, 28])) * DAY + int(rng.integers(-1, 2))
            at = as_of - (edge if rng.random() < 0.3 else int(rng.integers(-DAY, 30 * DAY)))
            late = int(rng.integers(1, 5 * DAY)) if rng.random() < 0.2 else 0
            views.append(view_of(home, f"lead-{rng.integers(9)}", at, at + late))
    return views


def _versions(rng: np.random.Generator, as_of: int) -> list[HomeVersion]:
    """Up to four versions of a home, some of which become known late, or hold only after the moment asked about."""
    moments = {as_of - int(rng.integers(-5 * DAY, 60 * DAY)) for _ in range(int(rng.integers(1, 5)))}
    return [home_version(rng, at, at + (int(rng.integers(1, 9 * DAY)) if rng.random() < 0.2 else 0)) for at in moments]


def home_version(rng: np.random.Generator, at: int, known_at: int) -> HomeVersion:
    """A version of a home, of which each field may be unknown."""

    def maybe(value: float) -> float:
        return value if rng.random() < 0.85 else math.nan

    return HomeVersion(
        at,
        known_at,
        price=maybe(_price(rng)),
        beds=maybe(float(rng.integers(0, 7))),
        baths=maybe(int(rng.integers(2, 9)) / 2),
        area=maybe(float(rng.integers(40, 500)) * 10),
        latitude=maybe(47.5 + float(rng.normal()) / 10),
        longitude=maybe(-122.2 + float(rng.normal()) / 10),
        amenities=maybe(float(rng.integers(0, 1024))),
        listed_at=maybe(float(at - int(rng.integers(0, 30 * DAY)))),
        active=float(rng.random() < 0.8),
        kind=str(rng.choice(["Condominium", "Townhouse", "Single Family Residence"])) if rng.random() < 0.85 else None,
        place=str(rng.integers(98_001, 98_006)) if rng.random() < 0.85 else None,
    )


def _price(rng: np.random.Generator) -> float:
    return float(rng.integers(10, 150)) * 10_000


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
    own = _OF_NAME.get(name) or _OF_KIND.get(kind)
    if own is not None:
        return {name: own(rng)}
    return {name: str(rng.choice(choices or ("one", "two", "three")))} if kind == "text" else {}


def _limits(rng: np.random.Generator) -> dict[str, Any]:
    """What a search asks for; each limit may be absent."""
    low, high = sorted((_price(rng), _price(rng)))
    limits = {"price_min": low, "price_max": high, "bedrooms_min": int(rng.integers(1, 5)), "square_feet_min": 900}
    return {name: limit for name, limit in limits.items() if rng.random() < 0.6}


def _card(rng: np.random.Generator) -> dict[str, Any]:
    """What a card says of a home."""
    said = {"price": _price(rng), "bedrooms": int(rng.integers(1, 6)), "location": str(rng.choice(["98001", "Kent"]))}
    return {name: value for name, value in said.items() if rng.random() < 0.3}


_OF_NAME: dict[str, Callable[[np.random.Generator], object]] = {
    "filter_type": lambda rng: str(rng.choice(["price_max", "bedrooms_min", "location"])),
    "filter_value": lambda rng: _price(rng) if rng.random() < 0.5 else _limits(rng),
    "property_details": _card,
    "search_filters": _limits,
}
_OF_KIND: dict[str, Callable[[np.random.Generator], object]] = {
    "number": lambda rng: int(rng.integers(0, 100)),
    "integer": lambda rng: int(rng.integers(0, 100)),
    "flag": lambda rng: bool(rng.random() < 0.5),
}


def in_order(events: Sequence[BehavioralEvent]) -> tuple[BehavioralEvent, ...]:
    """Events by time, those of one moment by id."""
    return tuple(sorted(events, key=lambda event: (event.timestamp, event.event_id)))


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Many entities of one kind with their events, the moment to look at each from, zones of leads and homes."""

    subject: Subject
    ids: tuple[str, ...]
    moments: NDArray[np.int64]
    events: tuple[BehavioralEvent, ...]
    zones: Mapping[str, str]
    homes: GivenHomes

    def zone_of(self, lead_id: str, _as_of: int = 0) -> str:
        """The time zone of a lead."""
        return self.zones.get(lead_id, "UTC")


@lru_cache(maxsize=3)
def random_world(subject: Subject) -> World:
    """A thousand random entities, one in fifty without any event."""
    rng = np.random.default_rng(7)
    events: list[BehavioralEvent] = []
    moments: list[int] = []
    zones: dict[str, str] = {}
    homes = {home: _versions(rng, moment) for home, moment in zip(HOMES, (*MOMENTS, *MOMENTS), strict=False)}
    ids = [f"entity-{entity:04d}" for entity in range(_MANY)]
    for entity, name in enumerate(ids):
        case = case_of(rng, subject, ALL, 30 * DAY)
        moments.append(case.as_of)
        homes[name] = _versions(rng, case.as_of)
        for number, event in enumerate(case.events if entity % 50 else ()):
            named: dict[str, Any] = {"lead_id": f"{entity}-{event.lead_id}", f"{subject}_id": name}
            zones[named["lead_id"]] = case.zone
            events.append(replace(event, event_id=f"{entity}-{number}", **named))
    return World(subject, tuple(ids), np.array(moments), tuple(events), zones, GivenHomes(homes, events))


@lru_cache(maxsize=3)
def random_histories(subject: Subject) -> tuple[Histories, NDArray[np.int64]]:
    """The histories of a random world with every column that a feature could read, and the moments, shape (1000,)."""
    world = random_world(subject)
    of = histories(
        columns_of(world.events, *_all_keys()),
        subject,
        world.ids,
        time_zone_of=world.zone_of,
        homes=world.homes,
        peers=world.homes,
        as_of=world.moments,
        derived=DERIVED,
    )
    return of, world.moments


def _all_keys() -> tuple[list[str], list[str]]:
    """The keys of `event_data` that any feature could read: numbers, and texts."""
    keys = {key.name for kind in TYPES for key in kind.spec.payload}
    own = [keys_of(column) for column in DERIVED]
    numbers = {key for key in keys if payload_kind(key) == "number"}.union(*(numbers for numbers, _ in own))
    labels = {key for key in keys if payload_kind(key) == "label"}.union(*(labels for _, labels in own))
    return sorted(numbers), sorted(labels)
