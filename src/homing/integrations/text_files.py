"""Texts of a file: a line each, or one column of a file of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from homing.core.errors import BadInput, Fault, shown
from homing.integrations.files import RowFile, ending, open_rows

__all__ = ["Text", "open_texts"]

_USUAL: Final = ("text", "PublicRemarks")


@dataclass(frozen=True, slots=True)
class Text:
    """The text of one row, None if the row has none; or what is wrong with the row."""

    row: int
    text: str | None
    fault: Fault | None = None


def open_texts(path: Path, column: str | None = None) -> Iterator[Text]:
    """The texts of a file, `BadInput` if it cannot be read to its end or has no such column.

    JSON, CSV and Parquet, told by the name's ending, have rows: of each the `column`, left out `text` or
    `PublicRemarks`, whichever comes first. Of any other file each line is a text, unless a column is named.
    """
    rows = column or ending(path) or ".json" in path.suffixes
    file = open_rows(path, None if rows else "text")
    return _texts(file, (column,) if column else _USUAL)


def _texts(file: RowFile, columns: tuple[str, ...]) -> Iterator[Text]:
    if file.columns is not None and not set(columns) & set(file.columns) and file.bytes_total:
        raise _without(file, columns, ", ".join(file.columns))
    met = False
    for row in file.rows():
        name = next((name for name in columns if name in row.values), None)
        met = met or name is not None
        value = None if name is None else row.values[name]
        if row.faults:
            yield Text(row.number, None, row.faults[0])
        elif value is None or isinstance(value, str):
            yield Text(row.number, value)
        else:
            yield Text(row.number, None, Fault(str(name), "be a text", shown(value)))
    if not met and file.first():
        raise _without(file, columns, ", ".join(file.first()))


def _without(file: RowFile, columns: tuple[str, ...], got: str) -> BadInput:
    return BadInput(Fault(str(file.path), f"have a column {' or '.join(columns)}", shown(got)))
