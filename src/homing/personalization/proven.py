"""Reasons whose first act was found to count: the home was scored again without it, and lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.interfaces import ModelPrediction, Reason
from homing.personalization.returned import BACK, CUT

__all__ = ["MOST_TRIED", "proven"]

MOST_TRIED: Final = 3
"""Of each reason so many acts are left out in turn, those that are expected to hold up the home most."""

Scores = Callable[[frozenset[str]], NDArray[np.float64]]


def proven(items: Sequence[ModelPrediction], scores: Scores) -> tuple[ModelPrediction, ...]:
    """The items with the acts of each reason in the order of what the home loses without them, the first few tried.

    `scores` gives those of all items, in their order, without some events. A reason of which no act tried holds up the
    home cites none: what it says of the home stays true, and owes nothing to them. News of a home is told by the acts
    on that home, whatever they hold up.
    """
    before = scores(frozenset())
    known: dict[str, NDArray[np.float64]] = {}

    def loss(place: int, event: str) -> float:
        if event not in known:
            known[event] = scores(frozenset({event}))
        return float(before[place] - known[event][place])

    def tried(place: int, reason: Reason) -> Reason:
        if not reason.events or reason.kind in (CUT, BACK):
            return reason
        losses = {event: loss(place, event) for event in reason.events[:MOST_TRIED]}
        if max(losses.values()) <= 0.0:
            return replace(reason, events=())
        first = sorted(losses, key=lambda event: -losses[event])
        return replace(reason, events=(*first, *reason.events[MOST_TRIED:]))

    return tuple(
        replace(item, reasons=tuple(tried(place, reason) for reason in item.reasons))
        for place, item in enumerate(items)
    )
