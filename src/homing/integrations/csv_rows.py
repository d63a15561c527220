"""Rows of CSV: a header, then a value for each of its columns; empty values are left out."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from homing.core.errors import BadInput, Fault, shown
from homing.integrations.bounds import BLOCK, LONGEST_ROW, too_long

if TYPE_CHECKING:
    from _csv import Reader  # what csv.reader returns has no public name

__all__ = ["header", "records"]

_QUOTES: Final = "be CSV with every quote closed, and a quote inside quotes written twice"
_ENDLESS: Final = "a value of more than {:,} characters up to line {:,}"


def header(stream: BinaryIO) -> tuple[str, ...]:
    """The names of the columns, () of an empty file; the stream is read somewhat beyond them."""
    with _text(stream) as text:
        try:
            _, names, _ = _reader(text)
        except (_Unread, csv.Error) as error:
            raise BadInput(Fault("header", f"be a line of at most {LONGEST_ROW:,} bytes", "a longer one")) from error
    faults = [
        Fault("header", "name each column once", shown(name)) for name, count in Counter(names).items() if count > 1
    ]
    if names and not any(names):
        faults.append(Fault("header", "name its columns", shown(names)))
    if not all(map(_is_utf8, names)):
        faults.append(Fault("header", "be UTF-8", shown(names)))
    if faults:
        raise BadInput(faults)
    return names


def records(stream: BinaryIO) -> Iterator[tuple[int, Mapping[str, Any] | Fault]]:
    """Each record under the number of the line it begins on, or what is wrong with it."""
    with _text(stream) as text:
        reader, names, lines = _reader(text)
        while True:
            number = lines.number + 1
            try:
                values = next(reader, None)
            except csv.Error as error:
                yield number, _broken(error, lines.number)
                continue
            except _Unread as unread:
                yield number, unread.fault
                continue
            if values is None:
                return
            if values:
                yield number, _record(names, values)


class _Unread(Exception):
    """A line that is passed over; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault


class _Lines:
    """The lines of a text; `number` is that of the last. One that is too long is passed over and raised."""

    def __init__(self, text: io.TextIOWrapper) -> None:
        self._text, self.number = text, 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LONGEST_ROW + 1)
        if not line:
            raise StopIteration
        self.number += 1
        if len(line) > LONGEST_ROW and line[-1] not in "\r\n":
            while (rest := self._text.readline(BLOCK)) and rest[-1] not in "\r\n":
                pass
            raise _Unread(too_long())
        return line


def _broken(error: csv.Error, line: int) -> Fault:
    said = str(error)
    if "limit" in said:
        return Fault("row", _QUOTES, _ENDLESS.format(csv.field_size_limit(), line))
    return Fault("row", _QUOTES, "the end of the file inside quotes" if "end of data" in said else said)


def _record(names: tuple[str, ...], values: list[str]) -> Mapping[str, Any] | Fault:
    if len(values) != len(names):
        return Fault("row", f"have as many values as the header ({len(names)})", str(len(values)))
    if not all(map(_is_utf8, values)):
        return Fault("row", "be UTF-8", shown(values))
    return {name: value for name, value in zip(names, values, strict=True) if value}


def _is_utf8(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


@contextmanager
def _text(stream: BinaryIO) -> Iterator[io.TextIOWrapper]:
    """The stream as text; it stays open when the text is done with."""
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        yield text
    finally:
        text.detach()


def _reader(text: io.TextIOWrapper) -> tuple[Reader, tuple[str, ...], _Lines]:
    """A reader that stands behind the header, and the header. Separator: comma, semicolon or tab, the commonest."""
    lines = _Lines(text)
    line = next(lines, "")
    separator = max(",;\t", key=line.count)
    names = next(csv.reader([line], delimiter=separator), [])
    return csv.reader(lines, delimiter=separator, strict=True), tuple(name.strip() for name in names), lines
