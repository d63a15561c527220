"""What leads did with homes, as columns: the one shape that every model learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.core.errors import BadInput, Fault, shown
from homing.core.ids import Vocabulary

__all__ = ["LARGEST_WEIGHT", "Id", "Ids", "Interactions", "id_kind", "sorted_vocabulary"]

Id: TypeAlias = str | int
"""An id of a lead or a home: text or whole number, one kind a column."""

Ids: TypeAlias = Sequence[str] | Sequence[int] | NDArray[Any]

LARGEST_WEIGHT = 1e9
_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Interactions:
    """Rows (lead, home, weight, moment). A negative weight is evidence against the home.

    Fields, n rows: `leads`, `properties` the ids, sorted; `lead`, `property` their codes, int32 (n,); `weight` float64
    (n,); `at` int64 (n,) microseconds since 1970 UTC, or the row number where `timed` is False; `prices` float64 (n,)
    in USD, the price the home had at that moment (NaN unknown), or None; `known_at` int64 (n,) when each act became
    known, no earlier than `at`, or None where each was known at once.

    >>> data = Interactions.from_columns(["ann", "ann", "bob"], ["h2", "h1", "h2"], weights=[1, 5, -10])
    >>> len(data), data.properties.ids, data.matrix().toarray().tolist()
    (3, ('h1', 'h2'), [[5.0, 1.0], [0.0, 0.0]])
    """

    leads: Vocabulary[Id]
    properties: Vocabulary[Id]
    lead: NDArray[np.int32]
    property: NDArray[np.int32]
    weight: NDArray[np.float64]
    at: NDArray[np.int64]
    timed: bool = True
    prices: NDArray[np.float64] | None = None
    known_at: NDArray[np.int64] | None = None

    @classmethod
    def from_columns(
        cls,
        lead_ids: Ids,
        property_ids: Ids,
        weights: Sequence[float] | NDArray[Any] | None = None,
        timestamps: Sequence[int] | NDArray[Any] | None = None,
        *,
        prices: Sequence[float] | NDArray[Any] | None = None,
        known_at: Sequence[int] | NDArray[Any] | None = None,
    ) -> Interactions:
        """Interactions of columns of equal length.

        Ids are str or int, one kind a column. `weights` left out are 1. `timestamps` are int64 microseconds since 1970
        UTC or datetime64; left out, the rows are taken to be in order of time. `prices` are those at the moment, NaN
        where unknown. `known_at` are moments like `timestamps`; one before its act counts as known at once. Columns of
        different length, mixed ids, weights that are NaN, infinite or above 1e9 in size, and
        moments that are not there are refused, all faults at once.
        """
        faults: list[Fault] = []
        leads, lead = _encoded(lead_ids, "lead_ids", faults)
        homes, home = _encoded(property_ids, "property_ids", faults)
        weight = np.ones(lead.size) if weights is None else _numbers(weights, "weights", faults)
        price = None if prices is None else _prices(prices, faults)
        at = np.arange(lead.size, dtype=np.int64) if timestamps is None else _moments(timestamps, "timestamps", faults)
        known = None if known_at is None or timestamps is None else _moments(known_at, "known_at", faults)
        columns: dict[str, NDArray[Any] | None]
        columns = {"property_ids": home, "weights": weight, "timestamps": at, "prices": price, "known_at": known}
        for name, column in columns.items():
            if column is not None and column.shape != lead.shape:
                faults.append(Fault(name, f"have one entry for each of the {lead.size} lead_ids", str(column.shape)))
        if faults:
            raise BadInput(faults)
        known = None if known is None or (known <= at).all() else np.maximum(known, at)
        return cls(leads, homes, lead, home, weight, at, timestamps is not None, price, known)

    def __len__(self) -> int:
        return int(self.lead.size)

    def select(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> Interactions:
        """Some of the rows, with the same codes."""
        prices = None if self.prices is None else self.prices[rows]
        known_at = None if self.known_at is None else self.known_at[rows]
        columns = (self.lead[rows], self.property[rows], self.weight[rows], self.at[rows])
        return Interactions(self.leads, self.properties, *columns, self.timed, prices, known_at)

    def before(self, at: int) -> Interactions:
        """The rows that had happened and were known earlier than a moment (exclusive), with the same codes."""
        return self.select(self.known() < at)

    def known(self) -> NDArray[np.int64]:
        """When each act had happened and was known, int64 (n,)."""
        return self.at if self.known_at is None else self.known_at

    def matrix(self) -> sp.csr_array[Any, Any]:
        """Leads x homes, float32: the positive weights of each pair, summed."""
        return self._summed(self.weight > 0, self.weight)

    def negatives(self) -> sp.csr_array[Any, Any]:
        """Leads x homes, float32: the sizes of the negative weights of each pair, summed."""
        return self._summed(self.weight < 0, -self.weight)

    def net(self) -> sp.csr_array[Any, Any]:
        """Leads x homes, float32: all weights of each pair, summed with their sign; a pair that cancels stays, as 0."""
        return self._summed(slice(None), self.weight)

    def _summed(self, rows: Any, weight: NDArray[np.float64]) -> sp.csr_array[Any, Any]:
        shape = (len(self.leads), len(self.properties))
        matrix = sp.coo_array((weight[rows], (self.lead[rows], self.property[rows])), shape=shape).tocsr()
        matrix.sum_duplicates()
        return matrix.astype(np.float32)


def id_kind(names: Vocabulary[Id]) -> type | None:
    """Str or int, whichever the ids are; None where there is none."""
    return (int if isinstance(names.ids[0], int) else str) if names.ids else None


def sorted_vocabulary(names: Ids, where: str, faults: list[Fault]) -> Vocabulary[Id]:
    """The distinct ids in sorted order, so that codes do not depend on the order of rows."""
    distinct = set(names.tolist() if isinstance(names, np.ndarray) else names)
    kinds = {type(name) for name in distinct}
    texts = all(issubclass(kind, str) for kind in kinds)
    whole = all(issubclass(kind, int | np.integer) and kind is not bool for kind in kinds)
    if not (texts or whole):
        faults.append(Fault(where, "be all text or all whole numbers", shown(sorted(k.__name__ for k in kinds))))
        return Vocabulary[Id](())
    if texts and "" in distinct:
        faults.append(Fault(where, "not be empty texts", "''"))
    plain: Any = str if texts else int
    return Vocabulary[Id](sorted(plain(name) for name in distinct))


def _encoded(names: Ids, where: str, faults: list[Fault]) -> tuple[Vocabulary[Id], NDArray[np.int32]]:
    if isinstance(names, str | bytes):
        raise BadInput.of(where, "be a sequence of ids", names)
    column: list[Any] = names.tolist() if isinstance(names, np.ndarray) else list(names)
    before = len(faults)
    vocabulary = sorted_vocabulary(column, where, faults)
    if len(faults) > before:
        return vocabulary, np.full(len(column), -1, dtype=np.int32)
    return vocabulary, vocabulary.codes(column).astype(np.int32)


def _numbers(values: Sequence[float] | NDArray[Any], where: str, faults: list[Fault]) -> NDArray[np.float64]:
    try:
        numbers = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise BadInput.of(where, "be numbers", values) from None
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero(~(np.abs(numbers) <= LARGEST_WEIGHT).ravel())
    must = "be a finite number up to 1e9 in size"
    faults.extend(Fault(f"{where}[{row}]", must, str(numbers.ravel()[row])) for row in wrong[:_MOST_FAULTS])
    if wrong.size > _MOST_FAULTS:
        faults.append(Fault(where, "be finite numbers up to 1e9 in size", f"{wrong.size} that are not"))
    return numbers


def _prices(values: Sequence[float] | NDArray[Any], faults: list[Fault]) -> NDArray[np.float64]:
    prices = np.array(values, dtype=np.float64)
    if np.isinf(prices).any() or (prices < 0).any():
        faults.append(Fault("prices", "be amounts of USD, or NaN where unknown", "infinite or negative ones"))
    return prices


def _moments(values: Sequence[int] | NDArray[Any], where: str, faults: list[Fault]) -> NDArray[np.int64]:
    moments = np.asarray(values)
    if moments.size == 0:
        return np.zeros(moments.shape, dtype=np.int64)
    if moments.dtype.kind == "M":
        missing = int(np.isnat(moments).sum())
        if missing:
            faults.append(Fault(where, "all be there", f"{missing} NaT"))
        return moments.astype("datetime64[us]").astype(np.int64)
    if moments.dtype.kind not in "iu":
        faults.append(Fault(where, "be int64 microseconds or datetime64", str(moments.dtype)))
        return np.zeros(moments.shape, dtype=np.int64)
    return moments.astype(np.int64)
