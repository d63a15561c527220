"""`/healthz` and `/readyz`: does the process live, and can it store events durably."""

from __future__ import annotations

import asyncio

import msgspec
from starlette.responses import Response
from starlette.routing import BaseRoute

from homing.api.routing import part
from homing.api.services import ApiServices
from homing.api.shapes import CheckShown, ReadyAnswer

__all__ = ["routes"]


def routes(services: ApiServices) -> list[BaseRoute]:
    """The routes over these services."""
    router = part("health")

    @router.get("/healthz")
    async def healthz() -> dict[str, str]:
        """Answers as long as the process lives."""
        return {"status": "ok"}

    @router.get("/readyz", response_model=ReadyAnswer, responses={503: {"model": ReadyAnswer}})
    async def readyz() -> Response:
        """200 as soon as events can be stored durably, also with no homes and no models; else 503 with the reason."""
        checks = await asyncio.to_thread(services.checks)
        ready = all(check.ok for check in checks if check.required)
        answer = ReadyAnswer(
            ready, [CheckShown(check.name, check.ok, "" if check.ok else check.hint) for check in checks]
        )
        return Response(msgspec.json.encode(answer), 200 if ready else 503, media_type="application/json")

    return router.routes
