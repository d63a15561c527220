"""`POST /v1/feedback`: what a shopper did with a home of an answer, exposure included."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Final

from starlette.requests import Request
from starlette.routing import BaseRoute

from homing.api.requests import MEGABYTE, json_body, object_of
from homing.api.routing import part, taking
from homing.api.services import ApiServices
from homing.api.settled import settled
from homing.api.shapes import FeedbackStored
from homing.api.tenants import Tenants
from homing.core.errors import BadInput, Fault, shown
from homing.core.together import read_all
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.personalization.feedback import feedback_event

__all__ = ["routes"]

_BODY: Final = taking({"$ref": "#/components/schemas/FeedbackRequest"})
_FIELDS: Final = {"recommendation_id": str, "property_id": str, "event_type": str}


def routes(tenants: Tenants[ApiServices]) -> list[BaseRoute]:
    """The route of the callers' tenants."""
    router = part("leads")

    @router.post("/v1/feedback", openapi_extra=_BODY)
    async def post_feedback(request: Request) -> FeedbackStored:
        """Store what a shopper did with a home of an answer; durable when answered, and counted once.

        The answer need not have been kept: its id says for whom it was, and at which place each home stood.
        """
        services = tenants.of(request)
        event = _event(services, object_of(await json_body(request, MEGABYTE), _FIELDS, tuple(_FIELDS)))
        appended = await settled(services.store.submit(services.tenant, [event]))
        return FeedbackStored(event.event_id, appended.stored[0], appended.sequence)

    return router.routes


def _event(services: ApiServices, told: Mapping[str, str]) -> BehavioralEvent:
    read = read_all(token=partial(services.token, told["recommendation_id"]), kind=partial(_kind, told["event_type"]))
    return feedback_event(read["token"], told["property_id"], read["kind"], services.clock())


def _kind(name: str) -> EventType:
    kinds = {kind.value: kind for kind in EventType}
    if name not in kinds:
        raise BadInput(Fault("event_type", "be one of the event types, such as recommendation_shown", shown(name)))
    return kinds[name]
