"""Events as files bring them: our own JSON lines, CSV and Parquet, and RESO InternetTracking."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, Literal, get_args

from homing.core.errors import BadInput, Fault
from homing.core.json_text import NotJson, read_json
from homing.integrations.event_maps import read_event_map
from homing.integrations.files import Layout, RowFile, open_rows
from homing.integrations.mapping import demand
from homing.integrations.reso_tracking import ResolveListing, event_row, looks_like_tracking
from homing.trust.denied import DENIED, Denied

__all__ = ["EventFormat", "open_events"]

EventFormat = Literal["auto", "jsonl", "csv", "parquet", "reso"]
_LAYOUTS: Final[Mapping[str, Layout]] = {"jsonl": "jsonl", "csv": "csv", "parquet": "parquet"}


def open_events(
    path: Path | str,
    format: str = "auto",  # noqa: A002  # the word of the command
    resolve: ResolveListing | None = None,
    mapping: Path | str | None = None,
    denied: Denied = DENIED,
) -> RowFile:
    """The rows of a file under our names; `BadInput` if it cannot be read to its end or lacks a column.

    In CSV and Parquet `event_data` is JSON text. `resolve` finds the home of a ListingId that a RESO event names.
    `mapping` is a TOML file: `[columns]` names for each of our fields, event_data.… among them, the file's own column,
    `[constants]` what holds of every row, `[event_types]` which type is meant by a name, `[timestamps]` in which format
    and time_zone moments are written. None that is `denied` may be named in it.
    """
    if format not in get_args(EventFormat):
        raise BadInput.of("format", f"be one of {', '.join(get_args(EventFormat))}", format)
    file = open_rows(path, _LAYOUTS.get(format))
    if mapping is not None:
        if format == "reso":
            raise BadInput(Fault("format", "be another than reso where a map names the columns", "reso"))
        found = read_event_map(Path(mapping), denied)
        demand(file, *found.columns)
        return file.translated(lambda row: _typed(found.row(row)))
    if format == "reso" or (format == "auto" and _is_tracking(file)):
        return file.translated(partial(event_row, resolve=resolve))
    demand(file, "event_type", "timestamp")
    return file if file.layout in {"json", "jsonl"} else file.translated(_typed)


def _is_tracking(file: RowFile) -> bool:
    return looks_like_tracking(file.first() if file.columns is None else dict.fromkeys(file.columns))


def _typed(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """A row of texts with its payload and its number read; what cannot be read stays a text, which then is refused."""
    typed = dict(row)
    data, value = typed.get("event_data"), typed.get("outcome_value")
    if isinstance(data, str):
        with suppress(NotJson):
            typed["event_data"] = read_json(data.encode())
    elif isinstance(data, Mapping):
        typed["event_data"] = {name: found for name, found in data.items() if found is not None}
    if isinstance(value, str):
        with suppress(ValueError):
            typed["outcome_value"] = float(value)
    return typed
