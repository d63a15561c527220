"""The whole API as one ASGI application."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

import homing
from homing.api import documentation, events, health, leads, properties, recommendations
from homing.api.guard import Guard
from homing.api.problems import HANDLERS
from homing.api.services import ApiServices

__all__ = ["create_app"]


def create_app(services: ApiServices, pages: Sequence[BaseRoute] = ()) -> FastAPI:
    """The application over these services; `pages` are further routes, such as the dashboard's.

    The two hot routes are plain Starlette routes and stand first.
    """
    app = FastAPI(
        title="homing",
        description="Which homes to show, whom to call, and why.",
        version=homing.__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        middleware=[Middleware(Guard)],
        exception_handlers=HANDLERS,
    )
    for part in (events, recommendations, leads, properties, health):
        app.router.routes.extend(part.routes(services))
    app.router.routes.extend([*documentation.routes(app), *pages])
    return app
