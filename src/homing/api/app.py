"""The whole API as one ASGI application."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route

import homing
from homing.api import (
    documentation,
    events,
    feedback,
    follow_up_boss,
    health,
    keys,
    leads,
    metrics,
    people,
    properties,
    recommendations,
    segment,
    streams,
    tokens,
)
from homing.api.body_keys import BodyKeys
from homing.api.callers import Callers, Identifies
from homing.api.direct import Application, Direct
from homing.api.guard import Guard
from homing.api.limits import Bodies, Buckets, Limits, RateLimit
from homing.api.observed import Observed
from homing.api.problems import HANDLERS
from homing.api.scopes import hold_to_scopes, must_reach
from homing.api.services import ApiServices
from homing.api.tenants import Tenants
from homing.core.errors import HomingError

__all__ = ["create_app"]

_PARTS = (
    streams, feedback, follow_up_boss, tokens, leads, people, properties, keys,
    health, metrics,
)  # fmt: skip


def create_app(
    tenants: Tenants[ApiServices],
    identify: Identifies,
    pages: Sequence[BaseRoute] = (),
    warm: Callable[[], object] | None = None,
    limits: Limits | None = None,
) -> FastAPI:
    """The application over what each tenant's requests are answered with; `identify` tells whose a request is.

    `pages` are further routes, such as the dashboard's. Every route is held to its row in the table of scopes.

    The hot routes are plain Starlette routes; what is asked of them goes to them directly. `warm` is called in a
    thread of its own when the server starts, so that models and homes are in memory when the first lead asks; what it
    refuses, that lead hears.
    """
    addresses: dict[object, str] = {}
    stopping = asyncio.Event()
    bounds = limits or Limits()
    layers = [
        Middleware(Observed, addresses=addresses),
        Middleware(Guard),
        Middleware(BodyKeys, seconds=bounds.body_seconds),
        Middleware(Callers, identify=identify, origins=bounds.origins),
        Middleware(RateLimit, buckets=Buckets(bounds.rate)),
        Middleware(Bodies, seconds=bounds.body_seconds),
    ]
    app = Application(
        title="homing",
        description="Which homes to show, whom to call, and why.",
        version=homing.__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # `Observed` tells
        middleware=layers,
        exception_handlers=HANDLERS,
        lifespan=_lifespan(warm, stopping),
    )
    app.state.stopping = stopping
    hot = [*events.routes(tenants), *segment.routes(tenants), *recommendations.routes(tenants)]
    app.router.routes.extend(hot)
    for part in _PARTS:
        app.router.routes.extend(part.routes(tenants))
    app.router.routes.extend([*documentation.routes(app), *pages])
    app.direct = Direct(hot, layers, partial(must_reach, tenants=tenants))
    addresses.update({route.endpoint: route.path for route in app.routes if isinstance(route, Route)})
    hold_to_scopes(app.router.routes, tenants)
    return app


def _lifespan(
    warm: Callable[[], object] | None, stopping: asyncio.Event
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    def warmed() -> None:
        with suppress(HomingError):
            if warm is not None:
                warm()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=warmed, name="homing-warm", daemon=True).start()
        async with streams.stop_when_told(stopping):
            yield

    return lifespan
