"""What each kind of act is worth as evidence, learned from how often leads engaged with the home after it."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.event_types import ENGAGED, EventType
from homing.store.columns import TYPES, EventColumns
from homing.tracking.signals import DECLARED

__all__ = ["WITHIN", "learned_weights"]

WITHIN: Final = 14 * DAY
"""A lead that engages with a home within so long after an act was converted."""

_PRIOR: Final = 20.0
_MOST: Final = 4.0
_VIEW: Final = TYPES.index(EventType.PROPERTY_VIEW)
_ENGAGED: Final = np.array([kind in ENGAGED for kind in TYPES])
_LIGHTER: Final = min(kind.spec.signed_weight for kind in ENGAGED)
_LEARNED: Final = (DECLARED > 0) & (DECLARED < _LIGHTER)


def learned_weights(events: EventColumns, as_of: int) -> NDArray[np.float64]:
    """The weight of each event type, float64 (types,), in the order of `TYPES`, in units in which a view has its own.

        weight_t = declared_t * (conversions_t + 20) / (expected_t + 20),
        expected_t = n_t * rate_of_views * declared_t / declared_view

    n_t counts the pairs of lead and home with an act of type t whose 14 days are over by `as_of`; a pair converts if
    the lead engages with the home later than its first such act, within 14 days. So a weight moves from the declared
    one to the ratio of conversion rates as evidence comes in, by at most a factor of 4 (a Gamma prior on the ratio).
    Types that weigh as much as engagement, or are evidence against, keep what is declared: nothing later would tell.
    """
    about = (events.lead >= 0) & (events.property >= 0)
    pair = events.lead.astype(np.int64) * max(1, len(events.properties)) + events.property
    late = np.flatnonzero(about & _ENGAGED[events.type])
    late = late[np.lexsort((events.at[late], pair[late]))]
    keys, moments = pair[late], events.at[late]
    counts, converted = np.zeros(len(TYPES)), np.zeros(len(TYPES))
    for code in np.flatnonzero(_LEARNED).tolist():
        rows = np.flatnonzero(about & (events.type == code))
        rows = rows[np.lexsort((events.at[rows], pair[rows]))]
        rows = rows[np.unique(pair[rows], return_index=True)[1]]
        rows = rows[events.at[rows] + WITHIN <= as_of]
        counts[code] = rows.size
        converted[code] = _followed(keys, moments, pair[rows], events.at[rows]).sum()
    rate = (converted[_VIEW] + 1.0) / (counts[_VIEW] + 20.0)
    expected = counts * rate * DECLARED / DECLARED[_VIEW]
    factor = np.clip((converted + _PRIOR) / (expected + _PRIOR), 1.0 / _MOST, _MOST)
    factor[~_LEARNED] = 1.0
    factor[_VIEW] = 1.0
    return np.asarray(DECLARED * factor, dtype=np.float64)


def _followed(
    keys: NDArray[np.int64], moments: NDArray[np.int64], pair: NDArray[np.int64], at: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether each pair has, among sorted (key, moment), one of its own later than `at` and within 14 days of it."""
    ticks = np.unique(np.concatenate((moments, at)))
    wide = ticks.size + 1
    in_turn = keys * wide + np.searchsorted(ticks, moments)
    following = np.searchsorted(in_turn, pair * wide + np.searchsorted(ticks, at), side="right")
    followed = following < keys.size
    found = following[followed]
    followed[followed] = (keys[found] == pair[followed]) & (moments[found] <= at[followed] + WITHIN)
    return np.asarray(followed, dtype=np.bool_)
