"""Homes as columns, from listing rows or from a market snapshot."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import parse_moment
from homing.core.errors import BadInput, Fault, shown
from homing.core.ids import Vocabulary
from homing.models.interactions import Id
from homing.trust.denied import DENIED, Denied

__all__ = ["UNKNOWN_MOMENT", "CategoryColumn", "Homes", "HomesLike", "Labels", "homes_of", "some_of"]

UNKNOWN_MOMENT = np.iinfo(np.int64).min
REMARKS = "PublicRemarks"
_LISTED = ("OnMarketTimestamp", "OriginalEntryTimestamp", "ListingContractDate", "OnMarketDate")


class CategoryColumn(Protocol):
    """One category of all homes: `codes` int (n,), -1 where unknown, and their `labels`."""

    @property
    def codes(self) -> NDArray[Any]:
        """The label's code of each home."""
        ...

    @property
    def labels(self) -> Vocabulary[str]:
        """The labels."""
        ...


@runtime_checkable
class HomesLike(Protocol):
    """Columns of n homes: what `Homes` and a market snapshot share."""

    @property
    def ids(self) -> Vocabulary[Any]:
        """The homes."""
        ...

    @property
    def numbers(self) -> Mapping[str, NDArray[np.float64]]:
        """Numbers and flags by name, NaN where unknown."""
        ...

    @property
    def categories(self) -> Mapping[str, Any]:
        """Categories by name."""
        ...

    @property
    def listed_at(self) -> NDArray[np.int64]:
        """When each came on the market."""
        ...

    @property
    def remarks(self) -> Sequence[str]:
        """The public remarks of each, "" where there are none; empty where no home has any."""
        ...


HomesGiven: TypeAlias = "HomesLike | Sequence[Mapping[str, Any]]"


@dataclass(frozen=True, slots=True, eq=False)
class Labels:
    """A category of n homes: `codes` int32 (n,) into `labels`, -1 where unknown."""

    codes: NDArray[np.int32]
    labels: Vocabulary[str]


@dataclass(frozen=True, slots=True, eq=False)
class Homes:
    """Homes as columns. `numbers` float64 (n,), flags among them as 0 and 1, NaN where unknown.

    >>> homes = Homes.from_rows([{"ListingKey": "h1", "ListPrice": 500_000, "City": "Kent"}, {"ListingKey": "h2"}])
    >>> homes.numbers["ListPrice"].tolist(), homes.categories["City"].codes.tolist()
    ([500000.0, nan], [0, -1])
    """

    ids: Vocabulary[Id]
    numbers: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    categories: Mapping[str, Labels] = field(default_factory=dict)
    listed_at: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    remarks: tuple[str, ...] = ()

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]], denied: Denied = DENIED) -> Homes:
        """Homes of listing rows with RESO names; of several rows with one `ListingKey` the last counts.

        A column with any text is a category, but for `PublicRemarks`, which are kept as they are; one of numbers and
        flags is a number; lists and objects are left out, and so is every field that is `denied`, shown or counts only
        as a filter.
        """
        latest = _keyed(rows)
        listed = np.array([_listed(row) for row in latest.values()], dtype=np.int64)
        names = dict.fromkeys(name for row in latest.values() for name in row if name != "ListingKey")
        names = {name: None for name in names if denied.may_describe(str(name))}
        remarks = _texts(latest.values()) if names.pop(REMARKS, 0) is None else ()
        numbers: dict[str, NDArray[np.float64]] = {}
        categories: dict[str, Labels] = {}
        for name in names:
            column = [row.get(name) for row in latest.values()]
            if any(isinstance(value, str) for value in column):
                categories[name] = _labels(column)
            elif any(isinstance(value, bool | int | float) for value in column):
                numbers[name] = _numbers(column, name)
        return cls(Vocabulary(latest), numbers, categories, listed, remarks)

    def __len__(self) -> int:
        return len(self.ids)


def homes_of(given: HomesGiven | None) -> HomesLike | None:
    """Columns of homes, whether they came as rows, as columns, or not at all."""
    if given is None or isinstance(given, HomesLike):
        return given
    return Homes.from_rows(given)


def some_of(homes: HomesLike, rows: NDArray[np.int64]) -> Homes:
    """The columns of some homes, by their rows.

    >>> homes = Homes.from_rows([{"ListingKey": "h1", "ListPrice": 1}, {"ListingKey": "h2", "ListPrice": 2}])
    >>> some_of(homes, np.array([1])).numbers["ListPrice"].tolist()
    [2.0]
    """
    return Homes(
        Vocabulary([homes.ids.ids[row] for row in rows.tolist()]),
        {name: column[rows] for name, column in homes.numbers.items()},
        {name: Labels(column.codes[rows], column.labels) for name, column in homes.categories.items()},
        homes.listed_at[rows] if homes.listed_at.size else homes.listed_at,
        tuple(homes.remarks[row] for row in rows.tolist()) if homes.remarks else (),
    )


def _keyed(rows: Iterable[Mapping[str, Any]]) -> dict[Id, Mapping[str, Any]]:
    keyed: dict[Id, Mapping[str, Any]] = {}
    faults: list[Fault] = []
    for number, row in enumerate(rows):
        key = row.get("ListingKey") if isinstance(row, Mapping) else None
        if isinstance(key, str | int) and not isinstance(key, bool) and key != "":
            keyed[key] = row
        else:
            faults.append(Fault(f"homes[{number}].ListingKey", "be text or a whole number", shown(key)))
    if len({isinstance(key, str) for key in keyed}) > 1:
        faults.append(Fault("homes.ListingKey", "be all text or all whole numbers", "both"))
    if faults:
        raise BadInput(faults)
    return keyed


def _labels(column: Sequence[object]) -> Labels:
    texts = [str(value) if isinstance(value, str | int | float) else None for value in column]
    labels = Vocabulary(sorted({text for text in texts if text}))
    return Labels(np.array([labels.code(text) if text else -1 for text in texts], dtype=np.int32), labels)


def _texts(rows: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    column = [row.get(REMARKS) for row in rows]
    return tuple(text if isinstance(text, str) else "" for text in column)


def _numbers(column: Sequence[object], name: str) -> NDArray[np.float64]:
    numbers = [float(value) if isinstance(value, bool | int | float) else math.nan for value in column]
    if any(map(math.isinf, numbers)):
        raise BadInput.of(f"homes.{name}", "hold finite numbers", "an infinite one")
    return np.array(numbers, dtype=np.float64)


def _listed(row: Mapping[str, Any]) -> int:
    for name in _LISTED:
        text = row.get(name)
        if isinstance(text, str) and text:
            try:
                return parse_moment(text if "T" in text else f"{text}T00:00:00Z", name)
            except BadInput:
                continue
    return int(UNKNOWN_MOMENT)
