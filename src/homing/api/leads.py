"""What is known of one lead: its features and its timeline."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Query
from starlette.requests import Request
from starlette.routing import BaseRoute

from homing.api.requests import known_parameters, moment
from homing.api.routing import part
from homing.api.services import ApiServices
from homing.api.shapes import FeaturesAnswer, TimelineAnswer, features_answer, timeline_event
from homing.api.tenants import Tenants
from homing.core.clock import from_micros
from homing.core.ids import checked_id
from homing.core.together import read_all
from homing.store.events import EventQuery

__all__ = ["routes"]

Moment = Annotated[str | None, Query(description="RFC 3339 moment with offset; left out: now")]
Latest = Annotated[str | None, Query(description="RFC 3339 moment with offset; left out: the latest event")]


def routes(tenants: Tenants[ApiServices]) -> list[BaseRoute]:
    """The routes of the callers' tenants."""
    router = part("leads")

    @router.get("/v1/leads/{lead_id:path}/features")
    async def get_features(request: Request, lead_id: str, as_of: Moment = None) -> FeaturesAnswer:
        """All features of a lead as of a moment, raw and in their declared units."""
        asked = _asked(request, lead_id, ("as_of",), "as_of")
        at = asked["at"]
        vector = await tenants.of(request).engineer.extract_features(
            asked["lead_id"], "lead", as_of=None if at is None else from_micros(at)
        )
        return features_answer(vector)

    @router.get("/v1/leads/{lead_id:path}/timeline")
    async def get_timeline(
        request: Request, lead_id: str, limit: Annotated[int, Query(ge=1, le=1_000)] = 100, upto: Latest = None
    ) -> TimelineAnswer:
        """The latest events of a lead, newest first; the moment given in upto (inclusive) reads further back."""
        asked = _asked(request, lead_id, ("limit", "upto"), "upto")
        return await asyncio.to_thread(_timeline, tenants.of(request), asked["lead_id"], limit, asked["at"])

    return router.routes


def _asked(request: Request, lead_id: str, names: Sequence[str], until: str) -> dict[str, Any]:
    """The lead, and the moment that a parameter names; parameters that the route does not know are refused."""
    query = request.query_params
    return read_all(
        partial(known_parameters, query, names),
        lead_id=partial(checked_id, lead_id, "lead_id"),
        at=partial(moment, query, until),
    )


def _timeline(services: ApiServices, lead_id: str, limit: int, upto: int | None) -> TimelineAnswer:
    events = services.store.select(
        services.tenant, EventQuery(lead_id=lead_id, upto=upto, limit=limit, newest_first=True)
    )
    count = services.store.count(services.tenant, EventQuery(lead_id=lead_id))
    zone = services.directory.time_zone_of(lead_id)
    local = ZoneInfo(zone)
    shown = [timeline_event(event, event.timestamp.astimezone(local).isoformat()) for event in events]
    return TimelineAnswer(lead_id, zone, count, shown)
