"""The hot routes without the framework around them: the same layers of our own, in the same order, and the endpoint."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, cast

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from homing.api.problems import HANDLERS
from homing.core.errors import HomingError

__all__ = ["Application", "Direct"]

Endpoint = Callable[[Request], Awaitable[Response]]
Held = Callable[[Request, str], Awaitable[None]]
"""Raises where the caller of a request may not have what is at a path."""

_OURS: Final = HANDLERS[HomingError]
_HTTP: Final = HANDLERS[HTTPException]
_UNEXPECTED: Final = HANDLERS[Exception]


class Application(FastAPI):
    """The whole API. What is asked of one of the routes in `direct` does not pass through the framework.

    The framework's own layers, its search for the route and its handling of exceptions take as long again as reading
    and checking one event and handing it to the store. The routes stand in the application all the same: it documents
    them, and answers other methods.
    """

    direct: Direct | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        plain = self.direct is not None and scope["type"] == "http" and not scope.get("root_path")
        app = self.direct.of(scope) if self.direct is not None and plain else None
        await (super().__call__ if app is None else app)(scope, receive, send)


class Direct:
    """What answers each of some hot routes, with `layers` around it from the outermost in."""

    def __init__(self, routes: Sequence[Route], layers: Sequence[Middleware], held: Held) -> None:
        self._exact: dict[tuple[str, str], ASGIApp] = {}
        self._patterns: list[tuple[Route, ASGIApp]] = []
        for route in routes:
            app = _answering(route, held)
            for layer in reversed(layers):
                app = cast("ASGIApp", layer.cls(app, *layer.args, **layer.kwargs))
            if route.param_convertors:
                self._patterns.append((route, app))
            else:
                self._exact |= {(method, route.path): app for method in route.methods or ()}

    def of(self, scope: Scope) -> ASGIApp | None:
        """What answers a request; None if it is of another route. What its path says is noted in it."""
        app = self._exact.get((scope["method"], scope["path"]))
        if app is not None:
            return app
        for route, answer in self._patterns:
            match, found = route.matches(scope)
            if match is Match.FULL:
                scope.update(found)
                return answer
        return None


def _answering(route: Route, held: Held) -> ASGIApp:
    endpoint, path = cast("Endpoint", route.endpoint), route.path

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        scope["endpoint"] = endpoint
        request = Request(scope, receive, send)
        try:
            await held(request, path)
            response = await endpoint(request)
        except HTTPException as error:
            response = await _HTTP(request, error)
        except HomingError as error:
            response = await _OURS(request, error)
        except Exception as error:  # whatever it is, the caller is told, and the server hears of it too
            await (await _UNEXPECTED(request, error))(scope, receive, send)
            raise
        await response(scope, receive, send)

    return answer
