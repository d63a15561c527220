"""What holds for every event store. Each law takes a maker of empty stores and raises `LawBroken`.

To check a store of your own: `for check in checks(LAWS, {"mine": MyStore}): check.run()`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from homing.core.clock import to_micros
from homing.core.laws import by_name, must, refused, same
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.store.events import EventQuery, EventStore, Extent

__all__ = ["LAWS", "VIEW", "Make", "event", "filled", "ids", "micros", "moment"]

Make = Callable[[], EventStore]
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
VIEW, SAVE, SEARCH = EventType.PROPERTY_VIEW, EventType.PROPERTY_SAVE, EventType.SEARCH_QUERY


def moment(minutes: float) -> datetime:
    """So many minutes after the noon of the laws."""
    return NOON + timedelta(minutes=minutes)


def micros(minutes: float) -> int:
    """The same in microseconds."""
    return to_micros(moment(minutes))


def event(event_id: str, minutes: float = 0, kind: EventType = VIEW, **fields: Any) -> BehavioralEvent:
    """An event of Ann about a home, where `fields` do not say otherwise."""
    fields = {"lead_id": "ann", "property_id": "home-1"} | fields
    return BehavioralEvent(event_id=event_id, event_type=kind, timestamp=moment(minutes), **fields)


def ids(events: Sequence[BehavioralEvent]) -> list[str]:
    """The ids of events, in their order."""
    return [e.event_id for e in events]


def filled(make: Make, *events: BehavioralEvent, tenant: str = "default") -> EventStore:
    """A new store with these events."""
    store = make()
    store.append(tenant, events)
    return store


def an_event_comes_back_as_it_was_stored(make: Make) -> None:
    stored = event(
        "e1", anonymous_id="v", agent_id="bob", session_id="s", device_type="mobile", source_channel="email",
        campaign_id="c", event_data={"view_duration_seconds": 3.5, "nested": {"a": [1, None, True, "ü"]}},
        outcome="won", outcome_value=2.0, outcome_timestamp=moment(9), received_at=moment(1),
    )  # fmt: skip
    bare = BehavioralEvent(event_id="e0", event_type=SEARCH, timestamp=moment(-1))
    same(filled(make, stored, bare).select("default", EventQuery()), [bare, stored])


def what_was_stored_does_not_change_with_the_callers_payload(make: Make) -> None:
    data: dict[str, Any] = {"tags": ["a"]}
    store = filled(make, event("e", event_data=data))
    data["tags"].append("b")
    store.select("default", EventQuery())[0].event_data["tags"].append("c")
    same(store.select("default", EventQuery())[0].event_data, {"tags": ["a"]})


def a_duplicate_is_not_stored_and_the_first_content_wins(make: Make) -> None:
    store = filled(make, event("e", lead_id="ann"))
    same(store.append("default", [event("e", 5, lead_id="zoe"), event("f")]).stored, (False, True))
    same(store.select("default", EventQuery(limit=1, lead_id="zoe")), [])
    same([(e.event_id, e.lead_id) for e in store.select("default", EventQuery())], [("e", "ann"), ("f", "ann")])


def an_id_twice_in_one_batch_is_stored_once(make: Make) -> None:
    store = make()
    same(store.append("default", [event("e"), event("e", 7), event("f"), event("e")]).stored, (
        True, False, True, False,
    ))  # fmt: skip
    same([e.timestamp for e in store.select("default", EventQuery())], [NOON, NOON])


def what_is_submitted_at_once_is_stored_once(make: Make) -> None:
    store = make()
    done = [store.submit("default", [event(f"{n}"), event(f"{n + 1}")]) for n in range(9)]
    same([one.result().stored for one in done], [(True, True), *[(False, True)] * 8])
    same(len(store.select("default", EventQuery())), 10)
    sequences = [one.result().sequence for one in done]
    same(sequences, sorted(sequences))


def what_was_appended_is_seen(make: Make) -> None:
    store = make()
    sequence = store.append("default", [event("e")]).sequence
    must(store.has_seen("default", sequence), "an event that is durable is not seen")


def tenants_keep_the_same_ids_apart(make: Make) -> None:
    store = filled(make, event("e", tenant="a"), tenant="a")
    same(store.append("b", [event("e", 3, tenant="b", lead_id="zoe")]).stored, (True,))
    store.record_outcome("b", "e", "won", 1.0, micros(4), micros(4))
    for query in (EventQuery(), EventQuery(lead_id="ann"), EventQuery(property_id="home-1", upto=micros(0))):
        same([(e.tenant, e.lead_id, e.outcome) for e in store.select("a", query)], [("a", "ann", None)])
        same(store.count("a", query), 1)
        same(len(store.columns("a", query)), 1)
    same(store.select("c", EventQuery()), [])


def an_event_of_another_tenant_is_refused(make: Make) -> None:
    store = make()
    refused(
        lambda: store.append("a", [event("e", tenant="a"), event("f")]),
        r"events\[1\]\.tenant must be 'a', the tenant of this call; got 'default'",
    )
    same(store.count("a", EventQuery()), 0)


def each_id_finds_its_own_events_only(make: Make) -> None:
    store = filled(
        make,
        event("1", lead_id="x"),
        event("2", anonymous_id="x"),
        event("3", agent_id="x"),
        event("4", property_id="x"),
        event("5", session_id="x"),
        event("6"),
    )
    for name, found in zip(("lead", "anonymous", "agent", "property", "session"), "12345", strict=True):
        query = EventQuery(**{f"{name}_id": "x"})  # type: ignore[arg-type]
        same(ids(store.select("default", query)), [found])
        same(store.count("default", query), 1)
        same(store.columns("default", query).event_ids, (found,))


def two_ids_together_must_both_match(make: Make) -> None:
    store = filled(
        make, event("1", session_id="s"), event("2", session_id="t"), event("3", lead_id="z", session_id="s")
    )
    same(ids(store.select("default", EventQuery(lead_id="ann", session_id="s"))), ["1"])


def a_set_of_ids_finds_the_events_of_each(make: Make) -> None:
    store = filled(
        make, event("1"), event("2", property_id="home-2"), event("3", agent_id="bob"), event("4", lead_id="z")
    )
    store.append("default", [event("5", lead_id=None, anonymous_id="v"), event("6", lead_id=None, anonymous_id="w")])
    store.identities.merge("default", "v", "ann", micros(9))
    for query, found in (
        (EventQuery(lead_ids=frozenset({"ann", "z", "nobody"})), ["1", "2", "3", "4", "5"]),
        (EventQuery(lead_ids=frozenset({"z", "w"})), ["4"]),
        (EventQuery(lead_ids=frozenset({"ann"}), known_upto=micros(8)), ["1", "2", "3"]),
        (EventQuery(lead_ids=frozenset({"ann"}), lead_id="z"), []),
        (EventQuery(property_ids=frozenset({"home-2"}), lead_ids=frozenset({"ann"})), ["2"]),
        (EventQuery(agent_ids=frozenset({"bob", "eve"})), ["3"]),
        (EventQuery(lead_ids=frozenset()), []),
    ):
        same(ids(store.select("default", query)), found, str(query))
        same(store.count("default", query), len(found))
        same(sorted(store.columns("default", query).event_ids), found)


def an_extent_changes_with_every_event_that_matches(make: Make) -> None:
    store = visited(make)
    query = EventQuery(lead_id="ann", upto=micros(10), known_upto=micros(10))
    first = store.extent("default", query)
    same((first.size, store.extent("elsewhere", query)), (1, Extent(0, 0)))
    store.append("default", [event("6", lead_id="zoe"), event("7", 11), event("1")])
    same(store.extent("default", query), first)
    store.append("default", [event("8", -9)])
    late = store.extent("default", query)
    must(late.size == 2 and late.sequence > first.sequence, f"a late event left {late} after {first}")
    store.identities.merge("default", "v", "ann", micros(9))
    same(store.extent("default", query).size, 4)


def names_are_those_of_the_events_that_match(make: Make) -> None:
    store = visited(make)
    store.append("default", [event("6", 6, agent_id="bob", property_id="home-2", lead_id="bea")])
    store.append("other", [event("1", tenant="other", lead_id="eve")])
    store.identities.merge("default", "w", "wim", micros(9))
    same(store.names("default", "lead", EventQuery()), ("ann", "bea", "wim", "zoe"))
    same(store.names("default", "lead", EventQuery(known_upto=micros(8), upto=micros(5))), ("ann", "zoe"))
    same(store.names("default", "anonymous", EventQuery()), ("v", "w"))
    same(store.names("default", "property", EventQuery()), ("home-1", "home-2"))
    same(store.names("default", "agent", EventQuery()), ("bob",))


def types_are_filtered_also_together_with_an_id(make: Make) -> None:
    store = filled(make, event("1"), event("2", kind=SAVE), event("3", kind=SEARCH), event("4", kind=SAVE, lead_id="z"))
    query = EventQuery(lead_id="ann", event_types=frozenset({SAVE, SEARCH}))
    same(ids(store.select("default", query)), ["2", "3"])
    same(store.count("default", query), 2)
    same(store.count("default", EventQuery(event_types=frozenset())), 0)


def both_ends_of_a_time_range_are_included(make: Make) -> None:
    store = filled(make, *(event(str(minute), minute) for minute in range(5)))
    query = EventQuery(since=micros(1), upto=micros(3))
    same(ids(store.select("default", query)), ["1", "2", "3"])
    same(store.count("default", query), 3)
    same(ids(store.select("default", EventQuery(since=micros(1) + 1, upto=micros(3) - 1))), ["2"])


def order_is_by_moment_then_id_and_newest_first_is_its_reverse(make: Make) -> None:
    store = filled(make, event("b", 1), event("c", 0), event("a", 1), event("d", 2))
    same(ids(store.select("default", EventQuery())), ["c", "a", "b", "d"])
    same(ids(store.select("default", EventQuery(newest_first=True))), ["d", "b", "a", "c"])


def a_limit_keeps_the_first_of_the_order_asked_for(make: Make) -> None:
    store = filled(make, *(event(str(minute), minute) for minute in (3, 1, 4, 2)))
    same(ids(store.select("default", EventQuery(limit=2))), ["1", "2"])
    newest = EventQuery(limit=2, newest_first=True)
    same(ids(store.select("default", newest)), ["4", "3"])
    same(store.count("default", newest), 2)
    same(store.columns("default", newest).event_ids, ("3", "4"))
    same(store.select("default", EventQuery(limit=0)), [])


def what_became_known_later_is_not_seen(make: Make) -> None:
    store = filled(make, event("1", 0), event("2", 0, received_at=moment(5)))
    query = EventQuery(known_upto=micros(4))
    same(ids(store.select("default", query)), ["1"])
    same(store.count("default", query), 1)
    same(len(store.columns("default", query)), 1)
    same(store.count("default", EventQuery(known_upto=micros(5))), 2)


def sequences_rise_and_find_what_came_after(make: Make) -> None:
    store = filled(make, event("1", 9))
    first = store.append("default", [event("2", 3)])
    second = store.append("default", [event("3", 6), event("1")])
    must(second.sequence > first.sequence, "sequences do not rise")
    same(store.append("default", [event("1")]).sequence, second.sequence)
    same(store.append("default", []).sequence, second.sequence)
    same(ids(store.select("default", EventQuery(after_sequence=first.sequence))), ["3"])
    same(store.count("default", EventQuery(after_sequence=second.sequence)), 0)


def an_outcome_is_written_on_its_event(make: Make) -> None:
    store = filled(make, event("1"), event("2"))
    must(store.record_outcome("default", "1", "won", 2.5, micros(7), micros(8)), "the event is not found")
    one, two = store.select("default", EventQuery())
    same((one.outcome, one.outcome_value, one.outcome_timestamp), ("won", 2.5, moment(7)))
    must(two.outcome is None, "another event has the outcome")
    columns = store.columns("default", EventQuery())
    same(columns.outcomes.codes.tolist(), [0, -1])
    same(columns.outcomes.names.ids, ("won",))


def an_outcome_of_no_event_is_said(make: Make) -> None:
    store = filled(make, event("1"))
    must(not store.record_outcome("default", "2", "won", None, micros(0), micros(0)), "an outcome of no event is taken")


def an_outcome_known_later_is_hidden(make: Make) -> None:
    store = filled(make, event("1"), event("2", outcome="lost", outcome_timestamp=moment(9)))
    store.record_outcome("default", "1", "won", 1.0, micros(2), micros(5))
    early = EventQuery(known_upto=micros(4))
    same(
        [(e.outcome, e.outcome_value, e.outcome_timestamp) for e in store.select("default", early)],
        [(None, None, None)] * 2,
    )
    same(store.columns("default", early).outcomes.codes.tolist(), [-1, -1])
    same([e.outcome for e in store.select("default", EventQuery(known_upto=micros(5)))], ["won", None])


def of_two_outcomes_the_one_known_last_is_kept(make: Make) -> None:
    store = filled(make, event("1"))
    store.record_outcome("default", "1", "won", 1.0, micros(2), micros(5))
    store.record_outcome("default", "1", "lost", 0.0, micros(1), micros(4))
    same(store.select("default", EventQuery())[0].outcome, "won")
    store.record_outcome("default", "1", "lost", None, micros(1), micros(6))
    same(store.select("default", EventQuery())[0].outcome, "lost")
    store.record_outcome("default", "1", "won again", 1.0, micros(3), micros(6))
    same(store.select("default", EventQuery())[0].outcome, "won again")


def columns_are_sorted_by_lead_then_moment_then_id(make: Make) -> None:
    store = filled(
        make, event("d", 2), event("c", 1, lead_id="zoe"), event("b", 5, lead_id=None), event("f", 1), event("a", 2)
    )
    columns = store.columns("default", EventQuery())
    same(columns.event_ids, ("b", "f", "a", "d", "c"))
    same(columns.lead.tolist(), [-1, 0, 0, 0, 1])
    same(columns.leads.ids, ("ann", "zoe"))
    same(columns.at.tolist(), [micros(minute) for minute in (5, 1, 2, 2, 1)])


def columns_do_not_depend_on_the_order_of_arrival(make: Make) -> None:
    events = [event(str(n), n % 3, property_id=f"h{n % 4}", session_id=f"s{n % 2}") for n in range(9)]
    one = filled(make, *events).columns("default", EventQuery())
    other = filled(make, *reversed(events)).columns("default", EventQuery())
    for name in ("at", "known_at", "type", "lead", "property", "agent", "session"):
        same(getattr(one, name).tolist(), getattr(other, name).tolist())
    same((one.event_ids, one.properties.ids), (other.event_ids, other.properties.ids))


def columns_hold_the_keys_asked_for(make: Make) -> None:
    store = filled(
        make,
        event("1", event_data={"n": 2, "t": "x", "in": {"n": 7.5}}),
        event("2", event_data={"n": True, "t": 5}),
        event("3", event_data={"n": "2", "t": "a"}),
        event("4"),
    )
    columns = store.columns("default", EventQuery(), numbers=["n", "in.n"], labels=["t"])
    same([str(value) for value in columns.numbers["n"]], ["2.0", "1.0", "nan", "nan"])
    same([str(value) for value in columns.numbers["in.n"]], ["7.5", "nan", "nan", "nan"])
    same(columns.labels["t"].codes.tolist(), [1, -1, 0, -1])
    same(columns.labels["t"].names.ids, ("a", "x"))


def what_no_store_could_give_back_is_refused_whole(make: Make) -> None:
    store = make()
    for bad in (
        event("f", event_data={"x": float("nan")}), event("f", event_data={"x": object()}),
        event("f", event_data={"x": 2**70}), event("f", event_data={"x": "\ud800"}), event("f", lead_id=" ann"),
        event("f", device_type="\ud800"), event("f", campaign_id="a\0b"), event("f", outcome_value=float("inf")),
        event(""),
    ):  # fmt: skip
        refused(partial(store.append, "default", [event("e"), bad]))
        same(store.count("default", EventQuery()), 0)


def visited(make: Make) -> EventStore:
    """One event of a lead, two of a visitor, one of the visitor in the name of another lead, one of a stranger."""
    return filled(
        make,
        event("1"),
        event("2", 1, lead_id=None, anonymous_id="v"),
        event("3", 2, lead_id=None, anonymous_id="v", kind=SAVE),
        event("4", 3, lead_id="zoe", anonymous_id="v"),
        event("5", 4, lead_id=None, anonymous_id="w"),
    )


def owners(store: EventStore, query: EventQuery) -> dict[str, str | None]:
    """The lead of each event, in columns."""
    found = store.columns("default", query)
    return {
        name: found.leads.ids[code] if code >= 0 else None
        for name, code in zip(found.event_ids, found.lead.tolist(), strict=True)
    }


def a_merged_visitors_events_count_for_the_lead(make: Make) -> None:
    store = visited(make)
    must(store.identities.merge("default", "v", "ann", micros(9)), "the merge is not new")
    store.append("default", [event("6", 5, lead_id=None, anonymous_id="v")])
    query = EventQuery(lead_id="ann")
    same([(e.event_id, e.lead_id) for e in store.select("default", query)], [(i, "ann") for i in "1236"])
    same(store.count("default", query), 4)
    same(store.columns("default", query).event_ids, ("1", "2", "3", "6"))
    same(ids(store.select("default", EventQuery(lead_id="ann", event_types=frozenset({SAVE})))), ["3"])
    same(owners(store, EventQuery()), {"1": "ann", "2": "ann", "3": "ann", "4": "zoe", "5": None, "6": "ann"})


def an_event_that_names_a_lead_stays_that_leads(make: Make) -> None:
    store = visited(make)
    store.identities.merge("default", "v", "ann", micros(9))
    told = [(e.event_id, e.lead_id) for e in store.select("default", EventQuery())]
    same(told, [("1", "ann"), ("2", "ann"), ("3", "ann"), ("4", "zoe"), ("5", None)])
    same(ids(store.select("default", EventQuery(lead_id="zoe"))), ["4"])


def a_merge_known_later_is_not_seen(make: Make) -> None:
    store = visited(make)
    store.identities.merge("default", "v", "ann", micros(9))
    early, late = EventQuery(lead_id="ann", known_upto=micros(8)), EventQuery(lead_id="ann", known_upto=micros(9))
    same(ids(store.select("default", early)), ["1"])
    same(owners(store, EventQuery(known_upto=micros(8))), {"1": "ann", "2": None, "3": None, "4": "zoe", "5": None})
    same(ids(store.select("default", late)), ["1", "2", "3"])


def columns_say_since_when_an_event_is_its_leads(make: Make) -> None:
    store = filled(make, event("1"), event("2", 1, lead_id=None, anonymous_id="v", received_at=moment(3)))
    store.append("default", [event("3", 2, lead_id=None, anonymous_id="w"), event("4", 12, anonymous_id="v")])
    store.append("default", [event("5", 15, lead_id=None, anonymous_id="v")])
    store.identities.merge("default", "v", "ann", micros(9))
    found = store.columns("default", EventQuery())
    since = dict(zip(found.event_ids, found.lead_known_at.tolist(), strict=True))
    same(since, {name: micros(minute) for name, minute in zip("12345", (0, 9, 2, 12, 15), strict=True)})


def an_unmerged_visitor_is_apart_again(make: Make) -> None:
    store = visited(make)
    store.identities.merge("default", "v", "ann", micros(9))
    must(store.identities.unmerge("default", "v", micros(12)), "the visitor was nobody's before")
    must(not store.identities.unmerge("default", "v", micros(13)), "the visitor is taken apart twice")
    same(ids(store.select("default", EventQuery(lead_id="ann"))), ["1"])
    same(ids(store.select("default", EventQuery(lead_id="ann", known_upto=micros(11)))), ["1", "2", "3"])
    must(store.identities.merge("default", "v", "zoe", micros(14)), "the second merge is not new")


def a_visitor_belongs_to_one_lead(make: Make) -> None:
    store = visited(make)
    people = store.identities
    must(people.merge("default", "v", "ann", micros(9)), "the merge is not new")
    revision = people.revision("default")
    must(not people.merge("default", "v", "ann", micros(10)), "the same merge again is new")
    refused(
        lambda: people.merge("default", "v", "zoe", micros(10)),
        "anonymous_id must be a visitor of no other lead; unmerge it from 'ann' first",
    )
    same((people.lead_of("default", "v"), people.visitors_of("default", "zoe")), ("ann", ()))
    same(people.revision("default"), revision)
    must(revision > 0, "the merge left no revision")


def merges_of_tenants_are_kept_apart(make: Make) -> None:
    store = visited(make)
    people = store.identities
    must(people.merge("b", "v", "ann", micros(9)), "the merge is not new")
    same((people.lead_of("a", "v"), people.visitors_of("a", "ann"), people.revision("a")), (None, (), 0))
    must(people.merge("a", "v", "zoe", micros(9)), "another tenant's merge is in the way")


def changes_of_a_visitor_keep_their_order_when_the_clock_runs_back(make: Make) -> None:
    store = visited(make)
    people = store.identities
    people.merge("default", "v", "ann", micros(9))
    people.unmerge("default", "v", micros(5))
    must(people.lead_of("default", "v") is None, "the visitor is still a lead")


LAWS: dict[str, Callable[[Make], object]] = by_name(
    an_event_comes_back_as_it_was_stored,
    what_was_stored_does_not_change_with_the_callers_payload,
    a_duplicate_is_not_stored_and_the_first_content_wins,
    an_id_twice_in_one_batch_is_stored_once,
    what_is_submitted_at_once_is_stored_once,
    what_was_appended_is_seen,
    tenants_keep_the_same_ids_apart,
    an_event_of_another_tenant_is_refused,
    each_id_finds_its_own_events_only,
    two_ids_together_must_both_match,
    a_set_of_ids_finds_the_events_of_each,
    an_extent_changes_with_every_event_that_matches,
    names_are_those_of_the_events_that_match,
    types_are_filtered_also_together_with_an_id,
    both_ends_of_a_time_range_are_included,
    order_is_by_moment_then_id_and_newest_first_is_its_reverse,
    a_limit_keeps_the_first_of_the_order_asked_for,
    what_became_known_later_is_not_seen,
    sequences_rise_and_find_what_came_after,
    an_outcome_is_written_on_its_event,
    an_outcome_of_no_event_is_said,
    an_outcome_known_later_is_hidden,
    of_two_outcomes_the_one_known_last_is_kept,
    columns_are_sorted_by_lead_then_moment_then_id,
    columns_do_not_depend_on_the_order_of_arrival,
    columns_hold_the_keys_asked_for,
    what_no_store_could_give_back_is_refused_whole,
    a_merged_visitors_events_count_for_the_lead,
    an_event_that_names_a_lead_stays_that_leads,
    a_merge_known_later_is_not_seen,
    columns_say_since_when_an_event_is_its_leads,
    an_unmerged_visitor_is_apart_again,
    a_visitor_belongs_to_one_lead,
    merges_of_tenants_are_kept_apart,
    changes_of_a_visitor_keep_their_order_when_the_clock_runs_back,
)
"""Every law by its name."""
