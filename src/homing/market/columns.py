"""Numbers and categories of many homes as columns, made whole or changed in a few rows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from homing.core.ids import Vocabulary
from homing.market.attributes import ATTRIBUTES
from homing.market.derived import DERIVED

__all__ = ["Category", "Columns", "Values", "columns_of", "values_of"]

_NUMBERS: Final = frozenset(name for name, row in ATTRIBUTES.items() if row.kind in {"number", "flag"}) - set(DERIVED)
_CATEGORIES: Final = frozenset(name for name, row in ATTRIBUTES.items() if row.kind == "category")


@dataclass(frozen=True, slots=True, eq=False)
class Category:
    """A category of n homes: `codes` int32 (n,) into `labels` (in alphabetical order), -1 where unknown."""

    codes: NDArray[np.int32]
    labels: Vocabulary[str]


class Values(NamedTuple):
    """What one home says in columns: its numbers and its category labels, by name."""

    numbers: dict[str, float]
    categories: dict[str, str]


def values_of(fields: Mapping[str, Any]) -> Values:
    """The column values of one home; flags are 0 and 1, what is derived is computed."""
    numbers = {name: float(value) for name, value in fields.items() if name in _NUMBERS}
    for name, function in DERIVED.items():
        value = function(fields)
        if not math.isnan(value):
            numbers[name] = value
    return Values(numbers, {name: value for name, value in fields.items() if name in _CATEGORIES})


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """The columns of n homes; a name of which no home says anything is not there.

    >>> columns = columns_of([values_of({"ListPrice": 500, "City": "Kent"}), values_of({"City": "Auburn"})])
    >>> columns.numbers["ListPrice"].tolist(), columns.categories["City"].labels.ids
    ([500.0, nan], ('Auburn', 'Kent'))
    """

    numbers: dict[str, NDArray[np.float64]]
    categories: dict[str, Category]

    def replaced(self, size: int, places: NDArray[np.int64], changed: Mapping[int, Values]) -> Columns:
        """The columns of `size` homes: the old ones moved to `places`, then some rows written anew."""
        rows = np.fromiter(changed, dtype=np.int64, count=len(changed))
        names = [
            *self.numbers,
            *{name for values in changed.values() for name in values.numbers}.difference(self.numbers),
        ]
        numbers = {}
        for name in names:
            column = _moved(self.numbers.get(name), size, places, np.nan, np.float64)
            column[rows] = [values.numbers.get(name, math.nan) for values in changed.values()]
            numbers[name] = column
        categories = {}
        wanted = {name for values in changed.values() for name in values.categories}
        for name in [*self.categories, *wanted.difference(self.categories)]:
            said = [values.categories.get(name) for values in changed.values()]
            categories[name] = _recoded(self.categories.get(name), size, places, rows, said)
        return _columns(numbers, categories)


def columns_of(homes: Sequence[Values]) -> Columns:
    """The columns of homes, one row each in the order given."""
    numbers: dict[str, NDArray[np.float64]] = {}
    found: dict[str, tuple[list[int], list[float]]] = {}
    named: dict[str, tuple[list[int], list[str]]] = {}
    for row, home in enumerate(homes):
        for name, value in home.numbers.items():
            rows, values = found.setdefault(name, ([], []))
            rows.append(row)
            values.append(value)
        for name, label in home.categories.items():
            places, labels = named.setdefault(name, ([], []))
            places.append(row)
            labels.append(label)
    for name, (rows, values) in found.items():
        numbers[name] = np.full(len(homes), np.nan)
        numbers[name][rows] = values
    nowhere = np.zeros(0, dtype=np.int64)
    categories = {
        name: _recoded(None, len(homes), nowhere, np.array(places, dtype=np.int64), labels)
        for name, (places, labels) in named.items()
    }
    return _columns(numbers, categories)


def _columns(numbers: dict[str, NDArray[np.float64]], categories: dict[str, Category]) -> Columns:
    """Read-only columns in alphabetical order, without the empty ones: the same homes give the same columns."""
    for column in numbers.values():
        column.setflags(write=False)
    return Columns(
        {name: numbers[name] for name in sorted(numbers) if not np.isnan(numbers[name]).all()},
        {name: categories[name] for name in sorted(categories) if len(categories[name].labels)},
    )


def _moved(
    column: NDArray[Any] | None, size: int, places: NDArray[np.int64], nothing: float, kind: type[Any]
) -> NDArray[Any]:
    if column is not None and len(column) == size:
        return column.copy()
    moved = np.full(size, nothing, dtype=kind)
    if column is not None:
        moved[places] = column
    return moved


def _recoded(
    old: Category | None, size: int, places: NDArray[np.int64], rows: NDArray[np.int64], said: Sequence[str | None]
) -> Category:
    """The category with some rows said anew; its labels are those in use, in alphabetical order."""
    before: tuple[str, ...] = () if old is None else old.labels.ids
    codes = _moved(None if old is None else old.codes, size, places, -1, np.int32)
    known = Vocabulary([*before, *(label for label in said if label is not None)])
    codes[rows] = [-1 if label is None else known.code(label) for label in said]
    used = np.bincount(codes + 1, minlength=len(known) + 1)[1:] > 0
    labels = Vocabulary(sorted(label for label, any_home in zip(known.ids, used, strict=True) if any_home))
    if labels.ids != known.ids:
        codes = np.append(labels.codes(known.ids), -1).astype(np.int32)[codes]
    codes.setflags(write=False)
    return Category(codes, old.labels if old is not None and labels.ids == before else labels)
