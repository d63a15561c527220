"""Mapping files: TOML that says which of our fields stands in which column of somebody's table."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from homing.core.errors import BadInput, Fault, shown
from homing.integrations.files import RowFile
from homing.trust.denied import Denied, Place

__all__ = ["Map", "MapForm", "demand", "read_map"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapForm:
    """What a mapping of some kind of rows may say: in words, which `tables`, of which fields, and where they stand."""

    must: str
    tables: frozenset[str]
    field: str
    knows: Callable[[str], bool]
    place: Place


@dataclass(frozen=True, slots=True)
class Map:
    """`columns` names for a field of ours the file's own column, `constants` what holds of every row.

    `more` holds the other tables, each as it is in the file; one that is left out is empty.
    """

    columns: Mapping[str, str]
    constants: Mapping[str, Any]
    more: Mapping[str, Mapping[str, Any]]

    def renamed(self, row: Mapping[str, Any], own: frozenset[str]) -> dict[str, Any]:
        """A row under our names; columns that bear one of our `own` names already keep it, others are left out."""
        same = {name: value for name, value in row.items() if name in own and name not in self.columns}
        named = {ours: row[theirs] for ours, theirs in self.columns.items() if theirs in row}
        return {**self.constants, **same, **named}


def read_map(path: Path, form: MapForm, denied: Denied) -> Map:
    """The mapping of a file, `BadInput` with all its faults; a field may be written as a table of its keys."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(Fault(str(path), form.must, shown(str(error)))) from error
    wanted = {"columns", "constants", *form.tables}
    tables = {name: content.get(name, {}) for name in sorted(wanted)}
    if "columns" not in content or set(content) - wanted or not all(isinstance(one, dict) for one in tables.values()):
        raise BadInput.of(str(path), form.must, content)
    columns, constants = _flat(tables.pop("columns"), form), _flat(tables.pop("constants"), form)
    faults = [*_column_faults(path, form, columns), *_field_faults(path, form, (*columns, *constants))]
    faults += _denied_faults(path, form, columns, denied)
    if faults:
        raise BadInput(faults)
    return Map(columns, constants, tables)


def demand(file: RowFile, *names: str) -> None:
    """Refuse a file with a header that lacks a column; an empty file has no header and no rows."""
    missing = [name for name in names if file.columns and name not in file.columns]
    if missing:
        raise BadInput(
            Fault(f"{file.path}.header", f"have the columns {', '.join(missing)}", shown(", ".join(file.columns or ())))
        )


def _flat(table: Mapping[str, Any], form: MapForm) -> dict[str, Any]:
    """The fields of a table; `event_data.x = …` is a field whether its name stands in quotes or not."""
    flat: dict[str, Any] = {}
    for name, value in table.items():
        if isinstance(value, dict) and value and all(form.knows(f"{name}.{key}") for key in value):
            flat |= {f"{name}.{key}": one for key, one in value.items()}
        else:
            flat[name] = value
    return flat


def _column_faults(path: Path, form: MapForm, columns: Mapping[str, Any]) -> list[Fault]:
    faults = [
        Fault(f"{path}.columns.{name}", "be the name of a column", shown(column))
        for name, column in columns.items()
        if not isinstance(column, str)
    ]
    return faults if columns else [*faults, Fault(f"{path}.columns", form.must, "nothing")]


def _field_faults(path: Path, form: MapForm, names: tuple[str, ...]) -> list[Fault]:
    return [Fault(f"{path}.columns.{name}", form.field, shown(name)) for name in names if not form.knows(name)]


def _denied_faults(path: Path, form: MapForm, columns: Mapping[str, Any], denied: Denied) -> list[Fault]:
    """What is denied may not come in under another name."""
    return [
        Fault(f"{path}.columns.{name}", f"name a column that may be used ({rule.category})", shown(column))
        for name, column in columns.items()
        if isinstance(column, str)
        and (rule := denied.rule_of(column, form.place))
        and rule != denied.rule_of(name, form.place)
    ]
