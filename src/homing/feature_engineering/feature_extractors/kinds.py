"""What a lead's events are mostly about."""

from __future__ import annotations

import numpy as np

from homing.core.clock import DAY, HOUR
from homing.feature_engineering.arithmetic import commonest, distinct
from homing.feature_engineering.declaration import Category, Example, feature
from homing.feature_engineering.feature_extractors.vocabulary import (
    BEHAVIOR,
    FOR_A_HOME,
    MONTH,
    RIGHT,
    SWIPE,
    TYPE_COUNT,
)
from homing.store.columns import TYPES
from homing.tracking.history import History


@feature(
    unit="category",
    family="kinds",
    reads=BEHAVIOR,
    window=MONTH,
    categories=tuple(kind.value for kind in TYPES),
    example=Example([(3 * DAY, "property_view"), (DAY, "search_query"), (HOUR, "property_view")], "property_view"),
)
def primary_event_type(h: History) -> Category:
    """The commonest type of event; of equal ones the latest seen."""
    return Category(commonest(h.type, h.size, TYPE_COUNT))


@feature(
    unit="category",
    family="kinds",
    reads=FOR_A_HOME,
    window=MONTH,
    categories="home_kind",
    version=2,
    example=Example(
        [
            (3 * DAY, "property_view", {"property_type": "Condominium"}),
            (DAY, "property_save", {"property_type": "Townhouse"}),
            (HOUR, "property_view", {"property_type": "Condominium"}),
            (HOUR, "property_view"),
            (HOUR, "property_swipe", {"property_type": "Townhouse", "swipe_direction": "left"}),
        ],
        "Condominium",
    ),
)
def preferred_property_type(h: History) -> Category:
    """The commonest kind of home in what speaks for a home; of equal ones the latest seen.

    Of swipes only those to the right count. What the event says in `event_data.property_type`, else what the
    catalogue said of the home then.
    """
    kinds = np.full(h.size, -1, np.int64)
    for i in range(h.size):
        if h.type[i] != SWIPE or h.swipe_direction[i] == RIGHT:
            kinds[i] = h.home_kind[i]
    return Category(commonest(kinds, h.size, distinct(kinds, h.size)))
