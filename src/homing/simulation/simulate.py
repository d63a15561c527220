"""One run of the simulation: homes and parameters in, the five tables out. Same seed, end and homes: the same rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from homing.core.clock import DAY, HOUR, SECOND, format_moment, from_micros
from homing.core.errors import BadInput, Fault, shown
from homing.event_types import EventType
from homing.simulation import constants as c
from homing.simulation.agents import Agent, draw_agents, local_offset, reply_moment
from homing.simulation.browsing import hours_of_day
from homing.simulation.funnel import HAPPENINGS
from homing.simulation.homes import Homes, homes_from
from homing.simulation.households import draw_households
from homing.simulation.market_life import listing_rows, market_life
from homing.simulation.profiles import agent_row, lead_rows, truth_rows
from homing.simulation.world import Look, Search, World

__all__ = ["Lived", "Simulated", "live_a_day", "lived", "simulate", "tables"]

Row = dict[str, object]
Progress = Callable[[int, int], None]
Witness = Callable[[World, Any, Any, Look], None]

_WEEKEND = (5, 6)


@dataclass(frozen=True, slots=True)
class Simulated:
    """The five tables of a run, each a list of rows ready to be written; listings and events are ordered by time."""

    listings: list[Row]
    leads: list[Row]
    agents: list[Row]
    events: list[Row]
    truth: list[Row]


@dataclass(frozen=True, slots=True)
class Lived:
    """A market after its days: the world with its log, each household's search, and the agents."""

    world: World
    searches: list[Search]
    agents: list[Agent]


def simulate(
    homes: Sequence[Mapping[str, object]],
    leads: int,
    days: int,
    *,
    seed: int,
    end_at: int,
    progress: Progress | None = None,
) -> Simulated:
    """Let so many leads shop for so many days, up to `end_at` (microseconds), among homes given as RESO rows.

    Each home's `ListPrice` is what it is worth; its life in time is drawn. `progress` hears (days done, days).
    """
    return tables(lived(homes, leads, days, seed=seed, end_at=end_at, progress=progress), seed=seed)


def lived(
    homes: Sequence[Mapping[str, object]],
    leads: int,
    days: int,
    *,
    seed: int,
    end_at: int,
    progress: Progress | None = None,
    witness: Witness | None = None,
) -> Lived:
    """The same market before it is written down, for whoever wants to let more households shop in it.

    `witness` hears of every logged page (`World`), and must draw nothing from the streams of the households.
    """
    _checked(leads, days, seed)
    start = end_at - days * DAY
    market = homes_from(homes, seed)
    world = World(market, market_life(market, seed, start, end_at), start, end_at, witness=witness)
    agents = draw_agents(leads, seed)
    households = draw_households(market, leads, seed, start, end_at)
    searches = [
        Search(
            household,
            np.random.default_rng([seed, 6, number]),
            agents[number % len(agents)],
            household.intent,
            pre_approved=household.preapproved,
        )
        for number, household in enumerate(households)
    ]
    _welcome(world, searches)
    for day in range(days):
        live_a_day(world, searches, start + day * DAY)
        if progress is not None:
            progress(day + 1, days)
    return Lived(world, searches, agents)


def tables(found: Lived, *, seed: int) -> Simulated:
    """What is written of a market: rows for the importers, and the truth behind them."""
    world, market = found.world, found.world.homes
    leads = sum(len(search.household.leads) for search in found.searches)
    days = (world.end - world.start) // DAY
    about: Row = {"seed": seed, "leads": leads, "days": days, "end": format_moment(world.end), "homes": len(market)}
    return Simulated(
        listings=listing_rows(market, world.life, world.end),
        leads=[row for search in found.searches for row in lead_rows(market, search, seed)],
        agents=[agent_row(agent) for agent in found.agents],
        events=world.log.rows(f"sim_{_digest(market, about)}", world.end, seed),
        truth=list(truth_rows(market, found.searches, about)),
    )


def _checked(leads: int, days: int, seed: int) -> None:
    faults = [
        Fault(name, f"be a whole number of at least {least}", shown(value))
        for name, value, least in (("leads", leads, 1), ("days", days, 1), ("seed", seed, 0))
        if value < least
    ]
    if faults:
        raise BadInput(faults)


def _welcome(world: World, searches: list[Search]) -> None:
    """Leads that join during the run register, and their agent hears of it."""
    for search in searches:
        joined = search.household.joined
        if joined == world.start:
            search.stage = "contacted"
            continue
        for lead in search.household.leads:
            world.log.add(joined, EventType.REGISTERED, lead, data={"method": "website"}, ids={"source_channel": "web"})
        reply = reply_moment(search.agent, search.draw, joined)
        if reply is not None:
            world.later(reply, "answer", search, search.household.leads[0])


def live_a_day(world: World, searches: list[Search], day: int) -> None:
    """Draw who visits when, then let everything of the day happen in the order of time."""
    world.dawn(day)
    offset = local_offset(day + DAY // 2)
    rush = c.WEEKEND if from_micros(day + DAY // 2 + offset).weekday() in _WEEKEND else 1.0
    for search in searches:
        if search.household.joined < day + DAY:
            _plan_visits(world, search, day, offset, rush)
    while (task := world.next_task(day + DAY)) is not None:
        HAPPENINGS[task.kind](world, task)


def _plan_visits(world: World, search: Search, day: int, offset: int, rush: float) -> None:
    draw, household = search.draw, search.household
    search.intent = int(np.searchsorted(np.cumsum(c.INTENT_DAY[search.intent])[:-1], draw.random(), side="right"))
    if search.intent >= 2 and draw.random() < 0.02:
        search.pre_approved = True
    rate = c.SESSIONS_A_DAY[search.intent] * household.activity * rush * (c.AFTER_PURCHASE if search.bought else 1.0)
    for _ in range(int(draw.poisson(min(rate, 3.0)))):
        hour = int(draw.choice(24, p=hours_of_day(household.hour)))
        at = day + (hour * HOUR - offset - day) % DAY + int(draw.integers(0, 3_600)) * SECOND
        second = len(household.leads) == 2 and draw.random() < 0.35
        if at > household.joined:
            world.later(at, "visit", search, household.leads[int(second)])


def _digest(homes: Homes, about: Row) -> str:
    """Eight hexadecimal digits of everything a run depends on, so that events of two runs never share an id."""
    digest = hashlib.sha256(repr(sorted(about.items())).encode())
    digest.update(repr(homes.ids.ids).encode())
    digest.update(homes.price.tobytes())
    digest.update(c.fingerprint().encode())
    return digest.hexdigest()[:8]
