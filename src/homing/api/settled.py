"""What threads finish is brought to the event loop together: one waking for all that is finished by then."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import Future
from functools import partial
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from homing.core.telling import tell

__all__ = ["settled"]

T = TypeVar("T")


async def settled(future: Future[T]) -> T:
    """What comes of a future of a thread's; who gives up waiting calls it off if it has not begun.

    `asyncio.wrap_future` does the same and wakes the loop for each, which writes to a socket each time: too often for
    the hundreds of requests that share one commit.

    >>> done: Future[int] = Future()
    >>> done.set_result(7)
    >>> asyncio.run(settled(done))
    7
    """
    loop = asyncio.get_running_loop()
    waiting = _WAITING.get(loop)
    if waiting is None:
        waiting = _WAITING[loop] = _Waiting()
    mine: asyncio.Future[T] = loop.create_future()
    future.add_done_callback(lambda _: waiting.settle(loop, future, mine))
    try:
        return await mine
    except asyncio.CancelledError:
        future.cancel()
        raise


class _Waiting:
    """Those of one loop that wait, once what they wait for is there."""

    def __init__(self) -> None:
        self._there: deque[tuple[Future[Any], asyncio.Future[Any]]] = deque()
        self._woken = False

    def settle(self, loop: asyncio.AbstractEventLoop, future: Future[Any], mine: asyncio.Future[Any]) -> None:
        """From any thread. What is put there before the loop is found to be woken, the woken loop takes."""
        self._there.append((future, mine))
        if not self._woken:
            self._woken = True
            tell(partial(self._wake, loop))

    def _wake(self, loop: asyncio.AbstractEventLoop) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._give)

    def _give(self) -> None:
        self._woken = False
        while self._there:
            future, mine = self._there.popleft()
            if mine.done():
                continue
            if future.cancelled():
                mine.cancel()
            elif (error := future.exception()) is not None:
                mine.set_exception(error)
            else:
                mine.set_result(future.result())


_WAITING: Final[WeakKeyDictionary[asyncio.AbstractEventLoop, _Waiting]] = WeakKeyDictionary()
