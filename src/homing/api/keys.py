"""`/v1/keys`: an administrator makes, lists and revokes the keys of its tenant."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from homing.api.requests import MEGABYTE, json_body, object_of
from homing.api.routing import part, taking
from homing.api.services import ApiServices
from homing.api.tenants import Tenants
from homing.core.clock import format_moment
from homing.services.keys import SCOPES, CreateKey, RevokeKey

__all__ = ["KeyMade", "KeyShown", "KeysAnswer", "routes"]


@dataclass(frozen=True, slots=True)
class KeyMade:
    """A new key: `key` is its text, shown this once."""

    id: str
    key: str
    scope: str
    origins: Sequence[str]


@dataclass(frozen=True, slots=True)
class KeyShown:
    """What is kept of a key; `revoked_at` is null as long as it counts."""

    id: str
    scope: str
    origins: Sequence[str]
    created_at: str
    revoked_at: str | None


@dataclass(frozen=True, slots=True)
class KeysAnswer:
    """All keys of a tenant."""

    keys: Sequence[KeyShown]


_BODY: Final = taking(
    {
        "type": "object",
        "required": ["scope"],
        "additionalProperties": False,
        "properties": {
            "scope": {"type": "string", "enum": SCOPES},
            "origins": {"type": "array", "items": {"type": "string", "maxLength": 255}},
        },
    }
)
_FIELDS: Final = {"scope": str, "origins": list}


def routes(tenants: Tenants[ApiServices]) -> list[BaseRoute]:
    """The routes of the callers' tenants."""
    router = part("keys")

    @router.post("/v1/keys", status_code=201, openapi_extra=_BODY)
    async def post_key(request: Request) -> KeyMade:
        """Make a key; its text is in this answer and nowhere else. The first key of all locks the doors."""
        services = tenants.of(request)
        told = object_of(await json_body(request, MEGABYTE), _FIELDS, ["scope"])
        create = CreateKey(services.keys, services.tenant, services.clock)
        made = await asyncio.to_thread(create, told["scope"], told.get("origins", ()))
        return KeyMade(made.kept.key_id, made.text, made.kept.scope, made.kept.origins)

    @router.get("/v1/keys")
    async def get_keys(request: Request) -> KeysAnswer:
        """The tenant's keys in the order of their creation, revoked ones too; never their texts."""
        services = tenants.of(request)
        found = await asyncio.to_thread(services.keys.all, services.tenant)
        return KeysAnswer(
            [
                KeyShown(
                    one.key_id, one.scope, one.origins, format_moment(one.created_at),
                    None if one.revoked_at is None else format_moment(one.revoked_at),
                )
                for one in found
            ]
        )  # fmt: skip

    @router.delete("/v1/keys/{key_id}", status_code=204)
    async def delete_key(request: Request, key_id: str) -> Response:
        """Revoke a key; from the next request on it counts nowhere."""
        services = tenants.of(request)
        revoke = RevokeKey(services.keys, services.tenant, services.clock)
        await asyncio.to_thread(revoke, key_id)
        return Response(status_code=204)

    return router.routes
