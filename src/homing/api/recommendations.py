"""`GET /v1/leads/{id}/recommendations`: which homes to show next. A hot route: plain Starlette and msgspec."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homing.api.requests import flag, known_parameters, whole_number
from homing.api.services import ApiServices
from homing.core.ids import checked_id
from homing.personalization.answer import as_json

__all__ = ["MOST_HOMES", "routes"]

MOST_HOMES: Final = 1_000


def routes(services: ApiServices) -> list[Route]:
    """The route over these services.

    Ranking is computing, so it has one thread of its own: several would only take the interpreter from each other
    (six threads answered half as many as one), and events are stored beside it.
    """
    ranking = ThreadPoolExecutor(1, thread_name_prefix="homing-ranking")

    async def get_recommendations(request: Request) -> Response:
        known_parameters(request.query_params, ("k", "explain"))
        lead_id = checked_id(request.path_params["lead_id"], "lead_id")
        k = whole_number(request.query_params, "k", 10, MOST_HOMES)
        explain = flag(request.query_params, "explain", default=True)
        answer = await asyncio.get_running_loop().run_in_executor(ranking, services.recommend, lead_id, k, None)
        return Response(msgspec.json.encode(as_json(answer, explain=explain)), media_type="application/json")

    return [Route("/v1/leads/{lead_id:path}/recommendations", get_recommendations, methods=["GET"])]
