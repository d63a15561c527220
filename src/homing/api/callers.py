"""Who calls: the tenant, and what the key may do. Until there is a key, whoever reaches the server may do all."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from functools import partial
from typing import Final, Literal, Protocol, cast
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homing.api.headers import header
from homing.api.problems import problem, status_of
from homing.api.together import Together
from homing.core.clock import Clock, system_clock
from homing.core.errors import BadInput, HomingError
from homing.core.signing import Signer
from homing.core.telemetry import logger
from homing.services.keys import Scope as KeyScope
from homing.services.keys import key_hash
from homing.services.shopper_token import ShopperToken
from homing.store.keys import KeyStore

__all__ = ["NEED_NO_KEY", "Caller", "Callers", "Identifies", "Identify", "caller_of", "key_sent", "still_may_call"]

NEED_NO_KEY: Final = frozenset({"/healthz", "/readyz", "/homing.js"})
"""The addresses that are open to all."""

_log = logger(__name__)
_KEYS_AWAY: Final = "Keys cannot be read now. Send this again in a second."
_READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_CHALLENGE: Final = 'Bearer realm="homing", Basic realm="homing", charset="UTF-8"'
_PREFLIGHT_ASKS: Final = b"access-control-request-method"
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
    "Access-Control-Allow-Headers": ", ".join(
        (
            "Authorization",
            "Content-Type",
            "Homing-Token",
            "Last-Event-ID",
            "X-Retry-Count",  # Segment's client; the others are RudderStack's
            "AnonymousId",
            "SentAt",
            "Rsa-Recovered",
            "Rsa-Retry-Attempt",
            "Rsa-Retry-Reason",
            "Rsa-Since-First-Attempt",
            "Rsa-Since-Last-Attempt",
        )
    ),
    "Access-Control-Max-Age": "600",
}


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


class Identifies(Protocol):
    """What `Callers` asks."""

    async def __call__(self, key: str | None, token: str | None = None) -> Caller:
        """Who calls with the text of a key, or with none; a wrong token is refused."""
        ...

    async def binds(self, origin: str) -> bool:
        """Whether pages of an origin may call with some key."""
        ...

    def nobody(self) -> Caller:
        """Who calls where that cannot be found out, to be told what everybody may know."""
        ...


class Identify:
    """Who calls by what key, asked of the database once a call has come, so that a revoked key stops counting at once.

    Without any key in the database every caller is an administrator of `tenant`. Once there was one there is no way
    back: revoking the last key does not open the doors. `shoppers` seals the tokens of shoppers.
    """

    def __init__(self, keys: KeyStore, tenant: str, shoppers: Signer, clock: Clock = system_clock) -> None:
        self._find, self._binds = Together(keys.find, near=keys.is_near), Together(keys.binds, near=keys.is_near)
        self._tenant, self._shoppers, self._clock = tenant, shoppers, clock

    async def __call__(self, key: str | None, token: str | None = None) -> Caller:
        """The caller; one of the scope `none` if a key is needed and this is none that counts."""
        found = await self._find(b"" if key is None else key_hash(key))
        if not found.any:
            return Caller(self._tenant, "admin")
        if found.key is None:
            return self.nobody()
        of = found.key
        caller = Caller(of.tenant, cast("KeyScope", of.scope), of.key_id, of.origins)
        if token is None:
            return caller
        shopper = ShopperToken.read(self._shoppers, token, tenant=of.tenant, now=self._clock())
        return replace(caller, lead_id=shopper.lead_id, anonymous_id=shopper.anonymous_id)

    async def binds(self, origin: str) -> bool:
        """Whether a key that counts is bound to an origin."""
        return await self._binds(origin)

    def nobody(self) -> Caller:
        """A caller of the scope `none`."""
        return Caller(self._tenant, "none")


class Callers:
    """Finds out who makes each request and lets nobody else in; `caller_of` tells a route.

    Pages of other web sites may call only with a site key that is bound to them, or if they are in `origins`; to them
    the answers are readable (CORS). A browser marks a request that another site's page makes with `Sec-Fetch-Site`,
    which a page cannot forge, and would send a signed-in broker's password along with it.
    """

    def __init__(self, app: ASGIApp, identify: Identifies, origins: frozenset[str] = frozenset()) -> None:
        self.app, self._identify, self._origins = app, identify, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        origin = header(scope, b"origin")
        key, token = key_sent(header(scope, b"authorization")), header(scope, b"homing-token")
        try:
            if scope["method"] == "OPTIONS" and origin is not None and header(scope, _PREFLIGHT_ASKS) is not None:
                await (await self._preflight(origin))(scope, receive, send)
                return
            caller = await self._identify(key, token)
        except BadInput as error:
            await problem(401, str(error), error.faults, {"WWW-Authenticate": _CHALLENGE})(scope, receive, send)
            return
        except HomingError as error:  # the keys cannot be read; the application's handlers do not hear of it
            if scope["path"] not in NEED_NO_KEY:
                _log.warning("keys cannot be read", why=str(error))  # a stranger is not told which database this is
                await problem(status_of(error), _KEYS_AWAY, headers={"Retry-After": "1"})(scope, receive, send)
                return
            caller = self._identify.nobody()
        refusal = self._refusal(scope, origin, caller)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        identified = partial(self._identify, key, token)
        scope.setdefault("state", {}).update(caller=caller, identified=identified)
        readable = origin is not None and (origin in self._origins or origin in caller.origins)
        await self.app(scope, receive, _readable_to(origin, send) if origin is not None and readable else send)

    def _refusal(self, scope: Scope, origin: str | None, caller: Caller) -> Response | None:
        """Why this caller may not even ask, None if it may."""
        if scope["path"] in NEED_NO_KEY:
            return None
        if caller.scope == "none":
            return problem(401, "This needs a key that counts.", headers={"WWW-Authenticate": _CHALLENGE})
        if caller.scope == "site" and origin not in self._origins and not _is_bound_to(caller, origin, scope):
            return problem(403, "This key may be used by pages of the sites it is bound to only.")
        known = origin is not None and (origin in self._origins or origin in caller.origins)
        if scope["method"] not in _READS and not known and header(scope, b"sec-fetch-site") == "cross-site":
            return problem(403, "A page of another site may not write here.")
        return None

    async def _preflight(self, origin: str) -> Response:
        """What a browser is told that asks, before it calls for a page of another site, whether it may."""
        if origin in self._origins or await self._identify.binds(origin):
            return Response(None, 204, {**_PREFLIGHT, "Access-Control-Allow-Origin": origin, "Vary": "Origin"})
        return problem(403, "Pages of this origin may not call: no key is bound to it.", headers={"Vary": "Origin"})


def _is_bound_to(caller: Caller, origin: str | None, scope: Scope) -> bool:
    """Whether a site key is used from where it may be: a key without origins outside of other sites' pages only."""
    if caller.origins:
        return origin in caller.origins
    return origin is None or urlsplit(origin).netloc == header(scope, b"host")


def _readable_to(origin: str, send: Send) -> Send:
    async def send_readable(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            headers["Access-Control-Allow-Origin"] = origin
            headers["Access-Control-Expose-Headers"] = "Retry-After"
            headers.add_vary_header("Origin")
        await send(message)

    return send_readable


def caller_of(request: Request) -> Caller:
    """Who makes a request."""
    caller: Caller = request.scope["state"]["caller"]
    return caller


async def still_may_call(request: Request) -> bool:
    """Whether who made a request could make it now too: asked by an answer that lasts, such as a stream."""
    try:
        return bool(await request.scope["state"]["identified"]() == caller_of(request))
    except BadInput:  # the token has expired
        return False


def key_sent(sent: str | None) -> str | None:
    """The key that an Authorization carries as Bearer, or in Basic as password or, without one, as user; None if none.

    >>> key_sent("Bearer k"), key_sent("Basic azo=")
    ('k', 'k')
    """
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
