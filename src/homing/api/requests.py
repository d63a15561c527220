"""Reading a request: a JSON body of bounded size, query parameters, ids. What is wrong is raised, all of it at once."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from homing.api.headers import header
from homing.core.clock import parse_moment
from homing.core.errors import BadInput, Fault, shown
from homing.core.json_text import NotJson, read_json

__all__ = [
    "MEGABYTE", "fields_of", "flag", "json_body", "known_parameters", "moment", "object_of", "read_as", "sequence",
    "whole_number",
]  # fmt: skip

MEGABYTE: Final = 1_000_000
_LONGEST_SEQUENCE: Final = 18
T = TypeVar("T")

_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


async def json_body(request: Request, largest: int, *, gzip: bool = False) -> Any:
    """The decoded JSON of a body of at most `largest` bytes: 413 if it is larger, 400 if it is no JSON.

    With `gzip` it may come in gzip, and what it unpacks to has the same limit.
    """
    encoding = (header(request.scope, b"content-encoding") or "identity").lower()
    if encoding != "identity" and not (gzip and encoding == "gzip"):
        raise HTTPException(415, f"The body must be sent without Content-Encoding{' or in gzip' if gzip else ''}.")
    body = await _bytes(request, largest)
    try:
        return read_json(_unpacked(body, largest) if encoding == "gzip" else body)
    except NotJson as error:
        raise HTTPException(400, f"The body must be JSON; got {error}.") from None


def _unpacked(body: bytes, largest: int) -> bytes:
    """The content of a gzip, of which never more than the limit is unpacked."""
    unzip = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        content = unzip.decompress(body, largest + 1)
    except zlib.error:
        raise HTTPException(400, "The body must be JSON in gzip; got damaged gzip.") from None
    if len(content) > largest:
        raise _too_large(largest)
    if not unzip.eof:
        raise HTTPException(400, "The body must be JSON in gzip; got gzip that was cut off.")
    return content


async def _bytes(request: Request, largest: int) -> bytes:
    length = header(request.scope, b"content-length") or ""
    if length.isascii() and length.isdigit() and int(length) > largest:
        raise _too_large(largest)
    chunks, come, more = [], 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        come += len(chunks[-1])
        if come > largest:
            raise _too_large(largest)
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _too_large(largest: int) -> HTTPException:
    return HTTPException(413, f"The body must be at most {largest:,} bytes.")


def known_parameters(query: Mapping[str, str], names: Sequence[str]) -> None:
    """Refuse a query parameter that this route does not know, because ignoring it would answer another question."""
    must = f"be left out: the parameters of this route are {', '.join(names)}"
    faults = [Fault(name, must, shown(value)) for name, value in query.items() if name not in names]
    if faults:
        raise BadInput(faults)


def whole_number(query: Mapping[str, str], name: str, default: int, most: int) -> int:
    """A whole number from 1 to `most`."""
    text = query.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        raise BadInput.of(name, f"be a whole number from 1 to {most:,}", text)
    return int(text)


def sequence(query: Mapping[str, str], name: str) -> int | None:
    """The number of an event, None if it is left out."""
    text = query.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_SEQUENCE):
        raise BadInput.of(name, "be a sequence that was given out when an event was stored", text)
    return int(text)


def flag(query: Mapping[str, str], name: str, default: bool) -> bool:
    """True or false."""
    text = query.get(name)
    if text is None:
        return default
    if text.lower() not in _FLAGS:
        raise BadInput.of(name, "be true or false", text)
    return _FLAGS[text.lower()]


def moment(query: Mapping[str, str], name: str) -> int | None:
    """A moment in microseconds, None if it is left out."""
    text = query.get(name)
    # A "+" of an offset arrives as a blank where the client did not quote it.
    return None if text is None else parse_moment(text.replace(" ", "+"), name)


def object_of(body: object, kinds: Mapping[str, type], required: Sequence[str]) -> dict[str, Any]:
    """The fields of a JSON object, each of its kind; null counts as left out. All faults are told together.

    >>> object_of({"k": 3, "seed": None}, {"k": int, "seed": int}, ["k"])
    {'k': 3}
    """
    found, faults = fields_of(body, kinds, required)
    if faults:
        raise BadInput(faults)
    return found


def fields_of(body: object, kinds: Mapping[str, type], required: Sequence[str]) -> tuple[dict[str, Any], list[Fault]]:
    """The fields of a JSON object that are of their kind, and what is wrong with the others."""
    if not isinstance(body, dict):
        raise BadInput.of("body", "be an object", body)
    names = ", ".join(kinds)
    found = {name: value for name, value in body.items() if value is not None}
    faults = [
        Fault(name, f"be left out: the fields are {names}", shown(body[name])) for name in body if name not in kinds
    ]
    faults += [Fault(name, "be given", "nothing") for name in required if name not in found]
    faults += [
        Fault(name, f"be {_KINDS[kind]}", shown(found[name]))
        for name, kind in kinds.items()
        if name in found and type(found[name]) is not kind
    ]
    return {name: found[name] for name, kind in kinds.items() if type(found.get(name)) is kind}, faults


def read_as(own: str, name: str, body: object, read: Callable[[Mapping[str, Any]], T]) -> T:
    """What `read` makes of the body under the id of the path, which the body may leave out but not contradict."""
    if not isinstance(body, dict):
        raise BadInput.of("body", f"be an object, {name} among its fields or left out", body)
    faults = []
    if body.get(name) not in (None, own):
        faults.append(Fault(name, f"be left out or be {own!r}, as in the path", shown(body[name])))
    try:
        found = read({**body, name: own})
    except BadInput as error:
        raise BadInput([*faults, *error.faults]) from error
    if faults:
        raise BadInput(faults)
    return found


_KINDS: Final = {str: "a text", bool: "true or false", list: "an array", int: "a whole number"}
