"""Listings as files bring them: RESO names in JSON or CSV, any CSV with a mapping, King County's sales."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args

from homing.core.errors import BadInput, Fault, shown
from homing.integrations import king_county
from homing.integrations.files import RowFile, Translate, open_rows
from homing.market.attributes import ATTRIBUTES, LISTING_KEY, MODIFIED
from homing.trust.denied import DENIED, Denied

__all__ = ["ListingFormat", "open_listings"]

ListingFormat = Literal["auto", "reso", "csv", "kc"]
_MAPPING: Final = 'be TOML with a table [columns] such as ListPrice = "price", and if wanted one [constants]'


def open_listings(
    path: Path | str,
    format: str = "auto",  # noqa: A002  # the word of the command
    mapping: Path | str | None = None,
    denied: Denied = DENIED,
) -> RowFile:
    """The rows of a file under RESO names; `BadInput` if the file cannot be read to its end or lacks a column.

    `reso` is JSON, `csv` has RESO headers or a mapping, `kc` is King County's sales; `auto` tells them apart, King
    County by its header. `mapping` is a TOML file: `[columns]` names for each RESO field the file's own column,
    `[constants]` what holds of every row. With a mapping, columns
    that are neither named in it nor RESO names are left out, and none that is `denied` may be named.
    """
    if format not in get_args(ListingFormat):
        raise BadInput.of("format", f"be one of {', '.join(get_args(ListingFormat))}", format)
    file = open_rows(path, "csv" if format in {"csv", "kc"} else None)
    if format == "reso" and file.layout not in {"json", "jsonl"}:
        must = "be JSON lines, a JSON array or an object with value for the format reso"
        raise BadInput(Fault(str(path), must, file.layout))
    if format == "kc" or (format == "auto" and mapping is None and _is_king_county(file)):
        _demand(file, king_county.COLUMNS)
        return file.translated(king_county.listing_of)
    if mapping is None:
        _demand(file, (LISTING_KEY,))
        return file
    columns, constants = _read_mapping(Path(mapping), denied)
    _demand(file, tuple(columns.values()) if LISTING_KEY in columns else (LISTING_KEY, *columns.values()))
    return file.translated(_renaming(columns, constants))


def _is_king_county(file: RowFile) -> bool:
    return file.columns is not None and set(king_county.COLUMNS) <= set(file.columns)


def _demand(file: RowFile, names: tuple[str, ...]) -> None:
    """Refuse a file with a header that lacks a column; an empty file has no header and no rows."""
    missing = [name for name in names if file.columns and name not in file.columns]
    if missing:
        raise BadInput(
            Fault(f"{file.path}.header", f"have the columns {', '.join(missing)}", shown(", ".join(file.columns or ())))
        )


def _read_mapping(path: Path, denied: Denied) -> tuple[dict[str, str], dict[str, Any]]:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(Fault(str(path), _MAPPING, shown(str(error)))) from error
    columns, constants = content.get("columns"), content.get("constants", {})
    if not isinstance(columns, dict) or not isinstance(constants, dict) or set(content) - {"columns", "constants"}:
        raise BadInput.of(str(path), _MAPPING, content)
    faults = [
        Fault(f"{path}.columns.{name}", "be the name of a column", shown(column))
        for name, column in columns.items()
        if not isinstance(column, str)
    ]
    faults += [
        Fault(f"{path}.columns.{name}", "be a RESO field that homing knows", shown(name))
        for name in (*columns, *constants)
        if name not in ATTRIBUTES and name not in {LISTING_KEY, MODIFIED}
    ]
    faults += [
        Fault(f"{path}.columns.{name}", f"name a column that may be used ({rule.category})", shown(column))
        for name, column in columns.items()
        if isinstance(column, str) and (rule := denied.rule_of(column, "home")) and rule != denied.rule_of(name, "home")
    ]
    if faults:
        raise BadInput(faults)
    return columns, constants


def _renaming(columns: Mapping[str, str], constants: Mapping[str, Any]) -> Translate:
    known = {LISTING_KEY, MODIFIED, *ATTRIBUTES} - set(columns)

    def renamed(row: Mapping[str, Any]) -> dict[str, Any]:
        same = {name: value for name, value in row.items() if name in known}
        return {**constants, **same, **{ours: row[theirs] for ours, theirs in columns.items() if theirs in row}}

    return renamed
