"""Every request is counted, timed and, where the level of the logs asks for it, logged with its tenant."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from typing import Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homing.api.headers import header
from homing.core.telemetry import count, logger, timed

__all__ = ["Observed"]

_log = logger(__name__)
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")
_NO_ROUTE: Final = "none"


class Observed:
    """The outermost part of the application.

    `addresses` holds the address of each endpoint, with its parameters as names, since a measurement has no room for
    the id of each lead. A request carries its own `X-Request-Id` or gets one; it stands in every line of the log that
    the request causes, and in the answer.
    """

    def __init__(self, app: ASGIApp, addresses: Mapping[object, str]) -> None:
        self.app, self._addresses = app, addresses
        self._fresh = random.Random()  # noqa: S311  # names, no secrets

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500
        request_id = self._request_id(header(scope, b"x-request-id"))

        async def send_observed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
            await send(message)

        with (
            structlog.contextvars.bound_contextvars(request_id=request_id),
            timed("http_request", method=scope["method"]) as labels,
        ):
            try:
                await self.app(scope, receive, send_observed)
            finally:
                labels["route"] = self._addresses.get(scope.get("endpoint"), _NO_ROUTE)
                count("http_requests", **labels, status=str(status))
                state = scope.get("state", {})
                _log.info(
                    "answered", route=labels["route"], method=labels["method"], status=status,
                    ms=round(1e3 * (time.perf_counter() - began), 2), tenant=getattr(state.get("caller"), "tenant", ""),
                    recommendation_id=state.get("recommendation_id", ""),
                )  # fmt: skip

    def _request_id(self, own: str | None) -> str:
        return own if own is not None and _REQUEST_ID.match(own) else f"{self._fresh.getrandbits(64):016x}"
