"""What is published about people who look for homes, and the same figures of a simulated log beside it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from homing.core.clock import DAY, HOUR, MINUTE, parse_moment
from homing.simulation import constants as c
from homing.simulation.simulate import Simulated

__all__ = ["FEWEST", "PUBLISHED", "Moment", "Published", "moments"]

FEWEST: Final = 20
"""From fewer cases a moment is not worked out."""

_AT_FIRST: Final = 60 * DAY
_ANSWERED_BY: Final = 21 * DAY
_ANSWERS: Final = frozenset({"call_made", "message_sent"})
_WISHED_AREAS: Final = ("PostalCode", "City")
_NEAR_THE_WISH: Final = 0.1

Row = Mapping[str, Any]
Values = Sequence[float]


@dataclass(frozen=True, slots=True)
class Moment:
    """A published band and the simulated value with its 95 % interval; None where fewer than `FEWEST` cases bear it."""

    name: str
    low: float
    high: float
    source: str
    n: int
    value: float | None = None
    interval: tuple[float, float] | None = None

    @property
    def holds(self) -> bool | None:
        """Whether the band and the interval have a value in common; None where there is no value."""
        return None if self.interval is None else self.interval[0] <= self.high and self.low <= self.interval[1]


@dataclass(slots=True)
class _Buyer:
    """A household that bought: when its search began and ended, and the homes it toured, asked about and bought."""

    truth: Row
    began: int
    agreed: int
    closed: int | None
    tours: list[int]
    offers: int
    toured: set[str]
    asked: set[str]
    home: str
    amount: float
    seen_online: bool


@dataclass(slots=True)
class _Log:
    """The tables of a run by household and by lead, moments in microseconds."""

    made: Simulated
    households: list[Row] = field(init=False)
    leads: dict[str, list[tuple[int, Row]]] = field(init=False)
    start: int = field(init=False)
    end: int = field(init=False)

    def __post_init__(self) -> None:
        world = self.made.truth[0]
        self.end = parse_moment(str(world["end"]))
        self.start = self.end - int(str(world["days"])) * DAY
        self.households = [row for row in self.made.truth if row["kind"] == "household"]
        self.leads = defaultdict(list)
        for row in self.made.events:
            if "lead_id" in row:
                self.leads[str(row["lead_id"])].append((parse_moment(str(row["timestamp"])), row))

    def of(self, household: Row) -> list[tuple[int, Row]]:
        """The events of all leads of a household, in order."""
        return sorted((one for lead in household["leads"] for one in self.leads[lead]), key=lambda one: one[0])

    def in_the_market(self) -> Iterator[Row]:
        """The households that were looking in earnest when the run began."""
        return (row for row in self.households if row["intent_start"] in c.INTENTS[2:])

    def buyers(self) -> list[_Buyer]:
        """The households whose offer was accepted."""
        found = (_buyer(row, self.of(row)) for row in self.households if row["bought"])
        return [one for one in found if one is not None]


@dataclass(frozen=True, slots=True)
class Published:
    """A published figure: the band that its sources leave, who published it, and how a log is asked for its cases."""

    name: str
    low: float
    high: float
    source: str
    cases: Callable[[_Log], Values]
    median: bool = False


def _buyer(truth: Row, events: list[tuple[int, Row]]) -> _Buyer | None:
    kinds: dict[str, list[tuple[int, Row]]] = defaultdict(list)
    for at, row in events:
        kinds[row["event_type"]].append((at, row))
    if not kinds["offer_accepted"]:
        return None
    agreed, deal = kinds["offer_accepted"][0]
    homes = {
        kind: {row["property_id"] for at, row in kinds[kind] if at <= agreed and "property_id" in row}
        for kind in ("tour_completed", "inquiry_sent", "tour_scheduled", "property_view")
    }
    toured_at = [at for at, row in kinds["tour_completed"] if row["property_id"] == deal["property_id"]]
    viewed_at = [at for at, row in kinds["property_view"] if row["property_id"] == deal["property_id"]]
    return _Buyer(
        truth,
        events[0][0],
        agreed,
        kinds["deal_closed"][0][0] if kinds["deal_closed"] else None,
        [at for at, _ in kinds["tour_completed"] if at <= agreed],
        sum(at <= agreed for at, _ in kinds["offer_made"]),
        homes["tour_completed"],
        homes["inquiry_sent"] | homes["tour_scheduled"],
        deal["property_id"],
        deal["event_data"]["amount"],
        bool(viewed_at) and (not toured_at or min(viewed_at) < min(toured_at)),
    )


def _first_tour_to_keys(log: _Log) -> Values:
    """Of buyers whose deal could close before the end of the run, those who toured first long enough before it."""
    return [(one.closed - one.tours[0]) / DAY for one in log.buyers() if one.closed is not None and one.tours]


def _minutes_a_day(log: _Log) -> Values:
    """Of each day on which a household in the market visited the site."""
    days: dict[tuple[str, int], float] = defaultdict(float)
    for household in log.in_the_market():
        for at, row in log.of(household):
            if row["event_type"] == "session_end" and row["session_id"].startswith(row["lead_id"]):
                days[row["lead_id"], at // DAY] += row["event_data"]["session_duration_seconds"] * 1e6 / MINUTE
    return list(days.values())


def _first_answers(log: _Log) -> list[float | None]:
    """Hours from a lead's first inquiry to the first call or message, None if none came; long enough before the end."""
    found: list[float | None] = []
    for events in log.leads.values():
        asked = next((at for at, row in events if row["event_type"] == "inquiry_sent"), None)
        if asked is None or asked > log.end - _ANSWERED_BY:
            continue
        answered = (at for at, row in events if at > asked and row["event_type"] in _ANSWERS)
        first = next(answered, None)
        found.append(None if first is None or first > asked + _ANSWERED_BY else (first - asked) / HOUR)
    return found


def _inquiries_a_view(log: _Log) -> Values:
    kinds = [Counter(row["event_type"] for _, row in events) for events in log.leads.values()]
    usual = max(float(np.mean([kind["property_view"] for kind in kinds])), 1e-9)
    return [kind["inquiry_sent"] / usual for kind in kinds]


def _days_to_pending(log: _Log) -> Values:
    listed: dict[str, int] = {}
    found = []
    for row in log.made.listings:
        key, at = str(row["ListingKey"]), parse_moment(str(row["ModificationTimestamp"]))
        listed.setdefault(key, at)
        if row["StandardStatus"] == "Pending" and listed[key] >= 0:
            found.append((at - listed[key]) / DAY)
            listed[key] = -1
    return found


def _gave_up_a_wish(log: _Log) -> Values:
    """Whether a buyer's home misses the price it was comfortable with, the size or an area it wanted, or bedrooms."""
    homes = {str(row["ListingKey"]): row for row in log.made.listings}
    return [float(_misses(one, homes[one.home])) for one in log.buyers()]


def _misses(buyer: _Buyer, home: Row) -> bool:
    wish, size = buyer.truth, home.get("LivingArea") or buyer.truth["wanted_size"]
    areas = {str(home.get(name)) for name in _WISHED_AREAS}
    return (
        buyer.amount > wish["comfortable"]
        or abs(np.log(size / wish["wanted_size"])) > _NEAR_THE_WISH
        or not areas & set(wish["areas"])
        or (home.get("BedroomsTotal") or 0) < wish["beds"]
    )


PUBLISHED: Final = (
    Published("tours before a purchase", 8, 10, "Redfin 2018-19", lambda log: [len(one.tours) for one in log.buyers()]),
    Published("offers before a purchase", 1.6, 1.8, "Redfin 2018-19", lambda log: [one.offers for one in log.buyers()]),
    Published("days from the first tour to the keys", 73, 76, "Redfin 2018-19", _first_tour_to_keys),
    Published(
        "homes looked into before a purchase", 8, 12, "NAR 2009-2021",
        lambda log: [len(one.asked | one.toured) for one in log.buyers()], median=True,
    ),
    Published(
        "weeks of search before a purchase", 8, 18, "NAR: 8 to 12; Zillow 2017: over 4 months",
        lambda log: [(one.agreed - one.began) / DAY / 7 for one in log.buyers()], median=True,
    ),
    Published(
        "bought homes first seen online", 0.45, 0.57, "NAR: 51 %",
        lambda log: [float(one.seen_online) for one in log.buyers()],
    ),
    Published("buyers who gave up a wish", 0.5, 1.0, "most buyers do; recalled", _gave_up_a_wish),
    Published(
        "leads that buy", 0.004, 0.03, "portals", lambda log: [float(row["bought"]) for row in log.households],
    ),
    Published("inquiries for each view", 0.005, 0.01, "portals; recalled", _inquiries_a_view),
    Published(
        "views of a lead in the market, 60 days", 40, 80, "recalled",
        lambda log: [
            sum(row["event_type"] == "property_view" for at, row in log.of(one) if at <= log.start + _AT_FIRST)
            for one in log.in_the_market()
        ],
        median=True,
    ),
    Published("minutes on the site, active day", 45, 65, "Google: 55", _minutes_a_day),
    Published(
        "households in the market", 0.15, 0.25, "portals: 1 in 5",
        lambda log: [float(row["intent_start"] in c.INTENTS[2:]) for row in log.households],
    ),
    Published(
        "households of two partners", 0.65, 0.75, "about .7",
        lambda log: [float(row["partners"] == 2) for row in log.households],
    ),
    Published("days from listing to pending", 6, 28, "Zillow 2019-2024", _days_to_pending, median=True),
    Published(
        "hours to the first answer", 30, 54, "Harvard Business Review 2011: 42",
        lambda log: [hours for hours in _first_answers(log) if hours is not None],
    ),
    Published(
        "inquiries never answered", 0.18, 0.28, "Harvard Business Review 2011: 23 %",
        lambda log: [float(hours is None) for hours in _first_answers(log)],
    ),
)  # fmt: skip
"""Every moment: where sources differ, the band holds them all."""


def moments(made: Simulated, *, seed: int = 0) -> list[Moment]:
    """Each published moment beside that of a run, with its interval by bootstrap over cases.

    A run of fewer than about 150 days and 1,000 leads ends before most searches do, so that quick buyers stand out.
    """
    log = _Log(made)
    draw = np.random.default_rng(seed)
    return [_moment(one, np.array(one.cases(log), dtype=np.float64), draw) for one in PUBLISHED]


def _moment(published: Published, cases: np.ndarray[Any, np.dtype[np.float64]], draw: np.random.Generator) -> Moment:
    known = Moment(published.name, published.low, published.high, published.source, len(cases))
    if len(cases) < FEWEST:
        return known
    of = np.median if published.median else np.mean
    drawn = [of(cases[draw.integers(0, len(cases), len(cases))]) for _ in range(400)]
    low, high = np.quantile(drawn, (0.025, 0.975)).tolist()
    return Moment(known.name, known.low, known.high, known.source, known.n, float(of(cases)), (low, high))
