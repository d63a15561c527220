"""Groups of leads, read for an audit and kept nowhere: a row names a lead and its group."""

from __future__ import annotations

from pathlib import Path

from homing.core.errors import BadInput, Fault, shown
from homing.integrations.files import Row, open_rows

__all__ = ["read_groups"]

_COLUMNS = ("lead_id", "group")


def read_groups(path: Path) -> dict[str, str]:
    """The group of each lead of a CSV, JSON or Parquet file; `BadInput` with every row that names none or another.

    A row without a group says that the lead is of none.
    """
    file = open_rows(path)
    missing = [name for name in _COLUMNS if file.columns and name not in file.columns]
    if missing:
        got = shown(", ".join(file.columns or ()))
        raise BadInput(Fault(f"{path}.header", f"have the columns {', '.join(_COLUMNS)}", got))
    groups: dict[str, str] = {}
    faults: list[Fault] = []
    for row in file.rows():
        found = _faults(row, groups)
        faults += [fault.under(f"{path}[{row.number}]") for fault in found]
        if not found and row.values.get("group") is not None:
            groups[row.values["lead_id"]] = row.values["group"]
    if faults:
        raise BadInput(faults)
    return groups


def _faults(row: Row, groups: dict[str, str]) -> list[Fault]:
    if row.faults:
        return list(row.faults)
    lead, group = (row.values.get(name) for name in _COLUMNS)
    if not isinstance(lead, str) or not lead:
        return [Fault("lead_id", "be a text", shown(lead))]
    if group is not None and (not isinstance(group, str) or not group):
        return [Fault("group", "be a text, or left out", shown(group))]
    if group is not None and groups.get(lead, group) != group:
        return [Fault("group", f"be {groups[lead]!r}, as an earlier row says of {lead!r}", shown(group))]
    return []
