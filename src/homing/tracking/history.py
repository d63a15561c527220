"""Histories: the events of one or many leads, homes or agents as arrays, each entity's events in order of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput
from homing.core.ids import Vocabulary
from homing.event_types import EventType
from homing.store.columns import EventColumns
from homing.store.payload import Label
from homing.tracking.homes import HOME_NUMBERS, HOME_TEXTS, HomeSource, home_columns
from homing.tracking.local_time import local_micros
from homing.tracking.peers import PEERS, PeerSource, peer_columns
from homing.tracking.stated import STATED, said_number, said_text, stated

__all__ = [
    "CODES",
    "DERIVED",
    "MOMENTS",
    "Choices",
    "Histories",
    "History",
    "Subject",
    "choices_of",
    "histories",
    "payload_kind",
]

Subject = Literal["lead", "property", "agent"]
"""Whose history it is."""

MOMENTS = ("at", "local_at")
CODES = ("lead", "property", "session", "agent")
DERIVED = (*HOME_NUMBERS, *HOME_TEXTS, *PEERS, *STATED)
"""Columns that are made from several keys of `event_data`, or from what is known of the home and of those like it."""

_UTC = "UTC"


class History:
    """One entity's events, cut to what a feature may see: `size` columns entries, oldest first, and the moment `as_of`.

    `at` is the moment of each event and `local_at` the lead's wall clock then, both in microseconds; `type` the code of
    its `EventType`; `lead`, `property`, `session` and `agent` are numbered 0, 1, 2, … in the order in which they first
    appear, -1 where there is none. Any key of `event_data` may be read by its name: numbers as they are (NaN where
    absent, true and false as 1 and 0), texts with declared choices as the number of the choice, other texts numbered as
    ids are. So may the columns in `DERIVED`: what the home was, `home_price` and the like, and what the lead states,
    such as `stated_price_max`.
    """

    size: int
    as_of: int
    at: Sequence[int]
    local_at: Sequence[int]
    type: Sequence[int]
    lead: Sequence[int]
    property: Sequence[int]
    session: Sequence[int]
    agent: Sequence[int]
    home_kind: Sequence[int]
    home_place: Sequence[int]

    def __init__(self, size: int, as_of: int, columns: Mapping[str, Sequence[float]]) -> None:
        self.__dict__.update(columns)
        self.size = size
        self.as_of = as_of

    if TYPE_CHECKING:

        def __getattr__(self, payload_key: str) -> Sequence[float]: ...


Choices = tuple[str, ...]


@cache
def payload_kind(key: str) -> Literal["number", "label"] | None:
    """What a key of `event_data` or a derived column holds: numbers, texts, or nothing a column can carry."""
    if key in DERIVED:
        return "label" if key in HOME_TEXTS else "number"
    kinds = {entry.kind for kind in EventType for entry in kind.spec.payload if entry.name == key}
    if kinds and kinds <= {"number", "integer", "flag"}:
        return "number"
    return "label" if kinds == {"text"} else None


@cache
def choices_of(key: str) -> Choices:
    """The texts a key of `event_data` may hold, in the order of their codes; empty where anything goes.

    A key that one type leaves open and another does not is read as the latter declares it.

    >>> choices_of("swipe_direction")
    ('left', 'right')
    """
    declared = {entry.choices for kind in EventType for entry in kind.spec.payload if entry.name == key} - {()}
    return declared.pop() if len(declared) == 1 else ()


@dataclass(frozen=True, slots=True)
class Histories:
    """Events of m entities as columns of length n; entity i has the rows `offsets[i]:offsets[i + 1]`, oldest first.

    Equal moments are ordered by event id, never by arrival. `columns` holds int64 `at`, `known_at` and `local_at` (the
    wall clock of the lead's own time zone), `type` (index of the event type), int32 codes of `lead`, `property`,
    `session`, `agent` and of open texts (their words are in `words`), codes of declared choices, and float64 numbers.
    """

    subject: Subject
    entity_ids: tuple[str, ...]
    offsets: NDArray[np.int64]
    columns: Mapping[str, NDArray[np.generic]]
    words: Mapping[str, Vocabulary[str]]

    def __len__(self) -> int:
        return len(self.entity_ids)

    @property
    def size(self) -> int:
        """The number of events of all entities together."""
        return int(self.offsets[-1])


def histories(
    events: EventColumns,
    subject: Subject = "lead",
    entity_ids: Sequence[str] | None = None,
    *,
    time_zone_of: Callable[[str], str] = lambda _: _UTC,
    homes: HomeSource | None = None,
    peers: PeerSource | None = None,
    as_of: int | NDArray[np.int64] | None = None,
    derived: Sequence[str] = (),
) -> Histories:
    """The histories of these entities in this order; left out, of all that appear, in the order of their ids.

    `time_zone_of` names the IANA zone of a lead. `derived` are the columns in `DERIVED` to be made, from the keys that
    `stated.keys_of` names; what events do not say of a home, `homes` does, and of homes like it `peers`, as known by
    `as_of`: one moment for all or one for each entity, and the very ones that the features are asked for.
    """
    known, codes = _entities(events, subject)
    ids = known.ids if entity_ids is None else tuple(entity_ids)
    if len(set(ids)) != len(ids):
        raise BadInput.of("entity_ids", "name each entity once", ids)
    places = np.full(len(known) + 1, -1, dtype=np.int64)
    codes_of_ids = known.codes(ids)
    places[codes_of_ids[codes_of_ids >= 0]] = np.flatnonzero(codes_of_ids >= 0)
    row = places[codes]
    order = _order(subject, row, events.at)
    offsets = np.searchsorted(row[order], np.arange(len(ids) + 1)).astype(np.int64)
    seen_from = None if as_of is None else np.broadcast_to(as_of, (len(ids),))
    made = _derived(events, derived, homes, peers, as_of=seen_from, row=row)
    labels = {**events.labels, **{name: one for name, one in made.items() if isinstance(one, Label)}}
    columns: dict[str, NDArray[np.generic]] = {
        "at": events.at,
        "known_at": events.known_at,
        "local_at": _local(events, time_zone_of),
        "type": events.type,
        **{name: getattr(events, name) for name in CODES},
        **events.numbers,
        **{name: one for name, one in made.items() if not isinstance(one, Label)},
        **{key: _chosen(label, choices_of(key)) for key, label in labels.items()},
    }
    words = {"lead": events.leads, "property": events.properties, "session": events.sessions, "agent": events.agents}
    words |= {key: label.names for key, label in labels.items() if not choices_of(key)}
    return Histories(subject, ids, offsets, {name: values[order] for name, values in columns.items()}, words)


def _order(subject: Subject, row: NDArray[np.int64], at: NDArray[np.int64]) -> slice | NDArray[np.int64]:
    """The places of the entities' events by (entity, at); those of nobody are left out.

    Events are sorted by (lead, at): leads asked for in the order of their ids need no sorting, nor any copy.
    """
    nobody = int(np.count_nonzero(row < 0))
    if subject == "lead" and bool(np.all(row[:-1] <= row[1:])):
        return slice(nobody, None)
    return np.lexsort((at, row))[nobody:]


def _entities(events: EventColumns, subject: Subject) -> tuple[Vocabulary[str], NDArray[np.int32]]:
    if subject == "lead":
        return events.leads, events.lead
    if subject == "property":
        return events.properties, events.property
    if subject == "agent":
        return events.agents, events.agent
    raise BadInput.of("entity_type", "be lead, property or agent", subject)


def _chosen(label: Label, choices: Choices) -> NDArray[np.int32]:
    if not choices:
        return label.codes
    codes = np.array([choices.index(word) if word in choices else -1 for word in label.names.ids] + [-1], np.int32)
    return codes[label.codes]


def _local(events: EventColumns, time_zone_of: Callable[[str], str]) -> NDArray[np.int64]:
    zones = [time_zone_of(lead_id) for lead_id in events.leads.ids]
    if all(zone == _UTC for zone in zones):
        return events.at
    names = Vocabulary([*zones, _UTC])
    zone = names.codes([*zones, _UTC])[events.lead]
    local = events.at.copy()
    for code, name in enumerate(names.ids):
        rows = np.flatnonzero(zone == code)
        local[rows] = local_micros(events.at[rows], name)
    return local


def _derived(
    events: EventColumns,
    wanted: Sequence[str],
    homes: HomeSource | None,
    peers: PeerSource | None,
    *,
    as_of: NDArray[np.int64] | None,
    row: NDArray[np.int64],
) -> dict[str, NDArray[np.float64] | Label]:
    """The derived columns of all events; `row` is the entity of each event, -1 of those that nobody asked about."""
    made: dict[str, NDArray[np.float64] | Label] = {name: stated(name, events) for name in wanted if name in STATED}
    names = [name for name in wanted if name not in STATED]
    numbers: dict[str, NDArray[np.float64]] = {}
    texts: Mapping[str, Label] = {}
    if names and (homes is not None or peers is not None):
        if as_of is None:
            raise BadInput.of("as_of", "be given with homes, so that nothing later is known of them", None)
        home = np.where(row >= 0, events.property, -1).astype(np.int32)
        moments = as_of[np.maximum(row, 0)] if len(as_of) else events.at
        if homes is not None:
            numbers, texts = home_columns(homes, events.properties, home, events.at, moments, names)
        if peers is not None and not set(PEERS).isdisjoint(names):
            numbers |= peer_columns(peers, events.properties, home, moments)
    nobody = Label(np.full(len(events), -1, dtype=np.int32), Vocabulary(()))
    for name in names:
        if name in HOME_TEXTS:
            made[name] = said_text(name, events, texts.get(name, nobody))
        else:
            said, known = said_number(name, events), numbers.get(name)
            made[name] = said if known is None else np.where(np.isnan(said), known, said)
    return made
