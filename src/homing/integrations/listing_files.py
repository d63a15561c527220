"""Listings as files bring them: RESO names in JSON or CSV, any CSV with a mapping, King County's sales."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Final, Literal, get_args

from homing.core.errors import BadInput, Fault
from homing.integrations import king_county
from homing.integrations.files import RowFile, open_rows
from homing.integrations.mapping import MapForm, demand, read_map
from homing.market.attributes import ATTRIBUTES, LISTING_KEY, MODIFIED
from homing.trust.denied import DENIED, Denied

__all__ = ["ListingFormat", "open_listings"]

ListingFormat = Literal["auto", "reso", "csv", "kc"]
_OWN: Final = frozenset({LISTING_KEY, MODIFIED, *ATTRIBUTES})
_FORM: Final = MapForm(
    must='be TOML with a table [columns] such as ListPrice = "price", and if wanted one [constants]',
    tables=frozenset(),
    field="be a RESO field that homing knows",
    knows=_OWN.__contains__,
    place="home",
)


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
        demand(file, *king_county.COLUMNS)
        return file.translated(king_county.listing_of)
    if mapping is None:
        demand(file, LISTING_KEY)
        return file
    found = read_map(Path(mapping), _FORM, denied)
    named = tuple(found.columns.values())
    demand(file, *(named if LISTING_KEY in found.columns else (LISTING_KEY, *named)))
    return file.translated(partial(found.renamed, own=_OWN))


def _is_king_county(file: RowFile) -> bool:
    return file.columns is not None and set(king_county.COLUMNS) <= set(file.columns)
