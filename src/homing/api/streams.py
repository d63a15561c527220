"""Server-sent events: a new answer each time a lead or a visitor acted, or homes changed."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from homing.api.callers import still_may_call
from homing.api.recommendations import asked
from homing.api.services import ApiServices
from homing.api.tenants import Tenants
from homing.core.errors import HomingError
from homing.core.telemetry import logger
from homing.personalization.answer import as_json
from homing.personalization.ask import Ask
from homing.personalization.realtime_engine import Update

__all__ = ["EventStream", "routes", "stop_when_told"]

_HEARTBEAT_SECONDS: Final = 15.0
_SLOWEST_SECONDS: Final = 10.0
_LONGEST_ID: Final = 18
_RETRY: Final = b"retry: 2000\n\n"

_log = logger(__name__)


def routes(tenants: Tenants[ApiServices]) -> list[Route]:
    """The routes of the callers' tenants."""

    def stream(request: Request, name: str) -> Response:
        ask, after = asked(request, name)
        heard = _heard(request.headers.get("last-event-id", ""), after)
        updates = tenants.of(request).realtime.listen(ask, heard)
        return EventStream(updates, ask, request.app.state.stopping, partial(still_may_call, request))

    async def get_lead_stream(request: Request) -> Response:
        return stream(request, "lead_id")

    async def get_visitor_stream(request: Request) -> Response:
        return stream(request, "anonymous_id")

    return [
        Route("/v1/leads/{lead_id:path}/stream", get_lead_stream, methods=["GET"]),
        Route("/v1/visitors/{anonymous_id:path}/stream", get_visitor_stream, methods=["GET"]),
    ]


def _heard(last: str, after: int | None) -> int | None:
    """The sequence up to which a reader has heard, of what `Last-Event-ID` and `after` say; nonsense says nothing.

    >>> _heard("7", 5), _heard("3", 5), _heard("seven", 5), _heard("", None)
    (7, 5, 5, None)
    """
    if not (last.isascii() and last.isdigit() and len(last) <= _LONGEST_ID):
        return after
    return max(int(last), after or 0)


class EventStream(Response):
    """Answers as server-sent events, until the reader goes or is too slow, an answer fails, or the server stops.

    `allowed` is asked before anything is sent: a key that was revoked hears nothing more, nor does an expired token.

    An event has the name `recommendations`, the answer as its data, and as its id the sequence number up to which the
    answer has seen what happened. After 15 seconds without one a comment is sent. A reader who does not take in what
    was sent for 10 seconds is cut off; like every reader that lost its connection it may come back with Last-Event-ID.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        updates: AsyncGenerator[Update, None],
        ask: Ask,
        stopping: asyncio.Event,
        allowed: Callable[[], Awaitable[bool]],
        *,
        heartbeat: float = _HEARTBEAT_SECONDS,
        slowest: float = _SLOWEST_SECONDS,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._updates, self._ask, self._stopping, self._allowed = updates, ask, stopping, allowed
        self._heartbeat, self._slowest = heartbeat, slowest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until there is nobody to send to."""
        over = [asyncio.ensure_future(_gone(receive)), asyncio.ensure_future(self._stopping.wait())]
        coming = asyncio.ensure_future(anext(self._updates))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._send(send, _RETRY)
            while not any(end.done() for end in over):
                await asyncio.wait({coming, *over}, timeout=self._heartbeat, return_when=asyncio.FIRST_COMPLETED)
                if not await self._allowed():
                    break
                if coming.done():
                    await self._send(send, self._event(coming.result()))
                    coming = asyncio.ensure_future(anext(self._updates))
                elif not any(end.done() for end in over):
                    await self._send(send, b": still here\n\n")
            await self._send(send, b"", more=False)
        except HomingError as error:
            _log.error("an answer to a listener failed: the stream ends", why=str(error))
        except (TimeoutError, OSError) as error:
            _log.info("a listener is too slow or gone: the stream ends", why=type(error).__name__)
        finally:
            for task in (coming, *over):
                task.cancel()
            await asyncio.wait({coming, *over})
            await self._updates.aclose()

    def _event(self, update: Update) -> bytes:
        shown = as_json(update.answer, explain=self._ask.explain, full=self._ask.counterfactual)
        return b"id: %d\nevent: recommendations\ndata: %b\n\n" % (update.sequence, msgspec.json.encode(shown))

    async def _send(self, send: Send, body: bytes, *, more: bool = True) -> None:
        async with asyncio.timeout(self._slowest):
            await send({"type": "http.response.body", "body": body, "more_body": more})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


@asynccontextmanager
async def stop_when_told(stopping: asyncio.Event) -> AsyncIterator[None]:
    """Within it a signal to end is noted in `stopping`, beside what the server itself does about it.

    A server waits for answers that are under way before it says that it stops, and a stream is one without end.
    """
    loop = asyncio.get_running_loop()
    replaced = {}
    if threading.current_thread() is threading.main_thread():
        # The loop hears of a signal by a file descriptor, whatever Python function stands for it.
        for number in (signal.SIGTERM, signal.SIGINT):
            replaced[number] = signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopping.set))
    try:
        yield
    finally:
        stopping.set()
        for number, before in replaced.items():
            signal.signal(number, before)
