"""Homes like a home, and what a kept answer about them does when anything about them changes."""

from __future__ import annotations

import asyncio
import math
from dataclasses import replace

import pytest
from test_standard_feature_engineer import NOW, clock, engineer, event, same

from homing.core.clock import DAY, to_micros
from homing.feature_engineering.known_homes import KnownHomes
from homing.feature_engineering.known_peers import KnownPeers
from homing.market.catalogue import Catalogue
from homing.market.property import Property
from homing.store.listings import ListingStore
from homing.store.memory_events import MemoryEventStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore
from homing.tracking.behavior_tracker import BehaviorTracker
from homing.tracking.homes import HomeVersion
from homing.tracking.peers import Market

SAID = {"City": "Kent", "PropertySubType": "Condominium", "StandardStatus": "Active"}


class Street:
    """Two homes alike and one that is dearer, in a catalogue, and their views in a store."""

    def __init__(self, store, folder):
        self.tracker = BehaviorTracker(store, clock=clock)
        self.catalogue = Catalogue(ListingStore(SqliteDatabase(folder / "homes.sqlite3")), clock=clock)
        self.list("home-1", 500_000)
        self.list("home-2", 550_000)
        self.list("home-3", 900_000)
        self.tool = self.fresh()
        self.track(event("property_view", 30), event("property_view", 300, lead_id="lead-2"))
        self.track(event("property_view", 30, number=1, property_id="home-2"))

    def fresh(self):
        peers = KnownPeers(self.catalogue, self.tracker.store)
        return engineer(self.tracker, people_revision=lambda: 0, homes=KnownHomes(self.catalogue), peers=peers)

    def list(self, home, price, days_ago=60, **more):
        at = to_micros(NOW) - days_ago * DAY
        self.catalogue.put([Property(home, at, at, SAID | {"ListPrice": price} | more)])

    def track(self, *events):
        asyncio.run(self.tracker.track_events_batch(events))

    def ask(self, entity_id="home-1", kind="property", tool=None):
        return asyncio.run((tool or self.tool).extract_features(entity_id, kind, as_of=NOW))

    def against(self):
        return self.ask().numerical_features["view_momentum_against_peers_7d"]

    @property
    def hits(self):
        return self.tool.stats().cache.hits


@pytest.fixture(params=["memory", "sqlite"])
def street(request, tmp_path):
    store = (
        MemoryEventStore() if request.param == "memory" else SqliteEventStore(SqliteDatabase(tmp_path / "e.sqlite3"))
    )
    return Street(store, tmp_path)


CHANGES = {
    "a view of a peer": lambda street: street.track(event("property_view", 2, property_id="home-2", lead_id="lead-9")),
    "a late view of a peer": lambda street: street.track(event("property_view", 400, property_id="home-2")),
    "a peer off the market": lambda street: street.list("home-2", 550_000, 1, StandardStatus="Closed"),
    "another peer": lambda street: street.list("home-3", 520_000, 1),
    "another price of its own": lambda street: street.list("home-1", 900_000, 1),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_after_any_change_of_a_peer_the_answer_is_another(street, change):
    before = street.ask().to_numpy().tolist()
    change(street)
    after = street.ask()
    same(after, street.ask(tool=street.fresh()))
    assert str(after.to_numpy().tolist()) != str(before)


def test_a_visitor_of_a_peer_who_becomes_a_lead_counts_as_that_lead(street):
    street.track(replace(event("property_view", 2, property_id="home-2"), lead_id=None, anonymous_id="visitor"))
    before = street.against()
    street.tracker.store.identities.merge("default", "visitor", "lead-9", to_micros(NOW) - 1)
    assert street.against() < before


def test_an_event_elsewhere_leaves_a_home_where_it_is(street):
    street.ask()
    street.track(event("property_view", 1, property_id="home-3"), event("property_save", 1, property_id="home-2"))
    street.ask()
    assert street.hits == 1


def test_an_event_on_a_peer_leaves_leads_where_they_are(street):
    street.ask("lead-1", "lead")
    street.track(event("property_view", 2, property_id="home-2", lead_id="lead-9"))
    street.ask("lead-1", "lead")
    assert street.hits == 1


def test_it_gains_on_its_peers_and_falls_behind_them(street):
    assert street.against() == pytest.approx(math.log(2 / (1 / 3 + 1)) - math.log(2 / 1))
    street.track(event("property_view", 2, property_id="home-2", lead_id="lead-9"))
    assert street.against() == pytest.approx(math.log(2 / (1 / 3 + 1)) - math.log(3 / 1))


def test_a_home_that_fares_as_each_of_its_peers_is_at_zero(street):
    for home in ("home-2", "home-3", "home-4"):
        street.list(home, 510_000)
        street.track(event("property_view", 300, number=home, property_id=home, lead_id="lead-2"))
        street.track(event("property_view", 30, number=home, property_id=home))
    assert street.ask().numerical_features["peers_on_market"] == 3.0
    assert street.against() == 0.0


def test_a_home_without_peers_is_compared_with_nobody(street):
    street.track(event("property_view", 2, property_id="home-3"))
    alone = street.ask("home-3").numerical_features
    assert alone["peers_on_market"] == 0.0
    assert math.isnan(alone["view_momentum_against_peers_7d"])


def test_the_market_is_read_again_only_when_a_home_changes(street):
    peers = KnownPeers(street.catalogue, street.tracker.store)
    market = peers.market()
    assert peers.market() is market
    street.list("home-4", 510_000)
    assert peers.market().peers_of(["home-1"], to_micros(NOW)) == [("home-4", "home-2")]


class Watched:
    """A store that notes which homes' views are read together."""

    def __init__(self, store):
        self.store, self.read = store, []

    def __getattr__(self, name):
        return getattr(self.store, name)

    def columns(self, tenant, query, *keys):
        self.read.append(query.property_ids)
        return self.store.columns(tenant, query, *keys)


TABLES = {
    "features": lambda tool, homes: tool.feature_table("property", as_of=NOW, entity_ids=homes),
    "training": lambda tool, homes: tool.training_table([(home, NOW) for home in homes], "property"),
}


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_table_reads_the_views_of_each_peer_once_and_of_256_homes_at_most_together(street, table):
    at, homes = to_micros(NOW) - 60 * DAY, [f"h{number:03d}" for number in range(600)]
    street.catalogue.put(Property(home, at, at, SAID | {"ListPrice": 500_000 + n}) for n, home in enumerate(homes))
    street.track(*(event("property_view", 2, number=n, property_id=home) for n, home in enumerate(homes)))
    watched = Watched(street.tracker.store)
    table(engineer(street.tracker, peers=KnownPeers(street.catalogue, watched), warm_after=10**9), homes)
    assert sum(map(len, watched.read)) == len(frozenset().union(*watched.read)) > 600
    assert max(map(len, watched.read)) == 256


class Swapped:
    """A catalogue in whose place another can be put."""

    def __init__(self, catalogue):
        self.now = catalogue

    def __getattr__(self, name):
        return getattr(self.now, name)


def test_another_database_in_the_place_of_the_first_is_read_whole(street, tmp_path):
    catalogue = Swapped(street.catalogue)
    peers = KnownPeers(catalogue, street.tracker.store)
    assert len(peers.market().ids) == 3
    catalogue.now = Catalogue(ListingStore(SqliteDatabase(tmp_path / "other.sqlite3")), clock=clock)
    catalogue.now.put([Property("home-9", 1, 1, SAID | {"ListPrice": 500_000})])
    assert peers.market().ids.ids == ("home-9",)


def test_there_are_at_most_fifty_and_they_are_the_nearest():
    homes = {
        f"home-{number:02d}": [HomeVersion(1, 1, price=1_000.0 + number, active=1.0, kind="Condominium", place="Kent")]
        for number in range(60)
    }
    (found,) = Market.of(homes).peers_of(["home-00"], 2)
    assert found == tuple(f"home-{number:02d}" for number in range(1, 51))
