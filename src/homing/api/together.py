"""Many who ask the same at the same time are told by one asking, never by one that began before they came."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

__all__ = ["Together"]

Q = TypeVar("Q", bound=Hashable)
A = TypeVar("A")


class Together(Generic[Q, A]):
    """Asks a question for all who wait for its answer; who comes while it is being asked waits for the next asking.

    So an answer is no older than the question, and a question is on its way once at a time. `near` answers are there
    sooner than a thread: the event loop asks as soon as all who have come by now have said what they ask. For others it
    does not wait.

    >>> asked = []
    >>> together = Together(lambda question: asked.append(question) or question.upper(), near=True)
    >>> async def three() -> list[str]:
    ...     return await asyncio.gather(*map(together, "aab"))
    >>> asyncio.run(three()), asked
    (['A', 'A', 'B'], ['a', 'b'])
    """

    def __init__(self, ask: Callable[[Q], A], *, near: bool) -> None:
        self._ask, self._near = ask, near
        self._now: dict[Q, asyncio.Task[A]] = {}
        self._next: dict[Q, asyncio.Task[A]] = {}
        self._waiting: dict[Q, list[asyncio.Future[A]]] = {}

    async def __call__(self, question: Q) -> A:
        """The answer as it is now."""
        if self._near:
            return await self._soon(question)
        coming = self._next.get(question)
        if coming is None:
            coming = self._next[question] = asyncio.create_task(self._asked(question, self._now.get(question)))
        return await asyncio.shield(coming)  # one who gives up takes the answer from nobody

    async def _asked(self, question: Q, before: asyncio.Task[A] | None) -> A:
        if before is not None:
            await asyncio.wait([before])
        self._now[question] = self._next.pop(question)
        try:
            return await asyncio.to_thread(self._ask, question)
        finally:
            del self._now[question]

    def _soon(self, question: Q) -> asyncio.Future[A]:
        loop = asyncio.get_running_loop()
        mine: asyncio.Future[A] = loop.create_future()
        waiting = self._waiting.setdefault(question, [])
        waiting.append(mine)
        if len(waiting) == 1:
            loop.call_soon(self._give, question)
        return mine

    def _give(self, question: Q) -> None:
        waiting = [one for one in self._waiting.pop(question) if not one.done()]
        try:
            answer = self._ask(question)
        except Exception as error:  # noqa: BLE001  # whatever it is, those who asked are told
            for one in waiting:
                one.set_exception(error)
        else:
            for one in waiting:
                one.set_result(answer)
