"""Rows of JSON: a line each, or the elements of an array, or those under `value` of one object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final, Literal

import msgspec

from homing.core.errors import BadInput, Fault, shown

__all__ = ["checked", "document", "layout", "lines"]

_OBJECT: Final = "be a JSON object"
_decode = msgspec.json.Decoder().decode
_elements = msgspec.json.Decoder(list[msgspec.Raw]).decode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def lines(stream: BinaryIO) -> Iterator[tuple[int, Mapping[str, Any] | Fault]]:
    """The object on each line that is not blank, or what is wrong with it."""
    for number, line in enumerate(stream, start=1):
        text = line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line
        if not text.isspace() and text:
            yield number, _object(text)


def document(stream: BinaryIO) -> Iterator[tuple[int, Mapping[str, Any] | Fault]]:
    """The elements of an array or of the array under `value`; an object without one is a single row."""
    yield from enumerate(map(_object, _parts(_content(stream))), start=1)


def checked(stream: BinaryIO) -> None:
    """Refuse what is not one JSON document."""
    content = _content(stream)
    if not content:
        return
    try:
        _parts(content)
    except (ValueError, RecursionError) as error:
        raise BadInput(Fault("content", "be one JSON array or object", str(error))) from error


def layout(stream: BinaryIO) -> Literal["json", "jsonl"] | None:
    """Whether this is JSON in one document or a line each; None if it does not look like JSON."""
    first = next((line for line in stream if not line.isspace()), b"").removeprefix(b"\xef\xbb\xbf").lstrip()
    if first[:1] == b"[":
        return "json"
    if first[:1] != b"{":
        return None
    try:
        return "json" if isinstance(_decode(first).get("value"), list) else "jsonl"
    except (ValueError, RecursionError):
        stream.seek(0)
    try:
        _parts(_content(stream))
    except (ValueError, RecursionError):
        return "json" if _opens_value(first) else "jsonl"
    return "json"


_opens_value = re.compile(rb'\{.*"value"\s*:\s*\[[^\]]*$').match
"""Whether a line begins a document whose rows stand under `value`: then lines that end early are not rows."""


def _content(stream: BinaryIO) -> bytes:
    return stream.read().removeprefix(b"\xef\xbb\xbf").strip()


def _parts(content: bytes) -> list[bytes]:
    """The texts of the rows; `ValueError` if this is not one JSON document."""
    if not content:
        return []
    try:
        if content[:1] == b"[":
            return [bytes(part) for part in _elements(content)]
        members = _members(content)
        value = members.get("value")
        return (
            [bytes(part) for part in _elements(value)] if value is not None and bytes(value)[:1] == b"[" else [content]
        )
    except msgspec.DecodeError:
        return _parts_with_nan(content)


def _parts_with_nan(content: bytes) -> list[bytes]:
    """Some writers put NaN into JSON; then the rows without it are still good."""
    found = json.loads(content)
    value = found.get("value", [found]) if isinstance(found, dict) else found
    if not isinstance(value, list):
        raise ValueError(f"neither an array nor an object but {shown(found)}")
    return [json.dumps(part).encode() for part in value]


def _object(text: bytes) -> Mapping[str, Any] | Fault:
    try:
        found = _decode(text)
    except (ValueError, RecursionError) as error:
        found = _with_nan(text)
        if found is None:
            return Fault("row", _OBJECT, str(error))
    return found if isinstance(found, dict) else Fault("row", _OBJECT, shown(found))


def _with_nan(text: bytes) -> object:
    """What Python makes of JSON with NaN, which is then refused where it stands; None if it is no JSON at all."""
    try:
        found = json.loads(text.decode())
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found
