"""Two lines of defence around every route while there are no keys: no writes from other sites, no framing."""

from __future__ import annotations

from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homing.api.problems import problem

__all__ = ["Guard"]

_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' https: data:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
}


class Guard:
    """Refuses a write that a browser sends for another site's page, and adds security headers to every answer.

    Without keys whoever reaches the server may write, and a page of any site reaches the server of the person who
    reads it; browsers mark such a request with `Sec-Fetch-Site`, which a page cannot forge.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        if scope["method"] not in _READS and Headers(scope=scope).get("sec-fetch-site") == "cross-site":
            refusal = problem(403, "A page of another site may not write here.")
            await refusal(scope, receive, send_guarded)
            return
        await self.app(scope, receive, send_guarded)
