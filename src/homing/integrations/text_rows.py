"""Rows of plain text: a line each, under the name `text`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

from homing.core.errors import Fault, shown
from homing.integrations.bounds import lines as bounded_lines

__all__ = ["lines"]

_BOM: Final = b"\xef\xbb\xbf"


def lines(stream: BinaryIO) -> Iterator[tuple[int, Mapping[str, Any] | Fault]]:
    """The text of each line that is not blank, or what is wrong with it."""
    for number, line in bounded_lines(stream):
        if isinstance(line, Fault):
            yield number, line
        elif line.strip():
            yield number, _text(line.removeprefix(_BOM) if number == 1 else line)


def _text(line: bytes) -> Mapping[str, Any] | Fault:
    try:
        return {"text": line.decode().rstrip("\r\n")}
    except UnicodeDecodeError:
        return Fault("row", "be text in UTF-8", shown(line[:40]))
