"""Lists of several models graded side by side on the same leads, with intervals and differences to the baselines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homing.core.ids import Vocabulary
from homing.evaluation.traits import VARIETY, Traits
from homing.measures.intervals import bootstrap_mean, paired_difference
from homing.measures.ranking import MEASURES, coverage, measured, top_k

__all__ = ["BASELINE", "BASELINES", "Case", "Judged", "Ranker", "graded", "judged", "looked_up", "pooled", "rows_of"]

Ranker = Callable[[str, Sequence[str]], NDArray[Any]]
"""A lead's id and candidate ids in; one score each out, higher is better, NaN for nothing to say.

Every lead of an evaluation gets the same tuple object of candidates, so that a ranker may look it up once; those that
are none for this lead (acted upon before, not for sale) are taken out of its answer afterwards.
"""

BASELINE: Final = "popularity"
BASELINES: Final = ("popularity", "recency", "saved_search", "content_knn", "item_knn", "als")
"""What every model has to be better than; a row has its difference to each, lead by lead."""

_WITH_INTERVAL: Final = tuple(MEASURES)
Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Case:
    """One lead of an evaluation: the candidates that are open to it, bool (candidates,), and its test items."""

    lead: str
    open: NDArray[np.bool_]
    test: frozenset[str]


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of some models: of each its values by measure, one a lead in the order of `leads`, and what it showed.

    `open` holds the homes that were open to at least one lead.
    """

    leads: tuple[str, ...]
    values: Mapping[str, Mapping[str, Values]]
    shown: Mapping[str, frozenset[str]]
    open: frozenset[str]


def looked_up(ids: Vocabulary[Any]) -> Callable[[Sequence[str]], NDArray[np.int64]]:
    """A function from candidates to their codes, -1 where unknown; the last object it was asked of it keeps."""
    last: list[tuple[Sequence[str], NDArray[np.int64]]] = []

    def codes(candidates: Sequence[str]) -> NDArray[np.int64]:
        if not last or last[0][0] is not candidates:
            last[:] = [(candidates, ids.codes(candidates))]
        return last[0][1]

    return codes


def graded(
    rankers: Mapping[str, Ranker],
    cases: Sequence[Case],
    candidates: tuple[str, ...],
    *,
    k: int,
    seed: int,
    about: Traits | None = None,
) -> list[dict[str, Any]]:
    """One row a model: each measure's mean over the leads, its 95 % interval, coverage, differences to the baselines.

    Equal scores stand in one random order, the same for all models. Without a case every measure is None. `about` are
    the traits of the candidates; left out, the rows say nothing of novelty and diversity.
    """
    return rows_of(judged(rankers, cases, candidates, k=k, seed=seed, about=about), seed=seed)


def judged(
    rankers: Mapping[str, Ranker],
    cases: Sequence[Case],
    candidates: tuple[str, ...],
    *,
    k: int,
    seed: int,
    about: Traits | None = None,
) -> Judged:
    """The lists of each model for each case, measured."""
    ties = np.random.default_rng([seed, len(candidates)]).permutation(len(candidates))
    tests = [case.test for case in cases]
    values: dict[str, dict[str, Values]] = {}
    shown: dict[str, frozenset[str]] = {}
    for name, ranker in rankers.items():
        places = [_list(ranker, case, candidates, ties, k) for case in cases]
        lists = [[candidates[place] for place in found] for found in places]
        values[name] = measured(lists, tests, k) if cases else {}
        if cases and about is not None:
            values[name] |= about.measured(places)
        shown[name] = frozenset(home for ranked in lists for home in ranked)
    free = np.logical_or.reduce([case.open for case in cases]) if cases else np.zeros(len(candidates), dtype=np.bool_)
    reachable = frozenset(candidates[place] for place in np.flatnonzero(free))
    return Judged(tuple(case.lead for case in cases), values, shown, reachable)


def pooled(folds: Sequence[Judged]) -> Judged:
    """Several folds as one: of a lead that is in more than one of them, the mean of its values."""
    leads = tuple(sorted({lead for fold in folds for lead in fold.leads}))
    place = {lead: number for number, lead in enumerate(leads)}
    rows = np.array([place[lead] for fold in folds for lead in fold.leads], dtype=np.int64)
    names = [name for name in folds[0].values if all(name in fold.values for fold in folds)] if folds else []

    def mean(name: str, measure: str) -> Values:
        values = np.concatenate([fold.values[name][measure] for fold in folds if fold.leads])
        known = ~np.isnan(values)
        counts = np.bincount(rows[known], minlength=len(leads)).astype(np.float64)
        sums = np.bincount(rows[known], weights=values[known], minlength=len(leads))
        of_lead: Values = np.divide(sums, counts, out=np.full(len(leads), np.nan), where=counts > 0)
        return of_lead

    measures = {name: next((tuple(fold.values[name]) for fold in folds if fold.leads), ()) for name in names}
    return Judged(
        leads,
        {name: {measure: mean(name, measure) for measure in measures[name]} for name in names},
        {name: frozenset().union(*(fold.shown[name] for fold in folds)) for name in names},
        frozenset().union(*(fold.open for fold in folds)),
    )


def rows_of(done: Judged, *, seed: int) -> list[dict[str, Any]]:
    """One row a model, as `graded` describes them."""
    return [_row(name, done, seed) for name in done.values]


def _list(
    ranker: Ranker, case: Case, candidates: tuple[str, ...], ties: NDArray[np.int64], k: int
) -> NDArray[np.int64]:
    scores = np.array(ranker(case.lead, candidates), dtype=np.float64)
    scores[~case.open] = np.nan
    return top_k(scores, k, ties)


def _row(name: str, done: Judged, seed: int) -> dict[str, Any]:
    row: dict[str, Any] = {"model": name}
    if not done.leads:
        return row | dict.fromkeys((*_WITH_INTERVAL, "coverage")) | {"ci": {}, "difference": None, "differences": {}}
    values = done.values[name]
    row["ci"] = {}
    for measure in (*_WITH_INTERVAL, *(trait for trait in VARIETY if trait in values)):
        interval = bootstrap_mean(values[measure][~np.isnan(values[measure])], seed=seed)
        row[measure] = interval.value if interval.n else None
        if interval.n:
            row["ci"][measure] = interval.bounds
    row["coverage"] = coverage([tuple(done.shown[name])], len(done.open), len(done.open))
    others = [other for other in BASELINES if other != name and other in done.values]
    row["differences"] = {other: _difference(values, done.values[other], seed) for other in others}
    first = row["differences"].get(BASELINE)
    row["difference"] = None if first is None else {"to": BASELINE, **first}
    return row


def _difference(ours: Mapping[str, Values], theirs: Mapping[str, Values], seed: int) -> dict[str, Any]:
    """Mean difference to a baseline, lead by lead, with its 95 % interval."""
    found = {}
    for measure in _WITH_INTERVAL:
        paired = paired_difference(ours[measure], theirs[measure], seed=seed)
        found[measure] = {"mean": paired.value, "ci": paired.bounds}
    return found
