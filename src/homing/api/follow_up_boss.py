"""`POST /fub/v1/events`: what websites send to Follow Up Boss, unchanged; durable when answered."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from fastapi import Response
from starlette.requests import Request
from starlette.routing import BaseRoute

from homing.api.requests import MEGABYTE, json_body
from homing.api.routing import part, taking
from homing.api.services import ApiServices
from homing.api.settled import settled
from homing.api.shapes import FollowUpBossStored
from homing.api.tenants import Tenants
from homing.integrations.follow_up_boss.event import Person, event_row, person_of
from homing.interfaces import BehavioralEvent
from homing.services.introduce import Introduce
from homing.tracking.validation import event_from

__all__ = ["routes"]

_BODY: Final = taking(
    {
        "type": "object",
        "required": ["type", "person"],
        "properties": {"type": {"type": "string"}, "person": {"type": "object"}},
        "additionalProperties": True,
    }
)


def routes(tenants: Tenants[ApiServices]) -> list[BaseRoute]:
    """The route of the callers' tenants."""
    router = part("events")

    @router.post("/fub/v1/events", openapi_extra=_BODY, responses={201: {"model": FollowUpBossStored}})
    async def post_follow_up_boss(request: Request, response: Response) -> FollowUpBossStored:
        """Store an event as Follow Up Boss takes it: 201 if the person was not known before, else 200.

        The person is found by its id, or by an e-mail address or telephone number, of which only a keyed hash is kept.
        """
        services = tenants.of(request)
        body = await json_body(request, MEGABYTE)
        lead_id, is_new, event = await asyncio.to_thread(_taken, services, body, person_of(body))
        appended = await settled(services.store.submit(services.tenant, [event]))
        response.status_code = 201 if is_new else 200
        return FollowUpBossStored(lead_id, event.event_id, appended.stored[0], appended.sequence)

    return router.routes


def _taken(services: ApiServices, body: dict[str, Any], person: Person) -> tuple[str, bool, BehavioralEvent]:
    """The lead, whether it was unknown, and the event, which is read before anything is written."""
    directory, now = services.directory, services.clock()
    found = [lead for kind, text in person.reach for lead in directory.leads_reached_by(kind, text)]
    lead_id = person.id or next(iter(found), None) or directory.pseudonym(person.reach)
    row = event_row(body, lead_id, now, services.catalogue.property_ids_by_listing_id().get)
    event = event_from(row, tenant=services.tenant, now=now, received_at=now, denied=services.denied)
    profile = {**person.profile, **dict(reversed(person.reach))}
    introduce = Introduce(directory, services.store.identities, services.clock, services.denied)
    return lead_id, introduce(lead_id, None, profile), event
