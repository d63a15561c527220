"""`/v1/properties`: homes by RESO names. A change takes effect in the next answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Any, Final

import msgspec
from fastapi import Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from homing.api.requests import MEGABYTE, json_body, known_parameters, read_as
from homing.api.routing import part, taking
from homing.api.services import ApiServices
from homing.api.shapes import LeadsForAnswer, ListingsStored, Refused, SimilarAnswer
from homing.api.tenants import Tenants
from homing.core.errors import BadInput, UnknownId
from homing.core.ids import checked_id
from homing.market.attributes import LISTING_KEY
from homing.market.property import Property, property_from
from homing.personalization.answer import leads_json, similar_json
from homing.personalization.ask import LONGEST_LIST
from homing.services.import_report import Dropped

__all__ = ["MOST_LISTINGS", "routes"]

MOST_LISTINGS: Final = 1_000
HowMany = Annotated[int, Query(ge=1, le=LONGEST_LIST, description="how many")]
_LARGEST: Final = 10 * MEGABYTE

_LISTING: Final = {
    "type": "object",
    "description": "A home by RESO Data Dictionary names, such as ListPrice, BedroomsTotal, StandardStatus.",
    "properties": {"ListingKey": {"type": "string", "maxLength": 255}},
    "additionalProperties": True,
}
_KEYED: Final = {**_LISTING, "required": ["ListingKey"]}
_ONE: Final = taking(_LISTING)
_MANY_SCHEMA: Final = {"oneOf": [_KEYED, {"type": "array", "maxItems": MOST_LISTINGS, "items": {"type": "object"}}]}
_MANY: Final = taking(_MANY_SCHEMA)


def routes(tenants: Tenants[ApiServices]) -> list[BaseRoute]:
    """The routes of the callers' tenants."""
    router = part("properties")

    @router.post("/v1/properties", openapi_extra=_MANY, response_model_exclude_none=True)
    async def post_properties(request: Request) -> ListingsStored:
        """Store one home or an array of up to 1,000. In an array good homes are stored and bad ones named."""
        services = tenants.of(request)
        body = await json_body(request, _LARGEST)
        rows = body if isinstance(body, list) else [body]
        if len(rows) > MOST_LISTINGS:
            raise HTTPException(413, f"An array holds at most {MOST_LISTINGS:,} homes; got {len(rows):,}.")
        dropped = Dropped()
        homes, refused = _read(services, rows, dropped)
        if refused and not isinstance(body, list):
            raise BadInput(refused[0].faults)
        return await asyncio.to_thread(_store, services, homes, refused, dropped)

    @router.put("/v1/properties/{property_id:path}", openapi_extra=_ONE, response_model_exclude_none=True)
    async def put_property(request: Request, property_id: str) -> ListingsStored:
        """Store a home under this id; the body may leave ListingKey out."""
        services, own = tenants.of(request), checked_id(property_id, "property_id")
        dropped = Dropped()
        read = partial(property_from, now=services.clock(), denied=services.denied, note=dropped.add)
        home = read_as(own, LISTING_KEY, await json_body(request, _LARGEST), read)
        return await asyncio.to_thread(_store, services, [home], [], dropped)

    @router.get("/v1/properties/{property_id:path}/leads", response_model=LeadsForAnswer)
    async def get_leads(request: Request, property_id: str, k: HowMany = 10) -> Response:
        """The leads most likely to want a home, most likely first, with reasons; asking writes nothing."""
        known_parameters(request.query_params, ("k",))
        found = await asyncio.to_thread(tenants.of(request).leads_for, checked_id(property_id, "property_id"), k)
        return Response(msgspec.json.encode(leads_json(found)), media_type="application/json")

    @router.get("/v1/properties/{property_id:path}/similar", response_model=SimilarAnswer)
    async def get_similar(request: Request, property_id: str, k: HowMany = 10) -> Response:
        """The homes on the market most like a home, which may itself be sold."""
        known_parameters(request.query_params, ("k",))
        found = await asyncio.to_thread(tenants.of(request).similar, checked_id(property_id, "property_id"), k)
        return Response(msgspec.json.encode(similar_json(property_id, found)), media_type="application/json")

    @router.get(
        "/v1/properties/{property_id:path}", responses={200: {"content": {"application/json": {"schema": _KEYED}}}}
    )
    async def get_property(request: Request, property_id: str) -> Response:
        """The home as it is now, by RESO names."""
        home = await asyncio.to_thread(_found, tenants.of(request), property_id)
        return Response(msgspec.json.encode(home.row()), media_type="application/json")

    @router.delete("/v1/properties/{property_id:path}", status_code=204)
    async def delete_property(request: Request, property_id: str) -> Response:
        """Take a home out of the catalogue; what leads did with it stays."""
        await asyncio.to_thread(_delete, tenants.of(request), property_id)
        return Response(status_code=204)

    return router.routes


def _read(services: ApiServices, rows: Sequence[Any], dropped: Dropped) -> tuple[list[Property], list[Refused]]:
    now = services.clock()
    homes, refused = [], []
    for index, row in enumerate(rows):
        try:
            homes.append(property_from(_object(row), now=now, denied=services.denied, note=dropped.add))
        except BadInput as error:
            refused.append(Refused(index, error.faults))
    return homes, refused


def _object(row: object) -> Mapping[str, Any]:
    if not isinstance(row, dict):
        raise BadInput.of("body", "be an object with RESO names", row)
    return row


def _store(
    services: ApiServices, homes: Sequence[Property], refused: Sequence[Refused], dropped: Dropped
) -> ListingsStored:
    counts = services.catalogue.put([_in_force(services, home) for home in homes])
    return ListingsStored(counts.created, counts.updated, counts.unchanged, refused, dropped.counts or None)


def _in_force(services: ApiServices, home: Property) -> Property:
    """A home sent without a moment of its own takes effect at once, also where a fast clock dated the last version."""
    has_its_own = home.at != home.known_at
    return home if has_its_own else replace(home, at=services.catalogue.moment_of_change(home.property_id))


def _found(services: ApiServices, property_id: str) -> Property:
    home = services.catalogue.get(checked_id(property_id, "property_id"))
    if home is None:
        raise UnknownId.of("property_id", "be the id of a home in the catalogue", property_id)
    return home


def _delete(services: ApiServices, property_id: str) -> None:
    _found(services, property_id)
    services.catalogue.delete(property_id)
