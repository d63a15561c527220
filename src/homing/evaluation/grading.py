"""Lists of several models graded side by side on the same leads, with intervals and differences to a baseline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.measures.intervals import bootstrap_mean, paired_difference
from homing.measures.ranking import coverage, measured, top_k

__all__ = ["BASELINE", "Case", "Ranker", "graded"]

Ranker = Callable[[str, Sequence[str]], NDArray[Any]]
"""A lead's id and candidate ids in; one score each out, higher is better, NaN for nothing to say.

Every lead of an evaluation gets the same tuple object of candidates, so that a ranker may look it up once; those that
are none for this lead (acted upon before, not for sale) are taken out of its answer afterwards.
"""

BASELINE = "popularity"

_WITH_INTERVAL = ("recall", "ndcg", "precision", "map", "mrr", "hit_rate", "ndcg_full_ideal")


@dataclass(frozen=True, slots=True)
class Case:
    """One lead of an evaluation: the candidates that are open to it, bool (candidates,), and its test items."""

    lead: str
    open: NDArray[np.bool_]
    test: frozenset[str]


def graded(
    rankers: Mapping[str, Ranker], cases: Sequence[Case], candidates: tuple[str, ...], *, k: int, seed: int
) -> list[dict[str, Any]]:
    """One row a model: each measure's mean over the leads, its 95 % interval, coverage, difference to the baseline.

    Equal scores stand in one random order, the same for all models. Without a case every measure is None.
    """
    ties = np.random.default_rng([seed, len(candidates)]).permutation(len(candidates))
    tests = [case.test for case in cases]
    lists = {name: [_list(ranker, case, candidates, ties, k) for case in cases] for name, ranker in rankers.items()}
    values = {name: measured(ranked, tests, k) for name, ranked in lists.items()} if cases else {}
    reachable = int(np.logical_or.reduce([case.open for case in cases]).sum()) if cases else 0
    return [_row(name, values, lists[name], k, reachable, seed) for name in rankers]


def _list(ranker: Ranker, case: Case, candidates: tuple[str, ...], ties: NDArray[np.int64], k: int) -> list[str]:
    scores = np.array(ranker(case.lead, candidates), dtype=np.float64)
    scores[~case.open] = np.nan
    return [candidates[place] for place in top_k(scores, k, ties)]


def _row(
    name: str,
    values: Mapping[str, Mapping[str, NDArray[np.float64]]],
    lists: Sequence[Sequence[str]],
    k: int,
    reachable: int,
    seed: int,
) -> dict[str, Any]:
    row: dict[str, Any] = {"model": name}
    if name not in values:
        return row | dict.fromkeys((*_WITH_INTERVAL, "coverage")) | {"ci": {}, "difference": None}
    intervals = {measure: bootstrap_mean(values[name][measure], seed=seed) for measure in _WITH_INTERVAL}
    row |= {measure: interval.value for measure, interval in intervals.items()}
    row["coverage"] = coverage(lists, k, reachable)
    row["ci"] = {measure: interval.bounds for measure, interval in intervals.items()}
    row["difference"] = None if name == BASELINE or BASELINE not in values else _difference(name, values, seed)
    return row


def _difference(name: str, values: Mapping[str, Mapping[str, NDArray[np.float64]]], seed: int) -> dict[str, Any]:
    """Mean difference to the baseline, lead by lead, with its 95 % interval."""
    found: dict[str, Any] = {"to": BASELINE}
    for measure in _WITH_INTERVAL:
        paired = paired_difference(values[name][measure], values[BASELINE][measure], seed=seed)
        found[measure] = {"mean": paired.value, "ci": paired.bounds}
    return found
