"""Server-sent events: a new answer each time a lead or a visitor acts, or a home that concerns them changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from homing.api.recommendations import asked
from homing.api.services import ApiServices
from homing.api.tenants import Tenants
from homing.core.errors import HomingError
from homing.core.telemetry import logger
from homing.personalization.answer import as_json
from homing.personalization.ask import Ask
from homing.personalization.realtime_engine import Position, Update

__all__ = ["HEARTBEAT_S", "SLOWEST_S", "EventStream", "end_streams", "routes"]

HEARTBEAT_S: Final = 15.0
"""After so long without an answer a comment is sent, so that neither side takes the other for gone."""

SLOWEST_S: Final = 10.0
"""Who does not take in what was sent for so long is cut off."""

_RETRY_MS: Final = 2_000

_log = logger(__name__)
_listening: Final[set[asyncio.Future[None]]] = set()


def routes(tenants: Tenants[ApiServices]) -> list[Route]:
    """The routes of the callers' tenants."""

    def streamed(request: Request, ask: Ask) -> Response:
        heard = Position.read(request.headers.get("last-event-id", ""))
        return EventStream(tenants.of(request).realtime.listen(ask, heard), explain=ask.explain)

    async def get_lead_stream(request: Request) -> Response:
        return streamed(request, asked(request, "lead_id")[0])

    async def get_visitor_stream(request: Request) -> Response:
        return streamed(request, asked(request, "anonymous_id")[0])

    return [
        Route("/v1/leads/{lead_id:path}/stream", get_lead_stream, methods=["GET"]),
        Route("/v1/visitors/{anonymous_id:path}/stream", get_visitor_stream, methods=["GET"]),
    ]


def end_streams() -> None:
    """End all streams of this process, as a server does that stops; whoever listened comes back and resumes."""
    for gone in list(_listening):
        gone.cancel()


class EventStream(Response):
    """Updates as server-sent events, until the listener goes, is too slow, or an answer fails.

    Each has the event name `recommendations`, the answer as data, and as id the position that `Last-Event-ID` resumes.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        updates: AsyncGenerator[Update, None],
        *,
        explain: bool = True,
        heartbeat_s: float = HEARTBEAT_S,
        slowest_s: float = SLOWEST_S,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._updates, self._explain = updates, explain
        self._heartbeat_s, self._slowest_s = heartbeat_s, slowest_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until there is nobody to send to."""
        gone = asyncio.ensure_future(_gone(receive))
        _listening.add(gone)
        coming = asyncio.ensure_future(anext(self._updates))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            await self._send(send, f"retry: {_RETRY_MS}\n\n".encode())
            while not gone.done():
                done, _ = await asyncio.wait(
                    {coming, gone}, timeout=self._heartbeat_s, return_when=asyncio.FIRST_COMPLETED
                )
                if coming in done:
                    await self._send(send, self._text(coming.result()))
                    coming = asyncio.ensure_future(anext(self._updates))
                elif not done:
                    await self._send(send, b": still here\n\n")
            if gone.cancelled():
                await self._send(send, b"", more=False)
        except HomingError as error:
            _log.error("an answer to a listener failed: the stream ends", why=str(error))
        except (TimeoutError, OSError) as error:
            _log.info("a listener is too slow or gone: the stream ends", why=type(error).__name__)
        finally:
            _listening.discard(gone)
            gone.cancel()
            coming.cancel()
            await asyncio.gather(coming, return_exceptions=True)
            await self._updates.aclose()

    def _text(self, update: Update) -> bytes:
        data = msgspec.json.encode(as_json(update.answer, explain=self._explain))
        return b"id: %s\nevent: recommendations\ndata: %s\n\n" % (str(update.position).encode(), data)

    async def _send(self, send: Send, body: bytes, *, more: bool = True) -> None:
        message = {"type": "http.response.body", "body": body, "more_body": more}
        await asyncio.wait_for(send(message), self._slowest_s)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
