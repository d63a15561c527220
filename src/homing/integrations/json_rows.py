"""Rows of JSON: a line each, or the elements of an array, or those under `value` of one object."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final, Literal

from homing.core.errors import BadInput, Fault, shown
from homing.core.json_text import NotJson, read_json
from homing.integrations.bounds import LONGEST_ROW
from homing.integrations.bounds import lines as bounded_lines
from homing.integrations.json_elements import elements

__all__ = ["checked", "document", "layout", "lines"]

_BOM: Final = b"\xef\xbb\xbf"


def lines(stream: BinaryIO) -> Iterator[tuple[int, Mapping[str, Any] | Fault]]:
    """The object on each line that is not blank, or what is wrong with it."""
    for number, line in bounded_lines(stream):
        text = line.removeprefix(_BOM) if number == 1 and isinstance(line, bytes) else line
        if isinstance(text, Fault) or (text and not text.isspace()):
            yield number, _object(text)


def document(stream: BinaryIO) -> Iterator[tuple[int, Mapping[str, Any] | Fault]]:
    """The elements of an array or of the array under `value`; an object without one is a single row."""
    yield from enumerate(map(_object, elements(stream)), start=1)


def checked(stream: BinaryIO) -> None:
    """Refuse what is not one JSON document."""
    try:
        for _ in elements(stream):
            pass
    except NotJson as error:
        raise BadInput(Fault("content", "be one JSON array or object", str(error))) from error


def layout(stream: BinaryIO, *, named_lines: bool = False) -> Literal["json", "jsonl"] | None:
    """Whether this is JSON in one document or a line each; None if it does not look like JSON.

    With `named_lines` its name says lines, so that a first line that is broken makes no document of it.
    """
    first = _first_line(stream)
    if first[:1] not in {b"[", b"{"}:
        return None
    try:
        found = read_json(first)
    except NotJson:
        if (first[:1] == b"[" and not named_lines) or _opens_value(first):
            return "json"
        stream.seek(0)
        return "json" if _is_document(stream) else "jsonl"
    if isinstance(found, list):
        return "jsonl" if _first_line(stream) else "json"
    return "json" if isinstance(found.get("value"), list) else "jsonl"


_opens_value = re.compile(rb'\{.*"value"\s*:\s*\[[^\]]*$').match
"""Whether a line begins a document whose rows stand under `value`: then lines that end early are not rows."""


def _first_line(stream: BinaryIO) -> bytes:
    """The next line that is not blank, as much of it as a row may have; nothing at the end."""
    while line := stream.readline(LONGEST_ROW):
        if text := line.removeprefix(_BOM).strip():
            return text
    return b""


def _is_document(stream: BinaryIO) -> bool:
    try:
        checked(stream)
    except BadInput:
        return False
    return True


def _object(text: bytes | Fault) -> Mapping[str, Any] | Fault:
    if isinstance(text, Fault):
        return text
    try:
        found = read_json(text)
    except NotJson as error:
        found = _with_nan(text)
        if found is None:
            return Fault("row", "be a JSON object", str(error))
    return found if isinstance(found, dict) else Fault("row", "be a JSON object", shown(found))


def _with_nan(text: bytes) -> object:
    """What Python makes of JSON with NaN, which is then refused where it stands; None if it is no JSON at all."""
    try:
        found = json.loads(text.decode())
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found
