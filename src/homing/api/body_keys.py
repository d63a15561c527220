"""Keys that come in the body alone: from Segment's browser client before 1.84, and from its clients for telephones."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from homing.api.headers import header
from homing.api.limits import in_time
from homing.api.problems import problem
from homing.api.segment_addresses import ADDRESSES

__all__ = ["BodyKeys"]

_PATHS: Final = frozenset(f"/v1/{name}" for name in ADDRESSES)
_LARGEST: Final = 500_000
_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError, zlib.error)


class _Keyed(msgspec.Struct):
    """Of a message or a batch only its key is kept: nobody knows yet who sends it."""

    write_key: str | None = msgspec.field(default=None, name="writeKey")


class BodyKeys:
    """Takes the writeKey of a body that comes to Segment's addresses without an Authorization as Basic would bring it.

    It is looked for in bodies of up to 500 kB, as large as Segment's clients make a batch, since they are read before
    anybody is known to be allowed to call. A body without a key goes on as it came, and so does a larger one.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self.app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] not in _PATHS or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        if header(scope, b"authorization") is not None:
            await self.app(scope, receive, send)
            return
        try:
            come = await _come(in_time(receive, self._seconds))
        except HTTPException as error:
            await problem(error.status_code, str(error.detail), headers=error.headers)(scope, receive, send)
            return
        key = _key(come, (header(scope, b"content-encoding") or "").lower() == "gzip")
        if key is not None:  # in this very scope, which tells the log what has become of the request
            scope["headers"] = [*scope["headers"], (b"authorization", _basic(key))]
        await self.app(scope, _again(come, receive), send)


async def _come(receive: Receive) -> list[Message]:
    """What arrives of a body until it ends or is too long for a key to be looked for."""
    come: list[Message] = []
    length = 0
    while length <= _LARGEST and (not come or come[-1].get("more_body", False)):
        come.append(await receive())
        length += len(come[-1].get("body", b""))
    return come


def _key(come: Sequence[Message], gzip: bool) -> str | None:
    content = b"".join(message.get("body", b"") for message in come)
    try:
        if gzip:
            content = zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(content, _LARGEST + 1)
        if len(content) > _LARGEST:
            return None
        return msgspec.json.decode(content, type=_Keyed).write_key
    except _NOT_JSON:  # the route says what is wrong with the body
        return None


def _basic(key: str) -> bytes:
    return b"Basic " + base64.b64encode(f"{key}:".encode("utf-8", "replace"))


def _again(come: Sequence[Message], receive: Receive) -> Receive:
    """What has come, once more, then what else arrives."""
    left = iter(come)

    async def receive_again() -> Message:
        message = next(left, None)
        return await receive() if message is None else message

    return receive_again
