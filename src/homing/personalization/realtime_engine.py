"""`RealtimePersonalization`: a new answer for whoever listens, each time they acted or a home changed."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Final

from homing.core.errors import Overloaded
from homing.core.telemetry import logger, move
from homing.interfaces import Recommendations
from homing.market.catalogue import Catalogue
from homing.personalization.ask import Ask, TakesLonger
from homing.personalization.turns import soon
from homing.store.events import EventQuery, EventStore, Named
from homing.store.replica import from_primary

__all__ = ["RealtimePersonalization", "Update"]

_TOLD_A_LOOK: Final = 5
_LEISURE: Final = 4

_log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Update:
    """An answer, which has seen every event up to a sequence number."""

    sequence: int
    answer: Recommendations


class _Listener:
    """Somebody who waits for answers. Nothing is queued: what happens while one is made or sent wakes it once."""

    __slots__ = ("acted", "ask", "sequence", "shown", "wake")

    def __init__(self, ask: Ask, sequence: int) -> None:
        self.ask, self.sequence = ask, sequence
        self.wake, self.acted = asyncio.Event(), False
        self.shown: list[tuple[str, Mapping[str, object]]] | None = None


class RealtimePersonalization:
    """Answers again whenever the one who listens acted, in whichever process that became known, or a home changed.

    One watcher a process asks the store what came after the last event it knows of, every `every` seconds, with less
    haste where that takes long, and only while somebody listens. Who acted is answered at once. When homes changed
    (price, status, new ones), all are answered again in turn, at most five a look, first those who were shown one of
    them; they hear of it if their answer is another then, by its homes, their order or what is shown of them. `answer`
    makes the answers where a server ranks; one at a time waits there, so that who asks by a request waits for one at
    most. Acts that come while an answer waits, is made or sent are in the next one, so that a listener takes the
    memory of one answer, however slow it is.

    >>> import pathlib, tempfile
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
        every: float = 0.01,
        most: int = 10_000,
    ) -> None:
        self._answer, self._store, self._catalogue = answer, store, catalogue
        self._every, self._most = every, most
        self._listeners: dict[str, set[_Listener]] = defaultdict(set)
        self._behind: dict[_Listener, None] = {}
        self._count = 0
        self._watcher: asyncio.Task[None] | None = None
        self._watching, self._turn = asyncio.Event(), asyncio.Lock()

    @property
    def listening(self) -> int:
        """How many listen now."""
        return self._count

    def listen(self, ask: Ask, heard: int | None = None) -> AsyncGenerator[Update, None]:
        """Answers without end, until closed: one at once, then one for each time that something happened.

        Who has `heard` everything up to a sequence number, and has not acted since, gets the first one in its turn. An
        answer that fails ends it with that error; `Overloaded` if `most` listen already.
        """
        if self._count >= self._most:
            raise Overloaded(f"{self._most:,} listen to this process already. Come back in a minute.")
        return self._updates(ask, heard)

    async def _updates(self, ask: Ask, heard: int | None) -> AsyncGenerator[Update, None]:
        listener = _Listener(ask, heard or 0)
        self._enter(listener)
        try:
            await self._watching.wait()
            if heard is None or await asyncio.to_thread(self._acted_after, ask, heard):
                listener.acted = True
                listener.wake.set()
            else:
                self._behind[listener] = None
            while True:
                await listener.wake.wait()
                async with self._turn:
                    listener.wake.clear()
                    acted, listener.acted = listener.acted, False
                    self._behind.pop(listener, None)
                    update = await self._updated(ask, listener.sequence)
                shown = [(item.property_id, item.home) for item in update.answer]
                if acted or shown != listener.shown:
                    listener.sequence, listener.shown = update.sequence, shown
                    yield update
        finally:
            self._leave(listener)

    def _enter(self, listener: _Listener) -> None:
        self._listeners[listener.ask.shopper_id].add(listener)
        self._counted(1)
        if self._watcher is None:
            self._watching, self._turn = asyncio.Event(), asyncio.Lock()
            self._watcher = asyncio.get_running_loop().create_task(self._watch())

    def _leave(self, listener: _Listener) -> None:
        own = self._listeners[listener.ask.shopper_id]
        own.discard(listener)
        self._behind.pop(listener, None)
        self._counted(-1)
        if not own:
            del self._listeners[listener.ask.shopper_id]
        if not self._listeners and self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None

    def _counted(self, change: int) -> None:
        self._count += change
        move("streams", change)

    async def _updated(self, ask: Ask, heard: int) -> Update:
        """An answer of now; from the database itself where its replica has not even what was heard."""
        late = not await asyncio.to_thread(self._store.has_seen, self._catalogue.tenant, heard)
        return await soon(partial(self._update, ask, late))

    def _update(self, ask: Ask, late: bool, at_once: bool) -> Update:
        if at_once and not self._store.is_near:
            raise TakesLonger
        with from_primary() if late else nullcontext():
            sequence = self._sequence()
            return Update(sequence, self._answer(replace(ask, at_once=at_once)))

    def _sequence(self) -> int:
        return self._store.append(self._catalogue.tenant, ()).sequence

    def _acted_after(self, ask: Ask, sequence: int) -> bool:
        own = EventQuery(lead_id=ask.lead_id, anonymous_id=ask.anonymous_id, after_sequence=sequence)
        return self._store.extent(self._catalogue.tenant, own).size > 0

    async def _watch(self) -> None:
        """Look for what is new and wake whom it concerns, for ever."""
        seen: tuple[int, int] | None = None
        while True:
            began = time.monotonic()
            try:
                if seen is None:
                    seen = await asyncio.to_thread(lambda: (self._sequence(), self._catalogue.revision()))
                    self._watching.set()
                seen = await self._looked(*seen)
            except Exception as error:  # noqa: BLE001  # the rim of a task: whatever it is, those who listen live on
                _log.warning("what is new cannot be read; tried again", tenant=self._catalogue.tenant, why=str(error))
            await asyncio.sleep(max(self._every, _LEISURE * (time.monotonic() - began)))

    async def _looked(self, sequence: int, revision: int) -> tuple[int, int]:
        """How far the store is now, after those whom it concerns have been told what came since."""
        sequence, names, now = await asyncio.to_thread(self._news, sequence)
        homes = await asyncio.to_thread(self._changed, revision) if now != revision else set()
        for name in names & self._listeners.keys():
            for listener in self._listeners[name]:
                listener.acted, listener.sequence = True, sequence
                listener.wake.set()
        if homes:
            self._fall_behind(homes)
        for listener in list(islice(self._behind, _TOLD_A_LOOK)):
            del self._behind[listener]
            listener.wake.set()
        return sequence, now

    def _fall_behind(self, homes: set[str]) -> None:
        """Everybody is to be answered again: those shown one of these homes, those who wait already, the others."""
        everybody = [listener for own in self._listeners.values() for listener in own]
        concerned = [listener for listener in everybody if homes.intersection(home for home, _ in listener.shown or ())]
        self._behind = dict.fromkeys([*concerned, *self._behind, *everybody])

    def _news(self, after: int) -> tuple[int, set[str], int]:
        """The last sequence number, the leads and visitors who acted after another one, and the homes' revision."""
        tenant, asked = self._catalogue.tenant, EventQuery(after_sequence=after)
        size, last = self._store.extent(tenant, asked)
        kinds: tuple[Named, ...] = ("lead", "anonymous") if size else ()
        names = {name for kind in kinds for name in self._store.names(tenant, kind, asked)}
        return max(after, last), names, self._catalogue.revision()

    def _changed(self, revision: int) -> set[str]:
        return {home.property_id for home in self._catalogue.changed_since(revision)}
