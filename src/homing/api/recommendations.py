"""Which homes to show next: for a lead, for a visitor, or among homes that the caller names. A hot route: plain
Starlette and msgspec.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homing.api.requests import MEGABYTE, fields_of, flag, json_body, known_parameters, sequence, whole_number
from homing.api.scopes import must_speak_for
from homing.api.services import ApiServices
from homing.api.tenants import Tenants
from homing.core.errors import BadInput, Fault
from homing.core.ids import checked_id, id_fault
from homing.core.telemetry import count
from homing.core.together import read_all
from homing.interfaces import Recommendations
from homing.market.where import where
from homing.personalization.answer import as_json
from homing.personalization.ask import LONGEST_LIST, Ask
from homing.personalization.turns import in_turn, soon
from homing.store.replica import from_primary

__all__ = ["MOST_HOMES", "asked", "routes"]

MOST_HOMES: Final = LONGEST_LIST


def routes(tenants: Tenants[ApiServices]) -> list[Route]:
    """The routes of the callers' tenants."""
    turn = asyncio.Lock()

    async def answered(request: Request, ask: Ask, after: int | None = None, *, insists: bool) -> Response:
        services = tenants.of(request)
        late = after is not None and not await asyncio.to_thread(services.store.has_seen, services.tenant, after)
        work = partial(_answer, services, ask, late, time.monotonic(), insists)
        async with turn:
            answer = await soon(work)
        request.scope["state"]["recommendation_id"] = answer.recommendation_id
        for why in answer.degraded:
            count("degraded", part=why.partition(":")[0])
        shown = as_json(answer, explain=ask.explain, full=ask.counterfactual)
        return Response(msgspec.json.encode(shown), media_type="application/json")

    async def get_recommendations(request: Request) -> Response:
        return await answered(request, *asked(request, "lead_id"), insists="explain" in request.query_params)

    async def get_visitor_recommendations(request: Request) -> Response:
        return await answered(request, *asked(request, "anonymous_id"), insists="explain" in request.query_params)

    async def post_rank(request: Request) -> Response:
        body = await json_body(request, MEGABYTE)
        ask = _ranked(body)
        await must_speak_for(request, tenants.of(request), lead_id=ask.lead_id, anonymous_id=ask.anonymous_id)
        return await answered(request, ask, insists=body.get("explain") is not None)

    return [
        Route("/v1/leads/{lead_id:path}/recommendations", get_recommendations, methods=["GET"]),
        Route("/v1/visitors/{anonymous_id:path}/recommendations", get_visitor_recommendations, methods=["GET"]),
        Route("/v1/rank", post_rank, methods=["POST"]),
    ]


def _answer(services: ApiServices, ask: Ask, late: bool, since: float, insists: bool, at_once: bool) -> Recommendations:
    """The answer, from the primary database where its replica is too late. Who named `explain` insists on reasons."""
    with from_primary() if late else nullcontext():
        return in_turn(services.answer, replace(ask, at_once=at_once), since, insists=insists)


def asked(request: Request, name: str) -> tuple[Ask, int | None]:
    """A question about the shopper of the path, whose id has that name, and which event the answer must have seen."""
    query = request.query_params
    full = query.get("explain") == "full"
    read = read_all(
        partial(known_parameters, query, ("k", "where", "explain", "after", "without")),
        **{name: partial(checked_id, request.path_params[name], name)},
        k=partial(whole_number, query, "k", 10, MOST_HOMES),
        where=lambda: where(query["where"]) if "where" in query else None,
        explain=lambda: full or flag(query, "explain", default=True),
        counterfactual=lambda: full,
        without=lambda: frozenset(query.getlist("without")),
        after=partial(sequence, query, "after"),
    )
    after = read.pop("after")
    return Ask(**read), after


def _ranked(body: object) -> Ask:
    """A question about the caller's own homes, all of which are answered that may be shown."""
    wanted, faults = fields_of(body, _RANK, ["property_ids"])
    homes: list[object] = wanted.pop("property_ids", [])
    faults += _home_faults(homes)
    names = [] if faults else [str(name) for name in homes]
    try:
        ask = Ask(**wanted, candidates=names, rank_all=True)
    except BadInput as error:
        told = {fault.where for fault in faults}
        raise BadInput([*faults, *(fault for fault in error.faults if fault.where not in told)]) from error
    if faults:
        raise BadInput(faults)
    return ask


def _home_faults(homes: Sequence[object]) -> list[Fault]:
    if len(homes) > MOST_HOMES:
        return [Fault("property_ids", f"hold at most {MOST_HOMES:,} homes", f"{len(homes):,}")]
    faults = (id_fault(name, f"property_ids[{place}]") for place, name in enumerate(homes))
    return [fault for fault in faults if fault is not None]


_RANK: Final = {"lead_id": str, "anonymous_id": str, "property_ids": list, "explain": bool}
