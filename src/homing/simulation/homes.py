"""The homes of a simulated market as columns: what a shopper can see of them, and what no field holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput
from homing.core.ids import Vocabulary

__all__ = ["ATTRIBUTES", "Homes", "homes_from"]

Numbers = NDArray[np.float64]
Row = Mapping[str, object]

ATTRIBUTES: Mapping[str, tuple[str, ...]] = {
    "baths": ("BathroomsTotalDecimal", "BathroomsTotalInteger", "BathroomsFull"),
    "lot": ("LotSizeSquareFeet", "LotSizeArea"),
    "newness": ("YearBuilt",),
    "grade": ("KC_Grade",),
    "condition": ("KC_Condition",),
    "view": ("KC_View", "ViewYN"),
    "waterfront": ("WaterfrontYN",),
}
"""Standardised attributes and the fields they are read from, the first present one counts."""

_LOGARITHMIC = frozenset({"lot"})
_FEWEST = 20
_CELL_DEGREES = 0.05


@dataclass(frozen=True, slots=True)
class Homes:
    """n homes with a price. `raw` and `z` hold each of `ATTRIBUTES` as given (NaN) and standardised (0 where absent).

    `price` is the value in USD around which the list price is drawn, `size` square feet, `area` the code of the
    postal code, city or map cell in `areas`. `hidden` (n, 3) is appeal and two styles, standard normal.
    """

    rows: tuple[Row, ...]
    ids: Vocabulary[str]
    price: Numbers
    size: Numbers
    beds: Numbers
    stories: Numbers
    latitude: Numbers
    longitude: Numbers
    area: NDArray[np.int64]
    areas: Vocabulary[str]
    areas_have_names: bool
    types: tuple[str | None, ...]
    raw: Mapping[str, Numbers]
    z: Mapping[str, Numbers]
    hidden: Numbers

    def __len__(self) -> int:
        return len(self.rows)


def homes_from(rows: Sequence[Row], seed: int) -> Homes:
    """Columns of the homes that have a price; of several rows of one ListingKey the last counts."""
    latest = {str(row["ListingKey"]): row for row in rows if _number(row, "ListPrice") > 0}
    if len(latest) < _FEWEST:
        raise BadInput.of(
            "listings", f"hold at least {_FEWEST} homes with a ListPrice to simulate a market", len(latest)
        )
    ids = Vocabulary(sorted(latest))
    kept = tuple(latest[key] for key in ids.ids)
    raw = {name: _column(kept, *fields) for name, fields in ATTRIBUTES.items()}
    raw |= {name: _positive(raw[name]) for name in _LOGARITHMIC}
    names, have_names = _areas(kept)
    areas = Vocabulary(sorted(set(names)))
    return Homes(
        rows=kept,
        ids=ids,
        price=_column(kept, "ListPrice"),
        size=_positive(_column(kept, "LivingArea", "BuildingAreaTotal")),
        beds=_column(kept, "BedroomsTotal"),
        stories=_column(kept, "Stories", "StoriesTotal"),
        latitude=_column(kept, "Latitude"),
        longitude=_column(kept, "Longitude"),
        area=areas.codes(names),
        areas=areas,
        areas_have_names=have_names,
        types=tuple(str(row["PropertyType"]) if row.get("PropertyType") else None for row in kept),
        raw=raw,
        z={name: _standardised(np.log(column) if name in _LOGARITHMIC else column) for name, column in raw.items()},
        hidden=np.random.default_rng([seed, 1]).standard_normal((len(kept), 3)),
    )


def _number(row: Row, name: str) -> float:
    value = row.get(name)
    if isinstance(value, bool | int | float):
        return float(value)
    return float("nan")


def _column(rows: Sequence[Row], *fields: str) -> Numbers:
    column = np.array([_number(row, fields[0]) for row in rows], dtype=np.float64)
    for field in fields[1:]:
        for i in np.flatnonzero(np.isnan(column)):
            column[i] = _number(rows[int(i)], field)
    return column


def _positive(column: Numbers) -> Numbers:
    """Unknown where it is not above 0: feeds write 0 for what nobody measured."""
    return np.where(column > 0, column, np.nan)


def _areas(rows: Sequence[Row]) -> tuple[list[str], bool]:
    for field in ("PostalCode", "City"):
        if all(row.get(field) for row in rows):
            return [str(row[field]) for row in rows], True
    return [_cell(row) for row in rows], False


def _cell(row: Row) -> str:
    latitude, longitude = _number(row, "Latitude"), _number(row, "Longitude")
    if np.isnan(latitude) or np.isnan(longitude):
        return "unknown"
    south, west = (np.floor(degrees / _CELL_DEGREES) * _CELL_DEGREES for degrees in (latitude, longitude))
    return f"{south:.2f},{west:.2f}"


def _standardised(column: Numbers) -> Numbers:
    finite = np.isfinite(column)
    if not finite.any():
        return np.zeros_like(column)
    spread = column[finite].std()
    if spread == 0.0:
        return np.zeros_like(column)
    return np.where(finite, np.clip((column - column[finite].mean()) / spread, -4.0, 4.0), 0.0)
