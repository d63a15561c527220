"""The homes whose factors have the largest products with a lead's, without looking at all of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.models.folding import best, passing

__all__ = ["Search"]

Floats = NDArray[np.float32]

HEAD = 16
FEW = 20_000
"""So many homes are looked at in a row: they lie in the cache, and the search would not be quicker."""


@dataclass(frozen=True, slots=True, eq=False)
class Search:
    """Homes by falling length of their `vectors` float32 (m, d), those left out that have none; see `folding.best`."""

    vectors: Floats
    order: NDArray[np.int32]
    heads: Floats
    tails: Floats
    has: NDArray[np.bool_]

    @classmethod
    def of(cls, vectors: Floats, has: NDArray[np.bool_]) -> Search:
        """The homes that have factors."""
        tail = np.sqrt(np.einsum("md,md->m", vectors[:, HEAD:], vectors[:, HEAD:]))
        whole = np.sqrt(np.einsum("md,md->m", vectors, vectors))
        known = np.flatnonzero(has)
        order = known[np.argsort(-whole[known], kind="stable")].astype(np.int32)
        return cls(vectors, order, vectors[order, :HEAD], np.column_stack((tail, whole))[order], has)

    def near(self, x: NDArray[np.float64], allowed: NDArray[np.bool_], k: int) -> NDArray[np.int64]:
        """The codes, ascending, of all allowed homes that may be among the `k` best for a lead's factors (d,)."""
        longest = float(self.tails[0, 1]) if self.order.size else 0.0
        slack = (x.size + 8) * 2.0**-23 * longest * math.sqrt(float(x @ x))
        short = x.astype(np.float32)
        if len(self.vectors) > FEW:
            most = max(self.order.size // 16, 2 * k)
            near = best(self.vectors, self.order, self.heads, self.tails, allowed, short, k, slack, most)
            if near.size != 1 or near[0] >= 0:
                return near
        return passing(self.vectors @ short, allowed[: self.has.size] & self.has, k, slack)
