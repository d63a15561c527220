"""Rows of CSV: a header, then a value for each of its columns; empty values are left out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from homing.core.errors import BadInput, Fault, shown

if TYPE_CHECKING:
    from _csv import Reader  # what csv.reader returns has no public name

__all__ = ["header", "records"]


def header(stream: BinaryIO) -> tuple[str, ...]:
    """The names of the columns, () of an empty file; the stream is read somewhat beyond them."""
    with _text(stream) as text:
        _, names = _reader(text)
    faults = [Fault("header", "name each column once", shown(name)) for name in names if names.count(name) > 1]
    if names and not any(names):
        faults.append(Fault("header", "name its columns", shown(names)))
    if not all(map(_is_utf8, names)):
        faults.append(Fault("header", "be UTF-8", shown(names)))
    if faults:
        raise BadInput(dict.fromkeys(faults))
    return names


def records(stream: BinaryIO) -> Iterator[tuple[int, Mapping[str, Any] | Fault]]:
    """Each record under the number of the line it begins on, or what is wrong with it."""
    with _text(stream) as text:
        reader, names = _reader(text)
        while True:
            number = reader.line_num + 2
            try:
                values = next(reader, None)
            except csv.Error as error:
                yield number, Fault("row", "be a CSV record", str(error))
                continue
            if values is None:
                return
            if values:
                yield number, _record(names, values)


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


def _reader(text: io.TextIOWrapper) -> tuple[Reader, tuple[str, ...]]:
    """A reader that stands behind the header, and the header. Separator: comma, semicolon or tab, the commonest."""
    line = text.readline()
    separator = max(",;\t", key=line.count)
    names = next(csv.reader([line], delimiter=separator), [])
    return csv.reader(text, delimiter=separator, strict=True), tuple(name.strip() for name in names)
