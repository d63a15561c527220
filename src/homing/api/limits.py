"""What bounds every request: how many a key may make, how large a body may be, and how long it may take to come."""

from __future__ import annotations

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homing.api.callers import Caller
from homing.api.problems import problem

__all__ = ["Bodies", "Buckets", "Limits", "RateLimit", "in_time"]

_LARGEST_BODY: Final = 10_000_000
_MOST_BUCKETS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """`rate` is how many requests a second a key may make of each worker; twice as many may come at once.

    `body_seconds` is how long the body of a request may take to arrive. `origins` are web sites whose pages may call
    with any key, besides those that site keys are bound to.
    """

    rate: float = 2_000.0
    body_seconds: float = 20.0
    origins: frozenset[str] = frozenset()


class Buckets:
    """Token buckets by name: `rate` tokens a second flow into each, up to twice as many; a request takes one.

    Of 10,000 buckets the one used longest ago is given up, so that memory stays bounded.

    >>> now = [0.0]
    >>> buckets = Buckets(1, lambda: now[0])
    >>> [buckets.wait("a") for _ in range(3)], buckets.wait("b")
    ([0.0, 0.0, 1.0], 0.0)
    >>> now[0] = 1.0
    >>> buckets.wait("a"), buckets.wait("a")
    (0.0, 1.0)
    """

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._clock = rate, clock
        self._full = 2 * rate
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._levels)

    def wait(self, name: str) -> float:
        """Take a token; 0 if there was one, else in how many seconds there will be."""
        now = self._clock()
        level, since = self._levels.pop(name, (self._full, now))
        level = min(self._full, level + (now - since) * self._rate)
        taken = level >= 1
        self._levels[name] = (level - taken, now)
        if len(self._levels) > _MOST_BUCKETS:
            self._levels.popitem(last=False)
        return 0.0 if taken else (1 - level) / self._rate


class RateLimit:
    """Answers 429 with Retry-After to a key that asks too often. Without keys there is no limit."""

    def __init__(self, app: ASGIApp, buckets: Buckets) -> None:
        self.app, self._buckets = app, buckets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        caller: Caller | None = scope.get("state", {}).get("caller")
        if caller is not None and caller.key_id is not None and (wait := self._buckets.wait(caller.key_id)):
            headers = {"Retry-After": f"{math.ceil(wait)}"}
            await problem(429, "This key asks too often.", headers=headers)(scope, receive, send)
            return
        await self.app(scope, receive, send)


class Bodies:
    """Cuts off a body that is too large for any route (413) or takes too long to arrive (408)."""

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self.app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        await self.app(scope, in_time(receive, self._seconds), send)


def in_time(receive: Receive, seconds: float) -> Receive:
    """What arrives of a body, which may be so large, in bytes, and take so long, in seconds, and no more."""
    deadline = time.monotonic() + seconds
    arrived, more = 0, True

    async def receive_in_time() -> Message:
        nonlocal arrived, more
        if not more:
            return await receive()
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                message = await receive()
        except TimeoutError:
            cut = {"Connection": "close"}
            raise HTTPException(408, f"The body took longer than {seconds:g} seconds.", cut) from None
        arrived += len(message.get("body", b""))
        more = bool(message.get("more_body", False))
        if arrived > _LARGEST_BODY:
            raise HTTPException(413, f"The body must be at most {_LARGEST_BODY:,} bytes.", {"Connection": "close"})
        return message

    return receive_in_time
