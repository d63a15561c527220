"""Nested selection: the model is chosen on an inner cut, and judged on what came after an outer one.

To choose the best row of a report and to quote its figure is to grade oneself on the test. Here the choice is made on
the time before the outer cut alone: its last part is the inner test, models are fitted before that and graded on it,
and the one with the highest NDCG is chosen. Then all are fitted anew on everything before the outer cut and graded on
what came after it; the row `selected` is the chosen one, and says what this way of choosing is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from homing.evaluation.grading import BASELINES, Ranker
from homing.evaluation.log import EvaluationLog
from homing.evaluation.temporal import TEST_SHARE, Fit, temporal, temporal_cut
from homing.evaluation.traits import Traits

__all__ = ["SELECTED", "nested"]

SELECTED: Final = "selected"


def nested(
    log: EvaluationLog,
    fit: Fit,
    *,
    k: int = 10,
    seed: int = 0,
    share: float = TEST_SHARE,
    about: Callable[[int], Traits] | None = None,
) -> dict[str, Any]:
    """The report of the outer cut with the row `selected`, and under `selection` what was chosen, and from what.

    Models and baselines are chosen among alike; of equal ones the first row.
    """
    outer = temporal_cut(log, share)
    inner = temporal(log.until(outer), fit, k=k, seed=seed, share=share)
    chosen = max(inner["rows"], key=lambda row: row["ndcg"])

    def with_selected(cut: int) -> Mapping[str, Ranker]:
        rankers = fit(cut)
        return {**rankers, SELECTED: rankers[chosen["model"]]}

    report = temporal(log, with_selected, k=k, seed=seed, cut=outer, about=about)
    after = next(row["ndcg"] for row in report["rows"] if row["model"] == SELECTED)
    return {
        **report,
        "protocol": "nested",
        "selection": {
            "model": chosen["model"],
            "is_baseline": chosen["model"] in BASELINES,
            "cut": inner["cut"],
            "leads": inner["leads"],
            "ndcg_when_chosen": chosen["ndcg"],
            "ndcg_after": after,
            "rows": [{"model": row["model"], "ndcg": row["ndcg"], "ci": row["ci"]["ndcg"]} for row in inner["rows"]],
        },
    }
