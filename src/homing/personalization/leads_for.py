"""Reverse prospecting: which leads want a home, most likely first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from homing.interfaces import ConfidenceLevel, Reason, Stage
from homing.models.query import Codes
from homing.personalization.candidates import candidates
from homing.personalization.passes import taken
from homing.personalization.returned import Change, Returned
from homing.personalization.serving import Serving
from homing.personalization.shopper import Shopper
from homing.personalization.stated import with_stated

__all__ = ["InterestedLead", "LeadsAnswer", "Wanting", "wanting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InterestedLead:
    """One lead for a home: the lead's score of it, the calibrated probability of engaging with it, and why."""

    lead_id: str
    rank: int
    score: float
    confidence: float
    interval: tuple[float, float]
    confidence_level: ConfidenceLevel
    reasons: tuple[Reason, ...]
    rest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadsAnswer:
    """The leads who want a home, and how many were left out for which reason."""

    property_id: str
    as_of: datetime
    models: Mapping[str, str]
    degraded: tuple[str, ...]
    home: Mapping[str, object]
    items: tuple[InterestedLead, ...]
    trace: tuple[Stage, ...]


@dataclass(frozen=True, slots=True)
class Wanting:
    """Leads for one home in order, m of them: score, and probability with its 90 % interval, each float64 (m,).

    `changes` says what is news about it to each.
    """

    leads: Sequence[Shopper]
    changes: Sequence[Change | None]
    scores: NDArray[np.float64]
    probability: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    trace: tuple[Stage, ...]


def wanting(serving: Serving, everybody: Sequence[Shopper], row: int, k: int, returned: Returned) -> Wanting:
    """The k leads most likely to engage with the home of a row, of those to whom it may be shown.

    To those who have seen it, it may be shown if it is news to them.

    The order is that of the calibrated probability, the one scale on which different leads compare; of equal ones the
    higher score first. A lead of whom nothing is known, neither an act nor a limit, has nothing that speaks for it.
    """
    home = np.array([row], dtype=np.int64)
    left_out: Counter[str] = Counter()
    open_to: list[Shopper] = []
    changes: list[Change | None] = []
    for who in everybody:
        if not len(who.query) and not who.limits:
            left_out["nothing_known"] += 1
            continue
        change = returned.changes(who.kept, only=row).get(row) if row in who.kept else None
        seen = who.seen if change is None else who.seen[who.seen != row]
        allowed = candidates(serving.market, who.limits, dismissed=who.dismissed, seen=seen, among=home)
        left_out.update(allowed.removed.keys())
        if len(allowed.rows):
            open_to.append(with_stated(who, serving.within))
            changes.append(change)
    code = Codes(serving.codes[home])
    scores = np.array(
        [
            serving.model.score(who.query, code)[0] - taken(serving.market, who.passes, home, who.query.as_of or 0)[0]
            for who in open_to
        ],
        dtype=np.float64,
    )
    acts = np.array([len(who.query) for who in open_to], dtype=np.float64)
    again = np.array([np.any(who.seen == row) for who in open_to], dtype=np.float64)
    sure = serving.model.confidence(scores, acts, again)
    news = np.array([0.0 if change is None else sum(change.parts().values()) for change in changes])
    order = np.lexsort((-scores, -sure.probability))[:k]
    trace = (
        Stage("leads", len(open_to), dict(sorted(left_out.items()))),
        Stage("chosen", len(order), {"less_likely": len(open_to) - len(order)} if len(open_to) > len(order) else {}),
    )
    return Wanting(
        [open_to[place] for place in order.tolist()],
        [changes[place] for place in order.tolist()],
        (scores + news)[order],
        sure.probability[order],
        sure.low[order],
        sure.high[order],
        trace,
    )
