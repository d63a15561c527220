"""What handles a type of event, broken on purpose for each law of event types."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from homing.core.errors import BadInput
from homing.dashboard.words import DID
from homing.event_types import EventType, by_foreign_name
from homing.store.columns import TYPES
from homing.store.memory_events import MemoryEventStore
from homing.tracking.checks import Handled
from homing.tracking.event_collector import EventCollector
from homing.tracking.signals import signed_weights
from homing.tracking.validation import FILE_FIELDS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "events.md").read_text()
HANDLED = {kind.value: Handled(kind, DID, PAGE) for kind in EventType}
VIEW = HANDLED["property_view"]


def reading(change: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Handled:
    """A view whose rows are changed before they are read."""
    return replace(VIEW, read=lambda row: VIEW.read(change(row)))


def demanding(row):
    if "event_data" not in row:
        raise BadInput.of("event_data", "be given", None)
    return row


def knowing(row):
    if "anonymous_id" in row:
        raise BadInput.of("anonymous_id", "be left out", row["anonymous_id"])
    return row


def clamped(row):
    data = dict(row.get("event_data", {}))
    if isinstance(data.get("view_duration_seconds"), float):
        data["view_duration_seconds"] = min(max(data["view_duration_seconds"], 0.0), 86_400.0)
    return {**row, "event_data": data}


def hasty(row):
    try:
        return VIEW.read(row)
    except BadInput as refusal:
        raise BadInput(refusal.faults[0]) from refusal


class LosesTheAgent(MemoryEventStore):
    def select(self, tenant, query):
        return [replace(event, agent_id=None) for event in super().select(tenant, query)]


class LosesTheReferrer(EventCollector):
    async def _track(self, kind, fields, data, more=None):
        return await super()._track(kind, fields, {**data, "referrer": None}, more)


class TakesAnySwipe(EventCollector):
    async def track_property_swipe(self, *args, **given):
        return await super().track_property_swipe(*args, **given)


_SWIPE = inspect.signature(EventCollector.track_property_swipe)
TakesAnySwipe.track_property_swipe.__signature__ = _SWIPE.replace(
    parameters=[
        one if one.name in {"self", "lead_id", "property_id"} else one.replace(default=None)
        for one in _SWIPE.parameters.values()
    ]
)


class Light(str):
    """`property_save` with the weight of a view."""

    spec = replace(EventType.PROPERTY_SAVE.spec, weight=1.0)
    value = "property_save"

    def __hash__(self):
        return hash(EventType.PROPERTY_SAVE)


MUTANTS = {
    "its_full_example_is_taken": reading(lambda row: row | {"lead_id": "L1"} if row.get("lead_id") == "l1" else row),
    "what_it_needs_is_enough": reading(demanding),
    "each_id_it_needs_is_missed_alone": reading(lambda row: {"property_id": "unknown", **row}),
    "a_visitor_stands_in_for_a_lead": reading(knowing),
    "every_wrong_value_is_named_at_once": replace(VIEW, read=hasty),
    "bounds_are_kept": reading(clamped),
    "keys_nobody_declared_are_kept_and_fields_are_not": reading(
        lambda row: {name: value for name, value in row.items() if name in FILE_FIELDS}
    ),
    "the_same_row_again_is_the_same_event": reading(lambda row: {"event_id": f"evt-{abs(hash(str(row)))}", **row}),
    "it_comes_back_as_it_was_stored": replace(VIEW, store=LosesTheAgent),
    "columns_hold_it": replace(VIEW, types=TYPES[::-1]),
    "the_collector_has_a_method_for_it": replace(VIEW, collector=LosesTheReferrer),
    "the_collector_insists_on_what_is_required": replace(HANDLED["property_swipe"], collector=TakesAnySwipe),
    "its_weight_has_the_sign_of_its_polarity": replace(VIEW, weigh=lambda columns: -signed_weights(columns)),
    "without_a_home_it_says_nothing_about_one": replace(
        HANDLED["inquiry_sent"], weigh=lambda columns: signed_weights(columns) + (columns.property < 0)
    ),
    "what_counts_as_engaged_speaks_for_the_home": replace(HANDLED["property_save"], kind=Light("property_save")),
    "it_has_words_on_a_page": replace(VIEW, words={}),
    "it_stands_in_the_reference": replace(VIEW, page=PAGE.replace("| `referrer` |", "| `referer` |")),
    "what_others_call_it_leads_back_to_it": replace(
        VIEW, named=lambda source: {} if source == "segment" else by_foreign_name(source)
    ),
    "another_type_by_its_name_is_refused": reading(lambda row: row | {"event_type": row["event_type"].lower()}),
}
