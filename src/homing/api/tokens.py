"""Tokens that say to a page of a listing site who its shopper is."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.routing import BaseRoute

from homing.api.callers import caller_of
from homing.api.requests import MEGABYTE, json_body, object_of
from homing.api.routing import part, taking
from homing.api.services import ApiServices
from homing.api.tenants import Tenants
from homing.core.clock import format_moment
from homing.core.ids import checked_id, new_id
from homing.services.shopper_token import LEAD_TOKEN_LASTS, VISITOR_TOKEN_LASTS, ShopperToken
from homing.store.events import EventQuery

__all__ = ["TokenGiven", "routes"]


@dataclass(frozen=True, slots=True)
class TokenGiven:
    """A token, to be sent as the header Homing-Token, and for whom and until when it is."""

    token: str
    expires_at: str
    lead_id: str | None = None
    anonymous_id: str | None = None


_ID: Final = {"type": "string", "minLength": 1, "maxLength": 255}
_BODY: Final = taking({"type": "object", "additionalProperties": False, "properties": {"anonymous_id": _ID}})


def routes(tenants: Tenants[ApiServices]) -> list[BaseRoute]:
    """The routes of the callers' tenants."""
    router = part("tokens")

    @router.post("/v1/visitors", status_code=201, openapi_extra=_BODY)
    async def post_visitor(request: Request) -> TokenGiven:
        """A visitor's token, which lasts 90 days; without an anonymous_id for a new visitor.

        A site key gets it only for a visitor of whom nothing is stored: whoever came first is the visitor. Keys of the
        scope write get it for any.
        """
        services = tenants.of(request)
        told = object_of(await json_body(request, MEGABYTE), {"anonymous_id": str}, [])
        name = checked_id(told.get("anonymous_id", new_id("vis")), "anonymous_id")
        if caller_of(request).scope == "site" and await asyncio.to_thread(_is_known, services, name):
            raise HTTPException(403, "This visitor is known already. A key of the scope write may give its token.")
        expires_at = services.clock() + VISITOR_TOKEN_LASTS
        token = ShopperToken(tenant=services.tenant, anonymous_id=name, expires_at=expires_at)
        return TokenGiven(token.text(services.shoppers), format_moment(expires_at), anonymous_id=name)

    @router.post("/v1/leads/{lead_id:path}/token", status_code=201)
    async def post_lead_token(request: Request, lead_id: str) -> TokenGiven:
        """A lead's token, which lasts a day: for your own server to hand to the page of a lead who signed in there."""
        services, name = tenants.of(request), checked_id(lead_id, "lead_id")
        expires_at = services.clock() + LEAD_TOKEN_LASTS
        token = ShopperToken(tenant=services.tenant, lead_id=name, expires_at=expires_at)
        return TokenGiven(token.text(services.shoppers), format_moment(expires_at), lead_id=name)

    return router.routes


def _is_known(services: ApiServices, anonymous_id: str) -> bool:
    store, tenant = services.store, services.tenant
    merged = store.identities.lead_of(tenant, anonymous_id) is not None
    return merged or store.count(tenant, EventQuery(anonymous_id=anonymous_id)) > 0
