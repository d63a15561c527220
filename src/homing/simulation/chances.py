"""How likely a household is to engage with each home of a page: its life from that page on, lived many times over."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.event_types import ENGAGED, EventType
from homing.simulation.browsing import Plan, Visit, finish, go_on
from homing.simulation.event_log import EventLog
from homing.simulation.funnel import HAPPENINGS, ask
from homing.simulation.market_life import MarketLife
from homing.simulation.simulate import live_a_day
from homing.simulation.world import Look, Search, Today, World

__all__ = ["Chances", "PageChances"]

_SEED: Final = 14


@dataclass(frozen=True, slots=True)
class PageChances:
    """One page as it was logged: to which lead, at which moment, which homes, and in how many of `tries` it engaged."""

    lead: str
    at: int
    homes: tuple[str, ...]
    engaged: NDArray[np.int64]
    tries: int


@dataclass(slots=True)
class Chances:
    """A witness of pages logged in (`after`, `upto`]: lets their household go on from there so many `tries` times.

    What is known at the page stays: taste, temper and what the household has done. What comes is drawn anew each time,
    from streams of their own, up to `within` (microseconds) after the page. So engaged / tries estimates the chance
    that one has who knows all of the household; no log tells so much. The rest of the market goes its way.
    """

    after: int
    upto: int
    within: int
    tries: int
    seed: int
    pages: list[PageChances] = field(default_factory=list)

    def __call__(self, world: World, now: Visit, plan: Plan, look: Look) -> None:
        """Hear of a page."""
        if not self.after < look.at <= self.upto:
            return
        days: dict[int, Today] = {}
        engaged = np.zeros(len(look.rows), dtype=np.int64)
        names = tuple(world.home_id(int(row)) for row in look.rows)
        places = {name: place for place, name in enumerate(names)}
        for number in range(self.tries):
            draw = np.random.default_rng([self.seed, _SEED, len(self.pages), number])
            heard = _Heard(now.lead, look.at, look.at + self.within)
            _live_on(world, now, plan, look, draw, heard, days)
            engaged[[places[home] for home in heard.homes if home in places]] += 1
        self.pages.append(PageChances(now.lead, look.at, names, engaged, self.tries))


class _Heard(EventLog):
    """Keeps of what happens only with which homes one lead engaged, after one moment and up to another."""

    def __init__(self, lead: str, after: int, upto: int) -> None:
        super().__init__()
        self.homes: set[str] = set()
        self._lead, self._after, self.upto = lead, after, upto

    def add(
        self, at: int, kind: EventType, lead: str | None, *, data: Mapping[str, object] | None = None,
        ids: Mapping[str, str] | None = None, known_at: int | None = None,
    ) -> None:  # fmt: skip
        if kind in ENGAGED and lead == self._lead and self._after < at <= self.upto and ids is not None:
            self.homes.add(ids["property_id"])


@dataclass(slots=True)
class _Branch(World):
    """A world that goes on for one household: days are shared until it buys, and then the market is its own."""

    days: dict[int, Today] = field(default_factory=dict)
    bought: bool = False

    def dawn(self, day: int) -> None:
        if self.bought:
            World.dawn(self, day)
            return
        if day not in self.days:
            World.dawn(self, day)
            self.days[day] = self.today
        self.until, self.today = day + DAY, self.days[day]

    def sell(self, row: int, at: int) -> None:
        if not self.bought:
            self.bought, self.life = True, _own(self.life)
        World.sell(self, row, at)


def _own(life: MarketLife) -> MarketLife:
    return MarketLife(*(np.copy(getattr(life, name)) for name in MarketLife.__slots__))


def _live_on(
    world: World, now: Visit, plan: Plan, look: Look, draw: np.random.Generator, heard: _Heard, days: dict[int, Today]
) -> None:
    """Another way in which things may go on from a page."""
    search = _twin(now.search, draw)
    day = world.until - DAY
    branch = _Branch(world.homes, world.life, day, heard.upto, log=heard, days=days)
    branch.promised = set(world.promised)
    for due in (one for one in world.tasks if one.search is now.search):
        branch.later(due.at, due.kind, search, due.lead, row=due.row, amount=due.amount, rows=due.rows)
    here = replace(now, search=search)
    go_on(branch, here, replace(plan, shown=set(plan.shown)), look)
    ask(branch, here)
    finish(branch, here)
    while (task := branch.next_task(branch.until)) is not None:
        HAPPENINGS[task.kind](branch, task)
    for start in range(branch.until, branch.end, DAY):
        live_a_day(branch, [search], start)


def _twin(search: Search, draw: np.random.Generator) -> Search:
    """The household as it stands, to go on by another stream."""
    kept = ("opened", "saved", "saved_by", "passed", "asked")
    return replace(search, draw=draw, looks=None, **{name: copy(getattr(search, name)) for name in kept})
