"""K-fold evaluation: the homes each lead engaged with are dealt into k folds, and each fold is hidden in turn.

Hidden are all acts of the lead on the homes of the fold; all else stays, what was done later too. So models know more
than they would have known at the time, and homes that are only in the test are rare: this protocol compares models on
all engaged homes, and says least about tomorrow. Candidates are the homes that were for sale at some moment of the log,
less those on which the lead acted and that are not hidden. Of each lead the mean over its folds counts once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput, NotReady
from homing.evaluation.grading import Case, Judged, Ranker, judged, pooled, rows_of
from homing.evaluation.leave_last import kept
from homing.evaluation.log import EvaluationLog
from homing.evaluation.traits import Traits
from homing.models.interactions import Interactions

__all__ = ["FOLDS", "Hidden", "k_fold", "without_pairs"]

FOLDS = 5

Hidden = Mapping[str, frozenset[str]]
"""The homes that are hidden of each lead."""

Fit = Callable[[Hidden], Mapping[str, Ranker]]
"""Models fitted without what is hidden, by their row names."""


def k_fold(
    log: EvaluationLog, fit: Fit, *, k: int = 10, folds: int = FOLDS, seed: int = 0, about: Traits | None = None
) -> dict[str, Any]:
    """The report: protocol, k, folds, how many leads, how many homes were left out, and a row a model.

    A lead needs acts on two homes at least, so that something of it is known when the others are hidden.
    """
    if k < 1:
        raise BadInput.of("k", "be at least 1", k)
    if folds < 2:
        raise BadInput.of("folds", "be at least 2", folds)
    if not len(log.at):
        raise _nothing()
    sale = log.for_sale(int(log.at[0]), int(log.at[-1]))
    dealt, left_out = _dealt(log, sale, folds, seed)
    found: list[Judged] = []
    tested = 0
    for fold in range(folds):
        cases, hidden = _cases(log, sale, dealt, fold)
        if cases:
            tested += sum(len(case.test) for case in cases)
            found.append(judged(fit(hidden), cases, tuple(log.homes.ids), k=k, seed=seed, about=about))
    if not found:
        raise _nothing()
    done = pooled(found)
    return {
        "protocol": "k_fold",
        "k": k,
        "level": 0.95,
        "folds": folds,
        "leads": len(done.leads),
        "candidates": int(sale.sum()),
        "test_items": tested,
        "left_out": left_out,
        "rows": rows_of(done, seed=seed),
    }


def without_pairs(data: Interactions, hidden: Hidden) -> Interactions:
    """The interactions without the acts of each lead on its hidden homes."""
    hides = np.zeros(len(data), dtype=np.bool_)
    for name, homes in hidden.items():
        hides |= (data.lead == data.leads.code(name)) & np.isin(data.property, data.properties.codes(sorted(homes)))
    return kept(data, ~hides)


def _nothing() -> NotReady:
    return NotReady("A k-fold evaluation needs leads that engaged with a home and acted on another one.")


def _dealt(
    log: EvaluationLog, sale: NDArray[np.bool_], folds: int, seed: int
) -> tuple[dict[str, dict[int, int]], dict[str, int]]:
    """The fold of each home that each lead engaged with, as even as can be; and how much was left out."""
    draw = np.random.default_rng(seed)
    dealt = {}
    counts = {"leads_without_other_acts": 0, "items_not_for_sale": 0}
    for lead, rows in log.by_lead():
        engaged = np.unique(log.home[rows[log.engaged[rows]]])
        counts["items_not_for_sale"] += int((~sale[engaged]).sum())
        engaged = engaged[sale[engaged]]
        if not len(engaged):
            continue
        if len(np.unique(log.home[rows])) < 2:
            counts["leads_without_other_acts"] += 1
            continue
        turn = draw.permutation(np.arange(len(engaged)) + draw.integers(folds)) % folds
        dealt[lead] = dict(zip(engaged.tolist(), turn.tolist(), strict=True))
    return dealt, counts


def _cases(
    log: EvaluationLog, sale: NDArray[np.bool_], dealt: Mapping[str, Mapping[int, int]], fold: int
) -> tuple[list[Case], dict[str, frozenset[str]]]:
    """The leads with homes in a fold, and those homes; a lead of which nothing would be left is in no fold."""
    cases, hidden = [], {}
    for lead, rows in log.by_lead():
        mine = [home for home, turn in dealt.get(lead, {}).items() if turn == fold]
        others = np.setdiff1d(log.home[rows], mine)
        if mine and len(others):
            free = sale.copy()
            free[others] = False
            hidden[lead] = frozenset(log.homes.ids[home] for home in mine)
            cases.append(Case(lead, free, hidden[lead]))
    return cases, hidden
