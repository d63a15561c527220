"""What the store, tracking, features and personalization refuse of a Python caller, by the sentence it brings."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import ModuleType

import numba
import numpy as np
from api_ground import SIGNER

import homing
from homing import BehavioralEvent, EventType, feature_engineering
from homing.core import clock, ids, jit
from homing.core.laws import Excepted, checks
from homing.core.settings import Settings
from homing.feature_engineering import FEATURES, kernel
from homing.feature_engineering.declaration import Example, declared_in, feature
from homing.feature_engineering.reach import reach
from homing.feature_engineering.standard_feature_engineer import StandardFeatureEngineer
from homing.market.links import LinkTemplate
from homing.market.where import where
from homing.people.agent import agent_from
from homing.people.lead import lead_from
from homing.personalization.answer_token import AnswerToken
from homing.personalization.ask import Ask
from homing.personalization.feedback import feedback_event
from homing.store.columns import columns_of
from homing.store.events import EventQuery, check_outcome
from homing.store.memory_events import MemoryEventStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore
from homing.tracking.behavior_tracker import InMemoryBehaviorTracker
from homing.tracking.history import History, histories
from homing.tracking.local_time import checked_zone
from homing.tracking.property_interactions import PropertyInteractionCollector
from homing.tracking.validation import event_from
from homing.trust.denied import Denied
from homing.wiring import Homing

__all__ = ["TABLE"]

AT = datetime(2026, 5, 1, tzinfo=UTC)
TOKEN = AnswerToken(tenant="default", lead_id="ann", as_of=0, models={}, properties=("h1",))
PARTS = {
    "unit": "events", "family": "tried", "reads": [EventType.PROPERTY_VIEW], "window": 30 * clock.DAY,
    "range": (0, 10), "missing": 0.0, "example": Example([], 0.0),
}  # fmt: skip


def kernel_that_orders():
    def order(numbers):
        return np.argsort(numbers)

    jit.kernel(order)


def run(awaitable):
    return asyncio.run(awaitable)


def event(**more):
    more = {"event_type": EventType.PROPERTY_VIEW, "timestamp": AT, "lead_id": "l", "property_id": "h"} | more
    return BehavioralEvent(**more)


def unchecked(**more):
    """An event that somebody made without its checks."""
    made = event()
    for name, value in more.items():
        object.__setattr__(made, name, value)
    return made


def appended(*events):
    return MemoryEventStore().append("default", list(events))


def one(h: History) -> float:
    """One."""
    return 1.0


def twice():
    """Two modules with a feature of one name."""
    families = ModuleType("a"), ModuleType("b")
    for family in families:
        family.one = feature(**PARTS)(one)
    return declared_in(*families)


def rules(*lines):
    """What a file of further rules says, if it is read at all."""

    def act(ground):
        return Denied(ground.file("rules.toml", "\n".join(lines))).rules

    return act


def about_persons():
    family = ModuleType("a")
    family.one = feature(**PARTS, about="person")(one)
    return declared_in(family)


LIMIT = ["no number"]


def reading_a_name(h: History) -> float:
    """One."""
    return float(h.name[0])


def with_defaults(h: History, n: int = 3) -> float:
    """One."""
    return 1.0


def helper(n: float) -> float:
    """The same."""
    return n


def by_keyword(h: History) -> float:
    """One."""
    return helper(n=1.0)


def whole_history(h: History) -> float:
    """One."""
    return len(h)


def with_a_list(h: History) -> float:
    """One."""
    return LIMIT


def itself(h: History) -> float:
    """One."""
    return itself(h)


@contextmanager
def no_jit() -> Iterator[None]:
    numba.config.DISABLE_JIT = 1
    try:
        yield
    finally:
        numba.config.DISABLE_JIT = 0


def compiled_without_jit(ground):
    with no_jit():
        return kernel.compile_kernel("lead", FEATURES["lead"][:1], ground.new())


def database(ground, content=b""):
    path = ground.new("homing.sqlite3")
    if content:
        path.write_bytes(content)
    return SqliteDatabase(path)


def newer(ground):
    found = database(ground)
    with found.write() as connection:
        connection.execute("PRAGMA user_version = 99")
    found.close()
    return found.read()


def teleported(ground, read):
    """A store with an event of a type that a later homing knows."""
    found = database(ground)
    store = SqliteEventStore(found)
    store.append("default", [event()])
    with found.write() as connection:
        connection.execute("UPDATE events SET type = 'teleported'")
    return read(store)


def merged_twice(_):
    people = MemoryEventStore().identities
    people.merge("default", "visitor", "ann", 0)
    return people.merge("default", "visitor", "bob", 1)


def learning(ground, verb):
    return run(verb(Homing(Settings(ground.new())).learning))


def engine(ground):
    return Homing(Settings(ground.new())).engine


def feedback_of_another(ground):
    one = engine(ground)
    token = one.recommend("ann").recommendation_id
    return run(one.record_feedback("zoe", token, "h1", EventType.PROPERTY_VIEW))


def engineer(tracker=None):
    return StandardFeatureEngineer(tracker)


def laws(excepted):
    return checks({"law": one}, {"part": 1}, excepted)


def odd(reason="a reason that is long enough to say why it cannot be kept", part="part"):
    return Excepted(part, "law", reason, one)


def read(row, **more):
    return event_from(row, tenant="default", now=clock.HOUR * 10, **more)


plain = lambda h: 1.0  # noqa: E731  # what is refused
RFC = "RFC 3339 moment such as 2026-11-22T20:00:00Z"

RULE = (
    "[[rule]]",
    'id = "a"',
    'category = "c"',
    'then = "dropped"',
    'of = ["home"]',
    'why = "w"',
    'source = "s"',
    "date = 2026-01-01",
)

TABLE = {
    "order must not use argsort as a kernel. See `kernel`.": lambda _: kernel_that_orders(),
    "must be a TOML file of rules that can be read, as docs/explanation/law.md says; got No such file or directory": lambda ground: Denied(ground.new("none.toml")).rules,
    "must hold rules, each under [[rule]]; got []": rules("a = 1"),
    "rule[0] must be a table; got 3": rules("rule = [3]"),
    "rule[0].colour must be left out; a rule has category, date": rules(*RULE, "colour = 1"),
    "rule[0].why must be a text that is not empty; got 1": rules(*(line.replace('"w"', "1") for line in RULE)),
    "rule[0].then must be one of dropped, hashed, display_only, filter_only; got 'burnt'": rules(*(line.replace("dropped", "burnt") for line in RULE)),
    "rule[0].date must be a date such as 2026-11-22; got 5": rules(*(line.replace("2026-01-01", "5") for line in RULE)),
    "rule[0].of must be a list of person, event, home; got ['garden']": rules(*(line.replace("home", "garden") for line in RULE)),
    "rule[0].words must be a list of phrases, each of at least one word; got ['-']": rules(*RULE, 'words = ["-"]'),
    "feature crime_rate_seen.name must tell nothing that may not be used (crime figures); got 'crime_rate_seen'": lambda _: feature(**PARTS, name="crime_rate_seen")(one),
    "feature one.h.name must be a field that may be used (identity); got 'name'": lambda _: feature(**PARTS, name="one")(reading_a_name),
    "features must say what somebody did; one with about=": lambda _: about_persons(),
    "module 'homing' has no name 'Zebra'": lambda _: homing.Zebra,
    "module 'homing.feature_engineering' has no name 'Zebra'": lambda _: feature_engineering.Zebra,
    "timestamp must carry a time zone (for example 2026-11-22T20:00:00Z); got '2026-05-01T00:00:00'": lambda _: event(
        timestamp=AT.replace(tzinfo=None)
    ),
    f"at must be an {RFC}; got 7": lambda _: clock.parse_moment(7, "at"),
    "at must be a moment with time and offset such as 2026-11-22T20:00:00Z; got '2026-05-01'": lambda _: clock.parse_moment("2026-05-01", "at"),
    "at must lie in the years 1 to 9999 of UTC; got": lambda _: clock.parse_moment("0001-01-01T00:00:00+05:00", "at"),
    "id must be a text of 1 to 255 printable characters; got 7": lambda _: ids.checked_id(7, "id"),
    "event must be an object with event_type and timestamp; got 5": lambda _: read(5),
    "received_at must be left out here: the server's clock says when it was received; got 'x'": lambda _: read({"received_at": "x"}),
    "timestamp must be at most 5 minutes after now (1970-01-01T10:00:00Z); got": lambda _: read({"event_type": "page_view", "lead_id": "l", "timestamp": "2026-05-01T00:00:00Z"}),
    "received_at must be no earlier than timestamp (1970-01-01T02:00:00Z); got '1970-01-01T01:00:00Z'": lambda _: read(
        {"event_type": "page_view", "lead_id": "l", "timestamp": "1970-01-01T02:00:00Z"}
        | {"received_at": "1970-01-01T01:00:00Z"}, files=True,
    ),
    "lead must be an object with lead_id; got 5": lambda _: lead_from(5),
    "agent must be an object with agent_id; got 5": lambda _: agent_from(5),
    "--database must be sqlite:///PATH or postgresql://USER@HOST/NAME; got 'mysql://x'": lambda _: Settings(database="mysql://x").sqlite_path,
    "recommendation_id must be one that this service gave out, unchanged; got 'x'": lambda _: AnswerToken.read(SIGNER, "x", tenant="default"),
    "recommendation_id must be one that this service gave out, unchanged; got": lambda _: AnswerToken.read(SIGNER, TOKEN.text(SIGNER), tenant="another"),
    "property_id must be a home of that answer; got 'h9'": lambda _: TOKEN.rank("h9"),
    "event_type must be": lambda _: feedback_event(TOKEN, "h1", EventType.SESSION_END, 0),
    "property_id must be a home of that answer; got 'h8'": lambda _: feedback_event(TOKEN, "h8", EventType.PROPERTY_VIEW, 0),
    "lead_id must be given, or anonymous_id, and not both; got nothing": lambda _: Ask(),
    "k must be from 1 to 1000; got 0": lambda _: Ask(lead_id="l", k=0),
    "candidates must be a list of at most 1,000 homes; got 'abc'": lambda _: Ask(lead_id="l", candidates="abc"),
    "entity_type must be 'lead'; got 'agent'": lambda ground: run(engine(ground).get_recommendations("a", "agent")),
    "recommendation_id must be of an answer to 'zoe'; got 'rec_": feedback_of_another,
    "property_id must be in the catalogue; got 'h7'": lambda ground: engine(ground).recommend("ann", candidates=["h7"]),
    "property_id must be in the catalogue; got 'h6'": lambda ground: engine(ground).leads_for("h6"),
    "k must be from 1 to 1000; got 1001": lambda ground: engine(ground).leads_for("h6", 1001),
    "listing_url must be a web address with a field of the listing in it": lambda _: LinkTemplate("https://x.example"),
    "tenant must be 'default', the tenant of this call; got 'other'": lambda _: appended(unchecked(tenant="other")),
    "events[0].lead_id must be a text of 1 to 255": lambda _: appended(unchecked(lead_id="a" * 300)),
    "events[0].device_type must be a text; got 7": lambda _: appended(unchecked(device_type=7)),
    "events[0].device_type must be a text of whole characters, none of them NUL; got 'a\\x00b'": lambda _: appended(unchecked(device_type="a\0b")),
    "events[0].outcome_value must be a finite number; got nan": lambda _: appended(unchecked(outcome_value=float("nan"))),
    "outcome must be a text that is not empty; got ''": lambda _: check_outcome("", None),
    "limit must be at least 0, or None for all; got -1": lambda _: EventQuery(limit=-1),
    "max_events must be a whole number of at least 1; got 0": lambda _: MemoryEventStore(0),
    "max_age_days must be a positive number of days, or None for any age; got 0": lambda _: MemoryEventStore(1, 0),
    "anonymous_id must be a visitor of no other lead; unmerge it from 'ann' first; got 'visitor'": merged_twice,
    "The store holds an event of type 'teleported', which this version of homing does not know.": lambda ground: teleported(ground, lambda store: store.select("default", EventQuery())),
    "event of type 'teleported'": lambda ground: teleported(ground, lambda store: store.columns("default", EventQuery())),
    "cannot be opened: file is not a database.": lambda ground: database(ground, b"not a database" * 1000).read(),
    "The database is of a newer homing (schema 99": newer,
    "cannot be opened: ": lambda ground: SqliteDatabase(ground.file("x", "") / "homing.sqlite3").read(),
    "cannot be read: no such table: zebra.": lambda ground: list(database(ground).rows("SELECT * FROM zebra")),
    "minutes must be a number of at least 0; got -1": lambda _: run(InMemoryBehaviorTracker().get_recent_events(-1)),
    "config must hold only max_memory_events and max_age_days; got 'colour'": lambda _: InMemoryBehaviorTracker({"colour": 1}),
    "entity_type must be one of lead, ": lambda _: run(InMemoryBehaviorTracker().get_events("a", "house")),
    "event_types must be event types, such as property_view; got ['x']": lambda _: run(InMemoryBehaviorTracker().get_events("a", "lead", event_types=["x"])),
    "entity_ids must name each entity once; got ('a', 'a')": lambda _: histories(columns_of([]), "lead", ["a", "a"]),
    "entity_type must be lead, property or agent; got 'house'": lambda _: histories(columns_of([]), "house"),
    "as_of must be given with homes, so that nothing later is known of them; got nothing": lambda _: histories(columns_of([]), homes=object(), derived=["home_price"]),
    "time_zone must be an IANA time zone such as America/Los_Angeles; got 'Mars'": lambda _: checked_zone("Mars"),
    "interaction_type must be one of": lambda _: run(
        PropertyInteractionCollector(InMemoryBehaviorTracker()).track_property_card_interaction("l", "h", "kick")
    ),
    "where must be a filter of at most 2,000 characters; got": lambda _: where("x" * 3_000),
    "where must have and, or, or the end at character": lambda _: where("ListPrice eq 1 City"),
    "where must be nested at most 32 deep; got": lambda _: where("(" * 40),
    "where must have one of eq, ne, gt, ge, lt, le, in at character 11; got 'is'": lambda _: where("ListPrice is 1"),
    "where must compare WaterfrontYN with eq or ne, as it is true or false; got 'gt'": lambda _: where("WaterfrontYN gt true"),
    "where must have the name of a field at character 1; got '5'": lambda _: where("5 eq 5"),
    "where must name fields that can be filtered on": lambda _: where("Colour eq 1"),
    "where must have a number for ListPrice at character 14; got": lambda _: where("ListPrice eq 'x'"),
    "where must have '(' at character": lambda _: where("City in 'x'"),
    "where must have a field, an operator, a number or a text in single quotes at character 1; got '#'": lambda _: where("#"),
    "--protocol must be one of temporal, leave_last, k_fold, nested; got 'vote'": lambda ground: learning(ground, lambda service: service.evaluate(protocol="vote")),
    "--models must be some of": lambda ground: learning(ground, lambda service: service.evaluate(models=["magic"])),
    "feature odd.unit must be one of": lambda _: feature(**PARTS | {"unit": "parsecs"}, name="odd")(one),
    "feature one must have a name of its own among lead features; got 'one'": lambda _: twice(),
    "a feature must be declared on a plain function; got 5": lambda _: reach(5),
    "<lambda> must be a plain def in a file whose source can be read; got": lambda _: reach(plain),
    "the arguments must be plain, without defaults; got": lambda _: reach(with_defaults),
    "helper must be called with plain arguments in their order; got": lambda _: reach(by_keyword),
    "h must be used only as h.column, or passed to a function that takes a History; got": lambda _: reach(whole_history),
    "with_a_list: LIMIT must be": lambda _: reach(with_a_list),
    "itself: the function must not call itself": lambda _: reach(itself),
    "entity_type must be one of lead, property, agent; got 'house'": lambda _: run(engineer().extract_features("a", "house")),
    "entities must name each id with one type only, for answers are keyed by id; got": lambda _: run(engineer().batch_extract_features([("a", "lead"), ("a", "agent")])),
    "store must be given, because the tracker has none; got nothing": lambda _: engineer().feature_table("lead"),
    "events must be given, because there is no tracker; got nothing": lambda _: run(engineer().extract_features("a")),
    "The features cannot be compiled: numba is switched off by NUMBA_DISABLE_JIT.": compiled_without_jit,
    "The compiled features cannot be kept in": lambda ground: kernel.compile_kernel("lead", FEATURES["lead"][:1], ground.file("x", "") / "y"),
    "The compiled features cannot be kept in /": lambda ground: kernel._compile_elsewhere(ground.file("x", ""), "lead"),
    "holds no compiled kernel": lambda ground: kernel.loaded_kernel("lead", FEATURES["lead"][:1], ground.new()),
    "is no Python module": lambda ground: kernel._module(ground.file("x.txt", "")),
    "laws and parts must not be empty: a suite that asks nothing is always green; got": lambda _: checks({}, {}),
    "excepted must name each part and law once; got": lambda _: laws([odd(), odd()]),
    "excepted must name a part and a law of the suite; got ('none', 'law')": lambda _: laws([odd(part="none")]),
    "excepted (part, law) must say why in a sentence; got 'so'": lambda _: laws([odd("so")]),
}  # fmt: skip
