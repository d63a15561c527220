"""Leave-last evaluation: of each lead, the home it engaged with last is hidden, and models must find it again.

Hidden are all acts of the lead on that home, and all its acts that happened, or became known, from the first engagement
with it on; the acts of other leads stay, later ones too. So this protocol is kinder than the temporal one and says less
about tomorrow. Candidates are the homes for sale at the moment of that engagement, less those on which the lead was
known to have acted by then.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput, NotReady
from homing.evaluation.grading import Case, Ranker, graded
from homing.evaluation.log import EvaluationLog
from homing.evaluation.traits import Traits
from homing.models.interactions import Interactions

__all__ = ["Held", "kept", "leave_last", "without"]


@dataclass(frozen=True, slots=True)
class Held:
    """What is hidden of one lead: a home, and everything from a moment (microseconds) on."""

    home: str
    since: int


Fit = Callable[[Mapping[str, Held]], Mapping[str, Ranker]]
"""Models fitted without what is held out (by lead id), by their row names."""


def leave_last(
    log: EvaluationLog, fit: Fit, *, k: int = 10, seed: int = 0, about: Traits | None = None
) -> dict[str, Any]:
    """The report: protocol, k, how many leads, how many were left out, and a row a model.

    `about` are the traits of the homes of the log.
    """
    if k < 1:
        raise BadInput.of("k", "be at least 1", k)
    held, cases, counts = {}, [], {"leads_without_earlier_acts": 0, "items_not_for_sale": 0}
    for name, rows in log.by_lead():
        if not log.engaged[rows].any():
            continue
        home, since = _last(log, rows)
        past = log.home[rows[log.known_at[rows] < since]]
        past = past[past != home]
        free = log.for_sale(since, since)
        if not len(past) or not free[home]:
            counts["items_not_for_sale" if len(past) else "leads_without_earlier_acts"] += 1
            continue
        free[past] = False
        held[name] = Held(log.homes.ids[home], since)
        cases.append(Case(name, free, frozenset((log.homes.ids[home],))))
    if not cases:
        raise NotReady("A leave-last evaluation needs leads that engaged with a home after acting on another one.")
    return {
        "protocol": "leave_last",
        "k": k,
        "level": 0.95,
        "leads": len(cases),
        "candidates": len(log.homes),
        "test_items": len(cases),
        "left_out": counts,
        "rows": graded(fit(held), cases, tuple(log.homes.ids), k=k, seed=seed, about=about),
    }


def without(data: Interactions, held: Mapping[str, Held]) -> Interactions:
    """The interactions that are not hidden."""
    hides = np.zeros(len(data), dtype=np.bool_)
    for name, what in held.items():
        mine = data.lead == data.leads.code(name)
        hides |= mine & ((data.property == data.properties.code(what.home)) | (data.known() >= what.since))
    return kept(data, ~hides)


def kept(data: Interactions, rows: NDArray[np.bool_]) -> Interactions:
    """The interactions of these rows, over the leads and homes that are left."""
    some = np.flatnonzero(rows)
    leads, homes = np.array(data.leads.ids, dtype=object), np.array(data.properties.ids, dtype=object)
    return Interactions.from_columns(
        leads[data.lead[some]].tolist(),
        homes[data.property[some]].tolist(),
        weights=data.weight[some],
        timestamps=data.at[some],
        prices=None if data.prices is None else data.prices[some],
        known_at=data.known()[some],
    )


def _last(log: EvaluationLog, rows: NDArray[np.int64]) -> tuple[int, int]:
    """The home that was engaged with for the first time latest, and that moment; of equal moments the last row."""
    engaged = rows[log.engaged[rows]]
    homes, first = np.unique(log.home[engaged], return_index=True)
    latest = int(np.argmax(first))
    return int(homes[latest]), int(log.at[engaged[first[latest]]])
