"""Candidates as features, and what came of them: what a ranker learns from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput, Fault, shown

__all__ = ["POSITION", "Labelled"]

POSITION: Final = "position"
"""The family of the place in a list, which is no reason to show a home."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """n candidates with f features each, in lists, and whether the lead engaged with each.

    `features` float64 (n, f), NaN where unknown; of each feature its name, the family of reasons that it belongs to,
    and whether a score must rise (1) or fall (-1) with it, or may do either (0). `group` int64 (n,) says which rows
    were shown, or could have been chosen, together; `label` float64 (n,) is 0 for what was not engaged with, else
    how strongly (True is 1). `position` float64 (n,) is the place in the list, from 0 or 1 on, NaN where unknown, None
    where nothing was shown in an order; `weight` (n,) above 0 is how much a row counts, None for 1.

    >>> features = [[1.0, 2.0], [0.0, float("nan")]]
    >>> rows = Labelled(features, ("fit", "age"), ("price", "fresh"), (1, 0), [7, 7], [True, False])
    >>> len(rows), rows.families, rows.contrasts.tolist()
    (2, ('price', 'fresh'), [True, False])
    """

    features: Floats
    names: tuple[str, ...]
    family: tuple[str, ...]
    monotone: tuple[int, ...]
    group: NDArray[np.int64]
    label: Floats
    position: Floats | None = None
    weight: Floats | None = None

    def __post_init__(self) -> None:
        for name in ("names", "family", "monotone"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        for name in ("features", "label", "position", "weight"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=np.float64))
        object.__setattr__(self, "group", np.asarray(self.group, dtype=np.int64))
        faults = [Fault(f"labelled.{name}", must, shown(got)) for name, must, got in self._faults()]
        if faults:
            raise BadInput(faults)

    def __len__(self) -> int:
        return self.label.size

    @property
    def families(self) -> tuple[str, ...]:
        """The families, each once, in order of their first feature."""
        return tuple(dict.fromkeys(self.family))

    @property
    def strengths(self) -> Floats:
        """How much each row that was engaged with counts, 1 on average, and 0 for the others, (n,)."""
        counted = self.label if self.weight is None else self.label * self.weight
        engaged = counted > 0
        return counted / counted[engaged].mean() if engaged.any() else counted

    @property
    def contrasts(self) -> NDArray[np.bool_]:
        """The rows engaged with of which the group has some that were not, (n,): only these say what is preferred."""
        engaged = self.label > 0
        _, of_row = np.unique(self.group, return_inverse=True)
        left = np.bincount(of_row, weights=~engaged) > 0
        return engaged & left[of_row]

    def rows(self, wanted: NDArray[Any]) -> Self:
        """Some of the rows, by place or by mask."""
        position = None if self.position is None else self.position[wanted]
        weight = None if self.weight is None else self.weight[wanted]
        return replace(
            self,
            features=self.features[wanted],
            group=self.group[wanted],
            label=self.label[wanted],
            position=position,
            weight=weight,
        )

    def by_group(self) -> Self:
        """The same rows, sorted by group."""
        return self.rows(np.argsort(self.group, kind="stable"))

    def _faults(self) -> Iterator[tuple[str, str, object]]:
        if self.features.ndim != 2 or self.label.ndim != 1 or self.features.shape[0] != self.label.size:
            yield "features", f"have a row for each of the labels, {self.label.shape}", self.features.shape
            return
        if np.isinf(self.features).any():
            yield "features", "be finite, or NaN where unknown", float("inf")
        yield from self._faults_of_columns(self.features.shape[1])
        yield from self._faults_of_rows(self.label.size)

    def _faults_of_columns(self, columns: int) -> Iterator[tuple[str, str, object]]:
        for name in ("names", "family", "monotone"):
            if len(getattr(self, name)) != columns:
                yield name, f"have one entry for each of the {columns} features", len(getattr(self, name))
        if len(set(self.names)) < len(self.names):
            yield "names", "differ from each other", self.names
        if POSITION in self.family:
            yield "family", f"not be {POSITION!r}, which the place in the list has for itself", self.family
        if not set(self.monotone) <= {-1, 0, 1}:
            yield "monotone", "be -1, 0 or 1 for each feature", self.monotone

    def _faults_of_rows(self, rows: int) -> Iterator[tuple[str, str, object]]:
        for name in ("group", "position", "weight"):
            array = getattr(self, name)
            if array is not None and array.shape != (rows,):
                yield name, f"have one entry for each of the {rows} rows", array.shape
        if not (np.isfinite(self.label) & (self.label >= 0)).all():
            yield "label", "be False or True, or finite strengths of at least 0", self.label
        if self.position is not None and (np.isinf(self.position) | (self.position < 0)).any():
            yield "position", "be places from 0 or 1 on, or NaN where unknown", self.position
        if self.weight is not None and not (np.isfinite(self.weight) & (self.weight > 0)).all():
            yield "weight", "be finite numbers above 0", self.weight
