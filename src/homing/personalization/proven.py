"""Reasons cite first an act that was found to count: without it the home loses more than without others of its type."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from homing.interfaces import ModelPrediction, Reason
from homing.personalization.returned import BACK, CUT
from homing.personalization.shopper import are_acts
from homing.store.columns import EventColumns

__all__ = ["COMPARED", "MOST_TRIED", "Alike", "proven"]

MOST_TRIED: Final = 3
"""Of each reason so many acts are left out in turn, those that are expected to hold up the home most."""

COMPARED: Final = 4
"""With so many acts of the same type, which no reason of the home cited so far, an act is compared at most."""

Scores = Callable[[frozenset[str]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Alike:
    """The acts of one lead: of each its type, and all of each type in the order of time."""

    types: Mapping[str, int]
    by_type: Mapping[int, Sequence[str]]

    @classmethod
    def of(cls, events: EventColumns) -> Self:
        """What these events come to."""
        acts = np.flatnonzero(are_acts(events))
        by_type: dict[int, list[str]] = defaultdict(list)
        for place in acts[np.argsort(events.at[acts], kind="stable")].tolist():
            by_type[int(events.type[place])].append(events.event_ids[place])
        return cls({event: kind for kind, those in by_type.items() for event in those}, by_type)

    def others(self, event: str, cited: frozenset[str]) -> list[str]:
        """Acts of the same type that are not cited, as many as are compared, spread over the time of all."""
        them = [one for one in self.by_type.get(self.types.get(event, -1), ()) if one not in cited]
        chosen = np.unique(np.linspace(0, max(len(them) - 1, 0), COMPARED).astype(np.int64))
        return [them[place] for place in chosen.tolist()] if them else []


def proven(items: Sequence[ModelPrediction], scores: Scores, alike: Alike) -> tuple[ModelPrediction, ...]:
    """The items with the acts of each reason in the order of what the home loses without them, the first few tried.

    `scores` gives those of all items, in their order, without some events. A reason cites none where no act tried holds
    up the home, or the home loses as much without one of a few other acts of that type: what it says of the home stays
    true, and owes nothing to them. News of a home is told by the acts on that home, whatever they hold up.
    """
    before = scores(frozenset())
    known: dict[str, NDArray[np.float64]] = {}

    def loss(place: int, event: str) -> float:
        if event not in known:
            known[event] = scores(frozenset({event}))
        return float(before[place] - known[event][place])

    def tried(place: int, reason: Reason, cited: frozenset[str]) -> Reason:
        if not reason.events or reason.kind in (CUT, BACK):
            return reason
        losses = {event: loss(place, event) for event in reason.events[:MOST_TRIED]}
        first = sorted(losses, key=lambda event: -losses[event])
        most = losses[first[0]]
        if most <= 0.0 or any(loss(place, other) >= most for other in alike.others(first[0], cited)):
            return replace(reason, events=())
        return replace(reason, events=(*first, *reason.events[MOST_TRIED:]))

    def all_tried(place: int, item: ModelPrediction) -> ModelPrediction:
        cited = frozenset(event for reason in item.reasons for event in reason.events)
        return replace(item, reasons=tuple(tried(place, reason, cited) for reason in item.reasons))

    return tuple(all_tried(place, item) for place, item in enumerate(items))
