"""Group commit: what many callers bring at the same time is made durable by one transaction."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, NamedTuple

from homing.core.errors import Overloaded
from homing.core.telemetry import count, move, timed
from homing.core.telling import telling_many
from homing.interfaces import BehavioralEvent
from homing.store.event_rows import StoredEvent, stored_event
from homing.store.events import Appended, check_events

__all__ = ["Batch", "GroupCommit", "Outcome", "Write", "each_alone"]

_MOST_WAITING: Final = 20_000
_MOST_TOGETHER: Final = 5_000


_DATA: Final = StoredEvent._fields.index("data")


class Batch(NamedTuple):
    """The events of one caller as rows: the tenant, then the fields of a `StoredEvent` without its sequence."""

    tenant: str
    rows: Sequence[tuple[Any, ...]]

    @property
    def weight(self) -> int:
        """How many events it counts as: each as one, and as one more for every thousand letters of its payload."""
        weight = len(self.rows)
        for row in self.rows:
            if row[_DATA]:
                weight += len(row[_DATA]) // 1_000
        return weight


Outcome = Appended | Exception
"""What came of a batch."""
Write = Callable[[Sequence[Batch]], Sequence[Outcome]]
"""Makes batches durable, all of them together; raises, or says of a batch by itself, what went wrong."""


class GroupCommit:
    """A queue of batches, and a thread that writes whatever waits in one transaction.

    While one group is on its way to the disk the next one gathers, so the more callers there are, the more of them
    share an fsync, and a single caller waits for nobody. A batch is stored whole or not at all, and one that cannot be
    written spoils no other.

    >>> group = GroupCommit(lambda batches: [Appended((True,) * len(batch.rows), 7) for batch in batches])
    >>> group.submit("default", []).result()
    Appended(stored=(), sequence=7)
    """

    def __init__(self, write: Write) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Batch, Future[Appended]]] = deque()
        self._weight = 0
        self._at_work = False
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="homing-writer")

    def submit(self, tenant: str, events: Sequence[BehavioralEvent], *, patient: bool = False) -> Future[Appended]:
        """Take in a batch; the future is done when it is durable. `Overloaded` if 20,000 events wait already.

        An event with a payload of many letters counts as several, so that what waits has a bound in memory. A `patient`
        caller, who waits for each batch before it brings the next, is taken in all the same.
        """
        check_events(tenant, events)
        return self.take(Batch(tenant, [(tenant, *stored_event(event, 0)[1:]) for event in events]), patient=patient)

    def take(self, batch: Batch, *, patient: bool) -> Future[Appended]:
        """The same with rows."""
        done: Future[Appended] = Future()
        weight = batch.weight
        with self._lock:
            if self._weight >= _MOST_WAITING and not patient:
                raise Overloaded(f"{self._weight:,} events wait to be written. Send these again in a second.")
            self._waiting.append((batch, done))
            self._weight += weight
            move("events_waiting", weight)
            idle, self._at_work = not self._at_work, True
        if idle:
            self._writer.submit(self._drain)
        return done

    def _drain(self) -> None:
        """Write group after group until nothing waits."""
        while group := self._gathered():
            batches = [batch for batch, _ in group]
            with timed("commit"):
                outcomes = each_alone(self._write, batches)
            _tell(batches, outcomes)
            weight = sum(batch.weight for batch in batches)
            with self._lock:
                self._weight -= weight
            move("events_waiting", -weight)
            with telling_many():
                for (_, done), outcome in zip(group, outcomes, strict=True):
                    if isinstance(outcome, Exception):
                        done.set_exception(outcome)
                    else:
                        done.set_result(outcome)

    def _gathered(self) -> list[tuple[Batch, Future[Appended]]]:
        """The next group; when there is none, the thread is no longer at work."""
        group: list[tuple[Batch, Future[Appended]]] = []
        weight = 0
        with self._lock:
            while self._waiting and weight < _MOST_TOGETHER:
                batch, done = self._waiting.popleft()
                if done.set_running_or_notify_cancel():
                    group.append((batch, done))
                    weight += batch.weight
                else:
                    self._weight -= batch.weight
            self._at_work = bool(group)
        return group


def each_alone(write: Write, batches: Sequence[Batch]) -> Sequence[Outcome]:
    """What comes of writing batches together, or, where that fails, each by itself."""
    try:
        return write(batches)
    except Exception as error:  # noqa: BLE001  # the rim of a thread: whatever it is, the caller is told
        if len(batches) == 1:
            return [error]
        return [outcome for batch in batches for outcome in each_alone(write, [batch])]


def _tell(batches: Sequence[Batch], outcomes: Sequence[Outcome]) -> None:
    """What became of the events, for whoever measures."""
    told = Counter[str]()
    for batch, outcome in zip(batches, outcomes, strict=True):
        stored = 0 if isinstance(outcome, Exception) else sum(outcome.stored)
        told["stored"] += stored
        told["failed" if isinstance(outcome, Exception) else "duplicate"] += len(batch.rows) - stored
    for outcome_name, events in told.items():
        count("events", events, outcome=outcome_name)
