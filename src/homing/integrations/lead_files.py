"""Leads and agents as files bring them: JSON lines, a JSON array, or `{"value": […]}`."""

from __future__ import annotations

from pathlib import Path

from homing.core.errors import BadInput, Fault
from homing.integrations.files import RowFile, open_rows

__all__ = ["open_people"]


def open_people(path: Path | str) -> RowFile:
    """The rows of a file of leads or agents; `BadInput` if it cannot be read to its end or is no JSON."""
    file = open_rows(path)
    if file.layout not in {"json", "jsonl"} and file.bytes_total:
        raise BadInput(Fault(str(path), "be JSON lines or a JSON array", file.layout))
    return file
