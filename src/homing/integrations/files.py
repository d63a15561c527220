"""Rows of a file, whatever it is: JSON lines, a JSON array, `{"value": […]}`, CSV or Parquet, plain or gzipped.

A file is checked to its end before the first row is given, so that a damaged one stores nothing. Then rows come one by
one; a line that is no row comes with its faults. JSON arrays are held in memory as text, all else is streamed.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal

from homing.core.errors import BadInput, Fault, shown
from homing.integrations import csv_rows, json_rows, parquet_rows

__all__ = ["Layout", "Row", "RowFile", "Translate", "open_rows"]

Layout = Literal["jsonl", "json", "csv", "parquet"]
Translate = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""From a row as the file has it to a row as homing reads it; `BadInput` if that cannot be."""

_BLOCK: Final = 1 << 20
_ENDS: Final[Mapping[str, Layout]] = {
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".tsv": "csv", ".parquet": "parquet",
}  # fmt: skip


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
        self.bytes_total = path.stat().st_size
        self.bytes_read = 0
        self._translate = translate

    def translated(self, translate: Translate) -> RowFile:
        """The same file, its rows as `translate` makes them."""
        return RowFile(self.path, self.layout, self.columns, translate)

    def rows(self) -> Iterator[Row]:
        """Every row in the order of the file; blank lines are no rows."""
        with closing(self.path.open("rb")) as raw:
            for number, found in _READERS[self.layout](_unzipped(self.path, raw)):
                self.bytes_read = raw.tell()
                yield self._row(number, found)
        self.bytes_read = self.bytes_total

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
}  # fmt: skip


def open_rows(path: Path | str, layout: Layout | None = None) -> RowFile:
    """The file, checked to its end, `BadInput` if it is unreadable; `layout` left out is told from name and content."""
    path = Path(path)
    if path.is_dir():
        raise BadInput.of(str(path), "be a file", "a folder")
    if not path.is_file():
        raise BadInput.of(str(path), "be a file that exists on disk", "something else" if path.exists() else "nothing")
    try:
        with path.open("rb") as raw:
            stream = _unzipped(path, raw)
            found = layout or _layout(path, stream)
            stream.seek(0)
            columns = _checked(path, stream, found)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(path, str(error) or type(error).__name__) from error
    return RowFile(path, found, columns, None)


def _unzipped(path: Path, raw: BinaryIO) -> BinaryIO:
    magic = raw.read(2)
    raw.seek(0)
    if magic == b"\x1f\x8b":
        return io.BufferedReader(gzip.GzipFile(fileobj=raw), _BLOCK)
    if path.suffix == ".gz":
        raise _unreadable(path, "no gzip, though its name ends in .gz")
    return raw


def _layout(path: Path, stream: BinaryIO) -> Layout:
    """By the name's ending; failing that by content."""
    name = path.with_suffix("") if path.suffix == ".gz" else path
    if ending := _ENDS.get(name.suffix.lower()):
        return ending
    start = stream.read(4)
    if start == b"PAR1":
        return "parquet"
    stream.seek(0)
    if start[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise _unreadable(path, "text that is not UTF-8")
    return json_rows.layout(stream) or "csv"


def _checked(path: Path, stream: BinaryIO, layout: Layout) -> tuple[str, ...] | None:
    """The columns of a file that can be read to its end."""
    try:
        if layout == "csv":
            columns = csv_rows.header(stream)
            stream.seek(0)
        elif layout == "parquet":
            return parquet_rows.checked(stream)
        elif layout == "json":
            json_rows.checked(stream)
            return None
        else:
            columns = None
    except BadInput as error:
        raise BadInput([fault.under(str(path)) for fault in error.faults]) from error
    while stream.read(_BLOCK):
        pass
    return columns


def _unreadable(path: Path, got: str) -> BadInput:
    return BadInput(Fault(str(path), "be a file that can be read to its end", shown(got)))
