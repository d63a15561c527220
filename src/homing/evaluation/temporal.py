"""Temporal evaluation: models that knew only what was known before a moment, graded on what came after.

The cut lies so that the last share of the time span is the test. A lead's test items are the homes it engaged with
after the cut, was open to it then, and had done nothing with before. Candidates are the homes for sale at some moment
after the cut, those never seen before among them, less those on which the lead was known by the cut to have acted. So
nobody is graded on homes it had found by itself, and nobody can score by repeating them. An act before the cut of which
we heard only later takes its home off the test, and off nothing that would have been answered at the cut.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from homing.core.clock import DAY, format_moment
from homing.core.errors import BadInput, NotReady
from homing.evaluation.grading import Case, Ranker, graded
from homing.evaluation.log import EvaluationLog
from homing.evaluation.traits import Traits

__all__ = ["temporal", "temporal_cut"]

Fit = Callable[[int], Mapping[str, Ranker]]
"""Models fitted on what had happened and was known by a moment (microseconds, inclusive), by their row names."""

TEST_SHARE = 0.2
_SHORTEST = DAY


def temporal(
    log: EvaluationLog,
    fit: Fit,
    *,
    k: int = 10,
    seed: int = 0,
    cut: int | None = None,
    share: float = TEST_SHARE,
    about: Callable[[int], Traits] | None = None,
) -> dict[str, Any]:
    """The report: protocol, k, cut, how many leads and which were left out, and a row a model.

    `cut` left out is `temporal_cut`. Leads without test items are left out and counted; if no lead has any, there is
    nothing to say, and models are not even fitted. `about` gives the traits of the homes of the log as of the cut.
    """
    if k < 1:
        raise BadInput.of("k", "be at least 1", k)
    moment = temporal_cut(log, share) if cut is None else cut
    end = int(log.at[-1]) if len(log.at) else moment
    homes = np.flatnonzero(log.for_sale(moment + 1, end))
    candidates = tuple(log.homes.ids[home] for home in homes)
    cases, counts = _cases(log, moment, homes)
    if not cases:
        raise NotReady(
            f"A temporal evaluation needs leads that saved, shared, asked about or toured a home for the first time "
            f"after {format_moment(moment)}; of the leads with acts none did ({counts['leads_without_test_items']} "
            "have no such home). Import more events."
        )
    return {
        "protocol": "temporal",
        "k": k,
        "level": 0.95,
        "cut": format_moment(moment),
        "end": format_moment(end),
        "leads": len(cases),
        "candidates": len(candidates),
        "test_items": sum(len(case.test) for case in cases),
        "left_out": counts,
        "rows": graded(
            fit(moment), cases, candidates, k=k, seed=seed, about=None if about is None else about(moment).of(homes)
        ),
    }


def temporal_cut(log: EvaluationLog, share: float = TEST_SHARE) -> int:
    """The moment that leaves the last `share` of the time span for the test, at least one day."""
    if not 0.0 < share < 1.0:
        raise BadInput.of("share", "lie between 0 and 1", share)
    if not len(log.at) or int(log.at[-1] - log.at[0]) <= 2 * _SHORTEST:
        raise NotReady("A temporal evaluation needs acts of leads over more than two days. Import more events.")
    first, last = int(log.at[0]), int(log.at[-1])
    return last - max(_SHORTEST, int((last - first) * share))


def _cases(
    log: EvaluationLog, cut: int, homes: np.ndarray[Any, np.dtype[np.int64]]
) -> tuple[list[Case], dict[str, int]]:
    """One case for each lead with test items, and how much was left out for which reason."""
    place = np.full(len(log.homes), -1)
    place[homes] = np.arange(len(homes))
    cases = []
    counts = {"leads_without_test_items": 0, "items_acted_on_before": 0, "items_not_for_sale": 0}
    for lead, rows in log.by_lead():
        is_past, is_known = log.at[rows] <= cut, log.known_at[rows] <= cut
        past, after = log.home[rows[is_past]], log.home[rows[~is_past & log.engaged[rows]]]
        before = np.isin(np.unique(after), past)
        fresh = np.unique(after)[~before]
        test = fresh[place[fresh] >= 0]
        counts["items_acted_on_before"] += int(before.sum())
        counts["items_not_for_sale"] += len(fresh) - len(test)
        counts["leads_without_test_items"] += not len(test)
        if len(test):
            free = np.ones(len(homes), dtype=np.bool_)
            known = place[log.home[rows[is_known]]]
            free[known[known >= 0]] = False
            cases.append(Case(lead, free, frozenset(log.homes.ids[home] for home in test)))
    return cases, counts
