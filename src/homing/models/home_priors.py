"""What homes' attributes say about their factors, before anybody has acted on them.

    y_i ~ N(A f_i, 1 / penalty_i)

f_i is 1 and, for every bin of every attribute (see `axes`), the home's part in it less the market's share; an unknown
attribute counts as average. A is learned by ridge regression of the factors of homes with acts, each weighing the root
of the number of its acts (feature-aware matrix factorisation: Agarwal, Chen, KDD 2009).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from homing.models.artifact import packed_text, text_from
from homing.models.axes import Axis, Encoding, axes_from, axes_text, axis_columns, chosen_axes, encoded
from homing.models.homes import HomesLike

__all__ = ["Attributes", "Ridge"]

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]

MOST_BINS = 1_500
"""Of more bins than this, those count that most homes lie in."""

RIDGE = 10.0
"""The regularisation of A: as much as ten homes with one act each."""


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """The attributes by which homes were described when the model learned, and how to describe others alike.

    `marks` are the positions of the bins of each axis, `starts` (a + 1,) where they begin, `kept` bool (bins,) the bins
    that count, `shares` (bins,) the market's share of each.
    """

    axes: tuple[Axis, ...]
    marks: tuple[NDArray[np.int64], ...]
    starts: NDArray[np.int64]
    kept: NDArray[np.bool_]
    shares: Doubles

    @classmethod
    def of(cls, homes: HomesLike) -> tuple[Attributes, sp.csr_array[Any, Any]]:
        """The attributes of these homes, and their `columns`."""
        axes, values = axis_columns(chosen_axes(homes), homes)
        encoding = encoded(axes, values)
        counts = np.bincount(encoding.bins.ravel() + 1, minlength=int(encoding.starts[-1]) + 1)[1:]
        kept = np.zeros(counts.size, dtype=np.bool_)
        kept[np.argsort(-counts, kind="stable")[:MOST_BINS]] = True
        found = cls(axes, encoding.marks, encoding.starts, kept & (counts > 0), encoding.shares)
        return found, found._columns(encoding)

    def columns(self, homes: HomesLike) -> sp.csr_array[Any, Any]:
        """Some homes, float32 (n, 1 + a + bins): 1, which attributes are known, and the part in every bin.

        A number beyond those met counts as the nearest, a place or label not met as unknown; a home of which nothing is
        known is a row of zeros.
        """
        axes, values = axis_columns(self.axes, homes)
        return self._columns(encoded(axes, values))

    def grown(self, homes: HomesLike) -> Attributes:
        """The same with the labels that these homes bring, which have no bins."""
        return replace(self, axes=axis_columns(self.axes, homes)[0])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays."""
        marks = np.concatenate((np.zeros(0, np.int64), *self.marks))
        counts = np.array([len(mark) for mark in self.marks], dtype=np.int64)
        columns = {"starts": self.starts, "kept": self.kept, "shares": self.shares}
        return {"axes": packed_text(axes_text(self.axes)), "marks": marks, "counts": counts, **columns}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Attributes:
        """The inverse of `arrays`."""
        marks = np.split(arrays["marks"], np.cumsum(arrays["counts"])[:-1]) if arrays["counts"].size else []
        axes = axes_from(text_from(arrays["axes"]))
        return cls(axes, tuple(marks), arrays["starts"], arrays["kept"], arrays["shares"])

    def spread(self) -> Doubles:
        """T (1 + a + bins, 1 + bins): `columns @ T` are the attributes less the market's shares."""
        count = len(self.axes)
        bins = np.flatnonzero(self.kept)
        axis = np.searchsorted(self.starts, bins, side="right") - 1
        table = np.zeros((1 + count + self.kept.size, 1 + bins.size))
        table[0, 0] = 1.0
        places = np.arange(1, 1 + bins.size)
        table[1 + axis, places] = -self.shares[bins]
        table[1 + count + bins, places] = 1.0
        return table

    def _columns(self, encoding: Encoding) -> sp.csr_array[Any, Any]:
        count, homes = len(self.axes), encoding.bins.shape[0]
        place = self._places(encoding)
        bins = np.append(place, -1)[encoding.bins]
        known = (bins >= 0) & (encoding.parts > 0)
        told = np.zeros((homes, count), dtype=np.bool_)
        for column, owner in enumerate(encoding.axis.tolist()):
            told[:, owner] |= known[:, column]
        rows, places = np.nonzero(known)
        first, which = np.nonzero(told)
        some = np.flatnonzero(told.any(axis=1))
        row = np.concatenate((some, first, rows))
        bin_ = np.concatenate((np.zeros_like(some), 1 + which, 1 + count + bins[rows, places]))
        parts = np.concatenate((np.ones(some.size + first.size, np.float32), encoding.parts[rows, places]))
        shape = (homes, 1 + count + self.kept.size)
        table = sp.coo_array((parts, (row, bin_)), shape=shape).tocsr()
        table.sum_duplicates()
        return table

    def _places(self, encoding: Encoding) -> NDArray[np.int64]:
        """Our bin for each bin of an encoding, -1 where there is none."""
        places = np.full(int(encoding.starts[-1]), -1, dtype=np.int64)
        for number, (axis, ours, theirs) in enumerate(zip(self.axes, self.marks, encoding.marks, strict=True)):
            if not ours.size or not theirs.size:
                continue
            near = np.clip(theirs, ours[0], ours[-1]) if axis.kind == "number" else theirs
            found = np.minimum(np.searchsorted(ours, near), ours.size - 1)
            bins = np.where(ours[found] == near, found + self.starts[number], -1)
            places[encoding.starts[number] : encoding.starts[number + 1]] = np.where(self.kept[bins], bins, -1)
        return places


class Ridge:
    """The regression of homes' factors on their attributes, worked out once for any number of factors.

    `columns` (n, 1 + a + bins) are those of n homes, `rows` the homes to learn from, `acts` (n,) how many each has.
    """

    def __init__(
        self, columns: sp.csr_array[Any, Any], spread: Doubles, rows: NDArray[np.int64], acts: NDArray[Any]
    ) -> None:
        self._rows, self._spread = rows, spread
        taken = columns[rows].astype(np.float64)
        self._weighted = sp.csr_array(taken.multiply(np.sqrt(acts[rows].astype(np.float64))[:, None])).T.tocsr()
        normal = spread.T @ (self._weighted @ taken).toarray() @ spread
        penalty = np.full(normal.shape[0], RIDGE)
        penalty[0] = 1e-3
        normal[np.diag_indices_from(normal)] += penalty
        self._factor = cho_factor(normal, lower=True)

    def coefficients(self, factors: Floats) -> Floats:
        """What to multiply `columns` by, float32 (1 + a + bins, d): T A, for the factors (n, d) of the homes."""
        right = self._spread.T @ (self._weighted @ factors[self._rows].astype(np.float64))
        found: Doubles = self._spread @ cho_solve(self._factor, right)
        return found.astype(np.float32)
