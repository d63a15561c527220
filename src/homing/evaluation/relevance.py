"""Relevance, where the truth is known because it was made: what a shown home is worth to a simulated household.

A home is relevant for a household if its true utility is among the best max(20, 5 %) of the homes for sale that meet
its hard limits, those it never stated among them. Every ranker is asked for ten homes out of the same: for sale, within
what the household stated, and not acted on yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homing.measures.intervals import bootstrap_mean

__all__ = ["BOUND", "CEILING", "FEWEST_ELIGIBLE", "FLOOR", "POINTS", "Graded", "relevance_report", "relevant", "share"]

POINTS: Final = (0, 1, 3, 5, 10, 20, 30)
"""After how many acts a household is answered."""

FEWEST_ELIGIBLE: Final = 100
"""Households with fewer homes for sale within their hard limits are reported apart."""

FLOOR, CEILING = "popularity", "best_learner"
"""What a ranker's way is measured between."""

BOUND = "sees_everything"
"""A learner that knows more than any log tells: no ranker can be expected to do better than it."""

_AT_LEAST: Final = 20
_SHARE: Final = 0.05

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Graded:
    """One household: its scenario, its homes within all limits, and of each ranker the share at each of `POINTS`.

    `expected` is the share that a learner itself expected of its list: on average what it gets, if it is right.
    """

    scenario: str
    household: str
    eligible: int
    shares: Mapping[str, tuple[float, ...]]
    violations: int
    expected: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


def relevant(worth: NDArray[np.float64], fits: Flags) -> Flags:
    """Which of n homes for sale are relevant; `worth` is their true utility, `fits` whether they meet all limits.

    >>> worth = np.arange(1_000.0)
    >>> int(relevant(worth, worth < 900).sum()), int(relevant(worth, worth < 30).sum())
    (45, 20)
    """
    count = int(fits.sum())
    best = min(count, max(_AT_LEAST, int(_SHARE * count)))
    found = np.zeros(len(worth), dtype=np.bool_)
    found[np.lexsort((np.arange(len(worth)), -np.where(fits, worth, -np.inf)))[:best]] = True
    return found


def share(shown: NDArray[np.int64], is_relevant: Flags, k: int = 10) -> float:
    """The share of relevant homes among the k places of a list; a place left empty is none.

    >>> share(np.array([0, 2]), np.array([True, True, False]), k=10)
    0.1
    """
    return float(is_relevant[shown[:k]].sum()) / k


def relevance_report(households: Sequence[Graded], *, seed: int = 0) -> dict[str, Any]:
    """The means over the households with enough homes, by point and by scenario, with their 95 % intervals.

    `way` is how far the hybrid is from the floor to the ceiling; where the two are within .02 of each other it is None.
    """
    many = [one for one in households if one.eligible >= FEWEST_ELIGIBLE]
    few = [one for one in households if one.eligible < FEWEST_ELIGIBLE]
    scenarios = list(dict.fromkeys(one.scenario for one in households))
    return {
        "points": list(POINTS),
        "households": len(many),
        "all": _table(many, seed),
        "scenarios": {name: _table([one for one in many if one.scenario == name], seed) for name in scenarios},
        "few_homes": {"households": len(few), **_table(few, seed)},
        "violations": sum(one.violations for one in households),
    }


def _table(households: Sequence[Graded], seed: int) -> dict[str, Any]:
    if not households:
        return {"rows": [], "way": []}
    rows = []
    for name in households[0].shares:
        values = np.array([one.shares[name] for one in households])
        found = [bootstrap_mean(column, seed=seed).bounds for column in values.T]
        row: dict[str, Any] = {"ranker": name, "share": values.mean(axis=0).tolist(), "ci": found}
        if name in households[0].expected:
            row["expected"] = np.array([one.expected[name] for one in households]).mean(axis=0).tolist()
        rows.append(row)
    means = {row["ranker"]: np.array(row["share"]) for row in rows}
    return {"rows": rows, "way": _way(means) if {FLOOR, CEILING, "hybrid"} <= means.keys() else []}


def _way(means: Mapping[str, NDArray[np.float64]]) -> list[float | None]:
    between = means[CEILING] - means[FLOOR]
    gained = means["hybrid"] - means[FLOOR]
    return [float(up / whole) if whole > 0.02 else None for up, whole in zip(gained, between, strict=True)]
