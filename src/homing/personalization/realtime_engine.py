"""`RealtimePersonalization`: a new answer for whoever listens, each time something happened that it may depend on."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Final, Self

from homing.core.errors import HomingError, Overloaded
from homing.core.telemetry import gauge, logger
from homing.event_types import EventType
from homing.interfaces import Recommendations
from homing.market.catalogue import Catalogue
from homing.personalization.ask import Ask
from homing.personalization.ranking_thread import RANKING
from homing.store.events import EventQuery, EventStore

__all__ = ["MOST_LISTENERS", "Position", "RealtimePersonalization", "Update"]

MOST_LISTENERS: Final = 10_000
"""So many listen to one tenant in one process at most; whoever comes beyond is refused."""

_MANY_AT_ONCE: Final = 5_000
_LIKED: Final = frozenset(kind for kind in EventType if kind.spec.signed_weight > 0 and "property" in kind.spec.needs)

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Position:
    """How far somebody has heard: the number of the last event, and of the last change of a home.

    >>> str(Position(12, 3)), Position.read("12-3"), Position.read("yesterday")
    ('12-3', Position(sequence=12, revision=3), None)
    """

    sequence: int
    revision: int

    def __str__(self) -> str:
        return f"{self.sequence}-{self.revision}"

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The position of a text; None if it is none, as of somebody who has heard nothing."""
        sequence, _, revision = text.partition("-")
        whole = sequence.isdecimal() and revision.isdecimal() and len(text) < 40
        return cls(int(sequence), int(revision)) if whole else None


@dataclass(frozen=True, slots=True)
class Update:
    """An answer, and up to where what happened is in it."""

    position: Position
    answer: Recommendations


class _Listener:
    """Somebody who waits for answers. Nothing is queued: what happens while one is made or sent wakes it once."""

    __slots__ = ("ask", "shown", "wake")

    def __init__(self, ask: Ask) -> None:
        self.ask, self.wake = ask, asyncio.Event()
        self.shown: frozenset[str] = frozenset()


class RealtimePersonalization:
    """Answers again for everybody who listens when they acted, in whichever process that became known.

    One watcher a process asks the store, every `every` seconds and only while somebody listens, what is new, whoever
    wrote it. It wakes those who acted; of homes whose listing changed (price, status) those to whom they were shown
    last, and those who had acted in their favour. `answer` makes the answers. Acts that come while one is made are in
    the next one, so a listener takes the memory of one answer however slow it is.

    >>> import asyncio, pathlib, tempfile
    >>> from homing import EventCollector, InMemoryBehaviorTracker, PropertyPersonalizationEngine
    >>> from homing.market.property import property_from
    >>> from homing.store.listings import ListingStore
    >>> from homing.store.sqlite import SqliteDatabase
    >>> tracker = InMemoryBehaviorTracker()
    >>> catalogue = Catalogue(ListingStore(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "homes.sqlite3")))
    >>> rows = [{"ListingKey": f"home-{n}", "ListPrice": 400_000 + 50_000 * n} for n in range(4)]
    >>> counts = catalogue.put([property_from(row, now=1) for row in rows])
    >>> engine = PropertyPersonalizationEngine(tracker, catalogue)
    >>> realtime = RealtimePersonalization(engine.answer, tracker.store, catalogue)
    >>> async def listen():
    ...     updates = realtime.listen(Ask(lead_id="ann", k=1))
    ...     before = await anext(updates)
    ...     await EventCollector(tracker).track_property_view("ann", "home-3", "session-1")
    ...     after = await anext(updates)
    ...     await updates.aclose()
    ...     return before.answer.event_count, after.answer.event_count
    >>> asyncio.run(listen())
    (0, 1)
    """

    def __init__(
        self,
        answer: Callable[[Ask], Recommendations],
        store: EventStore,
        catalogue: Catalogue,
        *,
        every: float = 0.1,
        most: int = MOST_LISTENERS,
    ) -> None:
        self._answer, self._store, self._catalogue = answer, store, catalogue
        self._every, self._most = every, most
        self._listeners: dict[str, set[_Listener]] = defaultdict(set)
        self._count = 0
        self._watch: asyncio.Task[None] | None = None
        self._watching: asyncio.Event = asyncio.Event()

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return self._count

    def listen(self, ask: Ask, heard: Position | None = None) -> AsyncGenerator[Update, None]:
        """An answer at once, unless nothing is new since what was `heard`, and then one each time something happened.

        Goes on until it is closed. An answer that fails ends it with that error. Beyond `most` it is refused.
        """
        if self._count >= self._most:
            raise Overloaded(f"Already {self._most:,} listen to this process. Come back later.")
        return self._updates(ask, heard)

    async def _updates(self, ask: Ask, heard: Position | None) -> AsyncGenerator[Update, None]:
        listener = self._enter(ask)
        try:
            await self._watching.wait()
            if await asyncio.to_thread(self._has_news, ask, heard):
                listener.wake.set()
            while True:
                await listener.wake.wait()
                listener.wake.clear()
                position = await asyncio.to_thread(self._position)
                answer = await asyncio.get_running_loop().run_in_executor(RANKING, self._answer, ask)
                listener.shown = frozenset(item.property_id for item in answer.items)
                yield Update(position, answer)
        finally:
            self._leave(listener)

    def _enter(self, ask: Ask) -> _Listener:
        listener = _Listener(ask)
        self._listeners[ask.shopper_id].add(listener)
        self._counted(1)
        if self._watch is None:
            self._watching = asyncio.Event()
            self._watch = asyncio.get_running_loop().create_task(self._watch_store(self._watching))
        return listener

    def _leave(self, listener: _Listener) -> None:
        mine = self._listeners[listener.ask.shopper_id]
        mine.discard(listener)
        self._counted(-1)
        if not mine:
            del self._listeners[listener.ask.shopper_id]
        if not self._listeners and self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _counted(self, change: int) -> None:
        self._count += change
        gauge("streams", self._count, tenant=self._catalogue.tenant)

    def _position(self) -> Position:
        return Position(self._store.append(self._catalogue.tenant, ()).sequence, self._catalogue.revision())

    def _has_news(self, ask: Ask, heard: Position | None) -> bool:
        if heard is None or heard.revision != self._catalogue.revision():
            return True
        own = EventQuery(lead_id=ask.lead_id, anonymous_id=ask.anonymous_id, after_sequence=heard.sequence)
        return self._store.extent(self._catalogue.tenant, own).size > 0

    async def _watch_store(self, watching: asyncio.Event) -> None:
        position: Position | None = None
        while True:
            try:
                if position is None:
                    position = await asyncio.to_thread(self._position)
                    watching.set()
                position, woken = await asyncio.to_thread(self._woken_since, position)
                for name in woken if woken is not None else list(self._listeners):
                    for listener in self._listeners.get(name, ()):
                        listener.wake.set()
            except HomingError as error:
                _log.warning(
                    "what is new could not be read; asked again", tenant=self._catalogue.tenant, why=str(error)
                )
            await asyncio.sleep(self._every)

    def _woken_since(self, before: Position) -> tuple[Position, set[str] | None]:
        """How far the store is now, and who has to be told of what came since; None for everybody."""
        tenant, asked = self._catalogue.tenant, EventQuery(after_sequence=before.sequence)
        size, sequence = self._store.extent(tenant, asked)
        now = Position(max(sequence, before.sequence), self._catalogue.revision())
        if size > _MANY_AT_ONCE:
            return now, None
        woken: set[str] = set()
        for event in self._store.select(tenant, asked) if size else ():
            woken |= {name for name in (event.lead_id, event.anonymous_id) if name is not None}
        if now.revision != before.revision:
            woken |= self._told_of({home.property_id for home in self._catalogue.changed_since(before.revision)})
        return now, woken

    def _told_of(self, homes: set[str]) -> set[str]:
        """Whom changed homes concern: those to whom they were shown, and those who acted in their favour."""
        listening = [one for some in list(self._listeners.values()) for one in list(some)]
        concerned = {one.ask.shopper_id for one in listening if one.shown & homes}
        if listening and homes:
            asked = EventQuery(property_ids=frozenset(homes), event_types=_LIKED)
            concerned.update(self._store.names(self._catalogue.tenant, "lead", asked))
        return concerned
