"""Rows of a file, whatever it is: JSON lines, a JSON array, `{"value": […]}`, CSV or Parquet, plain or gzipped.

A file is checked to its end before the first row is given, so that a damaged one stores nothing. Then rows come one by
one; a line that is no row comes with its faults. Whatever the size of the file, only a few rows are in memory.
"""

from __future__ import annotations

import gzip
import io
import os
import stat
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from homing.core.errors import BadInput, Fault, reason
from homing.core.json_text import NotJson
from homing.integrations import csv_rows, json_rows, parquet_rows, text_rows
from homing.integrations.bounds import BLOCK, Bomb, Unzipped

__all__ = ["Layout", "Row", "RowFile", "Translate", "ending", "open_rows"]

Layout = Literal["jsonl", "json", "csv", "parquet", "text"]
Translate = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""From a row as the file has it to a row as homing reads it; `BadInput` if that cannot be."""

_ENDS: Final[Mapping[str, Layout]] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet",
}  # fmt: skip
_FOREIGN: Final[Mapping[bytes, str]] = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an Excel workbook of the old kind",
    b"%PDF": "a PDF document",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"SQLite format 3": "a SQLite database",
}
_UNREADABLE: Final = (OSError, EOFError, zlib.error, Bomb)
_FORMS: Final = "be JSON lines, JSON, CSV or Parquet, plain or in gzip"
_CHANGED: Final = "stay as it is while it is read; rows read so far are kept, so import it again"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number (the line, from 1; in a JSON array or Parquet the place, from 1) and its values.

    With `faults` it is not a row that can be read.
    """

    number: int
    values: Mapping[str, Any]
    faults: tuple[Fault, ...] = ()


class RowFile:
    r"""A file known to be readable to its end. `columns` are those of a CSV or Parquet file, else None.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "rows.jsonl"
    >>> _ = path.write_text('{"a": 1}\n\nnot a row\n')
    >>> [(row.number, dict(row.values), len(row.faults)) for row in open_rows(path).rows()]
    [(1, {'a': 1}, 0), (3, {}, 1)]
    """

    def __init__(
        self, path: Path, layout: Layout, columns: tuple[str, ...] | None, translate: Translate | None
    ) -> None:
        self.path, self.layout, self.columns = path, layout, columns
        self._stamp = path.stat()
        self.bytes_total = self._stamp.st_size
        self.bytes_read = 0
        self._translate = translate

    def translated(self, translate: Translate) -> RowFile:
        """The same file, its rows as `translate` makes them."""
        return RowFile(self.path, self.layout, self.columns, translate)

    def rows(self) -> Iterator[Row]:
        """Every row in the order of the file; blank lines are no rows. `BadInput` if the file is no longer the same."""
        try:
            with self.path.open("rb") as raw:
                self._same(raw)
                for number, found in _READERS[self.layout](_unzipped(self.path, raw)):
                    self.bytes_read = raw.tell()
                    yield self._row(number, found)
                self._same(raw)
        except (*_UNREADABLE, NotJson) as error:
            raise BadInput(Fault(str(self.path), _CHANGED, _why(error))) from error
        self.bytes_read = self.bytes_total

    def _same(self, raw: BinaryIO) -> None:
        """Refuse another file than was checked, a shorter one, or one of other content; a log may grow."""
        was, now = self._stamp, os.fstat(raw.fileno())
        rewritten = now.st_size == was.st_size and now.st_mtime_ns != was.st_mtime_ns
        if (now.st_dev, now.st_ino) != (was.st_dev, was.st_ino) or now.st_size < was.st_size or rewritten:
            raise BadInput(Fault(str(self.path), _CHANGED, "another content"))

    def first(self) -> Mapping[str, Any]:
        """The values of the first row that can be read, empty if there is none."""
        return next((row.values for row in self.rows() if not row.faults), {})

    def _row(self, number: int, found: Mapping[str, Any] | Fault) -> Row:
        if isinstance(found, Fault):
            return Row(number, {}, (found,))
        if self._translate is None:
            return Row(number, found)
        try:
            return Row(number, self._translate(found))
        except BadInput as error:
            return Row(number, found, tuple(error.faults))


_READERS: Final[Mapping[Layout, Callable[[BinaryIO], Iterator[tuple[int, Mapping[str, Any] | Fault]]]]] = {
    "jsonl": json_rows.lines, "json": json_rows.document, "csv": csv_rows.records, "parquet": parquet_rows.records,
    "text": text_rows.lines,
}  # fmt: skip


def open_rows(path: Path | str, layout: Layout | None = None) -> RowFile:
    """The file, checked to its end, `BadInput` if it is unreadable; `layout` left out is told from name and content.

    Of plain text, a line each, the layout has to be given.
    """
    path = Path(path)
    try:
        _demand_file(path)
        with path.open("rb") as raw:
            stream = _unzipped(path, raw)
            _refuse_foreign(path, stream)
            found = layout or _layout(path, stream)
            stream.seek(0)
            columns = _checked(path, stream, found)
        return RowFile(path, found, columns, None)
    except _UNREADABLE as error:
        if isinstance(error, BadInput):
            raise
        raise _unreadable(path, _why(error)) from error


def _demand_file(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError, ValueError):  # ValueError: a NUL in the name
        raise BadInput(Fault(str(path), "be a file that exists on disk", "nothing")) from None
    if not stat.S_ISREG(mode):
        got = "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
        raise BadInput(Fault(str(path), "be a file that exists on disk", got))


def _unzipped(path: Path, raw: BinaryIO) -> BinaryIO:
    magic = raw.read(2)
    raw.seek(0)
    if magic == b"\x1f\x8b":
        return io.BufferedReader(Unzipped(raw), BLOCK)
    if path.suffix == ".gz":
        raise _unreadable(path, "no gzip, though its name ends in .gz")
    return raw


def _refuse_foreign(path: Path, stream: BinaryIO) -> None:
    """Refuse what is known by its first bytes as something that has no rows."""
    start = stream.read(16).removeprefix(b"\xef\xbb\xbf")
    stream.seek(0)
    for magic, name in _FOREIGN.items():
        if start.startswith(magic):
            raise BadInput(Fault(str(path), _FORMS, name))
    if start.lstrip().startswith(b"<") and ending(path) != "jsonl":
        raise BadInput(Fault(str(path), _FORMS, "a page of HTML or XML"))
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in start[:4]:
        raise BadInput(Fault(str(path), "be text in UTF-8", "UTF-16 or other bytes; save it as UTF-8"))


def ending(path: Path) -> Layout | None:
    """The layout that a name's ending tells, None if it tells none."""
    name = path.with_suffix("") if path.suffix == ".gz" else path
    return _ENDS.get(name.suffix.lower())


def _layout(path: Path, stream: BinaryIO) -> Layout:
    """By the name's ending; failing that by content. What is named JSON lines may be one JSON document all the same."""
    named = ending(path)
    if named in {"csv", "parquet"}:
        return named
    if stream.read(4) == b"PAR1":
        return "parquet"
    stream.seek(0)
    return json_rows.layout(stream, named_lines=named == "jsonl") or named or "csv"


def _checked(path: Path, stream: BinaryIO, layout: Layout) -> tuple[str, ...] | None:
    """The columns of a file that can be read to its end."""
    columns = None
    try:
        if layout == "csv":
            columns = csv_rows.header(stream)
            stream.seek(0)
        elif layout == "parquet":
            return parquet_rows.checked(stream)
        elif layout == "json":
            json_rows.checked(stream)
    except BadInput as error:
        raise BadInput([fault.under(str(path)) for fault in error.faults]) from error
    while stream.read(BLOCK):
        pass
    return columns


def _why(error: Exception) -> str:
    """What came of reading, in words."""
    if isinstance(error, EOFError):
        return "gzip that was cut off"
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        return "damaged gzip"
    return reason(error)


def _unreadable(path: Path, got: str) -> BadInput:
    return BadInput(Fault(str(path), "be a file that can be read to its end", got))
