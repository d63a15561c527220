"""How strongly each act speaks for or against the home it is about, before weights are learned from data."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.event_types import EventType
from homing.store.columns import TYPES, EventColumns

__all__ = ["DECLARED", "SIGNAL_LABELS", "SIGNAL_NUMBERS", "signed_weights"]

SIGNAL_NUMBERS: Final = ("view_duration_seconds", "completed")
SIGNAL_LABELS: Final = ("swipe_direction", "reason", "search_filters")
LONG_LOOK_SECONDS: Final = 60.0
_LONG_LOOK_FACTOR: Final = 2.0

DECLARED: Final = np.array([kind.spec.signed_weight for kind in TYPES])
"""The declared weight of each event type, with the sign of its polarity."""

_CODE: Final = {kind: code for code, kind in enumerate(TYPES)}


def signed_weights(events: EventColumns, of_types: NDArray[np.float64] = DECLARED) -> NDArray[np.float64]:
    """One weight an event, shape (n,): positive for the home, negative against it, 0 for no evidence.

    The weight of its type in `of_types` (left out: the declared one). A view of over a minute counts twice; a swipe is
    a like or a dislike by its direction, and without one no evidence; a booking or tour that did not take place after
    all counts nothing. The columns must have been loaded with `SIGNAL_NUMBERS` and `SIGNAL_LABELS`.
    """
    weights = of_types[events.type]
    looked = (events.type == _CODE[EventType.PROPERTY_VIEW]) & (
        events.numbers["view_duration_seconds"] > LONG_LOOK_SECONDS
    )
    weights[looked] *= _LONG_LOOK_FACTOR
    codes, directions = events.labels["swipe_direction"]
    swiped = events.type == _CODE[EventType.PROPERTY_SWIPE]
    weights[swiped] = 0.0
    for word, kind in (("left", EventType.PROPERTY_DISLIKE), ("right", EventType.PROPERTY_LIKE)):
        if word in directions:
            weights[swiped & (codes == directions.code(word))] = of_types[_CODE[kind]]
    weights[events.numbers["completed"] == 0.0] = 0.0
    weights[events.property < 0] = 0.0
    return weights
