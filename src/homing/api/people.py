"""Profiles of leads and agents, and visitors who turn out to be leads."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from homing.api.requests import MEGABYTE, json_body, object_of, read_as
from homing.api.routing import part, taking
from homing.api.services import ApiServices
from homing.api.shapes import MergeStored, ProfileStored
from homing.api.tenants import Tenants
from homing.core.errors import BadInput, UnknownId
from homing.core.ids import checked_id
from homing.people.agent import agent_from, agent_row
from homing.people.directory import ProfileCounts
from homing.people.lead import lead_from, lead_row
from homing.store.events import EventQuery

__all__ = ["routes"]

_PROFILE: Final = {"type": "object", "additionalProperties": True}
_JSON: Final = {"application/json": {"schema": _PROFILE}}
_BODY: Final = taking(_PROFILE)
_VISITOR: Final = taking(
    {
        "type": "object",
        "required": ["anonymous_id"],
        "additionalProperties": False,
        "properties": {"anonymous_id": {"type": "string", "minLength": 1, "maxLength": 255}},
    }
)
_FOUND: Final[dict[int | str, dict[str, Any]]] = {200: {"content": _JSON}}


def routes(tenants: Tenants[ApiServices]) -> list[BaseRoute]:
    """The routes of the callers' tenants; those of a whole profile come last, as their ids may hold slashes."""
    router = part("people")

    @router.post("/v1/leads/{lead_id:path}/merge", openapi_extra=_VISITOR)
    async def post_merge(request: Request, lead_id: str) -> MergeStored:
        """A visitor turns out to be this lead: what it did under the anonymous id counts for the lead from now on."""
        visitor = await _visitor(request)
        return await asyncio.to_thread(_merged, tenants.of(request), checked_id(lead_id, "lead_id"), visitor)

    @router.post("/v1/leads/{lead_id:path}/unmerge", openapi_extra=_VISITOR)
    async def post_unmerge(request: Request, lead_id: str) -> MergeStored:
        """Take a merge back: what the visitor did is the visitor's own again."""
        visitor = await _visitor(request)
        return await asyncio.to_thread(_unmerged, tenants.of(request), checked_id(lead_id, "lead_id"), visitor)

    @router.put("/v1/leads/{lead_id:path}", openapi_extra=_BODY)
    async def put_lead(request: Request, lead_id: str) -> ProfileStored:
        """Store a lead's profile, with its limits, whole; limits hold in the next answer."""
        services, own = tenants.of(request), checked_id(lead_id, "lead_id")
        lead = read_as(own, "lead_id", await json_body(request, MEGABYTE), partial(lead_from, denied=services.denied))
        return _stored(await asyncio.to_thread(services.directory.put_leads, [lead]), lead.dropped)

    @router.put("/v1/agents/{agent_id:path}", openapi_extra=_BODY)
    async def put_agent(request: Request, agent_id: str) -> ProfileStored:
        """Store an agent's profile whole."""
        services, own = tenants.of(request), checked_id(agent_id, "agent_id")
        agent = read_as(
            own, "agent_id", await json_body(request, MEGABYTE), partial(agent_from, denied=services.denied)
        )
        return _stored(await asyncio.to_thread(services.directory.put_agents, [agent]), agent.dropped)

    @router.get("/v1/leads/{lead_id:path}", responses=_FOUND)
    async def get_lead(request: Request, lead_id: str) -> Response:
        """A lead's profile, as it would stand in a file."""
        lead = await asyncio.to_thread(tenants.of(request).directory.lead, checked_id(lead_id, "lead_id"))
        if lead is None:
            raise UnknownId.of("lead_id", "be a lead with a profile", lead_id)
        return Response(msgspec.json.encode(lead_row(lead)), media_type="application/json")

    @router.get("/v1/agents/{agent_id:path}", responses=_FOUND)
    async def get_agent(request: Request, agent_id: str) -> Response:
        """An agent's profile, as it would stand in a file."""
        agent = await asyncio.to_thread(tenants.of(request).directory.agent, checked_id(agent_id, "agent_id"))
        if agent is None:
            raise UnknownId.of("agent_id", "be an agent with a profile", agent_id)
        return Response(msgspec.json.encode(agent_row(agent)), media_type="application/json")

    return router.routes


async def _visitor(request: Request) -> str:
    told = object_of(await json_body(request, MEGABYTE), {"anonymous_id": str}, ["anonymous_id"])
    return checked_id(told["anonymous_id"], "anonymous_id")


def _stored(counts: ProfileCounts, dropped: tuple[str, ...]) -> ProfileStored:
    outcome = "created" if counts.created else "updated" if counts.updated else "unchanged"
    return ProfileStored(outcome, dropped)


def _merged(services: ApiServices, lead_id: str, anonymous_id: str) -> MergeStored:
    changed = services.store.identities.merge(services.tenant, anonymous_id, lead_id, services.clock())
    return MergeStored(lead_id, anonymous_id, changed, _count(services, lead_id))


def _unmerged(services: ApiServices, lead_id: str, anonymous_id: str) -> MergeStored:
    people = services.store.identities
    owner = people.lead_of(services.tenant, anonymous_id)
    if owner not in (None, lead_id):
        raise BadInput.of("anonymous_id", f"be a visitor of {lead_id!r}", anonymous_id)
    changed = people.unmerge(services.tenant, anonymous_id, services.clock())
    return MergeStored(lead_id, anonymous_id, changed, _count(services, lead_id))


def _count(services: ApiServices, lead_id: str) -> int:
    return services.store.count(services.tenant, EventQuery(lead_id=lead_id))
