"""One household more in a market that stands still: what it does, act by act, until it has done enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from homing.core.clock import DAY, HOUR, parse_moment
from homing.event_types import EventType
from homing.simulation.agents import Agent
from homing.simulation.browsing import finish, visit
from homing.simulation.event_log import EventLog
from homing.simulation.households import Household, household_of
from homing.simulation.market_life import MarketLife
from homing.simulation.scenarios import Shopper
from homing.simulation.world import Look, Search, World

__all__ = ["Shopped", "is_act", "shop", "standing_still"]

Row = Mapping[str, object]

_NO_ACTS = frozenset({EventType.RECOMMENDATION_SHOWN.value, EventType.PHOTOS_VIEWED.value})
_MOST_VISITS = 60
_BETWEEN_VISITS = 6 * HOUR
_NOBODY = Agent("nobody", 0.0, 1.0, 0.0, 0)


@dataclass(frozen=True, slots=True)
class Shopped:
    """The events of a household in order, how many of them are within each number of acts, and when it changed.

    `looks` are the pages that it looked through, `looks_before` those before it changed: no log has them.
    """

    events: list[dict[str, object]]
    upto: tuple[int, ...]
    changed: int | None
    looks: list[Look]
    looks_before: int


def standing_still(world: World) -> World:
    """The market as it is at the end of a world, for ever: no home comes, goes or changes its price."""
    now, life = world.end - 1, world.life
    rows = np.arange(len(world.homes))
    active = life.active(rows, now)
    never = np.full(len(rows), np.iinfo(np.int64).max)
    frozen = MarketLife(
        listed=np.where(active, life.listed, never),
        pending=never,
        back=never,
        pending_again=never,
        closed=never,
        cuts=np.where(life.cuts <= now, life.cuts, np.iinfo(np.int64).max),
        prices=life.prices,
        close_ratio=life.close_ratio,
    )
    return World(world.homes, frozen, world.end, world.end + 2 * _MOST_VISITS * DAY)


def is_act(row: Row) -> bool:
    """Whether a lead opened a home or said something of it; photos looked at belong to the opening."""
    return "property_id" in row and row["event_type"] not in _NO_ACTS


def shop(world: World, shopper: Shopper, points: tuple[int, ...], seed: int) -> Shopped:
    """Let a household browse until it has done as many acts as the last of `points`; it visits four times a day.

    From act number `changes` of its scenario on it wants what it wants later. Nothing is known late here.
    """
    household = shopper.household
    draw = np.random.default_rng([seed, 12, *map(ord, household.household_id)])
    looks: list[Look] = []
    search = Search(household, draw, _NOBODY, household.intent, looks=looks)
    log = EventLog()
    changed: int | None = None
    acts, before = 0, 0
    for number in range(_MOST_VISITS):
        if acts >= points[-1]:
            break
        if shopper.later is not None and changed is None and acts >= (shopper.scenario.changes or 0):
            changed, before = len(_rows(log, world, household)), len(looks)
            other = household_of(
                draw, world.homes, shopper.later, household.household_id, household.leads,
                partners=household.partners, segment=household.segment,
            )  # fmt: skip
            search.household, search.saved = other, {}
        at = world.start + number * _BETWEEN_VISITS
        world.log = log
        world.dawn(at - at % DAY)
        finish(world, visit(world, search, household.leads[0], 0, at))
        acts = sum(is_act(row) for row in _rows(log, world, household))
    events = _rows(log, world, household)
    return Shopped(events, tuple(_after(events, point) for point in points), changed, looks, before)


def _rows(log: EventLog, world: World, household: Household) -> list[dict[str, object]]:
    lead = [{**row, "received_at": row["timestamp"]} for row in log.rows(household.household_id, world.end, 0)]
    return sorted(lead, key=lambda row: parse_moment(str(row["timestamp"])))


def _after(events: list[dict[str, object]], acts: int) -> int:
    """How many events lead up to so many acts, the last of them included."""
    count = 0
    for place, row in enumerate(events):
        if acts == 0:
            return 0
        count += is_act(row)
        if count == acts:
            return place + 1
    return len(events)
