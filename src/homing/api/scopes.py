"""What a key must be allowed for each route: one table, and what holds every route to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Literal

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as Connection

from homing.api.callers import caller_of
from homing.api.segment_addresses import ADDRESSES
from homing.api.services import ApiServices
from homing.api.tenants import Tenants
from homing.interfaces import BehavioralEvent
from homing.services.keys import SCOPES, Scope

__all__ = ["NEEDS", "hold_to_scopes", "must_reach", "must_speak_for", "need_of", "only_own_shoppers"]

Need = Scope | Literal["none"]

NEEDS: Final[Mapping[str, Need]] = {
    "GET /healthz": "none",
    "GET /readyz": "none",
    "POST /v1/events": "site",
    **{f"POST /v1/{name}": "site" for name in ADDRESSES},
    "POST /v1/feedback": "site",
    "POST /v1/visitors": "site",
    "GET /v1/visitors/{anonymous_id:path}/recommendations": "site",
    "GET /v1/leads/{lead_id:path}/recommendations": "site",
    "GET /v1/visitors/{anonymous_id:path}/stream": "site",
    "GET /v1/leads/{lead_id:path}/stream": "site",
    "POST /v1/rank": "site",
    "GET /openapi.json": "read",
    "GET /docs": "read",
    "GET /metrics": "read",
    "GET /": "read",
    "GET /leads/{lead_id:path}": "read",
    "GET /assets/{name}": "read",
    "GET /v1/leads/{lead_id:path}": "read",
    "GET /v1/leads/{lead_id:path}/features": "read",
    "GET /v1/leads/{lead_id:path}/timeline": "read",
    "GET /v1/agents/{agent_id:path}": "read",
    "GET /v1/properties/{property_id:path}": "read",
    "GET /v1/properties/{property_id:path}/leads": "read",
    "GET /v1/properties/{property_id:path}/similar": "read",
    "POST /fub/v1/events": "write",
    "POST /leads/{lead_id:path}/act": "write",
    "POST /v1/leads/{lead_id:path}/token": "write",
    "POST /v1/leads/{lead_id:path}/merge": "write",
    "POST /v1/leads/{lead_id:path}/unmerge": "write",
    "PUT /v1/leads/{lead_id:path}": "write",
    "PUT /v1/agents/{agent_id:path}": "write",
    "POST /v1/properties": "write",
    "PUT /v1/properties/{property_id:path}": "write",
    "DELETE /v1/properties/{property_id:path}": "write",
    "GET /v1/keys": "admin",
    "POST /v1/keys": "admin",
    "DELETE /v1/keys/{key_id}": "admin",
}
"""The least scope for each route; one that is not here needs `admin`, and a test asks for its row.

A `site` key gets no further than the shopper that it can prove: see `must_speak_for`.
"""

_RANKS: Final[Mapping[str, int]] = {scope: rank for rank, scope in enumerate(("none", *SCOPES))}


def need_of(method: str, path: str) -> Need:
    """The least scope for a method (HEAD counts as GET) of a route."""
    return NEEDS.get(f"{'GET' if method == 'HEAD' else method} {path}", "admin")


def hold_to_scopes(routes: Sequence[BaseRoute], tenants: Tenants[ApiServices]) -> None:
    """Let no route answer a caller whose scope does not reach, or who is not the shopper of the path."""
    for route in routes:
        if isinstance(route, Route):
            route.app = _held(route.app, route.path, tenants)


def _held(app: ASGIApp, path: str, tenants: Tenants[ApiServices]) -> ASGIApp:
    async def answer(scope: Connection, receive: Receive, send: Send) -> None:
        await must_reach(Request(scope), path, tenants)
        await app(scope, receive, send)

    return answer


async def must_reach(request: Request, path: str, tenants: Tenants[ApiServices]) -> None:
    """Refuse with 403 a caller whose scope does not reach to the route of a path, or who is not its shopper."""
    need, has = need_of(request.method, path), caller_of(request).scope
    if _RANKS[has] < _RANKS[need]:
        raise HTTPException(403, f"This needs a key of the scope {need} or more; yours is {has}.")
    if has == "site":
        shopper = {name: request.path_params.get(name) for name in ("lead_id", "anonymous_id")}
        await must_speak_for(request, tenants.of(request), **shopper)


async def must_speak_for(
    request: Request, services: ApiServices, *, lead_id: str | None = None, anonymous_id: str | None = None
) -> None:
    """Refuse with 403 what a site key asks of a shopper whose token it did not send.

    Of a lead always; of a visitor once it has turned out to be a lead, because the answer would then be the lead's.
    """
    caller = caller_of(request)
    if caller.scope != "site":
        return
    if lead_id is not None and lead_id != caller.lead_id:
        raise HTTPException(403, "A site key asks of a lead only with that lead's token as Homing-Token.")
    if anonymous_id is not None and anonymous_id != caller.anonymous_id:
        owner = await asyncio.to_thread(services.store.identities.lead_of, services.tenant, anonymous_id)
        if owner is not None and owner != caller.lead_id:
            raise HTTPException(403, "A site key asks of a known visitor only with its token as Homing-Token.")


def only_own_shoppers(request: Request, events: Sequence[BehavioralEvent]) -> None:
    """Refuse with 403 what a site key tells of a lead whose token it did not send, or of no shopper at all."""
    caller = caller_of(request)
    if caller.scope != "site":
        return
    for event in events:
        if event.lead_id is None and event.anonymous_id is None:
            raise HTTPException(403, "A site key tells of shoppers only: an event needs an anonymous_id.")
        if event.lead_id not in (None, caller.lead_id):
            raise HTTPException(403, "A site key tells of a lead only with that lead's token as Homing-Token.")
