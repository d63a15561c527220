"""What Segment's and RudderStack's clients post, at the addresses that they know: durable when answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from homing.api.callers import caller_of
from homing.api.requests import json_body
from homing.api.scopes import only_own_shoppers
from homing.api.segment_addresses import ADDRESSES
from homing.api.services import ApiServices
from homing.api.settled import settled
from homing.api.shapes import MessagesTaken, Refused
from homing.api.tenants import Tenants
from homing.core.errors import BadInput
from homing.integrations.segment.message import Speaker, Told, told
from homing.services.introduce import Introduce
from homing.tracking.validation import event_from

__all__ = ["routes"]

_LARGEST: Final = 4_000_000
_MOST: Final = 2_500


def routes(tenants: Tenants[ApiServices]) -> list[Route]:
    """The routes of the callers' tenants."""
    return [
        Route(f"/v1/{name}", _batch(tenants) if kind is None else _single(tenants, kind), methods=["POST"])
        for name, kind in ADDRESSES.items()
    ]


def _single(tenants: Tenants[ApiServices], kind: str) -> Callable[[Request], Awaitable[Response]]:
    async def post_message(request: Request) -> Response:
        services = tenants.of(request)
        body = await json_body(request, _LARGEST, gzip=True)
        refused = await _take(request, services, [body], kind=kind)
        if refused:
            raise HTTPException(400, str(BadInput(refused[0].faults)))
        return _success(refused)

    return post_message


def _batch(tenants: Tenants[ApiServices]) -> Callable[[Request], Awaitable[Response]]:
    async def post_batch(request: Request) -> Response:
        services = tenants.of(request)
        body = await json_body(request, _LARGEST, gzip=True)
        messages = body.get("batch") if isinstance(body, dict) else None
        if not isinstance(messages, list):
            raise HTTPException(400, "The body must be an object with batch, an array of messages.")
        if len(messages) > _MOST:
            raise HTTPException(413, f"A batch holds at most {_MOST:,} messages; got {len(messages):,}.")
        return _success(await _take(request, services, messages, sent_at=body.get("sentAt")))

    return post_batch


def _success(refused: Sequence[Refused]) -> Response:
    """What the clients expect; messages that could not be taken are named beside it, for sending them again is vain."""
    answer: MessagesTaken = {"success": True, "refused": refused} if refused else {"success": True}
    return Response(msgspec.json.encode(answer), media_type="application/json")


async def _take(
    request: Request,
    services: ApiServices,
    messages: Sequence[Any],
    *,
    kind: str | None = None,
    sent_at: object = None,
) -> list[Refused]:
    """Store what the messages say; those that say nothing homing can keep are returned.

    Everybody has a site key: of a lead only that counts which comes with that lead's token.
    """
    now, caller = services.clock(), caller_of(request)
    speaker = Speaker(public=caller.scope == "site", lead_id=caller.lead_id)
    events, people, refused = [], [], []
    for index, message in enumerate(messages):
        try:
            said = told(message, now, kind=kind, sent_at=sent_at, speaker=speaker)
            if said.event is not None:
                events.append(
                    event_from(said.event, tenant=services.tenant, now=now, received_at=now, denied=services.denied)
                )
            else:
                people.append(said)
        except BadInput as error:
            refused.append(Refused(index, error.faults))
    only_own_shoppers(request, events)
    if events:
        await settled(services.store.submit(services.tenant, events))
    if people:
        await asyncio.to_thread(_introduce, services, people)
    return refused


def _introduce(services: ApiServices, people: Sequence[Told]) -> None:
    introduce = Introduce(services.directory, services.store.identities, services.clock, services.denied)
    for said in people:
        if said.lead_id is not None:
            introduce(said.lead_id, said.visitor, said.profile)
