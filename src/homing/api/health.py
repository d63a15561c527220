"""`/healthz` and `/readyz`: does the process live, and can it store events durably."""

from __future__ import annotations

import asyncio

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from homing.api.routing import part
from homing.api.services import ApiServices
from homing.api.shapes import CheckShown, ReadyAnswer
from homing.api.tenants import Tenants

__all__ = ["routes"]


def routes(tenants: Tenants[ApiServices]) -> list[BaseRoute]:
    """The routes of the callers' tenants."""
    router = part("health")

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Answers as long as the process lives."""
        return {"status": "ok"}

    @router.get("/readyz", response_model=ReadyAnswer, responses={503: {"model": ReadyAnswer}})
    async def readyz(request: Request) -> Response:
        """200 as soon as events can be stored durably, also with no homes and no models; else 503 with the reason."""
        checks = await asyncio.to_thread(tenants.of(request).checks)
        ready = all(check.ok for check in checks if check.required)
        answer = ReadyAnswer(
            ready, [CheckShown(check.name, check.ok, "" if check.ok else check.hint) for check in checks]
        )
        return Response(msgspec.json.encode(answer), 200 if ready else 503, media_type="application/json")

    return router.routes
