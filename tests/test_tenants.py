"""Nobody sees, counts or changes what belongs to another tenant of the same database, by whatever call or route."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import postgres_ground
import pytest
from api_ground import ending_streams
from starlette.routing import Route

from homing.api.segment_addresses import ADDRESSES
from homing.core.settings import Settings
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.market.catalogue import Catalogue
from homing.market.property import property_from
from homing.people.agent import Agent
from homing.people.directory import Directory
from homing.people.lead import Lead, lead_from
from homing.services.keys import key_hash
from homing.store.aliases import Alias, Aliases
from homing.store.events import EventQuery
from homing.store.identities import StoredIdentities
from homing.store.keys import KeyStore, StoredKey
from homing.store.listings import ListingStore, ListingVersion
from homing.store.memory_events import MemoryEventStore
from homing.store.opening import event_store
from homing.store.postgres_events import PostgresEventStore
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore
from homing.tracking.behavior_tracker import BehaviorTracker
from homing.wiring import Homing, served

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
NOW = 1_800_000_000_000_000
ALL = EventQuery()
Call = Callable[[Any], Any]


def happened(tenant: str) -> BehavioralEvent:
    return BehavioralEvent(
        event_id="e", event_type=EventType.PROPERTY_VIEW, timestamp=NOON, tenant=tenant, lead_id="ann",
        property_id="h1", session_id="s", agent_id="bob", anonymous_id="v", event_data={"view_duration_seconds": 5},
    )  # fmt: skip


def of_columns(columns: Any) -> Any:
    return columns.event_ids, columns.leads.ids, columns.properties.ids


STORES: dict[type[Any], dict[str, Call]] = {
    SqliteEventStore: {
        "select": lambda store: store.select("b", ALL),
        "extent": lambda store: store.extent("b", ALL),
        "names": lambda store: store.names("b", "lead", ALL),
        "count": lambda store: store.count("b", EventQuery(lead_id="ann")),
        "columns": lambda store: of_columns(store.columns("b", ALL)),
        "record_outcome": lambda store: store.record_outcome("b", "e", "won", 1.0, 1, 1),
        "append": lambda store: (store.append("b", []), store.append("b", [happened("b")]).stored),
        "has_seen": lambda store: store.has_seen("b", 0),
        "submit": lambda store: store.submit("b", [happened("b")]).result().stored,
    },
    ListingStore: {
        "newest": lambda store: store.newest("b", "h1", NOW),
        "moments_after": lambda store: store.moments_after("b", "h1", 0),
        "versions": lambda store: list(store.versions("b")),
        "versions_of": lambda store: store.versions_of("b", ["h1"]),
        "since": lambda store: store.since("b", 0),
        "revision": lambda store: store.revision("b"),
        "keys_by_listing_id": lambda store: store.keys_by_listing_id("b"),
        "put": lambda store: store.put("b", [ListingVersion("h1", 5, 5, "{}")]),
    },
    ProfileStore: {
        "get": lambda store: store.get("b", "lead", "ann"),
        "ids": lambda store: store.ids("b", "lead"),
        "all": lambda store: store.all("b", "lead"),
        "revision": lambda store: store.revision("b"),
        "put": lambda store: store.put("b", "lead", [("ann", "{}")], 1),
    },
    Aliases: {
        "leads_of": lambda aliases: aliases.leads_of("b", "email", "ann@example.com"),
        "pseudonym": lambda aliases: (
            aliases.pseudonym("b", "email", "ann@example.com") == aliases.pseudonym("a", "email", "ann@example.com")
        ),
        "put": lambda aliases: aliases.put("b", [Alias("email", "ann@example.com", "ann")], 1),
    },
    KeyStore: {
        "find": lambda keys: keys.find(b"nobody").key,
        "binds": lambda keys: keys.binds("https://b.example"),
        "all": lambda keys: keys.all("b"),
        "add": lambda keys: keys.add(b"hash of b", StoredKey("b", "key_1", "read", (), 1)),
        "revoke": lambda keys: keys.revoke("b", "key_1", 2),
    },
    StoredIdentities: {
        "lead_of": lambda people: people.lead_of("b", "w"),
        "visitors_of": lambda people: people.visitors_of("b", "ann"),
        "visitors_of_all": lambda people: people.visitors_of_all("b", ("ann",)),
        "revision": lambda people: people.revision("b"),
        "merge": lambda people: people.merge("b", "w", "zoe", 1),
        "unmerge": lambda people: people.unmerge("b", "w", 1),
    },
}
STORES[MemoryEventStore] = {**STORES[SqliteEventStore], "dropped": lambda store: store.dropped("b")}

CATALOGUE: dict[str, Call] = {
    "get": lambda homes: homes.get("h1"),
    "moment_of_change": lambda homes: homes.moment_of_change("h1"),
    "versions_of": lambda homes: homes.versions_of(["h1"]),
    "snapshot": lambda homes: homes.snapshot().ids.ids,
    "refreshed": lambda homes: homes.refreshed(homes.snapshot()).ids.ids,
    "revision": lambda homes: homes.revision(),
    "is_current": lambda homes: homes.is_current(homes.snapshot()),
    "present": lambda homes: homes.present(),
    "changed_since": lambda homes: homes.changed_since(0),
    "property_ids_by_listing_id": lambda homes: homes.property_ids_by_listing_id(),
    "delete": lambda homes: homes.delete("h1"),
    "put": lambda homes: homes.put([property_from({"ListingKey": "h1"}, now=NOW)]),
}
DIRECTORY: dict[str, Call] = {
    "lead": lambda people: people.lead("ann"),
    "lead_ids": lambda people: people.lead_ids(),
    "leads": lambda people: people.leads(),
    "limits": lambda people: people.limits(),
    "time_zone_of": lambda people: people.time_zone_of("ann"),
    "leads_reached_by": lambda people: people.leads_reached_by("email", "ann@example.com"),
    "pseudonym": lambda people: len(people.pseudonym([("email", "ann@example.com")])),
    "agent": lambda people: people.agent("bob"),
    "revision": lambda people: people.revision(),
    "agent_ids": lambda people: people.agent_ids(),
    "put_leads": lambda people: people.put_leads([Lead(lead_id="ann")]),
    "put_agents": lambda people: people.put_agents([Agent(agent_id="bob")]),
}
TRACKER: dict[str, Call] = {
    "get_events": lambda tracker: asyncio.run(tracker.get_events()),
    "get_event_count": lambda tracker: asyncio.run(tracker.get_event_count("ann")),
    "get_events_by_session": lambda tracker: asyncio.run(tracker.get_events_by_session("s")),
    "get_recent_events": lambda tracker: asyncio.run(tracker.get_recent_events(1e9)),
    "record_outcome": lambda tracker: asyncio.run(tracker.record_outcome("e", "won")),
    "get_stats": lambda tracker: tracker.get_stats(),
    "track_event": lambda tracker: asyncio.run(tracker.track_event(happened("b"))),
    "track_events_batch": lambda tracker: asyncio.run(tracker.track_events_batch([happened("b")])),
}


def verbs(thing: type[Any]) -> set[str]:
    return {name for name in dir(thing) if not name.startswith("_") and callable(getattr(thing, name))}


class House:
    """Everything over one database, or over memory where that is a store of its own."""

    def __init__(self, folder: Path, database: Any = None) -> None:
        self.database = SqliteDatabase(folder / "homing.sqlite3") if database is None else database
        self.memory = MemoryEventStore()

    def of(self, thing: type[Any], tenant: str) -> Any:
        if thing is MemoryEventStore:
            return self.memory
        if thing is Catalogue:
            return Catalogue(ListingStore(self.database), tenant, clock=lambda: NOW)
        if thing is Directory:
            aliases = Aliases(self.database)
            return Directory(ProfileStore(self.database), tenant, clock=lambda: NOW, aliases=aliases)
        if thing is BehaviorTracker:
            return BehaviorTracker(event_store(self.database), tenant, clock=lambda: NOW)
        return thing(self.database)

    def settle(self, tenant: str) -> None:
        for store in (self.memory, event_store(self.database)):
            store.append(tenant, [happened(tenant)])
            store.identities.merge(tenant, "w", "ann", 1)
        row = {"ListingKey": "h1", "ListingId": "100", "ListPrice": 5}
        self.of(Catalogue, tenant).put([property_from(row, now=NOW - 10)])
        self.of(Directory, tenant).put_leads(
            [lead_from({"lead_id": "ann", "time_zone": "America/Denver", "email": "ann@example.com"})]
        )
        self.of(Directory, tenant).put_agents([Agent(agent_id="bob", capacity=3)])
        KeyStore(self.database).add(b"hash of " + tenant.encode(), StoredKey(tenant, "key_1", "admin", (), 1))

    def told(self, tenant: str) -> Any:
        homes, people = self.of(Catalogue, tenant), self.of(Directory, tenant)
        events = [store.select(tenant, ALL) for store in (self.memory, event_store(self.database))]
        keys = KeyStore(self.database).all(tenant), KeyStore(self.database).find(b"hash of " + tenant.encode())
        visitors = StoredIdentities(self.database).visitors_of(tenant, "ann")
        visitors += people.leads_reached_by("email", "ann@example.com")
        return keys, visitors, events, homes.get("h1"), homes.changed_since(0), people.leads(), people.agent("bob")


CALLS = {**STORES, Catalogue: CATALOGUE, Directory: DIRECTORY, BehaviorTracker: TRACKER}


@pytest.mark.parametrize(
    ("thing", "call"),
    [pytest.param(t, call, id=f"{t.__name__}.{v}") for t, calls in CALLS.items() for v, call in calls.items()],
)
def test_a_call_for_one_tenant_neither_sees_nor_changes_another(tmp_path: Path, thing: type[Any], call: Call) -> None:
    shared, alone = House(tmp_path / "shared"), House(tmp_path / "alone")
    shared.settle("a")
    before = shared.told("a")
    assert call(shared.of(thing, "b")) == call(alone.of(thing, "b"))
    assert shared.told("a") == before


SERVED = {
    PostgresEventStore if t is SqliteEventStore else t: calls
    for t, calls in STORES.items()
    if t is not MemoryEventStore
}


@pytest.mark.parametrize(
    ("thing", "verb"), [pytest.param(t, v, id=f"{t.__name__}.{v}") for t, calls in SERVED.items() for v in calls]
)
def test_nor_does_it_in_postgres(tmp_path: Path, thing: type[Any], verb: str) -> None:
    shared, alone = House(tmp_path, postgres_ground.database()), House(tmp_path, postgres_ground.database())
    shared.settle("a")
    before = shared.told("a")
    call = SERVED[thing][verb]
    assert call(shared.of(thing, "b")) == call(alone.of(thing, "b"))
    assert shared.told("a") == before


@pytest.mark.parametrize("thing", {**CALLS, **SERVED})
def test_no_call_is_left_out(thing: type[Any]) -> None:
    assert verbs(thing) == set({**CALLS, **SERVED}[thing])


MESSAGES = {
    "track": {"userId": "ann", "event": "Listing Viewed", "properties": {"listing_id": "h1"}, "messageId": "e"},
    "identify": {"userId": "ann", "anonymousId": "w", "traits": {"email": "ann@example.com", "stage": "hot"}},
    "page": {"userId": "ann", "messageId": "e"},
    "screen": {"userId": "ann", "messageId": "e"},
    "group": {"userId": "ann", "groupId": "g", "messageId": "e"},
    "alias": {"userId": "zoe", "previousId": "w"},
}
OF_B = {"Authorization": "Bearer key of b"}
SITE = {"Authorization": "Bearer site key of b"}
ROUTES: dict[str, list[tuple[str, str, Any]]] = {
    **{
        f"/v1/{name}": [("POST", f"/v1/{name}", {"json": MESSAGES[kind] if kind else {"batch": [
            {**message, "type": of} for of, message in MESSAGES.items()
        ]}})]
        for name, kind in ADDRESSES.items()
    },
    "/fub/v1/events": [
        ("POST", "/fub/v1/events", {"json": {"type": "Registration", "person": {
            "id": "ann", "stage": "hot", "emails": [{"value": "ann@example.com"}],
        }}}),
    ],
    "/v1/events": [("POST", "/v1/events", {"json": [{"event_type": "page_view", "lead_id": "ann", "event_id": "e"}]})],
    "/v1/leads/{lead_id:path}/recommendations": [("GET", "/v1/leads/ann/recommendations", {})],
    "/v1/visitors/{anonymous_id:path}/recommendations": [
        ("GET", "/v1/visitors/v/recommendations", {}),
        ("GET", "/v1/visitors/w/recommendations", {"headers": SITE}),
    ],
    "/v1/leads/{lead_id:path}/stream": [("GET", "/v1/leads/ann/stream", {})],
    "/v1/visitors/{anonymous_id:path}/stream": [
        ("GET", "/v1/visitors/v/stream", {}),
        ("GET", "/v1/visitors/w/stream", {"headers": SITE}),
    ],
    "/v1/rank": [("POST", "/v1/rank", {"json": {"lead_id": "ann", "property_ids": ["h1"]}})],
    "/v1/visitors": [
        ("POST", "/v1/visitors", {"json": {"anonymous_id": "v"}}),
        ("POST", "/v1/visitors", {"json": {"anonymous_id": "v"}, "headers": SITE}),
        ("POST", "/v1/visitors", {"json": {"anonymous_id": "w"}, "headers": SITE}),
    ],
    "/v1/leads/{lead_id:path}/token": [("POST", "/v1/leads/ann/token", {})],
    "/v1/keys": [("GET", "/v1/keys", {}), ("POST", "/v1/keys", {"json": {"scope": "read"}})],
    "/v1/keys/{key_id}": [("DELETE", "/v1/keys/key_1", {})],
    "/v1/leads/{lead_id:path}/merge": [("POST", "/v1/leads/zoe/merge", {"json": {"anonymous_id": "w"}})],
    "/v1/leads/{lead_id:path}/unmerge": [("POST", "/v1/leads/ann/unmerge", {"json": {"anonymous_id": "w"}})],
    "/v1/leads/{lead_id:path}": [
        ("GET", "/v1/leads/ann", {}), ("PUT", "/v1/leads/ann", {"json": {"stage": "new"}}),
    ],
    "/v1/agents/{agent_id:path}": [
        ("GET", "/v1/agents/bob", {}), ("PUT", "/v1/agents/bob", {"json": {"capacity": 9}}),
    ],
    "/v1/properties/{property_id:path}/leads": [("GET", "/v1/properties/h1/leads", {})],
    "/v1/properties/{property_id:path}/similar": [("GET", "/v1/properties/h1/similar", {})],
    "/v1/feedback": [
        ("POST", "/v1/feedback",
         {"json": {"recommendation_id": "x", "property_id": "h1", "event_type": "property_save"}}),
    ],
    "/v1/leads/{lead_id:path}/features": [("GET", "/v1/leads/ann/features?as_of=2026-05-02T00:00:00Z", {})],
    "/v1/leads/{lead_id:path}/timeline": [("GET", "/v1/leads/ann/timeline", {})],
    "/v1/properties": [("POST", "/v1/properties", {"json": [{"ListingKey": "h1", "ListPrice": 9}]})],
    "/v1/properties/{property_id:path}": [
        ("GET", "/v1/properties/h1", {}), ("DELETE", "/v1/properties/h1", {}),
        ("PUT", "/v1/properties/h1", {"json": {"ListPrice": 9}}),
    ],
    "/healthz": [("GET", "/healthz", {})],
    "/readyz": [("GET", "/readyz", {})],
    "/openapi.json": [("GET", "/openapi.json", {})],
    "/docs": [("GET", "/docs", {})],
    "/": [("GET", "/", {}), ("GET", "/?q=ann", {})],
    "/leads/{lead_id:path}": [("GET", "/leads/ann", {})],
    "/leads/{lead_id:path}/act": [("POST", "/leads/ann/act", {"data": {"act": "save", "property_id": "h1"}})],
    "/assets/{name}": [("GET", "/assets/page.css", {})],
}  # fmt: skip
OF_THE_SERVER = {"/metrics"}
"""What tells of the server and its workers, to every tenant the same."""
CHANGING = ("as_of", "recommendation_id", "sequence", "token", "expires_at", "id", "key")


def app_of(folder: Path, house_of: type[Homing]) -> Any:
    """The application with a key of the tenant b; without one, a call would be of the tenant a."""
    keys = KeyStore(SqliteDatabase(folder / "homing.sqlite3"))
    keys.add(key_hash("key of b"), StoredKey("b", "key_b", "admin", (), 1))
    keys.add(key_hash("site key of b"), StoredKey("b", "key_site", "site", (), 1))
    return served(house_of(Settings(data_dir=folder, tenant="a")))


def answered(app: Any, method: str, path: str, more: Any) -> tuple[int, Any]:
    async def asked() -> httpx.Response:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(ending_streams(app)), base_url="http://testserver"
        ) as client:
            return await client.request(method, path, **{"headers": OF_B, **more})

    answer = asyncio.run(asked())
    kind = answer.headers.get("content-type", "")
    if "json" not in kind and "event-stream" not in kind:
        return answer.status_code, answer.text
    body = json.loads(answer.text.rpartition("\ndata: ")[2])
    return answer.status_code, {name: value for name, value in body.items() if name not in CHANGING}


@pytest.mark.parametrize(("method", "path", "more"), [one for asked in ROUTES.values() for one in asked])
def test_a_route_of_one_tenant_neither_tells_nor_changes_another(tmp_path, method, path, more) -> None:
    keeps_tenants_apart(Homing, tmp_path, method, path, more)


def keeps_tenants_apart(house_of: type[Homing], tmp_path: Path, method: str, path: str, more: Any) -> None:
    house = House(tmp_path / "shared")
    house.settle("a")
    before = house.told("a")
    shared, alone = (app_of(tmp_path / name, house_of) for name in ("shared", "alone"))
    assert answered(shared, method, path, more) == answered(alone, method, path, more)
    assert house.told("a") == before


def test_no_route_is_left_out(tmp_path) -> None:
    routes = app_of(tmp_path, Homing).routes
    assert {route.path for route in routes if isinstance(route, Route)} == set(ROUTES) | OF_THE_SERVER


class SeesMerges(StoredIdentities):
    """Asks about a visitor of whatever tenant."""

    def lead_of(self, tenant: str, anonymous_id: str, known_upto: int | None = None) -> str | None:
        return super().lead_of("a", anonymous_id, known_upto)


class RevokesByIdAlone(KeyStore):
    """Revokes a key of whatever tenant."""

    def revoke(self, tenant: str, key_id: str, at: int) -> bool:
        return super().revoke("a", key_id, at)


@pytest.mark.parametrize(
    ("mutant", "call"),
    [(SeesMerges, STORES[StoredIdentities]["lead_of"]), (RevokesByIdAlone, STORES[KeyStore]["revoke"])],
)
def test_a_store_that_leaks_is_found_out(tmp_path: Path, mutant: type[Any], call: Call) -> None:
    with pytest.raises(AssertionError):
        test_a_call_for_one_tenant_neither_sees_nor_changes_another(tmp_path, mutant, call)


class OfOneTenant(Homing):
    """Answers every key by the services of the first tenant."""

    def of(self, tenant: str) -> Homing:
        return self


@pytest.mark.parametrize(("method", "path", "more"), ROUTES["/v1/leads/{lead_id:path}"])
def test_routes_that_leak_are_found_out(tmp_path, method, path, more) -> None:
    with pytest.raises(AssertionError):
        keeps_tenants_apart(OfOneTenant, tmp_path, method, path, more)
