"""The Gram matrix of what leads did with homes, in full, for the models that solve for weights of homes on homes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput
from homing.core.jit import kernel
from homing.models.interactions import Interactions
from homing.models.item_item import values_of

__all__ = ["MOST_HOMES", "Gram"]

MOST_HOMES = 20_000
"""With more homes that anybody acted on a full matrix of homes by homes is refused (1.6 GB at this size)."""

_WIDE_UPTO = 4_096


@dataclass(frozen=True, slots=True, eq=False)
class Gram:
    """XᵀX of the values X of leads on homes.

    `place` int32 (n,) is each home's row in `products`, -1 for a home nobody acted on; `products` (m, m) symmetric,
    float64 up to 4,096 homes and float32 beyond; `leads` the number of leads.
    """

    place: NDArray[np.int32]
    products: NDArray[Any]
    leads: int

    @classmethod
    def of(cls, data: Interactions, model: str) -> Gram:
        """The products of interactions; too many homes for a full matrix are refused in the name of the model."""
        values = values_of(data.net())
        acted = np.flatnonzero(np.bincount(values.indices, minlength=values.shape[1]))
        if acted.size > MOST_HOMES:
            raise BadInput.of(
                "data.property",
                f"be at most {MOST_HOMES} homes with acts for {model}; RP3betaModel and ItemKNNModel take any number",
                int(acted.size),
            )
        place = np.full(values.shape[1], -1, dtype=np.int32)
        place[acted] = np.arange(acted.size)
        kind = np.float64 if acted.size <= _WIDE_UPTO else np.float32
        products = np.zeros((acted.size, acted.size), dtype=kind)
        _add_products(products, values.indptr, place[values.indices], values.data)
        return cls(place, products, values.shape[0])

    @property
    def size(self) -> int:
        """The number of homes that anybody acted on."""
        return int(self.products.shape[0])


@kernel
def _add_products(
    products: NDArray[Any], offsets: NDArray[np.int32], places: NDArray[np.int32], values: NDArray[np.float64]
) -> None:
    """Add the products of all pairs of a lead's values, for each lead; places rise within a lead."""
    for lead in range(offsets.size - 1):
        for e in range(offsets[lead], offsets[lead + 1]):
            row = products[places[e]]
            for f in range(offsets[lead], e + 1):
                row[places[f]] += values[e] * values[f]
    for i in range(products.shape[0]):
        for j in range(i):
            products[j, i] = products[i, j]
