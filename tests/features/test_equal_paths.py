"""Whichever way the features of an entity are computed, they are the same: on random worlds and on two real logs."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
import real_logs

from homing.core.clock import DAY, from_micros
from homing.feature_engineering import StandardFeatureEngineer
from homing.feature_engineering.known_peers import KnownPeers
from homing.feature_engineering.worlds import random_world
from homing.market.catalogue import Catalogue
from homing.market.property import Property
from homing.store.listings import ListingStore
from homing.store.memory_events import MemoryEventStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore

TENANT = "default"
WORLDS = {
    "random leads": lambda: random_world("lead"),
    "random homes": lambda: random_world("property"),
    "random agents": lambda: random_world("agent"),
    "trivago shoppers": real_logs.trivago,
    "Dublin guests": lambda: real_logs.airbnb_dublin("lead"),
    "Dublin listings": lambda: real_logs.airbnb_dublin("property"),
    "Dublin hosts": lambda: real_logs.airbnb_dublin("agent"),
}


def engineer(world, tracker=None, **more):
    told = {"homes": world.homes, "peers": world.homes} | more
    return StandardFeatureEngineer(tracker, time_zone_of=world.zone_of, **told)


def filled(store, events):
    store.append(TENANT, list(events))
    return store


def table(world, store, tool):
    """One row an entity, each as of its own moment."""
    pairs = [(one, from_micros(at)) for one, at in zip(world.ids, world.moments.tolist(), strict=True)]
    return tool.training_table(pairs, world.subject, store=store, tenant=TENANT)


def interpreted(world, tool):
    """Plain Python over all events: what the other ways are compared with."""
    return table(world, filled(MemoryEventStore(10**7), world.events), engineer(world, warm_after=10**9))


def compiled(world, tool):
    return table(world, filled(MemoryEventStore(10**7), world.events), tool)


def shuffled_into_sqlite(world, tool, folder):
    """Arriving in any order, some twice, each later than it happened though before anybody asks."""
    rng = np.random.default_rng(3)
    asked = dict(zip(world.ids, world.moments.tolist(), strict=True))
    later = []
    for event in world.events:
        moment = asked[getattr(event, f"{world.subject}_id")]
        known = event.at <= moment and event.known_at <= moment
        late = int(rng.integers(event.known_at, moment + 1)) if known else event.known_at
        later.append(replace(event, received_at=from_micros(late)))
    order = rng.permutation(len(later)).tolist()
    store = SqliteEventStore(SqliteDatabase(folder / "homing.sqlite3"))
    for start in range(0, len(order), 5_000):
        some = [later[place] for place in order[start : start + 5_000]]
        filled(store, some)
        filled(store, some[:100])
    return table(world, store, tool)


def lived_through(world, tool_at):
    """A store that holds, at each moment, only what had arrived by then, asked at that moment.

    `tool_at` is told the moment and that store.
    """
    rows = {}
    for moment in sorted(set(world.moments.tolist())):
        known = [event for event in world.events if event.known_at <= moment]
        asked = [one for one, at in zip(world.ids, world.moments.tolist(), strict=True) if at == moment]
        store = filled(MemoryEventStore(10**7), known)
        part = tool_at(moment, store).feature_table(
            world.subject, as_of=from_micros(moment), entity_ids=asked, store=store, tenant=TENANT
        )
        rows |= {one: row_of(part, place) for place, one in enumerate(asked)}
    return rows


def one_at_a_time(world, tool):
    """`extract_features` with the entity's own events at hand."""
    own = {one: [] for one in world.ids}
    for event in world.events:
        own[getattr(event, f"{world.subject}_id")].append(event)
    return {
        one: asyncio.run(tool.extract_features(one, world.subject, own[one], as_of=from_micros(at)))
        for one, at in zip(world.ids, world.moments.tolist(), strict=True)
    }


def row_of(found, place):
    return found.numbers[place], tuple(texts[place] for texts in found.categories.values())


def vector_row(vector):
    return np.array(list(vector.numerical_features.values())), tuple(vector.categorical_features.values())


def mismatches(wanted, rows):
    """The (entity, feature) pairs that differ by more than 1e-9, and the categories that differ."""
    wrong = []
    for place, one in enumerate(wanted.entity_ids):
        if one in rows:
            numbers, texts = row_of(wanted, place)
            same = np.isclose(numbers, rows[one][0], rtol=1e-9, atol=1e-9, equal_nan=True)
            wrong += [(one, wanted.names[column]) for column in np.flatnonzero(~same).tolist()]
            wrong += [one] if texts != rows[one][1] else []
    return wrong


def rows_of(found):
    return {one: row_of(found, place) for place, one in enumerate(found.entity_ids)}


@pytest.fixture(scope="module")
def tool_of(kernels, kernel_folder):
    """An engineer whose kernels are compiled."""

    def make(world):
        tool = engineer(world, cache_dir=kernel_folder.parent)
        assert tool.warm(world.subject, None)
        return tool

    return make


@pytest.mark.parametrize("name", WORLDS)
def test_every_path_gives_the_same_features(name, tool_of, tmp_path):
    world = WORLDS[name]()
    tool = tool_of(world)
    wanted = interpreted(world, tool)
    known = np.isfinite(wanted.numbers)
    assert len(wanted) == len(world.ids) >= 300
    assert known.any(axis=0).sum() > len(wanted.names) / 3
    assert mismatches(wanted, rows_of(compiled(world, tool))) == []
    assert mismatches(wanted, rows_of(shuffled_into_sqlite(world, tool, tmp_path))) == []
    assert mismatches(wanted, lived_through(world, lambda _moment, _store: tool)) == []
    assert tool.stats().interpreted == 0
    alone = one_at_a_time(world, tool)
    assert mismatches(wanted, {one: vector_row(vector) for one, vector in alone.items()}) == []


def catalogue_of(world, folder, known_upto):
    """The homes of a world in a real catalogue, as far as known by a moment."""
    clock = lambda: known_upto  # noqa: E731
    catalogue = Catalogue(ListingStore(SqliteDatabase(folder / f"homes-{known_upto}.sqlite3")), clock=clock)
    told = sorted((one.known_at, home, one) for home, versions in world.homes.homes.items() for one in versions)
    catalogue.put(listing(home, one) for known_at, home, one in told if known_at <= known_upto)
    return catalogue


def listing(home, one):
    status = "Active" if one.active else "Closed"
    said = {"PostalCode": one.place, "PropertySubType": one.kind, "StandardStatus": status}
    price = {} if np.isnan(one.price) else {"ListPrice": one.price}
    return Property(home, one.at, one.known_at, {key: word for key, word in said.items() if word} | price)


def test_peers_of_a_catalogue_and_a_store_are_those_of_homes_and_events_at_hand(tool_of, tmp_path):
    """Looked back at from the end, and lived through."""
    world = random_world("property")
    wanted = interpreted(world, None)
    against = wanted.numbers[:, wanted.names.index("view_momentum_against_peers_7d")]
    assert np.unique(against[~np.isnan(against)]).size > 30
    end = int(max(world.moments)) + 900 * DAY
    store = filled(MemoryEventStore(10**7), world.events)
    later = engineer(world, peers=KnownPeers(catalogue_of(world, tmp_path, end), store))

    def tool_at(moment, store):
        return engineer(world, peers=KnownPeers(catalogue_of(world, tmp_path, moment), store))

    assert mismatches(wanted, rows_of(table(world, store, later))) == []
    assert mismatches(wanted, lived_through(world, tool_at)) == []


def test_the_comparison_finds_a_single_other_number(tool_of):
    world = random_world("agent")
    wanted = interpreted(world, None)
    rows = rows_of(wanted)
    numbers, texts = rows[world.ids[3]]
    changed = numbers.copy()
    changed[0] = np.nan_to_num(changed[0]) + 1e-6
    rows[world.ids[3]] = changed, texts
    assert mismatches(wanted, rows) == [(world.ids[3], wanted.names[0])]


def test_what_arrives_after_the_moment_is_another_history(tool_of):
    """The twin of the law above: the same events, told a year later, are not the same features."""
    world = random_world("lead")
    told_late = replace(
        world, events=tuple(replace(e, received_at=e.received_at + timedelta(days=365)) for e in world.events)
    )
    tool = tool_of(world)
    assert mismatches(compiled(world, tool), rows_of(compiled(told_late, tool))) != []


def test_response_times_of_real_hosts_are_those_of_the_table():
    """Of hosts with one contact a guest, so that every contact is a question of its own."""
    world = real_logs.airbnb_dublin("agent", size=60)
    found = interpreted(world, None)
    compared = 0
    for place, (host, at) in enumerate(zip(world.ids, world.moments.tolist(), strict=True)):
        guests = [e.lead_id for e in world.events if e.agent_id == host and e.event_type == "inquiry_sent"]
        minutes = real_logs.reply_minutes(host, at)
        if len(set(guests)) == len(guests) and minutes:
            compared += 1
            assert found.numbers[place, found.names.index("response_minutes_p50")] == pytest.approx(np.median(minutes))
    assert compared > 10
