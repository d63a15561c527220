"""The rows of one JSON document, cut out of it while it is read: it is never in memory as a whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from homing.core.errors import Fault
from homing.core.json_text import NotJson
from homing.integrations.bounds import BLOCK, LONGEST_ROW, too_long

__all__ = ["elements"]

_IN_STRING: Final = rb'(?:[^"\\]++|\\.)*+'
_PLAIN: Final = rb'[^"\[\]{}]++|"' + _IN_STRING + rb'"'
_FLAT: Final = rb"[\[{](?:" + _PLAIN + rb")*+[\]}]"
_NESTED: Final = rb"[\[{](?:" + _PLAIN + rb"|" + _FLAT + rb")*+[\]}]"

_STRING_REST: Final = re.compile(_IN_STRING, re.DOTALL)
_TO_BRACKET: Final = re.compile(rb"(?:" + _PLAIN + rb"|" + _NESTED + rb")*+", re.DOTALL)
_TO_COMMA: Final = re.compile(_PLAIN.replace(rb'[^"\[\]{}]++', rb'(?:[^"\[\]{},:]++') + rb")*+", re.DOTALL)
_BLANK: Final = re.compile(rb"[ \t\r\n]*+")
_CUT_SHORT: Final = "a text that ends too early"


def elements(stream: BinaryIO) -> Iterator[bytes | Fault]:
    """The texts of the elements of an array, or of the array under `value` of an object; another object is one row.

    `NotJson` as soon as the document proves to be none; what is wrong inside an element is not seen here.

    >>> import io
    >>> list(elements(io.BytesIO(b'{"n": [0], "value": [{"a": "]"}, 2]}')))
    [b'{"a": "]"}', b'2']
    """
    text = _Text(stream)
    first = text.next()
    if first == b"[":
        yield from _array(text)
    elif first == b"{":
        yield from _object(text)
    elif first:
        raise NotJson("neither an array nor an object")
    if text.next():
        raise NotJson("more text after its end")


class _Text:
    """A text read block by block, and how far it has been used."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._block = stream.read(BLOCK).removeprefix(b"\xef\xbb\xbf")
        self._at = 0

    def next(self) -> bytes:
        """The next byte that is not blank, none at the end; it stays the next."""
        while True:
            self._at = _end(_BLANK, self._block, self._at)
            if self._at < len(self._block) or not self._more(self._at):
                return self._block[self._at : self._at + 1]

    def take(self, wanted: bytes) -> None:
        """Pass over a byte that must come next."""
        found = self.next()
        if found != wanted:
            raise NotJson(f"{_said(found)} where {wanted.decode()!r} belongs" if found else _CUT_SHORT)
        self._at += 1

    def value(self) -> bytes | Fault:
        """The text of the value that comes next; its fault if it is too long to be held."""
        self.next()
        parts: list[bytes] = []
        size = depth = 0
        in_string = False
        while True:
            start = self._at
            self._at, depth, in_string, whole = _through(self._block, start, depth, in_string)
            size += self._at - start
            if size <= LONGEST_ROW:
                parts.append(self._block[start : self._at])
            else:
                parts.clear()
            if whole:
                return b"".join(parts) if size <= LONGEST_ROW else too_long()
            if not self._more(self._at):
                raise NotJson(_CUT_SHORT)

    def _more(self, used: int) -> bool:
        more = self._stream.read(BLOCK)
        self._block, self._at = self._block[used:] + more, 0
        return bool(more)


def _through(block: bytes, at: int, depth: int, in_string: bool) -> tuple[int, int, bool, bool]:
    """How far a value reaches in this block, how deep in brackets and whether in a string that is, and if it ends."""
    if in_string:
        at = _string_end(block, at)
        if block[at : at + 1] != b'"':
            return at, depth, True, False
        at += 1
    while True:
        at = _end(_TO_BRACKET if depth else _TO_COMMA, block, at)
        mark = block[at : at + 1]
        if mark == b'"':
            return _string_end(block, at + 1), depth, True, False
        if not mark:
            return at, depth, False, False
        if mark in b"[{":
            depth += 1
        elif depth == 0:
            return at, depth, False, True
        else:
            depth -= 1
        at += 1
        if depth == 0:
            return at, depth, False, True


def _string_end(block: bytes, at: int) -> int:
    """Where a string ends: at its quote, at the end of the block, or at a last backslash whose letter is to come."""
    quote = block.find(b'"', at)
    end = len(block) if quote < 0 else quote
    return end if block.find(b"\\", at, end) < 0 else _end(_STRING_REST, block, at)


def _end(pattern: re.Pattern[bytes], block: bytes, at: int) -> int:
    found = pattern.match(block, at)
    return at if found is None else found.end()


def _array(text: _Text) -> Iterator[bytes | Fault]:
    text.take(b"[")
    if text.next() == b"]":
        text.take(b"]")
        return
    while True:
        yield _something(text)
        if text.next() != b",":
            break
        text.take(b",")
    text.take(b"]")


def _object(text: _Text) -> Iterator[bytes | Fault]:
    """The elements of the array under `value`; without one the object itself."""
    members: list[bytes] = []
    size, has_rows = 0, False
    text.take(b"{")
    more = text.next() != b"}"
    while more:
        key = _key(text)
        if key == b'"value"' and text.next() == b"[":
            has_rows = True
            yield from _array(text)
        else:
            value = _something(text)
            size += LONGEST_ROW + 1 if isinstance(value, Fault) else len(key) + len(value)
            members.append(b"" if isinstance(value, Fault) or size > LONGEST_ROW else key + b":" + value)
        more = text.next() == b","
        if more:
            text.take(b",")
    text.take(b"}")
    if not has_rows:
        yield too_long() if size > LONGEST_ROW else b"{" + b",".join(members) + b"}"


def _key(text: _Text) -> bytes:
    if text.next() != b'"':
        text.take(b'"')
    key = text.value()
    text.take(b":")
    return b'""' if isinstance(key, Fault) else key.strip()


def _something(text: _Text) -> bytes | Fault:
    found = text.value()
    if isinstance(found, bytes) and not found.strip():
        raise NotJson(f"{_said(text.next())} where a value belongs")
    return found


def _said(mark: bytes) -> str:
    return repr(mark.decode("utf-8", "replace"))
