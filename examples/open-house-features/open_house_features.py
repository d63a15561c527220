"""What open houses say of a lead: how many it visits, and whether it asks about a home after having stood in it."""

from __future__ import annotations

import numpy as np

from homing.core.clock import DAY, HOUR
from homing.event_types import EventType
from homing.feature_engineering import Example, feature
from homing.feature_engineering.arithmetic import distinct, share
from homing.feature_engineering.declaration import code
from homing.tracking.history import History

VISITED = code(EventType.OPEN_HOUSE_VISITED)
SUNDAY = [
    (9 * DAY, "inquiry_sent", {"property_id": "home-2"}),
    (8 * DAY, "open_house_visited", {"property_id": "home-1"}),
    (8 * DAY - HOUR, "open_house_visited", {"property_id": "home-2"}),
    (7 * DAY, "inquiry_sent", {"property_id": "home-1"}),
]


@feature(
    unit="events",
    family="open houses",
    reads=[EventType.OPEN_HOUSE_VISITED],
    window=90 * DAY,
    range=(0, 1e9),
    missing=0.0,
    example=Example(SUNDAY, 2.0),
)
def open_houses_90d(h: History) -> int:
    """Open houses that the lead visited."""
    return h.size


@feature(
    unit="ratio",
    family="open houses",
    reads=[EventType.OPEN_HOUSE_VISITED, EventType.INQUIRY_SENT],
    window=90 * DAY,
    range=(0, 1),
    missing=0.0,
    example=Example(SUNDAY, 0.5),
)
def asked_after_open_house_share_90d(h: History) -> float:
    """Share of the homes visited at an open house that the lead asked about afterwards; 0 without visits."""
    stage = np.zeros(distinct(h.property, h.size), np.int64)
    for i in range(h.size):
        home = h.property[i]
        if home >= 0 and h.type[i] == VISITED:
            stage[home] = max(stage[home], 1)
        elif home >= 0 and stage[home] == 1:
            stage[home] = 2
    visited = 0
    asked = 0
    for home in range(len(stage)):
        visited += stage[home] > 0
        asked += stage[home] == 2
    return share(asked, visited)
