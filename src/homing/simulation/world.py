"""What all parts of one run share: homes, their life, the log, tasks to come, and each household's search so far."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, HOUR
from homing.event_types import EventType
from homing.simulation.agents import Agent
from homing.simulation.event_log import EventLog
from homing.simulation.homes import Homes
from homing.simulation.households import Household
from homing.simulation.market_life import NEVER, MarketLife
from homing.simulation.taste import attributes, utility, within_limits

__all__ = ["Look", "Search", "Task", "Today", "World", "Worth"]

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Look:
    """A page of results as it was looked through: number `number` of its visit, after `views` homes opened.

    `rows` as shown, whether each was opened (in whole: `whole`), had been opened before, or was passed on before.
    """

    at: int
    number: int
    views: int
    rows: Rows
    opened: NDArray[np.bool_]
    again: NDArray[np.bool_]
    passed: NDArray[np.bool_]
    filters: Mapping[str, object]
    logged: bool
    whole: bool


@dataclass(slots=True)
class Search:
    """The search of one household as it stands: changes with every visit; with a list for them it keeps its `looks`."""

    household: Household
    draw: np.random.Generator
    agent: Agent
    intent: int
    views: int = 0
    visits: int = 0
    tours: int = 0
    lost: int = 0
    best: float = -np.inf
    opened: dict[int, int] = field(default_factory=dict)
    saved: dict[int, float] = field(default_factory=dict)
    saved_by: set[tuple[str, int]] = field(default_factory=set)
    passed: set[int] = field(default_factory=set)
    asked: set[int] = field(default_factory=set)
    busy_until: int = 0
    pre_approved: bool = False
    bidding: bool = False
    bought: bool = False
    search_saved: bool = False
    stage: str = "new"
    looks: list[Look] | None = None


@dataclass(frozen=True, slots=True, order=True)
class Task:
    """Something that will happen: a visit, an agent's answer, a tour, the seller's reply, a closing, an e-mail."""

    at: int
    number: int
    kind: str = field(compare=False)
    search: Search = field(compare=False)
    lead: str = field(compare=False)
    row: int = field(compare=False, default=-1)
    amount: float = field(compare=False, default=0.0)
    rows: tuple[int, ...] = field(compare=False, default=())


@dataclass(frozen=True, slots=True)
class Worth:
    """n homes as a household sees them: list prices, attributes, utility of household and partner, limits kept."""

    prices: NDArray[np.float64]
    seen: NDArray[np.float64]
    joint: NDArray[np.float64]
    own: NDArray[np.float64]
    fits: NDArray[np.bool_]

    def only(self, place: int) -> Worth:
        """The same for one of the homes."""
        one = slice(place, place + 1)
        return Worth(self.prices[one], self.seen[one], self.joint[one], self.own[one], self.fits[one])


@dataclass(frozen=True, slots=True)
class Today:
    """The homes for sale at some moment of one day, as columns of their own: a home has at most one price cut a day."""

    rows: Rows
    listed: Rows
    pending: Rows
    back: Rows
    again: Rows
    beds: NDArray[np.float64]
    area: Rows
    cut: Rows
    price: NDArray[np.float64]
    price_after: NDArray[np.float64]

    @classmethod
    def of(cls, homes: Homes, life: MarketLife, start: int, end: int) -> Today:
        """The homes of a day."""
        rows = life.during(start, end)
        step = (life.cuts[rows] <= start).sum(axis=1)
        later = np.minimum(step, life.cuts.shape[1] - 1)
        return cls(
            rows=rows,
            listed=life.listed[rows],
            pending=life.pending[rows],
            back=life.back[rows],
            again=life.pending_again[rows],
            beds=homes.beds[rows],
            area=homes.area[rows],
            cut=np.where(step > later, NEVER, life.cuts[rows, later]),
            price=life.prices[rows, step],
            price_after=life.prices[rows, later + 1],
        )

    def active(self, at: int) -> NDArray[np.bool_]:
        """Which of the homes are for sale at a moment of the day."""
        return ((self.listed <= at) & (at < self.pending)) | ((self.back <= at) & (at < self.again))

    def prices(self, at: int) -> NDArray[np.float64]:
        """Their list prices at a moment of the day."""
        return np.where(self.cut <= at, self.price_after, self.price)


@dataclass(slots=True)
class World:
    """One run. `today` holds the homes for sale on the present day, `promised` those just sold.

    `witness` hears of every page that is logged before it is looked through: the world, the visit, its plan, the page.
    """

    homes: Homes
    life: MarketLife
    start: int
    end: int
    log: EventLog = field(default_factory=EventLog)
    tasks: list[Task] = field(default_factory=list)
    today: Today = field(init=False)
    until: int = field(init=False)
    promised: set[int] = field(default_factory=set)
    witness: Callable[[World, Any, Any, Look], None] | None = None
    _numbers: int = 0

    def home_id(self, row: int) -> str:
        """The listing key of a home."""
        return self.homes.ids.ids[row]

    def later(
        self,
        at: int,
        kind: str,
        search: Search,
        lead: str,
        *,
        row: int = -1,
        amount: float = 0.0,
        rows: tuple[int, ...] = (),
    ) -> None:
        """Note something that will happen, unless the run is over by then."""
        if at <= self.end:
            self._numbers += 1
            heapq.heappush(self.tasks, Task(at, self._numbers, kind, search, lead, row, amount, rows))

    def next_task(self, before: int) -> Task | None:
        """The earliest thing still to happen before a moment, taken off the list."""
        if self.tasks and self.tasks[0].at < before:
            return heapq.heappop(self.tasks)
        return None

    def __post_init__(self) -> None:
        self.dawn(self.start)

    def dawn(self, day: int) -> None:
        """A new day begins (visits may last into the next)."""
        self.until = day + DAY
        self.today = Today.of(self.homes, self.life, day, self.until + 6 * HOUR)

    def sell(self, row: int, at: int) -> None:
        """A home is bought by a household of the simulation; it leaves the market at that moment."""
        self.promised.add(row)
        self.life.sell(row, at)
        self.today = Today.of(self.homes, self.life, self.until - DAY, self.until + 6 * HOUR)

    def worth(self, search: Search, rows: Rows, at: int, partner: int = 0) -> Worth:
        """What these homes are worth at the prices of that moment."""
        prices = self.life.price(rows, at)
        taste = search.household.taste
        seen = attributes(self.homes, taste, rows, prices)
        joint, first, second = utility(taste, seen, search.household.weights_after(search.views))
        fits = within_limits(self.homes, taste, rows, prices)
        return Worth(prices, seen, joint, second if partner else first, fits)

    def stage(self, at: int, search: Search, lead: str, stage: str) -> None:
        """The lead moves to another stage of the pipeline."""
        if search.stage != stage:
            data = {"stage": stage, "previous_stage": search.stage}
            self.log.add(at, EventType.STAGE_CHANGED, lead, ids={"agent_id": search.agent.agent_id}, data=data)
            search.stage = stage
