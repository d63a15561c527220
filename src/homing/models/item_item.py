"""What the models have in common that score by a lead's row of values times a matrix of homes by homes."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.core.errors import Fault, shown
from homing.core.jit import fast_kernel, kernel
from homing.models.base import Arrays, LearningModel, Scores
from homing.models.pasts import Past
from homing.models.tuning import Trial, packed_trials, trials_from
from homing.models.validation import Cut
from homing.models.voices import Voices

__all__ = [
    "AGAINST", "Dense", "ItemItemModel", "Links", "Sparse", "acted_on", "count_fault", "evidence", "number_fault",
    "positive", "values_of",
]  # fmt: skip

C = TypeVar("C")
Doubles = NDArray[np.float64]
Codes = NDArray[np.int64]
Matrix = sp.csr_array[Any, Any]

AGAINST = 0.5
"""What evidence against a home counts, beside as much evidence for it."""


def evidence(weights: NDArray[Any]) -> Doubles:
    """What summed weights w count: sign(w) log2(1 + |w|), half of it where negative; a weight of 1 counts 1.

    >>> evidence(np.array([1.0, 7.0, -1.0, 0.0])).tolist()
    [1.0, 3.0, -0.5, 0.0]
    """
    size = np.log2(1.0 + np.abs(np.asarray(weights, dtype=np.float64)))
    return np.where(weights < 0, -AGAINST * size, size)


def values_of(net: Matrix) -> Matrix:
    """The evidence of each lead on each home, csr float64; pairs whose weights cancel are left out."""
    values: Matrix = sp.csr_array((evidence(net.data), net.indices, net.indptr), shape=net.shape)
    values.eliminate_zeros()
    return values


def positive(net: Matrix) -> Matrix:
    """The evidence for homes alone, csr float64."""
    values = values_of(net)
    values.data = np.maximum(values.data, 0.0)
    values.eliminate_zeros()
    return values


def acted_on(net: Matrix) -> NDArray[np.bool_]:
    """Which homes anybody acted on, whose weights do not cancel."""
    return np.bincount(net.indices, weights=net.data != 0, minlength=net.shape[1]) > 0


@dataclass(frozen=True, slots=True, eq=False)
class Dense:
    """What homes say about homes, in full: float32 `weights` (m, m) of the homes whose `place` is not -1."""

    place: NDArray[np.int32]
    weights: NDArray[np.float32]

    @property
    def size(self) -> int:
        """The number of homes, with those of which nothing can be said."""
        return int(self.place.size)

    def has(self, items: Codes) -> NDArray[np.bool_]:
        """Whether anything can be said about, and by, each of these homes."""
        return _has(self.place >= 0, items)

    def scores(self, items: Codes, values: Doubles, wanted: Codes) -> Doubles:
        """The sum over the lead's homes of value times weight, for each home wanted; NaN where nothing can be said."""
        has, scores = self.has(wanted), np.full(wanted.size, np.nan)
        scores[has] = _dense_sums(self.weights, self.place[items], values, self.place[wanted[has]])
        return scores

    def parts(self, items: Codes, values: Doubles, wanted: Codes) -> Doubles:
        """The terms of those sums, float64 (wanted, items)."""
        table = self.weights[np.ix_(self.place[items], self.place[wanted])].astype(np.float64)
        return np.ascontiguousarray((values[:, None] * table).T)

    def arrays(self) -> Arrays:
        """Everything, to be saved."""
        return {"place": self.place, "weights": self.weights}


@dataclass(frozen=True, slots=True, eq=False)
class Sparse:
    """What homes say about homes, by rows: home i says `weights[offsets[i]:offsets[i + 1]]` of homes `columns[...]`.

    `known` bool (n,) is where anybody acted; int64 `offsets`, int32 `columns` rising within a row, float32 `weights`.
    """

    known: NDArray[np.bool_]
    offsets: NDArray[np.int64]
    columns: NDArray[np.int32]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, matrix: Matrix, known: NDArray[np.bool_]) -> Sparse:
        """The links in a matrix of homes by homes."""
        matrix.sort_indices()
        offsets, columns = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
        return cls(known, offsets, columns, matrix.data.astype(np.float32))

    @property
    def size(self) -> int:
        """The number of homes, with those of which nothing can be said."""
        return int(self.known.size)

    def matrix(self) -> Matrix:
        """The same as a matrix."""
        return sp.csr_array((self.weights, self.columns, self.offsets), shape=(self.size, self.size))

    def has(self, items: Codes) -> NDArray[np.bool_]:
        """Whether anything can be said about, and by, each of these homes."""
        return _has(self.known, items)

    def scores(self, items: Codes, values: Doubles, wanted: Codes) -> Doubles:
        """The sum over the lead's homes of value times weight, for each home wanted; NaN where nothing can be said."""
        sums = _sparse_sums(self.offsets, self.columns, self.weights, items, values, self.known.size)
        return _those_known(sums, self.known, wanted)

    def parts(self, items: Codes, values: Doubles, wanted: Codes) -> Doubles:
        """The terms of those sums, float64 (wanted, items)."""
        return _sparse_parts(self.offsets, self.columns, self.weights, items, values, wanted)

    def arrays(self) -> Arrays:
        """Everything, to be saved."""
        return {"known": self.known, "offsets": self.offsets, "columns": self.columns, "weights": self.weights}


Links = Dense | Sparse


class ItemItemModel(LearningModel[C]):
    """score(lead, j) = sum over the lead's homes i of value(lead, i) * links(i, j), added in float64.

    The weights of a lead on a home are added up to w; its value is sign(w) log2(1 + |w|), halved where negative. A home
    nobody acted on has no score (NaN), and no home has one for a lead without a home that the model knows.
    """

    links_: Links
    trials_: tuple[Trial, ...]

    def _row(self, past: Past) -> tuple[Codes, Doubles]:
        """The lead's homes that the model knows, and their values."""
        items, weights = past.summed()
        kept = self.links_.has(items) & (weights != 0)
        return items[kept], evidence(weights[kept])

    def _speaks(self, past: Past) -> bool:
        return past.once(self, self._row)[0].size > 0

    def _score(self, past: Past, items: Codes) -> Scores:
        acted, values = past.once(self, self._row)
        if not acted.size:
            return np.full(items.size, np.nan, dtype=np.float32)
        return self.links_.scores(acted, values, items).astype(np.float32)

    def _explain(self, past: Past, items: Codes) -> list[dict[str, float]]:
        names, amounts = self.voices(past, items)
        has = self.links_.has(items).tolist()
        return [
            dict(zip(names, said, strict=True)) if known else {}
            for known, said in zip(has, amounts.tolist(), strict=True)
        ]

    def voices(self, past: Past, items: Codes) -> Voices:
        """What each act says of each of these homes."""
        acted, values = past.once(self, self._row)
        amounts, has = np.zeros((items.size, acted.size)), self.links_.has(items)
        if acted.size:
            amounts[has] = self.links_.parts(acted, values, items[has])
        return Voices(tuple(str(self.items.ids[code]) for code in acted.tolist()), amounts)

    def _ndcg(self, cuts: Sequence[Cut], links: Iterable[Links]) -> float:
        """How well the links learned from each cut do on it, on average."""
        probe, found = copy.copy(self), []
        for cut, learned in zip(cuts, links, strict=True):
            probe.links_ = learned
            found.append(cut.ndcg(probe))
        return float(np.mean(found))

    def _state(self) -> Arrays:
        return {**self.links_.arrays(), "trials": packed_trials(self.trials_)}

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.trials_ = trials_from(state["trials"])
        if "place" in state:
            self.links_ = Dense(state["place"], state["weights"])
        else:
            self.links_ = Sparse(state["known"], state["offsets"], state["columns"], state["weights"])


def number_fault(name: str, value: object, least: float, most: float) -> list[Fault]:
    """What is wrong with a number that may be left out."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most):
        return []
    return [Fault(name, f"be a number from {least:g} to {most:g}, or None", shown(value))]


def count_fault(name: str, value: object, most: int) -> list[Fault]:
    """What is wrong with a number of things that may be left out."""
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= most):
        return []
    return [Fault(name, f"be a whole number from 1 to {most}, or None", shown(value))]


def _has(known: NDArray[np.bool_], items: Codes) -> NDArray[np.bool_]:
    if known.size and (items.size == 0 or int(items.max()) < known.size):
        return known[items]
    has = np.zeros(items.size, dtype=np.bool_)
    met = items < known.size
    has[met] = known[items[met]]
    return has


@fast_kernel
def _dense_sums(
    weights: NDArray[np.float32], rows: NDArray[np.int32], values: Doubles, wanted: NDArray[np.int32]
) -> Doubles:
    out = np.zeros(wanted.size)
    for r in range(rows.size):
        row = weights[rows[r]]
        value = values[r]
        for j in range(wanted.size):
            out[j] += value * row[wanted[j]]
    return out


@kernel
def _sparse_sums(
    offsets: Codes, columns: NDArray[np.int32], weights: NDArray[np.float32], items: Codes, values: Doubles, size: int
) -> Doubles:
    out = np.zeros(size)
    for r in range(items.size):
        for e in range(offsets[items[r]], offsets[items[r] + 1]):
            out[columns[e]] += values[r] * weights[e]
    return out


@kernel
def _those_known(sums: Doubles, known: NDArray[np.bool_], wanted: Codes) -> Doubles:
    """The sums of the homes wanted, NaN for those that are not known."""
    out = np.full(wanted.size, np.nan)
    for j in range(wanted.size):
        if wanted[j] < known.size and known[wanted[j]]:
            out[j] = sums[wanted[j]]
    return out


@kernel
def _sparse_parts(
    offsets: Codes,
    columns: NDArray[np.int32],
    weights: NDArray[np.float32],
    items: Codes,
    values: Doubles,
    wanted: Codes,
) -> Doubles:
    out = np.zeros((wanted.size, items.size))
    for r in range(items.size):
        first, last = offsets[items[r]], offsets[items[r] + 1]
        for w in range(wanted.size):
            e = first + np.searchsorted(columns[first:last], wanted[w])
            if e < last and columns[e] == wanted[w]:
                out[w, r] = values[r] * weights[e]
    return out
