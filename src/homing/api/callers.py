"""Who calls: the tenant, and what the key may do. Until there is a key, whoever reaches the server may do all."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Literal

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from homing.api.problems import problem
from homing.services.keys import Scope as KeyScope
from homing.services.keys import key_hash
from homing.store.keys import KeyStore

__all__ = [
    "NEED_NO_KEY", "Caller", "Callers", "Identify", "IdentifyCaller", "caller_of", "key_sent",
]  # fmt: skip

NEED_NO_KEY: Final = frozenset({"/healthz", "/readyz", "/homing.js"})
"""The addresses that are open to all."""

_CHALLENGE: Final = 'Bearer realm="homing", Basic realm="homing", charset="UTF-8"'


@dataclass(frozen=True, slots=True)
class Caller:
    """Who makes a request: `key_id` is None where no key was needed; the scope is then `admin`, or `none` of nobody.

    `origins` are those that a site key is bound to. `lead_id` or `anonymous_id` is the shopper that a token proved.
    """

    tenant: str
    scope: KeyScope | Literal["none"]
    key_id: str | None = None
    origins: tuple[str, ...] = ()
    lead_id: str | None = None
    anonymous_id: str | None = None


IdentifyCaller = Callable[[str | None], Awaitable[Caller]]
"""Who calls with the text of a key, or with none."""


class Identify:
    """Who calls by what key, asked of the database each time, so that a revoked key stops counting at once.

    Without any key in the database every caller is an administrator of `tenant`. Once there was one there is no way
    back: revoking the last key does not open the doors.
    """

    def __init__(self, keys: KeyStore, tenant: str) -> None:
        self._keys, self._tenant = keys, tenant

    async def __call__(self, text: str | None) -> Caller:
        """The caller; one of the scope `none` if a key is needed and this is none that counts."""
        digest = b"" if text is None else key_hash(text)
        # A server's answer takes a while, and the loop has others to serve; a file's is there sooner than a thread.
        found = self._keys.find(digest) if self._keys.is_near else await asyncio.to_thread(self._keys.find, digest)
        if not found.any:
            return Caller(self._tenant, "admin")
        if (key := found.key) is None:
            return Caller(self._tenant, "none")
        return Caller(key.tenant, key.scope, key.key_id, key.origins)  # type: ignore[arg-type]


class Callers:
    """Finds out who makes each request and lets nobody else in; `caller_of` tells a route."""

    def __init__(self, app: ASGIApp, identify: IdentifyCaller) -> None:
        self.app, self._identify = app, identify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http":
            caller = await self._identify(key_sent(Headers(scope=scope)))
            if caller.scope == "none" and scope["path"] not in NEED_NO_KEY:
                refusal = problem(401, "This needs a key that counts.", headers={"WWW-Authenticate": _CHALLENGE})
                await refusal(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = caller
        await self.app(scope, receive, send)


def caller_of(request: Request) -> Caller:
    """Who makes a request."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


def key_sent(headers: Headers) -> str | None:
    """The key that a request carries as Bearer, or in Basic as password or, without one, as user; None if none.

    >>> key_sent(Headers({"Authorization": "Bearer k"})), key_sent(Headers({"Authorization": "Basic azo="}))
    ('k', 'k')
    """
    sent = headers.get("authorization")
    if sent is None:
        return None
    kind, _, text = sent.partition(" ")
    if kind.lower() != "basic":
        return text.strip() if kind.lower() == "bearer" else ""
    try:
        user, _, password = base64.b64decode(text.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return ""
    return password or user
