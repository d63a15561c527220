"""A lead's factors with those of the homes held fixed, for each way that the homes' factors were learned.

Whichever way, the evidence of a lead's acts is B (sum over its homes j of pull_j y_j) with a symmetric B (d, d), so a
score y . B (sum of pull y) is exactly a sum over the lead's homes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from homing.models.factor_learning import AGAINST
from homing.models.folding import fold_in, inverse, solved
from homing.models.spectral import non_negative_row

__all__ = ["FixedHomes", "NonNegative", "Projected", "Row", "Weighted", "fixed_homes"]

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

_ROUNDS = 200
_RIDGE = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """A lead's n homes that have factors: `items` int64 codes, `confidence` beyond 1, `pull`, and its `penalty`."""

    items: NDArray[np.int64]
    confidence: Doubles
    pull: Doubles
    penalty: float


class FixedHomes(Protocol):
    """The factors of homes, `vectors` float32 (m, d), and what follows from them for a lead."""

    @property
    def vectors(self) -> Floats:
        """The factors of the homes."""
        ...

    def evidence(self, row: Row) -> Doubles:
        """B (sum of pull y), float64 (d,): the lead's factors where nothing was stated."""
        ...

    def reach(self, row: Row) -> Doubles:
        """B, float64 (d, d)."""
        ...

    def kept(self, row: Row, stated: Doubles) -> Doubles:
        """What stays of factors (d,) expected before the lead acted, so that they and the evidence add up."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Weighted:
    """Least squares over all pairs: B = (G + penalty + sum of c y yT)^-1, G diagonal, its eigenvalues `diagonal` (d,).

    A pair without an act is expected to be 0, or what the stated factors make of it.
    """

    vectors: Floats
    diagonal: Doubles

    def evidence(self, row: Row) -> Doubles:
        """B (sum of pull y)."""
        return self._solved(row, row.pull)

    def reach(self, row: Row) -> Doubles:
        """B."""
        return inverse(self.vectors, self.diagonal + row.penalty, row.items, row.confidence)

    def kept(self, row: Row, stated: Doubles) -> Doubles:
        """Less B (sum of (1 + c) (y . stated) y): acts say anew how the lead goes with the homes acted on."""
        expected = self.vectors[row.items].astype(np.float64) @ stated
        return stated - self._solved(row, (1.0 + row.confidence) * expected)

    def solved(
        self, items: NDArray[np.int64], weights: Doubles, has: NDArray[np.bool_], scale: float, reg: float
    ) -> Doubles:
        """The `evidence` of acts on homes, those that `has` holds for, in one go: (d,), or (0,) where there is none."""
        return solved(self.vectors, self.diagonal, has, items, weights, scale, reg, AGAINST)

    def _solved(self, row: Row, pull: Doubles) -> Doubles:
        base = self.diagonal + row.penalty
        return fold_in(self.vectors, base, row.items, row.confidence, pull, np.zeros(base.size))


@dataclass(frozen=True, slots=True, eq=False)
class Projected:
    """Homes whose factors are orthonormal columns: B = 1 (PureSVD)."""

    vectors: Floats

    def evidence(self, row: Row) -> Doubles:
        """Sum of pull y."""
        return row.pull @ self.vectors[row.items].astype(np.float64)

    def reach(self, row: Row) -> Doubles:
        """1."""
        return np.eye(self.vectors.shape[1])

    def kept(self, row: Row, stated: Doubles) -> Doubles:
        """All of it."""
        return stated


@dataclass(frozen=True, slots=True, eq=False)
class NonNegative:
    """Least squares with factors of at least 0: B = (G + ridge)^-1 over the factors above 0, 0 elsewhere.

    `gram` (d, d) is that of the homes' factors, the ridge a thousandth of its mean diagonal. Which factors are above 0
    depends on the lead's acts; given them the solution is linear in the acts.
    """

    vectors: Floats
    gram: Doubles

    def evidence(self, row: Row) -> Doubles:
        """B (sum of pull y)."""
        return self.solved(self._right(row))

    def solved(self, right: Doubles) -> Doubles:
        """B right."""
        found: Doubles = self._inverse(right) @ right
        return found

    def reach(self, row: Row) -> Doubles:
        """B."""
        return self._inverse(self._right(row))

    def kept(self, row: Row, stated: Doubles) -> Doubles:
        """All of it."""
        return stated

    def _right(self, row: Row) -> Doubles:
        return row.pull @ self.vectors[row.items].astype(np.float64)

    def _inverse(self, right: Doubles) -> Doubles:
        size = right.size
        gram = self.gram + (_RIDGE * np.trace(self.gram) / size or 1.0) * np.eye(size)
        above = np.flatnonzero(non_negative_row(gram, right, _ROUNDS) > 0.0)
        found = np.zeros_like(gram)
        while above.size:
            part = np.linalg.inv(gram[np.ix_(above, above)])
            positive = part @ right[above] >= 0.0
            if positive.all():
                found[np.ix_(above, above)] = part
                break
            above = above[positive]
        return found


def fixed_homes(method: str, vectors: Floats, gram: Doubles) -> FixedHomes:
    """The homes of a method; for ials `gram` (d,) is the diagonal that it is in the basis of the factors."""
    if method == "ials":
        return Weighted(vectors, gram)
    return Projected(vectors) if method == "svd" else NonNegative(vectors, gram)
