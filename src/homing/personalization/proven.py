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
"""With so many acts of the same type, that no reason of the home cites, an act is compared at most."""

Scores = Callable[[frozenset[str]], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Alike:
    """Of each act its type, and of each type some acts, spread over the time of all."""

    types: Mapping[str, int]
    some: Mapping[int, Sequence[str]]

    @classmethod
    def of(cls, events: EventColumns) -> Self:
        """What the acts of one lead are; twice as many of a type as are compared, since reasons cite some of them."""
        acts = np.flatnonzero(are_acts(events))
        by_type: dict[int, list[str]] = defaultdict(list)
        for place, kind in zip(acts.tolist(), events.type[acts].tolist(), strict=True):
            by_type[kind].append(events.event_ids[place])
        types = {event: kind for kind, those in by_type.items() for event in those}
        return cls(types, {kind: _spread(those, 2 * COMPARED) for kind, those in by_type.items()})

    def others(self, event: str, cited: frozenset[str]) -> list[str]:
        """Acts of the same type that are not cited."""
        return [one for one in self.some.get(self.types.get(event, -1), ()) if one not in cited][:COMPARED]


def proven(items: Sequence[ModelPrediction], scores: Scores, alike: Alike) -> tuple[ModelPrediction, ...]:
    """The items with the acts of each reason in the order of what the home loses without them, the first few tried.

    `scores` gives those of all items, in their order, without some events. A reason cites none where no act tried holds
    up the home, or it loses as much without some other act of that type: what it says of the home stays true, and owes
    nothing to them. News of a home is told by the acts on that home, whatever they hold up.
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


def _spread(events: Sequence[str], most: int) -> list[str]:
    """So many of them, evenly apart."""
    return [events[at] for at in np.unique(np.linspace(0, len(events) - 1, most).astype(np.int64)).tolist()]
