"""What is known of homes after their factors were learned, and how that changes with the market."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.models.als import AT_ONCE

__all__ = ["Learned"]

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Learned:
    """What is known of m homes after learning, d factors.

    `vectors` float32 (m, d); `drawn` float32 (m, d), what part of them attributes say, or (0, d) without attributes;
    `acted`, `told` bool (m,), whether anybody acted on a home and whether its attributes give it factors;
    `coefficients` (c, d) float32, or (0, d); `gram` of the homes acted on: float64 (d, d), or (d,) once its eigenbasis
    is that of the factors; `lead_gram` (d, d) of the factors of so many `leads`; `noise`, the mean weighted square by
    which a pair is missed.
    """

    vectors: Floats
    drawn: Floats
    acted: NDArray[np.bool_]
    told: NDArray[np.bool_]
    coefficients: Floats
    gram: Doubles
    lead_gram: Doubles
    leads: float
    noise: float

    @classmethod
    def of(cls, homes: Floats, acts: NDArray[Any], count: int, leads: Floats, noise: float) -> Learned:
        """Factors (n, d) of the first of `count` homes, with so many `acts` (n,), and of the leads."""
        vectors = _longer(homes, count)
        acted, nobody = _longer(acts > 0, count), np.zeros((0, homes.shape[1]), np.float32)
        gram = _gram(leads, np.ones(len(leads), dtype=np.bool_))
        told = np.zeros(count, dtype=np.bool_)
        return cls(vectors, nobody, acted, told, nobody, _gram(vectors, acted), gram, float(len(leads)), noise)

    @property
    def spread(self) -> float:
        """How long the factors of a lead are: the root of the mean square."""
        return float(np.sqrt(np.trace(self.lead_gram) / max(self.leads, 1.0)))

    def turned(self) -> Learned:
        """The same in the eigenbasis of the Gram matrix of the homes acted on, the largest first.

        Products do not change.
        """
        values, basis = (part[..., ::-1] for part in np.linalg.eigh(_gram(self.vectors, self.acted)))
        turn = basis.astype(np.float32)
        return replace(
            self,
            vectors=self.vectors @ turn,
            drawn=self.drawn @ turn,
            coefficients=self.coefficients @ turn,
            gram=np.maximum(values, 0.0),
            lead_gram=basis.T @ self.lead_gram @ basis,
        )

    def described(
        self, columns: sp.csr_array[Any, Any], homes: NDArray[np.int64], *, draws: bool, least: float = -np.inf
    ) -> Learned:
        """The same with the attributes `columns` (m, c) of some homes, in place of those they had.

        A home without acts has the factors that they say, of at least `least`; those of a home with acts move with them
        if attributes draw them.
        """
        count = columns.shape[0]
        vectors, drawn = _longer(self.vectors, count), _longer(self.drawn, count)
        acted, told = _longer(self.acted, count), _longer(self.told, count)
        said = np.maximum(columns[homes] @ self.coefficients, np.float32(least))
        told[homes] = np.diff(columns.indptr)[homes] > 0
        moved = ~acted[homes] | draws
        vectors[homes[moved]] += said[moved] - drawn[homes[moved]]
        drawn[homes[moved]] = said[moved]
        alone = homes[~acted[homes]]
        vectors[alone] = drawn[alone]
        return replace(self, vectors=vectors, drawn=drawn, acted=acted, told=told)

    def longer(self, count: int) -> Learned:
        """The same with `count` homes, nothing being known of those that are new."""
        drawn = _longer(self.drawn, count) if len(self.drawn) else self.drawn
        acted, told = _longer(self.acted, count), _longer(self.told, count)
        return replace(self, vectors=_longer(self.vectors, count), drawn=drawn, acted=acted, told=told)

    def replaced(self, homes: NDArray[np.int64], vectors: Floats, drawn: Floats) -> Learned:
        """The same with other factors of some homes, which somebody has acted on, and what part of them is drawn."""
        fresh = self.longer(len(self.vectors))
        fresh.vectors[homes], fresh.acted[homes] = vectors, True
        if len(fresh.drawn):
            fresh.drawn[homes] = drawn
        return replace(fresh, gram=_gram(fresh.vectors, fresh.acted))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays."""
        return {field.name: np.atleast_1d(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Learned:
        """The inverse of `arrays`."""
        found: dict[str, Any] = {field.name: arrays[field.name] for field in fields(cls)}
        return cls(**{**found, "leads": float(found["leads"][0]), "noise": float(found["noise"][0])})


def _gram(vectors: Floats, some: NDArray[np.bool_]) -> Doubles:
    """The Gram matrix of some rows, float64 (d, d), so many at a time that the copy takes no memory to speak of."""
    found = np.zeros((vectors.shape[1], vectors.shape[1]))
    for first in range(0, len(vectors), AT_ONCE):
        part = vectors[first : first + AT_ONCE][some[first : first + AT_ONCE]].astype(np.float64)
        found += part.T @ part
    return found


def _longer(array: NDArray[Any], count: int) -> NDArray[Any]:
    """A copy with `count` rows, zeros for those that are new."""
    longer = np.zeros((count, *array.shape[1:]), dtype=array.dtype)
    longer[: len(array)] = array
    return longer
