"""An agent as the brokerage describes it: zone, working hours and how many leads at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from homing.core.errors import BadInput
from homing.people.reading import Reading
from homing.trust.denied import DENIED, Denied

__all__ = ["Agent", "agent_from", "agent_row"]

_KEYS: Final = ("agent_id", "time_zone", "hours", "capacity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Agent:
    """One agent. `hours` is kept as the brokerage writes it (text, list or object); `capacity` is a number of leads.

    >>> agent_from({"agent_id": "a1", "capacity": 40}).capacity
    40.0
    """

    agent_id: str
    time_zone: str | None = None
    hours: Any = None
    capacity: float | None = None
    dropped: tuple[str, ...] = field(default=(), compare=False, repr=False)


def agent_from(row: Mapping[str, Any], where: str = "", denied: Denied = DENIED) -> Agent:
    """The agent a row describes; `BadInput` with every fault. What is denied is left out and named in `dropped`."""
    if not isinstance(row, Mapping):
        raise BadInput.of(where or "agent", "be an object with agent_id", row)
    reading = Reading(row, _KEYS, denied=denied)
    agent = Agent(
        agent_id=reading.id("agent_id", required=True) or "",
        time_zone=reading.zone("time_zone"),
        hours=reading.json("hours"),
        capacity=reading.number("capacity", low=0),
        dropped=tuple(reading.dropped),
    )
    reading.check(where)
    return agent


def agent_row(agent: Agent) -> dict[str, Any]:
    """The agent as a row of a file, without what is unknown."""
    row = {name: getattr(agent, name) for name in _KEYS}
    if agent.capacity is not None and float(agent.capacity).is_integer():
        row["capacity"] = int(agent.capacity)
    return {name: value for name, value in row.items() if value is not None}
