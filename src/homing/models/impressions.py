"""Homes that were shown to leads, and whether the lead engaged: what calibration learns from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput, Fault
from homing.models.interactions import Id, Ids

__all__ = ["Impressions"]


def _nothing(lead: Id) -> None:
    """Nothing is stated."""


def _never(lead: Id, at: int) -> None:
    """Nothing was searched for."""


@dataclass(frozen=True, slots=True, eq=False)
class Impressions:
    """n homes shown: to whom, which, when (int64 microseconds), at which place of the list, and what came of it.

    `stated` says which rows of the homes learned from satisfy the limits that a lead stated, None where it stated none;
    `searched` the same of what it had searched for before a moment.

    >>> shown = Impressions.from_columns(["ann", "ann"], ["h1", "h2"], [0, 0], engaged=[True, False])
    >>> len(shown), int(shown.engaged.sum()), shown.position.tolist()
    (2, 1, [1, 1])
    """

    lead_ids: tuple[Id, ...]
    property_ids: tuple[Id, ...]
    at: NDArray[np.int64]
    position: NDArray[np.int64]
    engaged: NDArray[np.bool_]
    stated: Callable[[Id], NDArray[np.int64] | None] = _nothing
    searched: Callable[[Id, int], NDArray[np.int64] | None] = _never

    @classmethod
    def from_columns(
        cls,
        lead_ids: Ids,
        property_ids: Ids,
        timestamps: Sequence[int] | NDArray[Any],
        positions: Sequence[int] | NDArray[Any] | None = None,
        engaged: Sequence[bool] | NDArray[Any] = (),
    ) -> Impressions:
        """Impressions of columns of equal length; `positions` left out are 1 (the lead saw nothing above it)."""
        count = len(lead_ids)
        moments = np.asarray(timestamps)
        at = (
            moments.astype("datetime64[us]").astype(np.int64) if moments.dtype.kind == "M" else moments.astype(np.int64)
        )
        place = np.ones(count, dtype=np.int64) if positions is None else np.asarray(positions, dtype=np.int64)
        columns = {"property_ids": property_ids, "timestamps": at, "positions": place, "engaged": engaged}
        faults = [
            Fault(f"impressions.{name}", f"have one entry for each of the {count} lead_ids", str(len(column)))
            for name, column in columns.items()
            if len(column) != count
        ]
        if faults:
            raise BadInput(faults)
        return cls(tuple(lead_ids), tuple(property_ids), at, place, np.asarray(engaged, dtype=np.bool_))

    def __len__(self) -> int:
        return len(self.lead_ids)

    def select(self, rows: NDArray[np.bool_]) -> Impressions:
        """The impressions of these rows, bool (n,)."""
        some = np.flatnonzero(rows)
        leads, homes = self.lead_ids, self.property_ids
        return Impressions(
            tuple(leads[row] for row in some),
            tuple(homes[row] for row in some),
            self.at[some],
            self.position[some],
            self.engaged[some],
            self.stated,
            self.searched,
        )
