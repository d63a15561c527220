"""`POST /v1/events`: one event or an array, durable when answered. A hot route: plain Starlette and msgspec."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homing.api.requests import MEGABYTE, json_body
from homing.api.scopes import only_own_shoppers
from homing.api.services import ApiServices
from homing.api.settled import settled
from homing.api.shapes import Refused, Stored, given
from homing.api.tenants import Tenants
from homing.core.errors import BadInput
from homing.core.telemetry import count
from homing.interfaces import BehavioralEvent
from homing.services.import_report import Dropped
from homing.tracking.validation import event_from

__all__ = ["MOST_EVENTS", "routes"]

MOST_EVENTS: Final = 1_000


def routes(tenants: Tenants[ApiServices]) -> list[Route]:
    """The route of the callers' tenants."""

    async def post_events(request: Request) -> Response:
        services = tenants.of(request)
        body = await json_body(request, MEGABYTE)
        rows = body if isinstance(body, list) else [body]
        if len(rows) > MOST_EVENTS:
            raise HTTPException(413, f"An array holds at most {MOST_EVENTS:,} events; got {len(rows):,}.")
        dropped = Dropped()
        events, refused = _read(services, rows, dropped)
        if refused:
            count("refused_events", len(refused))
        if refused and not isinstance(body, list):
            raise BadInput(refused[0].faults)
        only_own_shoppers(request, events)
        appended = await settled(services.store.submit(services.tenant, events))
        stored = sum(appended.stored)
        answer = Stored(stored, len(events) - stored, 0, refused, appended.sequence, dropped.counts or None)
        return Response(msgspec.json.encode(given(answer)), media_type="application/json")

    return [Route("/v1/events", post_events, methods=["POST"])]


def _read(services: ApiServices, rows: Sequence[Any], dropped: Dropped) -> tuple[list[BehavioralEvent], list[Refused]]:
    now = services.clock()
    events, refused = [], []
    for index, row in enumerate(rows):
        try:
            read = event_from(
                row, tenant=services.tenant, now=now, received_at=now, denied=services.denied, note=dropped.add
            )
            events.append(read)
        except BadInput as error:
            refused.append(Refused(index, error.faults))
    return events, refused
