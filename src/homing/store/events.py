"""What every event store does: the query, the answer to an append, and the five verbs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple, Protocol, runtime_checkable

import msgspec

from homing.core.errors import BadInput, Fault, shown
from homing.core.ids import are_ids, id_fault
from homing.core.nesting import DEEPEST, too_deep
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.store.columns import EventColumns
from homing.store.identities import Identities

__all__ = [
    "Appended",
    "EventQuery",
    "EventStore",
    "Extent",
    "Named",
    "check_events",
    "check_outcome",
    "done",
    "leads_asked",
    "payload_json",
    "word_fault",
]

Named = Literal["lead", "anonymous", "property", "agent"]
"""What an event may name that histories are kept of."""

_IDS = ("event_id", "lead_id", "anonymous_id", "agent_id", "property_id", "session_id")
_WORDS = ("device_type", "source_channel", "campaign_id", "outcome")
_ids_of, _words_of = attrgetter(*_IDS), attrgetter(*_WORDS)
_NO_WORDS: Final = (None,) * len(_WORDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """Which events of one tenant: those that match everything that is given. Nothing given: all of them.

    `since` and `upto` are inclusive and about when it happened; `known_upto` is inclusive and about when we knew, and
    hides an outcome that became known later. Of a set of ids (`lead_ids`, `property_ids`, `agent_ids`) any one will do.
    `after_sequence` is exclusive. `limit` keeps the first of the order
    asked for: oldest first (by moment, then event id), or its exact reverse with `newest_first`.

    >>> EventQuery(lead_id="lead-1", event_types=frozenset({EventType.PROPERTY_VIEW}), limit=10).newest_first
    False
    """

    lead_id: str | None = None
    anonymous_id: str | None = None
    agent_id: str | None = None
    property_id: str | None = None
    session_id: str | None = None
    lead_ids: frozenset[str] | None = None
    property_ids: frozenset[str] | None = None
    agent_ids: frozenset[str] | None = None
    event_types: frozenset[EventType] | None = None
    since: int | None = None
    upto: int | None = None
    known_upto: int | None = None
    after_sequence: int | None = None
    limit: int | None = None
    newest_first: bool = False

    def __post_init__(self) -> None:
        if self.limit is not None and self.limit < 0:
            raise BadInput.of("limit", "be at least 0, or None for all", self.limit)


@dataclass(frozen=True, slots=True)
class Appended:
    """What an append did: for each event given whether it was new, and the tenant's last sequence number after it."""

    stored: tuple[bool, ...]
    sequence: int

    @property
    def count(self) -> int:
        """How many were new."""
        return sum(self.stored)


class Extent(NamedTuple):
    """How many events match a query, and the highest of their sequence numbers, 0 of none.

    Of the same query it stays the same only as long as the events do: an event that arrives, however late, has a
    sequence number above all others, and one that is erased is missing in the count.
    """

    size: int
    sequence: int


@runtime_checkable
class EventStore(Protocol):
    """Keeps the events of many tenants apart. Each verb may be called from any thread.

    An event of a visitor that `identities` say is a lead is read as that lead's, as far as that was known by the
    query's `known_upto`; one that names a lead itself stays that lead's.
    """

    @property
    def identities(self) -> Identities:
        """Which visitor is which lead."""
        ...

    @property
    def is_near(self) -> bool:
        """Whether it is read inside this process, in about a millisecond, rather than from a server."""
        ...

    def append(self, tenant: str, events: Sequence[BehavioralEvent]) -> Appended:
        """Store what is new, all or nothing; an event whose id is there, or came earlier in the batch, is not."""
        ...

    def submit(self, tenant: str, events: Sequence[BehavioralEvent]) -> Future[Appended]:
        """The same without waiting for it: the future is done when `append` would have returned.

        What others submit meanwhile becomes durable together with it. `Overloaded` if too much waits already.
        """
        ...

    def has_seen(self, tenant: str, sequence: int) -> bool:
        """Whether what is read now has all of the tenant's events up to a number; a store that lags waits up to 50 ms.

        If not, `homing.store.replica.from_primary` reads from where it has.
        """
        ...

    def select(self, tenant: str, query: EventQuery) -> list[BehavioralEvent]:
        """The events that match, in the order asked for."""
        ...

    def count(self, tenant: str, query: EventQuery) -> int:
        """How many events match, as many as `select` would return."""
        ...

    def extent(self, tenant: str, query: EventQuery) -> Extent:
        """How many events match and which of them arrived last; a limit is not looked at."""
        ...

    def names(self, tenant: str, kind: Named, query: EventQuery) -> tuple[str, ...]:
        """The leads, visitors, homes or agents that the events that match name, sorted; no limit is looked at."""
        ...

    def record_outcome(
        self, tenant: str, event_id: str, outcome: str, value: float | None, at: int, known_at: int
    ) -> bool:
        """Write what became of an event at `at`, known at `known_at`; False if there is no such event.

        One outcome is kept, the one known last; of two known at the same moment the one written last.
        """
        ...

    def columns(
        self, tenant: str, query: EventQuery, numbers: Sequence[str] = (), labels: Sequence[str] = ()
    ) -> EventColumns:
        """The events that match as arrays, with these keys of `event_data` as numbers and as labels."""
        ...


def done(appended: Appended) -> Future[Appended]:
    """What needs not be waited for."""
    future: Future[Appended] = Future()
    future.set_result(appended)
    return future


def leads_asked(query: EventQuery) -> tuple[str, ...]:
    """The leads whose events a query asks for, in alphabetical order; none if it asks for those of all.

    >>> leads_asked(EventQuery(lead_id="b", lead_ids=frozenset("abc"))), leads_asked(EventQuery())
    (('b',), ())
    """
    if query.lead_id is None:
        return tuple(sorted(query.lead_ids or ()))
    return (query.lead_id,) if query.lead_ids is None or query.lead_id in query.lead_ids else ()


def check_events(tenant: str, events: Sequence[BehavioralEvent]) -> None:
    """Refuse what no store could keep and give back: another tenant's event, an id that is none, text with no bytes."""
    if are_ids([value for event in events for value in _ids_of(event) if value is not None]) and all(
        event.tenant == tenant
        and _words_of(event) == _NO_WORDS
        and (event.outcome_value is None or not _value_faults(event.outcome_value))
        for event in events
    ):
        return  # nearly always
    faults = [
        fault.under(f"events[{number}]")
        for number, event in enumerate(events)
        for fault in _event_faults(tenant, event)
    ]
    if faults:
        raise BadInput(faults)


def _event_faults(tenant: str, event: BehavioralEvent) -> list[Fault]:
    faults = []
    if event.tenant != tenant:
        faults.append(Fault("tenant", f"be {tenant!r}, the tenant of this call", shown(event.tenant)))
    for name in _IDS:
        value = getattr(event, name)
        if value is not None and (fault := id_fault(value, name)):
            faults.append(fault)
    for name in _WORDS:
        value = getattr(event, name)
        if value is not None and (fault := word_fault(value, name)):
            faults.append(fault)
    return faults + _value_faults(event.outcome_value)


def check_outcome(outcome: str, value: float | None) -> None:
    """Refuse an outcome that no store could keep and give back."""
    faults = _value_faults(value)
    if not isinstance(outcome, str) or not outcome:
        faults.append(Fault("outcome", "be a text that is not empty", shown(outcome)))
    elif fault := word_fault(outcome, "outcome"):
        faults.append(fault)
    if faults:
        raise BadInput(faults)


def _value_faults(value: float | None) -> list[Fault]:
    if value is None or (isinstance(value, (int, float)) and math.isfinite(value)):
        return []
    return [Fault("outcome_value", "be a finite number", shown(value))]


def word_fault(value: object, where: str) -> Fault | None:
    """What is wrong with a text from outside, or None: half a surrogate pair is no UTF-8, NUL no text to PostgreSQL."""
    if not isinstance(value, str):
        return Fault(where, "be a text", shown(value))
    if "\0" in value or (not value.isascii() and any("\ud800" <= letter <= "\udfff" for letter in value)):
        return Fault(where, "be a text of whole characters, none of them NUL", shown(value))
    return None


def payload_json(data: Mapping[str, Any], where: str = "event_data") -> str | None:
    """The payload as JSON, None for an empty one; refused if JSON could not give it back.

    >>> payload_json({"amount": 5}), payload_json({})
    ('{"amount":5}', None)
    """
    if not data:
        return None
    try:
        if _is_flat(data) or (not too_deep(data) and _is_plain(dict(data))):
            return _encode(data).decode()
    except (TypeError, ValueError):
        pass  # text without bytes
    raise BadInput.of(where, _PLAIN, data)


_encode = msgspec.json.Encoder().encode
_PLAIN: Final = (
    f"be plain JSON: text keys, whole texts, finite numbers of at most 64 bits, nested at most {DEEPEST} levels deep"
)


def _is_flat(data: Mapping[str, Any]) -> bool:
    """Whether a payload is plain without any list or object in it, as nearly every one is; cheap to find out."""
    for key, value in data.items():
        kind = type(value)
        if type(key) is not str or kind not in _SCALARS:
            return False
        if (kind is float and not math.isfinite(value)) or (kind is int and not -(2**63) <= value < 2**64):
            return False
    return True


_SCALARS: Final = frozenset({str, bool, int, float, type(None)})


def _is_plain(value: object) -> bool:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if isinstance(value, int):
        return -(2**63) <= value < 2**64
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, dict):
        return all(isinstance(key, str) for key in value) and all(map(_is_plain, value.values()))
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return isinstance(value, str)
