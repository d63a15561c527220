"""Every store that keeps facts with when they became known, and the same broken on purpose."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import postgres_ground

from homing.core.clock import from_micros
from homing.core.laws import Excepted
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.models.hybrid_model import HybridRecommendationModel
from homing.models.interactions import Interactions
from homing.models.registry import ModelRegistry
from homing.store.aliases import Alias, Aliases
from homing.store.events import EventQuery
from homing.store.identities import MemoryIdentities, StoredIdentities
from homing.store.keeping_checks import Keeper, a_new_one_is_empty, earlier_facts_stay, later_facts_stay_hidden
from homing.store.listings import ListingStore, ListingVersion
from homing.store.memory_events import MemoryEventStore
from homing.store.postgres_events import PostgresEventStore
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore


def sqlite(folder: Path) -> SqliteDatabase:
    return SqliteDatabase(folder / "homing.sqlite3")


def event(tenant: str, name: str, known_at: int, **fields: Any) -> BehavioralEvent:
    return BehavioralEvent(
        event_id=name, event_type=EventType.PAGE_VIEW, timestamp=from_micros(known_at), tenant=tenant, **fields
    )


def put_event(store: Any, tenant: str, name: str, value: str, known_at: int) -> bool:
    return store.append(tenant, [event(tenant, f"{name}-{value}", known_at, lead_id=value)]).stored[0]


def read_events(store: Any, tenant: str, upto: int | None) -> Any:
    return store.select(tenant, EventQuery(known_upto=upto))


def put_outcome(store: Any, tenant: str, name: str, value: str, known_at: int) -> bool:
    store.append(tenant, [event(tenant, name, 5)])
    before = read_events(store, tenant, None)
    store.record_outcome(tenant, name, value, None, 5, known_at)
    return read_events(store, tenant, None) != before


def read_outcomes(store: Any, tenant: str, upto: int | None) -> Any:
    return sorted((one.event_id, one.outcome) for one in read_events(store, tenant, upto) if one.outcome)


def put_home(store: Any, tenant: str, name: str, value: str, known_at: int) -> bool:
    version = ListingVersion(name, known_at, known_at, f'{{"City":"{value}"}}')
    return not store.put(tenant, [version])["unchanged"]


def put_correction(store: Any, tenant: str, name: str, value: str, known_at: int) -> bool:
    """Every version of one and the same moment, told later and later."""
    return not store.put(tenant, [ListingVersion(name, 5, known_at, f'{{"City":"{value}"}}')])["unchanged"]


def read_homes(store: Any, tenant: str, upto: int | None) -> Any:
    now = 2**62
    found = [store.newest(tenant, name, now if upto is None else upto) for name in "ab"]
    return [(home.property_id, home.fields) for home in found if home is not None]


def put_profile(store: Any, tenant: str, name: str, value: str, known_at: int) -> bool:
    return not store.put(tenant, "lead", [(name, value)], known_at)["unchanged"]


def read_profiles(store: Any, tenant: str, upto: int | None) -> Any:
    return store.all(tenant, "lead", upto)


def put_merge(store: Any, tenant: str, name: str, value: str, known_at: int) -> bool:
    if store.lead_of(tenant, name) not in {None, value}:
        store.unmerge(tenant, name, known_at)
    return store.merge(tenant, name, value, known_at)


def read_merges(store: Any, tenant: str, upto: int | None) -> Any:
    return [(name, store.lead_of(tenant, name, upto)) for name in "ab"]


def put_alias(store: Any, tenant: str, name: str, value: str, known_at: int) -> bool:
    return bool(store.put(tenant, [Alias("email", name, value)], known_at))


def read_aliases(store: Any, tenant: str, upto: int | None) -> Any:
    return [(name, store.leads_of(tenant, "email", name, upto)) for name in "ab"]


class Registries:
    """The registries of all tenants in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.model = HybridRecommendationModel(tune=False).fit(Interactions.from_columns(["l"], ["h"]))

    def of(self, tenant: str) -> ModelRegistry:
        return ModelRegistry(self.folder, tenant)


def put_model(store: Registries, tenant: str, name: str, value: str, known_at: int) -> bool:
    store.of(tenant).publish(store.model, known_at, {"name": name, "value": value})
    return True


def read_models(store: Registries, tenant: str, upto: int | None) -> Any:
    registry = store.of(tenant)
    known = [name for name in registry.versions() if upto is None or registry.trained_as_of(name) <= upto]
    return sorted((registry.trained_as_of(name), *map(registry.card(name).get, ("name", "value"))) for name in known)


def kept_in(name: str, database: Callable[[Path], Any], events: Callable[[Any], Any]) -> dict[str, Keeper]:
    """Everything that is kept in a database."""
    kept = {
        "events": (events, put_event, read_events),
        "outcomes": (events, put_outcome, read_outcomes),
        "homes": (ListingStore, put_home, read_homes),
        "corrections_of_homes": (ListingStore, put_correction, read_homes),
        "profiles": (ProfileStore, put_profile, read_profiles),
        "merges": (StoredIdentities, put_merge, read_merges),
        "aliases": (Aliases, put_alias, read_aliases),
    }
    return {
        f"{what}_in_{name}": Keeper(lambda folder, store=store: store(database(folder)), put, read)
        for what, (store, put, read) in kept.items()
    }


KEEPERS = {
    "events_in_memory": Keeper(lambda _: MemoryEventStore(), put_event, read_events),
    "outcomes_in_memory": Keeper(lambda _: MemoryEventStore(), put_outcome, read_outcomes),
    "merges_in_memory": Keeper(lambda _: MemoryIdentities(), put_merge, read_merges),
    **kept_in("sqlite", sqlite, SqliteEventStore),
    **kept_in("postgres", postgres_ground.database, PostgresEventStore),
    "models": Keeper(Registries, put_model, read_models),
}
STORES = {
    "MemoryEventStore", "SqliteEventStore", "PostgresEventStore", "ListingStore", "ProfileStore", "MemoryIdentities",
    "StoredIdentities", "ModelRegistry", "Aliases",
}  # fmt: skip

_MEMORY = "what is in the memory of a process ends with it, which is what a memory store is for"
_LAST = "of one event only the outcome known last is kept; nothing that learns or answers reads outcomes of the past"
_EACH = "every training is a version of its own with its own card, also when nothing had changed since the last"
EXCEPTED = (
    *(
        Excepted(name, "it_survives_a_new_start", _MEMORY, a_new_one_is_empty)
        for name in ("events_in_memory", "outcomes_in_memory", "merges_in_memory")
    ),
    *(
        Excepted(name, "what_was_known_then_stays", _LAST, later_facts_stay_hidden)
        for name in ("outcomes_in_memory", "outcomes_in_sqlite", "outcomes_in_postgres")
    ),
    Excepted("models", "the_same_again_changes_nothing", _EACH, earlier_facts_stay),
)

PROFILES = KEEPERS["profiles_in_sqlite"]
NUMBERS = itertools.count()


def changed(read: Callable[[Any, str, int | None], Any]) -> Keeper:
    return replace(PROFILES, read=read)


def touching(folder: Path) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lock").touch()
    return PROFILES.open(folder)


def knowing_newcomers(store: Any, tenant: str, upto: int | None) -> Any:
    return [*{**dict(read_profiles(store, tenant, None)), **dict(read_profiles(store, tenant, upto))}.items()]


def keeping_the_last(store: Any, tenant: str, upto: int | None) -> Any:
    now = read_profiles(store, tenant, None)
    return [one for one in read_profiles(store, tenant, upto) if one in now]


def putting_in_order(store: Any, tenant: str, name: str, value: str, known_at: int) -> bool:
    store.arrived = [*getattr(store, "arrived", []), name]
    return put_profile(store, tenant, name, value, known_at)


def reading_in_order(store: Any, tenant: str, upto: int | None) -> Any:
    arrived = getattr(store, "arrived", ["a", "b"])
    return sorted(read_profiles(store, tenant, upto), key=lambda one: arrived.index(one[0]))


MUTANTS = {
    "what_was_put_is_read": changed(lambda *asked: [hash(one) for one in read_profiles(*asked)]),
    "reading_makes_no_file": replace(PROFILES, open=touching),
    "a_tenant_sees_only_its_own": changed(
        lambda store, tenant, upto: [read_profiles(store, name, upto) for name in ("default", "other")]
    ),
    "the_same_again_changes_nothing": replace(PROFILES, put=lambda *told: put_profile(*told) or True),
    "what_was_not_known_yet_is_not_seen": changed(knowing_newcomers),
    "what_was_known_then_stays": changed(keeping_the_last),
    "order_of_arrival_is_irrelevant": replace(PROFILES, put=putting_in_order, read=reading_in_order),
    "it_survives_a_new_start": replace(PROFILES, open=lambda folder: PROFILES.open(folder / str(next(NUMBERS)))),
}
