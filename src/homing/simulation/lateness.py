"""When what happened becomes known: mostly at once, some in the batch of a phone or of a CRM, some days later."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from homing.core.clock import DAY, HOUR, MINUTE
from homing.event_types import EventType
from homing.simulation import constants as c
from homing.simulation.agents import local_offset

__all__ = ["Lateness"]

_TOUR: Final = EventType.TOUR_COMPLETED
_BY_PHONE: Final = "mobile"


class Lateness:
    """Draws the moment of knowing; ask in the order of time. It has draws of its own, so what happens stays the same.

    All events of a visit without a connection arrive together. An agent whose CRM is read at night is such an agent
    throughout.
    """

    def __init__(self, seed: int) -> None:
        self._draw = np.random.default_rng([seed, 9])
        self._visits: dict[str, int] = {}
        self._nightly: dict[str, bool] = {}

    def known_at(self, at: int, kind: EventType, fields: Mapping[str, object], known_at: int) -> int:
        """When an event is known that would be known at `known_at` if nothing delayed it; never earlier."""
        if kind is _TOUR and known_at > at:
            late = self._draw.random() < c.NOTE_DAYS_LATE
            return known_at + int(self._draw.integers(1, 4)) * DAY if late else known_at
        session, agent = fields.get("session_id"), fields.get("agent_id")
        if isinstance(session, str) and fields.get("device_type") == _BY_PHONE:
            return max(known_at, self._connected(session, at))
        if isinstance(agent, str) and kind.spec.cause == "agent" and self._is_nightly(agent):
            return max(known_at, _night_after(at))
        return known_at

    def _connected(self, session: str, at: int) -> int:
        """When the phone of a visit has a connection again; 0 if it never lost it."""
        if session not in self._visits:
            lost = self._draw.random() < c.OFFLINE_VISITS
            hours = float(self._draw.exponential(c.OFFLINE_HOURS))
            self._visits[session] = at + c.LONGEST_VISIT_MINUTES * MINUTE + int(hours * HOUR) if lost else 0
        return self._visits[session]

    def _is_nightly(self, agent: str) -> bool:
        if agent not in self._nightly:
            self._nightly[agent] = bool(self._draw.random() < c.NIGHTLY_CRM)
        return self._nightly[agent]


def _night_after(at: int) -> int:
    """Two o'clock of the night after a moment, where the agents live."""
    local = at + local_offset(at)
    night = local - (local - 2 * HOUR) % DAY + DAY
    return night - local_offset(night - local_offset(at))
