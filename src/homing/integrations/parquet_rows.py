"""Rows of Parquet, read a slice at a time."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from homing.core.errors import BadInput, Fault

if TYPE_CHECKING:
    import polars

__all__ = ["checked", "records"]

_SLICE: Final = 20_000


def checked(stream: BinaryIO) -> tuple[str, ...]:
    """The columns of a file whose every slice can be read."""
    import polars as pl  # polars is heavy: only who reads Parquet loads it

    try:
        columns: tuple[str, ...] = ()
        for part in _slices(stream):
            columns = tuple(part.columns)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInput(Fault("content", "be Parquet that can be read to its end", str(error))) from error
    return columns


def records(stream: BinaryIO) -> Iterator[tuple[int, Mapping[str, Any] | Fault]]:
    """Each row by its place from 1; nulls are left out."""
    number = 0
    for part in _slices(stream):
        for row in part.iter_rows(named=True):
            number += 1
            yield number, {name: value for name, value in row.items() if value is not None}


def _slices(stream: BinaryIO) -> Iterator[polars.DataFrame]:
    import polars as pl  # polars is heavy: only who reads Parquet loads it

    on_disk = isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO)
    with nullcontext(stream) if on_disk else _unpacked(stream) as file:
        table = pl.scan_parquet(file.name)
        start = 0
        while True:
            part = table.slice(start, _SLICE).collect()
            yield part
            start += len(part)
            if len(part) < _SLICE:
                return


@contextmanager
def _unpacked(stream: BinaryIO) -> Iterator[Any]:
    """The content as a file of its own on disk, as Parquet is read from its end."""
    with NamedTemporaryFile(suffix=".parquet") as file:
        shutil.copyfileobj(stream, file)
        file.flush()
        yield file
