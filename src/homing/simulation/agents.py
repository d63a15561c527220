"""Agents: how soon they answer, when they work, and what they do for a lead."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np

from homing.core.clock import DAY, HOUR, MINUTE, SECOND, from_micros
from homing.simulation import constants as c

__all__ = ["TIME_ZONE", "Agent", "draw_agents", "local_offset", "reply_moment"]

TIME_ZONE = "America/Los_Angeles"
_ZONE = ZoneInfo(TIME_ZONE)
_OPENS, _CLOSES = 8, 20


@dataclass(frozen=True, slots=True)
class Agent:
    """One agent: the median minutes to an answer, the share of leads never answered, and the gift for closing."""

    agent_id: str
    minutes: float
    ignores: float
    skill: float
    capacity: int


def draw_agents(leads: int, seed: int) -> list[Agent]:
    """About one agent for each `LEADS_AN_AGENT` leads, at least three; the shares of the fast and the slow hold."""
    draw = np.random.default_rng([seed, 4])
    shares = np.array([share for share, _ in c.AGENT_MINUTES])
    count = max(3, leads // c.LEADS_AN_AGENT)
    kinds = np.searchsorted(np.cumsum(shares / shares.sum()), (draw.permutation(count) + 0.5) / count)
    agents = []
    for number, kind in enumerate(kinds.tolist()):
        agents.append(
            Agent(
                agent_id=f"agent-{number + 1:03d}",
                minutes=c.AGENT_MINUTES[kind][1] * float(np.exp(draw.normal(0.0, 0.4))),
                ignores=c.NEVER_ANSWERED * (0.1, 0.6, 1.6)[kind],
                skill=float(draw.normal(0.0, 0.3)),
                capacity=int(draw.integers(15, 40)),
            )
        )
    return agents


def local_offset(at: int) -> int:
    """Microseconds to add to UTC for the local time of the market at a moment."""
    offset = from_micros(at).astimezone(_ZONE).utcoffset()
    return int(offset.total_seconds()) * SECOND if offset else 0


def reply_moment(agent: Agent, draw: np.random.Generator, at: int) -> int | None:
    """When the agent answers what came at `at`, inside working hours; None if never."""
    if draw.random() < agent.ignores:
        return None
    seconds = int(agent.minutes * 60.0 * np.exp(draw.normal(0.0, 0.8))) + 30
    reply = at + seconds * SECOND
    offset = local_offset(reply)
    hour = (reply + offset) % DAY // HOUR
    if _OPENS <= hour < _CLOSES:
        return reply
    midnight = reply + offset - (reply + offset) % DAY + (DAY if hour >= _CLOSES else 0)
    return midnight - offset + _OPENS * HOUR + int(draw.integers(0, 90)) * MINUTE
