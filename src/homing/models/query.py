"""Whom a model is asked about, and which homes: a lead's live history, and homes by code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput, Fault
from homing.models.interactions import LARGEST_WEIGHT, Id

__all__ = ["Codes", "Query"]


@dataclass(frozen=True, slots=True, eq=False)
class Codes:
    """Homes by their codes in `model.items`, int64 (n,), which saves looking up ids; -1 is no home."""

    array: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Query:
    """What one lead did up to now, to be asked of a model that need never have met the lead.

    `weights` as in `Interactions` (left out: 1 each; negative: against the home); `at` the moments in microseconds;
    `prices` the price of each home when the lead acted, in USD, NaN where unknown; `as_of` the moment of asking: acts
    later than it are not used. Homes that a model does not know are passed over. `within` are the homes that satisfy
    what the lead has stated, by id or as `Codes`, None where nothing is stated: a model may expect a lead to like what
    is typical of them, until its acts say otherwise. `searched` are those that satisfy its searches, likewise.

    >>> Query("ann", ["h1", "h2"], [5, -10]).weights.tolist()
    [5.0, -10.0]
    """

    lead_id: Id | None
    properties: Sequence[Id]
    weights: NDArray[np.float64] = None  # type: ignore[assignment]  # left out: ones
    at: NDArray[np.int64] | None = None
    prices: NDArray[np.float64] | None = None
    as_of: int | None = None
    within: Sequence[Id] | Codes | None = None
    searched: Sequence[Id] | Codes | None = None
    coded: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)
    """What `Past.of` made of it, by vocabulary: one question is put to several models, and to each more than once."""

    def __post_init__(self) -> None:
        count = len(self.properties)
        weights = np.ones(count) if self.weights is None else np.array(self.weights, dtype=np.float64)
        object.__setattr__(self, "properties", tuple(self.properties))
        object.__setattr__(self, "weights", weights)
        if self.at is not None:
            object.__setattr__(self, "at", np.array(self.at, dtype=np.int64))
        if self.prices is not None:
            object.__setattr__(self, "prices", np.array(self.prices, dtype=np.float64))
        self._check(count)

    def __len__(self) -> int:
        return len(self.properties)

    def _check(self, count: int) -> None:
        columns = {"weights": self.weights, "at": self.at, "prices": self.prices}
        faults = [
            Fault(f"query.{name}", f"have one entry for each of the {count} properties", str(column.shape))
            for name, column in columns.items()
            if column is not None and column.shape != (count,)
        ]
        if not (np.abs(self.weights) <= LARGEST_WEIGHT).all():
            faults.append(Fault("query.weights", "be finite numbers up to 1e9 in size", str(self.weights.tolist())))
        if faults:
            raise BadInput(faults)
