"""The baseline that every listing site has: the lead's saved search, newest homes first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homing.evaluation.grading import Ranker, looked_up
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.market.snapshot import MarketSnapshot
from homing.people.lead import Limits
from homing.personalization.candidates import within
from homing.personalization.searched import limits_from

__all__ = ["SEARCHES", "Searches", "last_searches", "saved_search"]

SEARCHES: Final = frozenset({EventType.SEARCH_SAVED, EventType.SEARCH_QUERY})

Searches = Mapping[str, Limits]
"""What each lead searches for."""


def last_searches(events: Iterable[BehavioralEvent], before: Mapping[str, int] | None = None) -> dict[str, Limits]:
    """The search that each lead saved last; of a lead that saved none, the one it asked last.

    Searches that ask for nothing we can read are none. `before` (microseconds, exclusive), where it names a lead,
    hides its later searches.
    """
    found: dict[str, tuple[tuple[bool, int, str], Limits]] = {}
    for event in events:
        if event.event_type not in SEARCHES or event.lead_id is None:
            continue
        limits = limits_from(event.event_data.get("search_filters"))
        if not limits or (before is not None and event.lead_id in before and event.known_at >= before[event.lead_id]):
            continue
        order = (event.event_type == EventType.SEARCH_SAVED, event.at, event.event_id)
        if event.lead_id not in found or order > found[event.lead_id][0]:
            found[event.lead_id] = order, limits
    return {lead: limits for lead, (_, limits) in found.items()}


def saved_search(searches: Searches, market: MarketSnapshot) -> Ranker:
    """The homes that satisfy the lead's search, newest first; of a lead without one, all homes.

    Homes that are not in the market have no score.
    """
    codes_of = looked_up(market.ids)

    def rank(lead: str, candidates: Sequence[str]) -> NDArray[Any]:
        rows = codes_of(candidates)
        scores = np.full(len(rows), np.nan)
        known = rows >= 0
        scores[known] = market.listed_at[rows[known]]
        limits = searches.get(lead)
        if limits is not None:
            fits = within(market, limits, rows[known])
            scores[np.flatnonzero(known)[~fits]] = np.nan
        return scores

    return rank
