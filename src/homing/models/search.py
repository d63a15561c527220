"""The homes whose factors have the largest products with a lead's, without looking at all of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.models.nearest import best, ranked

__all__ = ["Search"]

Floats = NDArray[np.float32]

HEAD = 16
FEW = 20_000
"""So many homes are looked at in a row: they lie in the cache, and the search would not be quicker."""


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """Homes by falling length of their `vectors` float32 (m, d), those left out that have none; see `nearest.best`."""

    vectors: Floats
    order: NDArray[np.int32]
    heads: Floats
    tails: Floats
    has: NDArray[np.bool_]
    longest: float

    @classmethod
    def of(cls, vectors: Floats, has: NDArray[np.bool_]) -> Search:
        """The homes that have factors."""
        tail = np.sqrt(np.einsum("md,md->m", vectors[:, HEAD:], vectors[:, HEAD:]))
        whole = np.sqrt(np.einsum("md,md->m", vectors, vectors))
        known = np.flatnonzero(has)
        order = known[np.argsort(-whole[known], kind="stable")].astype(np.int32)
        longest = float(whole[order[0]]) if order.size else 0.0
        return cls(vectors, order, vectors[order, :HEAD], np.column_stack((tail, whole))[order], has, longest)

    def best(self, x: NDArray[np.float64], allowed: NDArray[np.bool_], k: int) -> tuple[NDArray[np.int64], Floats]:
        """The `k` best allowed homes for a lead's factors (d,), best first, and their products in float32.

        Products are added in float64 before they are rounded; equal ones are in order of code.
        """
        homes, products = self._near(x, allowed, k)
        order = np.argsort(-products, kind="stable")[:k]
        return homes[order], products[order]

    def _near(self, x: NDArray[np.float64], allowed: NDArray[np.bool_], k: int) -> tuple[NDArray[np.int64], Floats]:
        """Homes in order of code, the best among them, and their products."""
        if len(self.vectors) > FEW:
            most = max(self.order.size // 48, 2 * k)
            found = best(self.vectors, self.order, self.heads, self.tails, allowed, x, k, most)
            if found[0].size != 1 or found[0][0] >= 0:
                return found
        return ranked(self.vectors, self.has, allowed, x, k, self.longest)
