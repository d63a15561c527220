"""How the values of each feature are distributed over many entities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from homing.feature_engineering.feature_table import FeatureTable

__all__ = ["Distribution", "distributions_of"]

_LEVELS: Final = (0.0, 0.1, 0.5, 0.9, 1.0)
_COMMONEST: Final = 3


@dataclass(frozen=True, slots=True)
class Distribution:
    """One feature over many entities.

    `missing` is the share without evidence. Of the others, a number has its lowest, 10 %, 50 %, 90 % and highest value
    in `quantiles`; a category its commonest texts with the share of each.
    """

    name: str
    missing: float
    quantiles: tuple[float, ...] | None = None
    commonest: tuple[tuple[str, float], ...] = ()


def distributions_of(
    parts: Iterable[FeatureTable], advance: Callable[[int], None] = lambda _rows: None
) -> list[Distribution]:
    """The distribution of each feature over all rows; `advance` is told the number of rows after each part.

    Kept in memory are the numbers in single precision, 4 bytes each.
    """
    numbers, texts, names, rows = [], dict[str, Counter[str]](), tuple[str, ...](), 0
    for part in parts:
        names, rows = part.names, rows + len(part)
        numbers.append(part.numbers.astype(np.float32))
        for name, column in part.categories.items():
            texts.setdefault(name, Counter()).update(column)
        advance(rows)
    matrix = np.concatenate(numbers) if numbers else np.zeros((0, 0), dtype=np.float32)
    found = []
    for place, name in enumerate(names):
        known = matrix[~np.isnan(matrix[:, place]), place].astype(np.float64)
        quantiles = tuple(np.quantile(known, _LEVELS).tolist()) if len(known) else None
        found.append(Distribution(name, _share(rows - len(known), rows), quantiles))
    for name, counts in texts.items():
        unknown = counts.pop("unknown", 0)
        told = tuple((text, _share(count, rows - unknown)) for text, count in counts.most_common(_COMMONEST))
        found.append(Distribution(name, _share(unknown, rows), None, told))
    return found


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
