"""What holds for every type of event, from its row in the table to its words on a page.

A `Handled` is a type with everything that handles it: reading, storing, collecting, weighing and telling.
"""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, format_moment, from_micros, parse_moment
from homing.core.errors import BadInput
from homing.core.laws import by_name, must, refused, same
from homing.event_types import EventType, Key, by_foreign_name
from homing.interfaces import BehavioralEvent
from homing.store.columns import TYPES, EventColumns, columns_of
from homing.store.events import EventQuery, EventStore
from homing.store.memory_events import MemoryEventStore
from homing.tracking.behavior_tracker import BehaviorTracker
from homing.tracking.collecting import Collecting
from homing.tracking.event_collector import EventCollector
from homing.tracking.signals import SIGNAL_LABELS, SIGNAL_NUMBERS, signed_weights
from homing.tracking.validation import event_from

__all__ = ["LAWS", "Handled", "example"]

Row = dict[str, Any]

_AT: Final = "2026-05-01T12:00:00Z"
_NOW: Final = parse_moment(_AT) + DAY
_IDS: Final = {"lead": "lead_id", "property": "property_id", "agent": "agent_id", "session": "session_id"}
_ALIASES: Final = {"email_campaign_id": "campaign_id", "booking_request_event_id": "original_request_event_id"}
_RIGHT: Final[Mapping[str, Any]] = {
    "text": "a text", "number": 3.5, "integer": 3, "flag": True, "moment": _AT, "list": ["h1"], "object": {"a": 1},
    "any": [1, "a"],
}  # fmt: skip
_WRONG: Final[Mapping[str, Any]] = {
    "text": 5, "number": "many", "integer": 2.5, "flag": "yes", "moment": "yesterday", "list": "h1", "object": [1],
}  # fmt: skip
_SOURCES: Final = ("reso", "follow_up_boss", "segment", "gohighlevel")


def _read(row: Mapping[str, Any]) -> BehavioralEvent:
    return event_from(row, tenant="default", now=_NOW, files=True)


@dataclass(frozen=True, slots=True)
class Handled:
    """A type of event and what handles it: `words` say what a lead did, `page` is the reference page of all types."""

    kind: EventType
    words: Mapping[EventType, str]
    page: str
    read: Callable[[Mapping[str, Any]], BehavioralEvent] = _read
    store: Callable[[], EventStore] = MemoryEventStore
    collector: type[Collecting] = EventCollector
    weigh: Callable[[EventColumns], NDArray[np.float64]] = signed_weights
    types: tuple[EventType, ...] = TYPES
    named: Callable[[Any], Mapping[str, EventType]] = by_foreign_name


def example(kind: EventType) -> Row:
    """A row of a type as a file has it, with every id and key that the table knows of."""
    data = {key.name: _right(key) for key in kind.spec.payload}
    ids = {"lead_id": "l1", "property_id": "h1", "agent_id": "a1", "session_id": "s1"}
    return {"event_id": "e1", "event_type": kind.value, "timestamp": _AT, **ids, "event_data": data}


def _right(key: Key) -> Any:
    if key.choices:
        return "right" if "right" in key.choices else key.choices[0]
    value = _RIGHT[key.kind]
    return (
        key.low if key.low is not None and isinstance(value, (int, float)) and value < key.low else _within(key, value)
    )


def _within(key: Key, value: Any) -> Any:
    return key.high if key.high is not None and value > key.high else value


def its_full_example_is_taken(of: Handled) -> None:
    event = of.read(example(of.kind))
    same((event.event_type, event.event_id, event.lead_id), (of.kind, "e1", "l1"), "type and ids")
    same(dict(event.event_data), example(of.kind)["event_data"], "the payload")


def what_it_needs_is_enough(of: Handled) -> None:
    needed = {_IDS[need]: "x" for need in of.kind.spec.needs}
    event = of.read({"event_type": of.kind.value, "timestamp": _AT, **needed})
    must(event.event_id, "an event without an id gets none")


def each_id_it_needs_is_missed_alone(of: Handled) -> None:
    for need in of.kind.spec.needs:
        row = {name: value for name, value in example(of.kind).items() if name != _IDS[need]}
        same(_faults(of, row), [_IDS[need]], f"without {_IDS[need]} the faults")


def a_visitor_stands_in_for_a_lead(of: Handled) -> None:
    row = {**example(of.kind), "anonymous_id": "v1", "lead_id": None}
    event = of.read(row)
    same((event.lead_id, event.anonymous_id), (None, "v1"), "whom the event names")


def every_wrong_value_is_named_at_once(of: Handled) -> None:
    wrong = {key.name: "nothing of the kind" if key.choices else _WRONG[key.kind] for key in _checkable(of.kind)}
    if wrong:
        row = {**example(of.kind), "event_data": wrong}
        same(sorted(_faults(of, row)), sorted(f"event_data.{name}" for name in wrong), "the faults")


def bounds_are_kept(of: Handled) -> None:
    for key in of.kind.spec.payload:
        for bound, beyond in ((key.low, -1.0), (key.high, 1.0)):
            if bound is not None:
                data = {**example(of.kind)["event_data"], key.name: bound}
                same(of.read({**example(of.kind), "event_data": data}).event_data[key.name], bound, key.name)
                row = {**example(of.kind), "event_data": {key.name: bound + beyond}}
                same(_faults(of, row), [f"event_data.{key.name}"], f"beyond {bound} the faults")


def keys_nobody_declared_are_kept_and_fields_are_not(of: Handled) -> None:
    data = {**example(of.kind)["event_data"], "colour": ["red", {"deep": None}]}
    same(of.read({**example(of.kind), "event_data": data}).event_data.get("colour"), data["colour"], "colour")
    same(_faults(of, {**example(of.kind), "colour": "red"}), ["colour"], "the faults")


def the_same_row_again_is_the_same_event(of: Handled) -> None:
    row = {name: value for name, value in example(of.kind).items() if name != "event_id"}
    turned = dict(reversed(row.items()))
    turned["event_data"] = dict(reversed(row["event_data"].items()))
    same(of.read(turned).event_id, of.read(row).event_id, "the id made from the content")
    other = of.read({**row, "event_data": {**row["event_data"], "colour": "red"}})
    must(other.event_id != of.read(row).event_id, "another content has the same id")


def it_comes_back_as_it_was_stored(of: Handled) -> None:
    event, store = of.read(example(of.kind)), of.store()
    store.append("default", [event])
    same(store.select("default", EventQuery(event_types=frozenset({of.kind}))), [event], "what comes back")
    again = of.read(msgspec.json.decode(msgspec.json.encode(_row_of(store.select("default", EventQuery())[0]))))
    same(again, event, "what comes back by way of JSON")


def columns_hold_it(of: Handled) -> None:
    event, store = of.read(example(of.kind)), of.store()
    store.append("default", [event])
    keys = {key.name: key for key in of.kind.spec.payload if key.kind in {"number", "integer", "flag"}}
    texts = [key.name for key in of.kind.spec.payload if key.kind == "text"]
    found = store.columns("default", EventQuery(), numbers=list(keys), labels=texts)
    same(of.types[int(found.type[0])], of.kind, "the type")
    same([float(found.numbers[name][0]) for name in keys], [float(event.event_data[name]) for name in keys], "numbers")
    same([found.labels[name].names.ids[0] for name in texts], [event.event_data[name] for name in texts], "texts")


def the_collector_has_a_method_for_it(of: Handled) -> None:
    name = f"track_{of.kind.value}"
    must(hasattr(of.collector, name), f"there is no {name}")
    wanted, store = of.read(example(of.kind)), of.store()
    collector = of.collector(BehaviorTracker(store, clock=lambda: _NOW), clock=lambda: _NOW)
    collect = getattr(collector, name)
    event_id = asyncio.run(collect(**_arguments(collect, wanted)))
    (event,) = store.select("default", EventQuery())
    same((event.event_id, event.event_type, event.at), (event_id, wanted.event_type, wanted.at), "what was collected")
    for field in ("lead_id", *(_IDS[need] for need in of.kind.spec.needs)):
        same(getattr(event, field), getattr(wanted, field), field)
    same(dict(event.event_data), dict(wanted.event_data), "the payload")


def the_collector_insists_on_what_is_required(of: Handled) -> None:
    arguments = inspect.signature(getattr(of.collector, f"track_{of.kind.value}")).parameters
    for key in of.kind.spec.payload:
        if key.required:
            must(arguments[key.name].default is inspect.Parameter.empty, f"{key.name} may be left out")


def its_weight_has_the_sign_of_its_polarity(of: Handled) -> None:
    signs = {"positive": 1.0, "negative": -1.0, "neutral": 0.0}
    weight = _weight(of, of.read(example(of.kind)))
    same(float(np.sign(weight)), signs[of.kind.spec.polarity], f"the sign of the weight {weight}")


def without_a_home_it_says_nothing_about_one(of: Handled) -> None:
    if "property" not in of.kind.spec.needs:
        same(_weight(of, of.read({**example(of.kind), "property_id": None})), 0.0, "the weight")


def what_counts_as_engaged_speaks_for_the_home(of: Handled) -> None:
    if of.kind.spec.engaged:
        same(of.kind.spec.polarity, "positive", "the polarity")
        must(of.kind.spec.weight > EventType.PROPERTY_LIKE.spec.weight, "it weighs less than a like")


def it_has_words_on_a_page(of: Handled) -> None:
    words = of.words.get(of.kind, "")
    must(re.fullmatch(r"[A-Z][A-Za-z -]{4,}", words), f"what a lead did is said as {words!r}")


def it_stands_in_the_reference(of: Handled) -> None:
    spec = of.kind.spec
    must(re.fullmatch(r"[A-Z].{8,}\.", spec.doc), f"it is described as {spec.doc!r}")
    section = of.page.partition(f"\n## {of.kind.value}\n")[2].partition("\n## ")[0]
    must(spec.doc in section, "the reference page does not describe it")
    for key in spec.payload:
        must(f"| `{key.name}` |" in section, f"the reference page does not name {key.name}")


def what_others_call_it_leads_back_to_it(of: Handled) -> None:
    for source in _SOURCES:
        for name in getattr(of.kind.spec, source):
            same(of.named(source).get(name), of.kind, f"{source}'s {name}")


def another_type_by_its_name_is_refused(of: Handled) -> None:
    refused(lambda: of.read({**example(of.kind), "event_type": of.kind.value.upper()}), "be one of the event types")


def _checkable(kind: EventType) -> list[Key]:
    return [key for key in kind.spec.payload if key.kind != "any"]


def _faults(of: Handled, row: Row) -> list[str]:
    try:
        of.read(row)
    except BadInput as refusal:
        return [fault.where for fault in refusal.faults]
    return []


def _weight(of: Handled, event: BehavioralEvent) -> float:
    return float(of.weigh(columns_of([event], SIGNAL_NUMBERS, SIGNAL_LABELS))[0])


def _arguments(method: Callable[..., Any], event: BehavioralEvent) -> dict[str, Any]:
    """What the collector's method is given so that it makes this event."""
    moments = {key.name for key in event.event_type.spec.payload if key.kind == "moment"}
    given: dict[str, Any] = {}
    for name in inspect.signature(method).parameters:
        target = _ALIASES.get(name, name)
        value = event.event_data.get(target, getattr(event, target, None))
        if value is not None and target != "event_data":
            given[name] = from_micros(parse_moment(value)) if target in moments else value
    return given


def _row_of(event: BehavioralEvent) -> Row:
    names = ("event_id", "lead_id", "anonymous_id", "property_id", "agent_id", "session_id")
    ids = {name: getattr(event, name) for name in names if getattr(event, name) is not None}
    moments = {"timestamp": format_moment(event.at), "received_at": format_moment(event.known_at)}
    return {"event_type": event.event_type.value, **ids, **moments, "event_data": dict(event.event_data)}


LAWS: dict[str, Callable[[Handled], object]] = by_name(
    its_full_example_is_taken,
    what_it_needs_is_enough,
    each_id_it_needs_is_missed_alone,
    a_visitor_stands_in_for_a_lead,
    every_wrong_value_is_named_at_once,
    bounds_are_kept,
    keys_nobody_declared_are_kept_and_fields_are_not,
    the_same_row_again_is_the_same_event,
    it_comes_back_as_it_was_stored,
    columns_hold_it,
    the_collector_has_a_method_for_it,
    the_collector_insists_on_what_is_required,
    its_weight_has_the_sign_of_its_polarity,
    without_a_home_it_says_nothing_about_one,
    what_counts_as_engaged_speaks_for_the_home,
    it_has_words_on_a_page,
    it_stands_in_the_reference,
    what_others_call_it_leads_back_to_it,
    another_type_by_its_name_is_refused,
)
"""Every law by its name."""
