"""A vector from the cache is the one that would be computed now, whatever happened since."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from test_standard_feature_engineer import EVENTS, NOW, engineer, event, same

from homing.core.clock import to_micros
from homing.store.memory_events import MemoryEventStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore
from homing.tracking.behavior_tracker import BehaviorTracker
from homing.tracking.homes import HomeVersion


class Homes:
    """Homes that can change."""

    def __init__(self):
        self.told, self.changes = {}, 0

    def revision(self):
        return self.changes

    def versions(self, property_ids):
        return {home: self.told[home] for home in property_ids if home in self.told}

    def put(self, home, **fields):
        self.changes += 1
        self.told[home] = [HomeVersion(0, 0, **fields)]


class World:
    def __init__(self, store, **more):
        self.tracker = BehaviorTracker(store, clock=lambda: to_micros(NOW))
        self.homes, self.zone, self.profiles = Homes(), "UTC", 0
        self.tool = self.fresh(people_revision=lambda: self.profiles, **more)
        self.track(*EVENTS)

    def fresh(self, **more):
        return engineer(self.tracker, time_zone_of=lambda _lead, _at: self.zone, homes=self.homes, **more)

    def track(self, *events):
        asyncio.run(self.tracker.track_events_batch(events))

    def ask(self, entity_id="lead-1", kind="lead", as_of=NOW, tool=None):
        return asyncio.run((tool or self.tool).extract_features(entity_id, kind, as_of=as_of))

    @property
    def hits(self):
        return self.tool.stats().cache.hits


@pytest.fixture(params=["memory", "sqlite"])
def world(request, tmp_path):
    if request.param == "memory":
        return World(MemoryEventStore())
    return World(SqliteEventStore(SqliteDatabase(tmp_path / "homing.sqlite3")))


CHANGES = {
    "an event": lambda world: world.track(event("property_view", 1)),
    "a late event": lambda world: world.track(event("property_save", 300)),
    "a merge": lambda world: world.tracker.store.identities.merge("default", "visitor", "lead-1", to_micros(NOW) - 1),
    "a profile": lambda world: (setattr(world, "zone", "Asia/Tokyo"), setattr(world, "profiles", 1)),
    "a home": lambda world: world.homes.put("home-1", kind="Townhouse", price=500_000.0),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize(("entity_id", "kind"), [("lead-1", "lead"), ("home-1", "property"), ("agent-1", "agent")])
def test_after_any_change_the_answer_is_that_of_an_engineer_without_memory(world, change, entity_id, kind):
    visit = replace(event("property_view", 5, number=7, lead_id="lead-1"), lead_id=None, anonymous_id="visitor")
    world.track(visit)
    world.ask(entity_id, kind)
    change(world)
    same(world.ask(entity_id, kind), world.ask(entity_id, kind, tool=world.fresh()))


def test_asked_again_it_is_there(world):
    first = world.ask()
    same(world.ask(), first)
    cache = world.tool.stats().cache
    assert (cache.hits, cache.misses, cache.hit_rate, cache.held) == (1, 1, 0.5, 1)


def test_an_event_of_another_lead_leaves_it_there(world):
    world.ask()
    world.track(event("property_view", 1, lead_id="lead-3", property_id="home-9"))
    world.ask()
    assert world.hits == 1


def test_another_moment_is_another_vector(world):
    world.ask()
    assert world.ask(as_of=NOW - timedelta(hours=49)).event_count == 3
    assert world.hits == 0


def test_a_caller_who_changes_a_vector_changes_only_its_own(world):
    world.ask().numerical_features["total_events"] = -1.0
    world.ask().numerical_features["total_events"] = -1.0
    assert world.ask().numerical_features["total_events"] == 4.0


def test_there_are_never_more_than_allowed():
    world = World(MemoryEventStore(), cached_vectors=3)
    for number in range(10):
        world.ask(f"lead-{number}")
    assert world.tool.stats().cache.held == 3
    world.ask("lead-9")
    world.ask("lead-0")
    assert world.hits == 1


def test_without_a_revision_of_people_homes_are_not_kept():
    world = World(MemoryEventStore())
    tool = world.fresh()
    world.ask("home-1", "property", tool=tool)
    assert tool.stats().cache.misses == tool.stats().cache.held == 0
    world.ask("lead-1", tool=tool)
    assert tool.stats().cache.held == 1
