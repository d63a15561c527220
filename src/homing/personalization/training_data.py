"""What models learn from, as it was known at a moment: who did what with which home, and what came of being shown."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.event_types import ENGAGED, EventType
from homing.market.snapshot import MarketSnapshot
from homing.models.impressions import Impressions
from homing.models.interactions import Id, Interactions
from homing.people.lead import Limits
from homing.personalization.searched import Searches, searches
from homing.personalization.stated import homes_within
from homing.store.columns import TYPES, EventColumns
from homing.store.events import EventQuery, EventStore
from homing.tracking.conversion import WITHIN, learned_weights
from homing.tracking.signals import DECLARED, SIGNAL_LABELS, SIGNAL_NUMBERS, signed_weights

__all__ = ["ENGAGED_WITHIN", "ENOUGH_SHOWN", "TrainingData", "training_data", "weights_from", "weights_told"]

ENGAGED_WITHIN: Final = WITHIN
"""An impression counts as engaged when the lead engages with the home within so long after it."""

ENOUGH_SHOWN: Final = 200
"""With fewer homes known to have been shown, homes that were opened stand in for them, and answers say so."""

_MOST_LIMITS: Final = 256
_IS_ENGAGED: Final = np.array([kind in ENGAGED for kind in TYPES])
_SHOWN: Final = TYPES.index(EventType.RECOMMENDATION_SHOWN)
_CODES: Final = {kind.value: code for code, kind in enumerate(TYPES)}
_OPENED: Final = TYPES.index(EventType.PROPERTY_VIEW)


@dataclass(frozen=True, slots=True)
class TrainingData:
    """Interactions with signed weights and the prices of then; impressions whose 14 days are over.

    `stands_in` is True when opened homes stand in for shown ones. `weights` float64 (types,) is what acts of each type
    weigh, learned from what they led to; a lead's live history has to be weighed by the same. `searches`: what
    each lead searched for, and since when.
    """

    interactions: Interactions
    impressions: Impressions
    stands_in: bool
    events: int
    weights: NDArray[np.float64]
    searches: Searches

    def told(self, market: MarketSnapshot, limits: Mapping[str, Limits]) -> Impressions:
        """The impressions, with the rows of the homes of a market that satisfy what leads stated and searched for.

        `limits` are those that each lead stated, by its id.
        """
        satisfying = lru_cache(_MOST_LIMITS)(partial(homes_within, market, np.arange(len(market))))

        def rows(asked: Limits | None) -> NDArray[np.int64] | None:
            found = satisfying(asked) if asked else None
            return None if found is None else found.array

        def searched(lead: Id, at: int) -> NDArray[np.int64] | None:
            moments, asked = self.searches.get(str(lead), ((), ()))
            place = bisect_left(moments, at)
            return rows(asked[place - 1]) if place else None

        return replace(self.impressions, stated=lambda lead: rows(limits.get(str(lead))), searched=searched)


def training_data(store: EventStore, tenant: str, market: MarketSnapshot, as_of: int) -> TrainingData:
    """Everything a tenant's leads did that had happened, and was known, by `as_of`."""
    asked = EventQuery(upto=as_of, known_upto=as_of)
    events = store.columns(tenant, asked, numbers=(*SIGNAL_NUMBERS, "rank"), labels=SIGNAL_LABELS)
    of_types = learned_weights(events, as_of)
    weights = signed_weights(events, of_types)
    rows = np.flatnonzero((events.lead >= 0) & (events.property >= 0) & (weights != 0.0))
    leads, homes = np.array(events.leads.ids, dtype=object), np.array(events.properties.ids, dtype=object)
    known = market.ids.codes(events.properties.ids)[events.property[rows]] if len(rows) else np.empty(0, np.int64)
    prices = np.full(len(rows), np.nan)
    prices[known >= 0] = market.price_at(known[known >= 0], events.at[rows][known >= 0])
    interactions = Interactions.from_columns(
        leads[events.lead[rows]].tolist(),
        homes[events.property[rows]].tolist(),
        weights[rows],
        events.at[rows],
        prices=prices,
        known_at=events.lead_known_at[rows],
    )
    impressions, stands_in = _impressions(events, as_of)
    return TrainingData(interactions, impressions, stands_in, len(events), of_types, searches(events))


def weights_told(weights: NDArray[np.float64]) -> dict[str, float]:
    """The weights that differ from the declared ones, by type, for a version's card."""
    changed = np.flatnonzero(weights != DECLARED)
    return {TYPES[code].value: float(weights[code]) for code in changed.tolist()}


def weights_from(card: Mapping[str, object]) -> NDArray[np.float64]:
    """The weights that a version was trained with; types its card does not name have the declared ones."""
    weights, told = DECLARED.copy(), card.get("event_weights")
    for name, weight in told.items() if isinstance(told, dict) else ():
        if name in _CODES and isinstance(weight, int | float):
            weights[_CODES[name]] = weight
    return weights


def _impressions(events: EventColumns, as_of: int) -> tuple[Impressions, bool]:
    """Shown homes whose 14 days are over, or opened ones where too few are known to have been shown."""
    about = (events.lead >= 0) & (events.property >= 0) & (events.at + ENGAGED_WITHIN <= as_of)
    rows = np.flatnonzero(about & (events.type == _SHOWN))
    stands_in = len(rows) < ENOUGH_SHOWN
    if stands_in:
        rows = _first_of_each_pair(events, np.flatnonzero(about & (events.type == _OPENED)))
    leads, homes = events.leads.ids, events.properties.ids
    impressions = Impressions.from_columns(
        [leads[code] for code in events.lead[rows].tolist()],
        [homes[code] for code in events.property[rows].tolist()],
        events.at[rows],
        None if stands_in else _places(events.numbers["rank"][rows]),
        engaged=_engaged_after(events, rows),
    )
    return impressions, stands_in


def _places(ranks: NDArray[np.float64]) -> NDArray[np.int64]:
    """The place of each home in the list it was shown in, from 1; where it is not told, 1."""
    return np.where(ranks >= 1, np.nan_to_num(ranks, nan=1.0), 1.0).astype(np.int64)


def _first_of_each_pair(events: EventColumns, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    pair = events.lead[rows].astype(np.int64) * max(1, len(events.properties)) + events.property[rows]
    by_moment = np.argsort(events.at[rows], kind="stable")
    _, first = np.unique(pair[by_moment], return_index=True)
    return np.sort(rows[by_moment[first]])


def _engaged_after(events: EventColumns, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether the lead engaged with the home after each of these rows, within 14 days."""
    moments: dict[tuple[int, int], list[int]] = defaultdict(list)
    hits = np.flatnonzero(_IS_ENGAGED[events.type] & (events.property >= 0))
    for lead, home, at in zip(
        events.lead[hits].tolist(), events.property[hits].tolist(), events.at[hits].tolist(), strict=True
    ):
        moments[lead, home].append(at)
    for times in moments.values():
        times.sort()
    engaged = np.zeros(len(rows), dtype=np.bool_)
    shown = zip(events.lead[rows].tolist(), events.property[rows].tolist(), events.at[rows].tolist(), strict=True)
    for place, (lead, home, at) in enumerate(shown):
        times = moments.get((lead, home), [])
        after = bisect_right(times, at)
        engaged[place] = after < len(times) and times[after] <= at + ENGAGED_WITHIN
    return engaged
