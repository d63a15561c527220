"""Events as columns: one numpy array a field, sorted by lead, then time. What features and models read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import StorageError
from homing.core.ids import Vocabulary
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.store.payload import Label, payload_columns

__all__ = ["TYPES", "EventColumns", "EventRow", "columns_of", "event_columns", "joined", "selected"]

TYPES: tuple[EventType, ...] = tuple(EventType)
"""The event types in the order of their codes."""

_TYPE_CODES: dict[str, int] = {kind.value: code for code, kind in enumerate(TYPES)}


class EventRow(NamedTuple):
    """One event on its way into columns; a plain tuple of the same order will do. `data` is its payload."""

    sequence: int
    at: int
    known_at: int
    type: str
    lead_id: str | None
    property_id: str | None
    agent_id: str | None
    session_id: str | None
    event_id: str
    outcome: str | None
    data: Mapping[str, Any] | None
    lead_known_at: int | None = None


@dataclass(frozen=True, slots=True)
class EventColumns:
    """n events as arrays of length n, sorted by (lead, at, event id); those without a lead come first.

    Codes follow the sorted ids, so that the same events give the same columns in whatever order they arrived; only
    `sequence` (int64, the order of arrival) differs. `at` and `known_at` are int64 microseconds, and so is
    `lead_known_at`, when the event was known to be that lead's: later than `known_at` where it was a visitor's, and the
    visitor was merged into the lead only then. `type` (int16) indexes `TYPES`; `lead`, `property`, `agent` and
    `session` (int32) are codes of `leads`, `properties`, `agents` and `sessions`, -1 where the event has none.
    `numbers[key]` is float64, NaN where `event_data` holds no number under the key (true and false count as 1 and 0);
    `labels[key]` holds its texts.

    >>> from datetime import UTC, datetime
    >>> event = BehavioralEvent(event_type=EventType.PROPERTY_VIEW, timestamp=datetime(2026, 5, 1, tzinfo=UTC),
    ...                         lead_id="lead-1", property_id="home-7", event_data={"view_duration_seconds": 30})
    >>> columns = columns_of([event], numbers=["view_duration_seconds"])
    >>> columns.leads.ids, columns.property.tolist(), columns.numbers["view_duration_seconds"].tolist(), len(columns)
    (('lead-1',), [0], [30.0], 1)
    """

    sequence: NDArray[np.int64]
    at: NDArray[np.int64]
    known_at: NDArray[np.int64]
    lead_known_at: NDArray[np.int64]
    type: NDArray[np.int16]
    lead: NDArray[np.int32]
    property: NDArray[np.int32]
    agent: NDArray[np.int32]
    session: NDArray[np.int32]
    leads: Vocabulary[str]
    properties: Vocabulary[str]
    agents: Vocabulary[str]
    sessions: Vocabulary[str]
    event_ids: tuple[str, ...]
    outcomes: Label
    numbers: Mapping[str, NDArray[np.float64]]
    labels: Mapping[str, Label]

    def __len__(self) -> int:
        return len(self.at)


def columns_of(
    events: Iterable[BehavioralEvent], numbers: Sequence[str] = (), labels: Sequence[str] = ()
) -> EventColumns:
    """Columns of events at hand; `sequence` is their place in what was given, from 1."""
    rows = [
        EventRow(
            place, e.at, e.known_at, e.event_type, e.lead_id, e.property_id, e.agent_id, e.session_id,
            e.event_id, e.outcome, e.event_data,
        )
        for place, e in enumerate(events, 1)
    ]  # fmt: skip
    return event_columns(rows, numbers, labels)


def event_columns(rows: Sequence[EventRow], numbers: Sequence[str] = (), labels: Sequence[str] = ()) -> EventColumns:
    """Columns of rows in any order; of keys see `payload_columns`."""
    rows = sorted(rows, key=itemgetter(EventRow._fields.index("event_id")))
    sequence, at, known_at, kind, lead, home, agent, session, event_id, outcome, data, lead_known_at = (
        zip(*rows, strict=True) if rows else ((),) * len(EventRow._fields)
    )
    lead_label, at_array = _label(lead), np.array(at, dtype=np.int64)
    order = np.lexsort((at_array, lead_label.codes))
    homes, agents, sessions = _label(home), _label(agent), _label(session)
    said_numbers, said_labels = payload_columns(data, numbers, labels)
    outcomes = _label(outcome)
    return EventColumns(
        sequence=np.array(sequence, dtype=np.int64)[order],
        at=at_array[order],
        known_at=np.array(known_at, dtype=np.int64)[order],
        lead_known_at=_latest(known_at, lead_known_at)[order],
        type=_types(kind)[order],
        lead=lead_label.codes[order],
        property=homes.codes[order],
        agent=agents.codes[order],
        session=sessions.codes[order],
        leads=lead_label.names,
        properties=homes.names,
        agents=agents.names,
        sessions=sessions.names,
        event_ids=tuple(map(event_id.__getitem__, order.tolist())),
        outcomes=Label(outcomes.codes[order], outcomes.names),
        numbers={key: values[order] for key, values in said_numbers.items()},
        labels={key: Label(label.codes[order], label.names) for key, label in said_labels.items()},
    )


def selected(events: EventColumns, rows: NDArray[np.intp]) -> EventColumns:
    """Some of the events, in the order of `rows`, which must ascend for them to stay sorted; codes stay."""
    return replace(
        events,
        sequence=events.sequence[rows],
        at=events.at[rows],
        known_at=events.known_at[rows],
        lead_known_at=events.lead_known_at[rows],
        type=events.type[rows],
        lead=events.lead[rows],
        property=events.property[rows],
        agent=events.agent[rows],
        session=events.session[rows],
        event_ids=tuple(map(events.event_ids.__getitem__, rows.tolist())),
        outcomes=Label(events.outcomes.codes[rows], events.outcomes.names),
        numbers={key: values[rows] for key, values in events.numbers.items()},
        labels={key: Label(label.codes[rows], label.names) for key, label in events.labels.items()},
    )


def joined(first: EventColumns, second: EventColumns) -> EventColumns:
    """The events of both, which share none, as columns of the same keys: as if they had been read at once.

    Texts that only the first has may stay among the names.

    >>> from datetime import UTC, datetime
    >>> views = [BehavioralEvent(event_type=EventType.PROPERTY_VIEW, timestamp=datetime(2026, 5, day, tzinfo=UTC),
    ...                          lead_id="lead-1", property_id=f"home-{day}") for day in (3, 1, 2)]
    >>> both = joined(columns_of(views[:2]), columns_of(views[2:]))
    >>> [both.properties.ids[code] for code in both.property.tolist()]
    ['home-1', 'home-2', 'home-3']
    """
    leads = _one_label(Label(first.lead, first.leads), Label(second.lead, second.leads))
    homes = _one_label(Label(first.property, first.properties), Label(second.property, second.properties))
    agents = _one_label(Label(first.agent, first.agents), Label(second.agent, second.agents))
    sessions = _one_label(Label(first.session, first.sessions), Label(second.session, second.sessions))
    together = EventColumns(
        sequence=np.concatenate((first.sequence, second.sequence)),
        at=np.concatenate((first.at, second.at)),
        known_at=np.concatenate((first.known_at, second.known_at)),
        lead_known_at=np.concatenate((first.lead_known_at, second.lead_known_at)),
        type=np.concatenate((first.type, second.type)),
        lead=leads.codes,
        property=homes.codes,
        agent=agents.codes,
        session=sessions.codes,
        leads=leads.names,
        properties=homes.names,
        agents=agents.names,
        sessions=sessions.names,
        event_ids=first.event_ids + second.event_ids,
        outcomes=_one_label(first.outcomes, second.outcomes),
        numbers={key: np.concatenate((values, second.numbers[key])) for key, values in first.numbers.items()},
        labels={key: _one_label(label, second.labels[key]) for key, label in first.labels.items()},
    )
    order = _in_order(together)
    return together if (order[1:] > order[:-1]).all() else selected(together, order)


def _one_label(first: Label, second: Label) -> Label:
    """Both below each other, over the sorted names of both."""
    names = first.names
    if not all(name in names for name in second.names.ids):
        names = Vocabulary(sorted({*first.names.ids, *second.names.ids}))
    return Label(np.concatenate((_recoded(first, names), _recoded(second, names))), names)


def _recoded(label: Label, names: Vocabulary[str]) -> NDArray[np.int32]:
    """The codes of the same texts among other names, which have them all."""
    if label.names is names or not len(label.names):
        return label.codes
    return np.append(names.codes(label.names.ids), -1)[label.codes].astype(np.int32)


def _in_order(events: EventColumns) -> NDArray[np.intp]:
    """The rows by lead, moment and event id."""
    order = np.lexsort((events.at, events.lead))
    at, lead = events.at[order], events.lead[order]
    if ((at[1:] == at[:-1]) & (lead[1:] == lead[:-1])).any():
        by_id = np.argsort(np.array(events.event_ids, dtype=object), kind="stable")
        order = by_id[np.lexsort((events.at[by_id], events.lead[by_id]))]
    return order


def _latest(known_at: Sequence[int], others: Sequence[int | None]) -> NDArray[np.int64]:
    pairs = zip(known_at, others, strict=True)
    return np.array([known if other is None else max(known, other) for known, other in pairs], dtype=np.int64)


def _types(kinds: Sequence[str]) -> NDArray[np.int16]:
    try:
        return np.fromiter(map(_TYPE_CODES.__getitem__, kinds), dtype=np.int16, count=len(kinds))
    except KeyError as error:
        name = error.args[0]
    raise StorageError(f"The store holds an event of type {name!r}, which this version of homing does not know.")


def _label(texts: Sequence[str | None]) -> Label:
    names = Vocabulary(sorted({text for text in texts if text is not None}))
    codes = dict(zip(names.ids, range(len(names)), strict=True))
    return Label(np.array([-1 if text is None else codes[text] for text in texts], dtype=np.int32), names)
