"""The attributes of homes by which tastes are described, each as soft bins.

A number falls between two bins and counts for both by its nearness; a place falls between four cells of a map; a
category is a bin of its own. So 499,000 and 501,000 are alike, and so are two sides of a street.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from homing.core.ids import Vocabulary
from homing.models.homes import Homes, HomesLike
from homing.models.tastes import gathered, spread_out
from homing.trust.text_guard import shipped_text_guard

__all__ = ["Axis", "Encoding", "axes_from", "axes_text", "axis_columns", "chosen_axes", "encoded", "position"]

Doubles = NDArray[np.float64]

_KNOTS = 9
_MOST_EXTRAS = 40
_MOST_LABELS = 200
_KM_A_DEGREE = 111.2


@dataclass(frozen=True, slots=True)
class Axis:
    """One attribute: its name, the family of reasons it belongs to, and the fields it is read from (first present).

    `kind`: number, category, or place (read from Latitude and Longitude). `spacing` is the distance of two bins: of a
    number in its unit (with `log`, in natural logarithms), of a place in km. `knots` stand in for it where an attribute
    is not one we know. `weight` is what it counts as long as nothing was learned. `labels` are those of a category.
    """

    name: str
    family: str
    fields: tuple[str, ...]
    kind: Literal["number", "category", "place"] = "number"
    spacing: float = 1.0
    log: bool = False
    weight: float = 0.4
    knots: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()


KNOWN = (
    Axis("price", "price", ("ListPrice",), spacing=0.2, log=True, weight=1.0),
    Axis("size", "size", ("LivingArea",), spacing=0.25, log=True, weight=0.5),
    Axis("beds", "beds", ("BedroomsTotal",), weight=0.5),
    Axis("baths", "baths", ("BathroomsTotalDecimal", "BathroomsTotalInteger")),
    Axis("lot", "lot", ("LotSizeSquareFeet",), spacing=0.7, log=True),
    Axis("age", "age", ("YearBuilt",), spacing=15.0),
    Axis("type", "type", ("PropertySubType",), kind="category", weight=0.5),
    Axis("stories", "stories", ("StoriesTotal", "Stories")),
    Axis("condition", "condition", ("KC_Condition",)),
    Axis("quality", "quality", ("KC_Grade",)),
    Axis("view", "view", ("KC_View", "ViewYN")),
    Axis("waterfront", "waterfront", ("WaterfrontYN",)),
    Axis("parking", "parking", ("GarageSpaces",)),
    Axis("pool", "pool", ("PoolPrivateYN",)),
    Axis("new", "new", ("NewConstructionYN",)),
)
NEAR = Axis("near", "location", ("Latitude", "Longitude"), kind="place", spacing=2.5, weight=1.0)
AROUND = Axis("around", "location", ("Latitude", "Longitude"), kind="place", spacing=10.0, weight=0.5)
AREAS = ("PostalCode", "City", "MLSAreaMajor")
"""What stands for the place where there are no coordinates; never beside them, where they would only repeat it."""

EXCLUDED_STARTS = (
    "Buyer", "Showing", "Tenant", "Internet", "Tax", "Close", "PreviousClose", "Original", "Previous", "Street",
    "UnitNumber", "Parcel", "Source", "Originating", "Photos", "Video", "Media", "Postal", "Mlg", "IDX", "Syndicate",
    "KC_LivingArea15", "KC_LotSize15", "Cross", "Concession", "Universal", "Association", "ListPrice",
)  # fmt: skip
EXCLUDED_PARTS = (
    "Remarks", "Timestamp", "Date", "Address", "School", "URL", "Key", "Phone", "Email", "Units", "Market",
)  # fmt: skip
EXCLUDED = frozenset({
    "ListingId", "StandardStatus", "MlsStatus", "MajorChangeType", "PropertyType", "StateOrProvince", "Country",
    "CountyOrParish", "SubdivisionName", "MLSAreaMinor", "CityRegion", "LotSizeAcres", "LotSizeArea", "CommonInterest",
    "BuildingAreaTotal", "LeaseAmount", "BathroomsFull", "BathroomsHalf", "BathroomsThreeQuarter", "GarageYN",
    "Latitude", "Longitude", "City", "WaterBodyName", "id", "photo", "url", "description", "title", "name",
})  # fmt: skip
"""What describes no taste: ids, addresses, moments, status, text, and what repeats an attribute that is there already.
What may not describe one by law is not among the columns of homes at all; see `homing.trust.denied`."""


@dataclass(frozen=True, slots=True, eq=False)
class Encoding:
    """Homes in soft bins: `bins` int32 (n, w), -1 where unknown, and their `parts` float32 (n, w).

    `axis` int64 (w,) is the axis of each of the w columns; `starts` int64 (a + 1,) where the bins of each axis begin;
    `marks` has for each axis the positions of its bins, int64, ascending; `ordered` bool (a,) whether bins beside each
    other are alike; `shares` float64 (bins,) the market's share of each bin, adding up to 1 an axis.
    """

    bins: NDArray[np.int32]
    parts: NDArray[np.float32]
    axis: NDArray[np.int64]
    starts: NDArray[np.int64]
    marks: tuple[NDArray[np.int64], ...]
    ordered: NDArray[np.bool_]
    shares: Doubles

    def repriced(self, axis: Axis, number: int, values: Doubles, items: NDArray[np.int64]) -> Encoding:
        """The homes `items` (m,) alone, with other values (m,) of one number axis, where they are known."""
        bins, parts = self.bins[items], self.parts[items]
        low, part, known = _hats(position(axis, values))
        highest = self.starts[number + 1] - self.starts[number] - 2
        low = np.clip(low - self.marks[number][0], 0, highest) + self.starts[number]
        columns = np.flatnonzero(self.axis == number)
        for column, bin_, share in zip(columns.tolist(), (low, low + 1), (1.0 - part, part), strict=True):
            bins[known, column], parts[known, column] = bin_[known], share[known]
        return replace(self, bins=bins, parts=parts)

    def rewritten(self, axes: tuple[Axis, ...], values: Doubles, rows: NDArray[np.int64]) -> Encoding:
        """`encoded(axes, values)` for the same axes and values that differ only in `rows` from those encoded here.

        More homes than here are new ones. Only where a bin is needed that is not here, or one here is no longer
        needed, all homes are encoded anew.
        """
        if not axes:
            return encoded(axes, values)
        soft = _softened(axes, values[rows])
        if not all(one.lies_in(marks) for one, marks in zip(soft, self.marks, strict=True)):
            return encoded(axes, values)
        new = ((0, len(values) - len(self.bins)), (0, 0))
        bins, parts = np.pad(self.bins, new, constant_values=-1), np.pad(self.parts, new)
        bins[rows], parts[rows] = _table(soft, self.marks, self.starts)
        if not _needed(axes, bins, self.starts):
            return encoded(axes, values)
        return replace(self, bins=bins, parts=parts, shares=_shares(bins, parts, self.starts, self.ordered))


def chosen_axes(homes: HomesLike) -> tuple[Axis, ...]:
    """The axes on which these homes differ. Attributes that we do not know count only where rows were given."""
    present = {*homes.numbers, *homes.categories}
    known = tuple(axis for axis in KNOWN if present & set(axis.fields))
    return known + _location(homes) + (_extras(homes) if isinstance(homes, Homes) else ())


def axis_columns(axes: tuple[Axis, ...], homes: HomesLike) -> tuple[tuple[Axis, ...], Doubles]:
    """The raw values of homes, float64 (n, columns): one a number, the label's code of a category, two a place.

    Labels not met before are added to their axis, so the axes are returned as well. A label that the text guard refuses
    is never added: a home with it counts as one of which the attribute is unknown. Names of places are not judged here.
    """
    grown, columns = [], []
    for axis in axes:
        if axis.kind == "place":
            columns += [_number(homes, (name,)) for name in axis.fields]
        elif axis.kind == "number":
            columns.append(_number(homes, axis.fields))
        else:
            labels, codes = _category(homes, axis)
            axis = replace(axis, labels=labels)  # noqa: PLW2901  # the same axis, with the labels it has met
            columns.append(codes)
        grown.append(axis)
    values = np.column_stack(columns) if columns else np.zeros((len(homes.ids), 0))
    return tuple(grown), values


def position(axis: Axis, values: Doubles) -> Doubles:
    """Where numbers lie, in bins; NaN stays NaN."""
    if axis.knots:
        return np.interp(values, axis.knots, np.arange(len(axis.knots)), left=0.0)
    if axis.log:
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(values > 0, np.log(values), np.nan) / axis.spacing
    return values / axis.spacing


def encoded(axes: tuple[Axis, ...], values: Doubles) -> Encoding:
    """All homes in soft bins, and the market's share of each bin."""
    soft = _softened(axes, values)
    marks = tuple(one.marks(axis) for axis, one in zip(axes, soft, strict=True))
    starts = np.cumsum([0, *map(len, marks)], dtype=np.int64)
    ordered = np.array([axis.kind == "number" for axis in axes], dtype=np.bool_)
    owner = np.repeat(np.arange(len(axes)), [one.cells.shape[1] for one in soft])
    homes = len(values)
    table = _table(soft, marks, starts) if axes else (np.zeros((homes, 0), np.int32), np.zeros((homes, 0), np.float32))
    return Encoding(*table, owner, starts, marks, ordered, _shares(*table, starts, ordered))


def axes_text(axes: tuple[Axis, ...]) -> str:
    """The axes as JSON."""
    return json.dumps([asdict(axis) for axis in axes])


def axes_from(text: str) -> tuple[Axis, ...]:
    """The inverse of `axes_text`."""
    rows: list[dict[str, Any]] = [
        {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
        for row in json.loads(text)
    ]
    return tuple(Axis(**row) for row in rows)


def _location(homes: HomesLike) -> tuple[Axis, ...]:
    where = _number(homes, ("Latitude",)) + _number(homes, ("Longitude",))
    if where.size and np.isfinite(where).mean() >= 0.5:
        return (NEAR, AROUND)
    areas = tuple(name for name in AREAS if name in homes.categories)
    return (Axis("area", "location", areas[:1], kind="category", weight=1.0),) if areas else ()


def _extras(homes: Homes) -> tuple[Axis, ...]:
    """Axes of attributes that we do not know: numbers by quantiles, categories unless nearly every home has its own."""
    used = {field for axis in (*KNOWN, NEAR) for field in axis.fields} | set(AREAS)
    numbers: Mapping[str, Doubles] = homes.numbers
    axes = [
        Axis(name, name, (name,), knots=knots)
        for name, column in numbers.items()
        if name not in used and not _excluded(name) and len(knots := _quantiles(column)) > 1
    ]
    axes += [
        Axis(name, name, (name,), kind="category")
        for name, column in homes.categories.items()
        if name not in used and not _excluded(name) and 1 < len(column.labels) <= min(_MOST_LABELS, len(homes) / 2 + 2)
    ]
    return tuple(axes[:_MOST_EXTRAS])


def _excluded(name: str) -> bool:
    return name in EXCLUDED or name.startswith(EXCLUDED_STARTS) or any(part in name for part in EXCLUDED_PARTS)


def _quantiles(column: Doubles) -> tuple[float, ...]:
    known = column[np.isfinite(column)]
    if not known.size:
        return ()
    return tuple(np.unique(np.quantile(known, np.linspace(0.0, 1.0, _KNOTS))).tolist())


def _number(homes: HomesLike, fields: tuple[str, ...]) -> Doubles:
    column = np.full(len(homes.ids), np.nan)
    for name in fields:
        if name in homes.numbers:
            column = np.where(np.isnan(column), homes.numbers[name], column)
    return column


def _category(homes: HomesLike, axis: Axis) -> tuple[tuple[str, ...], Doubles]:
    labels = Vocabulary[str](axis.labels)
    name = axis.fields[0]
    if name not in homes.categories:
        return axis.labels, np.full(len(homes.ids), np.nan)
    given = homes.categories[name]
    labels = labels.extended(
        given.labels.ids if axis.family == "location" else filter(_may_be_learned, given.labels.ids)
    )
    codes = np.append(labels.codes(given.labels.ids), -1)[given.codes].astype(np.float64)
    return labels.ids, np.where(codes >= 0, codes, np.nan)


@lru_cache(8_192)
def _may_be_learned(label: str) -> bool:
    """Whether a label says nothing that no text about a home may say; one that does counts as unknown."""
    return shipped_text_guard().allows(label)


@dataclass(frozen=True, slots=True, eq=False)
class _Soft:
    """The cells of one axis that n homes lie in, int64 (n, w), by how much in each, (n, w), and where that is known."""

    cells: NDArray[np.int64]
    parts: Doubles
    known: NDArray[np.bool_]

    def marks(self, axis: Axis) -> NDArray[np.int64]:
        """The cells that are bins, ascending: of a number all between the outermost, of a place those in use."""
        if axis.kind == "category":
            return np.arange(len(axis.labels))
        used = self.cells[self.known]
        if axis.kind == "place":
            return np.unique(used)
        return np.arange(used.min(), used.max() + 1) if used.size else np.arange(2)

    def lies_in(self, marks: NDArray[np.int64]) -> bool:
        """Whether every known cell is a bin."""
        return bool(np.isin(self.cells[self.known], marks).all())

    def bins(self, marks: NDArray[np.int64], start: int) -> NDArray[np.int64]:
        """The bins of the homes, numbered from `start`; -1 where unknown."""
        return np.where(self.known[:, None], np.searchsorted(marks, self.cells) + start, -1)


def _softened(axes: tuple[Axis, ...], values: Doubles) -> list[_Soft]:
    """Every axis of some homes, each worked out by itself, whichever others there are."""
    columns = iter(np.ascontiguousarray(values.T))
    return [_soft(axis, next(columns), next(columns) if axis.kind == "place" else None) for axis in axes]


def _soft(axis: Axis, values: Doubles, across: Doubles | None) -> _Soft:
    if across is not None:
        return _on_map(axis, values, across)
    if axis.kind == "number":
        low, part, known = _hats(position(axis, values))
        cells, parts = np.column_stack((low, low + 1)), np.column_stack((1.0 - part, part))
        return _Soft(cells, np.where(known[:, None], parts, 0.0), known)
    known = np.isfinite(values)
    codes = np.where(known, np.nan_to_num(values), -1).astype(np.int64)
    return _Soft(codes[:, None], known.astype(np.float64)[:, None], known)


def _table(
    soft: Sequence[_Soft], marks: Sequence[NDArray[np.int64]], starts: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Bins and parts of homes, the axes side by side."""
    bins = [one.bins(mark, start) for one, mark, start in zip(soft, marks, starts[:-1].tolist(), strict=True)]
    return np.hstack(bins).astype(np.int32), np.hstack([one.parts for one in soft]).astype(np.float32)


def _hats(place: Doubles) -> tuple[NDArray[np.int64], Doubles, NDArray[np.bool_]]:
    """The bin below, how far it is to the one above, and whether anything is known."""
    known = np.isfinite(place)
    low = np.floor(np.where(known, place, 0.0))
    return low.astype(np.int64), np.where(known, place - low, 0.0), known


def _on_map(axis: Axis, latitude: Doubles, longitude: Doubles) -> _Soft:
    """The four cells around each place, numbered row by row over the whole world."""
    across = _KM_A_DEGREE * np.cos(np.radians(np.floor(latitude / 2.0) * 2.0 + 1.0))
    south, north_part, known = _hats(latitude * _KM_A_DEGREE / axis.spacing)
    west, east_part, known_too = _hats(longitude * across / axis.spacing)
    stride = 1 << 20
    base = south * stride + west
    cells = np.column_stack((base, base + 1, base + stride, base + stride + 1))
    parts = np.column_stack((
        (1 - north_part) * (1 - east_part), (1 - north_part) * east_part, north_part * (1 - east_part),
        north_part * east_part,
    ))  # fmt: skip
    known = known & known_too
    return _Soft(cells, parts * known[:, None], known)


def _needed(axes: tuple[Axis, ...], bins: NDArray[np.int32], starts: NDArray[np.int64]) -> bool:
    """Whether some home lies in both outermost bins of every number, and in every bin of a map."""
    homes = np.bincount(bins.ravel() + 1, minlength=int(starts[-1]) + 1)[1:] > 0
    needed: dict[str, slice | list[int]] = {"number": [0, -1], "place": slice(None), "category": slice(0)}
    return all(
        homes[first:last][needed[axis.kind]].all()
        for axis, first, last in zip(axes, starts[:-1].tolist(), starts[1:].tolist(), strict=True)
    )


def _shares(
    bins: NDArray[np.int32], parts: NDArray[np.float32], starts: NDArray[np.int64], ordered: NDArray[np.bool_]
) -> Doubles:
    """The market's share of each bin, with half a home added to each so that none is 0."""
    counts: Doubles = 0.5 + gathered(bins, parts, np.ones(bins.shape[0]), int(starts[-1]))[0]
    spread_out(counts, starts, ordered)
    for first, last in zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True):
        counts[first:last] /= counts[first:last].sum() or 1.0
    return counts
