"""One lead as the engine sees it at one moment: what it did, for and against which homes, and its stated limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import kernel
from homing.market.snapshot import MarketSnapshot
from homing.models.query import Query
from homing.people.lead import Limits
from homing.personalization.ask import Ask
from homing.personalization.histories import MOST_EVENTS, History
from homing.personalization.passes import REASONS, Pass
from homing.personalization.returned import IS_LIKE, MANY_VIEWS, VIEW, Act, Kept, kept, may_have_news
from homing.personalization.searched import searched
from homing.store.columns import TYPES, EventColumns
from homing.store.events import EventQuery, EventStore
from homing.tracking.signals import DECLARED, SIGNAL_LABELS, SIGNAL_NUMBERS, signed_weights

__all__ = ["Acts", "Shopper", "are_acts", "shopper", "shoppers"]

_BELIED: Final = 0.5
_NOT_AN_ACT: Final = np.array([kind.spec.cause == "system" for kind in TYPES])


@dataclass(frozen=True, slots=True)
class Acts:
    """Distinct homes with the last act on each: snapshot rows (-1 where the home is unknown), ids, prices of then."""

    rows: NDArray[np.int64]
    property_ids: tuple[str, ...]
    event_ids: tuple[str, ...]
    prices: NDArray[np.float64]
    noted: dict[str, NDArray[np.float64]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def values(self, market: MarketSnapshot, name: str) -> NDArray[np.float64]:
        """A numeric attribute of the homes, NaN where it is unknown; looked up once, as they are of one market."""
        if name not in self.noted:
            column = market.numbers.get(name)
            known = self.rows >= 0
            self.noted[name] = values = np.full(len(self), np.nan)
            if column is not None:
                values[known] = column[self.rows[known]]
        return self.noted[name]

    def __len__(self) -> int:
        return len(self.property_ids)


@dataclass(frozen=True, slots=True)
class Shopper:
    """What an answer to this lead stands on. `liked` and `passed` hold the homes it spoke for and against.

    A home that was relisted is one home: its last act counts, whichever listing it was on. `seen` and `dismissed` hold
    the rows of listings acted on and of those that follow them; `kept` the homes it likes of which anything became
    known since its last act on them, by the row of the last one; `passes` the homes it passed on for a reason that no
    later like belies. `searched` is what its searches asked for.
    """

    lead_id: str
    limits: Limits | None
    event_count: int
    query: Query
    liked: Acts
    passed: Acts
    seen: NDArray[np.int64]
    dismissed: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    kept: Mapping[int, Kept] = field(default_factory=dict)
    passes: tuple[Pass, ...] = ()
    searched: Limits | None = None
    event_of: Mapping[str, str] = field(init=False, repr=False, compare=False)
    """The last act on each home that it spoke for or against, by the home's id."""

    def __post_init__(self) -> None:
        acts = {**dict(zip(self.liked.property_ids, self.liked.event_ids, strict=True)),
                **dict(zip(self.passed.property_ids, self.passed.event_ids, strict=True))}  # fmt: skip
        object.__setattr__(self, "event_of", acts)


def shopper(
    history: History,
    ask: Ask,
    limits: Limits | None,
    market: MarketSnapshot,
    as_of: int,
    weights: NDArray[np.float64] = DECLARED,
) -> Shopper:
    """What the events of who is asked about, as of a moment, come to. Events that the question leaves out never were.

    Of a visitor the events are those of its anonymous id.
    """
    events, count = history
    everything = _Read.of(events, market, weights)
    in_time = np.argsort(events.at, kind="stable")  # a visitor's events may name several leads
    if ask.without:
        left = np.array([event_id not in ask.without for event_id in events.event_ids], dtype=np.bool_)
        in_time, count = in_time[left[in_time]], count - int(np.count_nonzero(~left))
    return everything.shopper(ask.shopper_id, limits, in_time, as_of, count)


def are_acts(events: EventColumns) -> NDArray[np.bool_]:
    """Which events are acts on a home, bool (n,): not what the system did."""
    return np.asarray((events.property >= 0) & ~_NOT_AN_ACT[events.type])


def shoppers(
    store: EventStore,
    tenant: str,
    limits: Mapping[str, Limits],
    market: MarketSnapshot,
    as_of: int,
    weights: NDArray[np.float64] = DECLARED,
) -> list[Shopper]:
    """Every lead with events or limits as of a moment, in alphabetical order; read in one pass over all events."""
    asked = EventQuery(upto=as_of, known_upto=as_of)
    events = store.columns(tenant, asked, numbers=SIGNAL_NUMBERS, labels=SIGNAL_LABELS)
    everything = _Read.of(events, market, weights)
    ends = np.searchsorted(events.lead, np.arange(len(events.leads) + 1))
    rows = {name: np.arange(*ends[code : code + 2]) for code, name in enumerate(events.leads.ids)}
    nothing = np.empty(0, np.int64)
    return [
        everything.shopper(name, limits.get(name), mine[-MOST_EVENTS:], as_of, len(mine))
        for name in sorted(rows.keys() | limits.keys())
        for mine in (rows.get(name, nothing),)
    ]


@dataclass(frozen=True, slots=True)
class _Read:
    """Events with what the market and the weights make of them: of each event its weight and whether it is an act.

    Of each home the row of its listing, and that of the listing it has now; where the market does not know it, -1 and a
    number of its own that is no row.
    """

    events: EventColumns
    market: MarketSnapshot
    weights: NDArray[np.float64]
    acted: NDArray[np.bool_]
    homes: NDArray[np.int64]
    now: NDArray[np.int64]

    @classmethod
    def of(cls, events: EventColumns, market: MarketSnapshot, weights: NDArray[np.float64]) -> _Read:
        homes = market.ids.codes(events.properties.ids)
        now = len(market) + np.arange(len(homes))
        now[homes >= 0] = market.relisted.now[homes[homes >= 0]]
        return cls(events, market, signed_weights(events, weights), are_acts(events), homes, now)

    def shopper(
        self, lead_id: str, limits: Limits | None, rows: NDArray[np.int64], as_of: int, event_count: int
    ) -> Shopper:
        """The lead of these events, which are in the order of time."""
        events, weights = self.events, self.weights
        looked_for = searched(events, rows)
        rows = rows[self.acted[rows]]
        signal = rows[weights[rows] != 0.0]
        homes = events.property[signal]
        prices = _prices(self.market, self.homes[homes] if len(homes) else homes.astype(np.int64), events.at[signal])
        query = Query(
            lead_id=lead_id,
            properties=tuple(events.properties.ids[code] for code in homes.tolist()),
            weights=weights[signal],
            at=events.at[signal],
            prices=prices,
            as_of=as_of,
        )
        last = _last_of_each_home(self.now[homes] if len(homes) else homes.astype(np.int64))
        for_it = weights[signal][last] > 0
        against = signal[last[~for_it]]
        return Shopper(
            lead_id=lead_id,
            limits=limits,
            event_count=event_count,
            query=query,
            liked=_acts(events, self.homes, signal[last[for_it]], prices[last[for_it]]),
            passed=_acts(events, self.homes, against, prices[last[~for_it]]),
            seen=self._listings(rows),
            dismissed=self._listings(against),
            kept=self._kept(rows, against),
            passes=self._passes(against, signal[weights[signal] > 0]),
            searched=looked_for,
        )

    def _passes(self, against: NDArray[np.int64], liked: NDArray[np.int64]) -> tuple[Pass, ...]:
        """The last words against homes that give a reason, but for those that a home liked later belies."""
        codes, words = self.events.labels["reason"]
        homes = self.homes[self.events.property[against]]
        told = against[(codes[against] >= 0) & (homes >= 0)]
        homes_liked = self.homes[self.events.property[liked]]
        found = []
        for place in told.tolist():
            row, at = int(self.homes[self.events.property[place]]), int(self.events.at[place])
            reason = words.ids[int(codes[place])]
            if reason in REASONS:
                price = float(self.market.price_at(np.array([row]), np.array([at]))[0])
                one = Pass(row, reason, price, at)
                since = homes_liked[(self.events.at[liked] > at) & (homes_liked >= 0)]
                if not (one.takes(self.market, since) > _BELIED).any():
                    found.append(one)
        return tuple(found)

    def _listings(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """The listings that events are about and those that follow them, as rows of the market."""
        codes = self.events.property[rows]
        codes = codes[self.homes[codes] >= 0] if codes.size else codes
        return np.unique(np.concatenate((self.homes[codes], self.now[codes]))) if codes.size else np.empty(0, np.int64)

    def _kept(self, rows: NDArray[np.int64], against: NDArray[np.int64]) -> dict[int, Kept]:
        """The homes that a lead likes and that may be news, from its acts in the order of time and its last passes."""
        if not rows.size:
            return {}
        events, now = self.events, self.now[self.events.property[rows]]
        types = events.type[rows]
        liked = IS_LIKE[types] & (self.weights[rows] > 0)
        likes, last = _likes(
            now, np.argsort(now, kind="stable"), events.at[rows], liked, types == VIEW, MANY_VIEWS, len(self.market)
        )
        likes = likes[may_have_news(self.market, likes, last)]
        if not likes.size:
            return {}
        wanted = np.isin(now, likes)
        acts: dict[int, list[Act]] = defaultdict(list)
        for place, row in zip(rows[wanted].tolist(), now[wanted].tolist(), strict=True):
            listing, weight = int(self.homes[events.property[place]]), float(self.weights[place])
            act = Act(listing, int(events.at[place]), int(events.type[place]), weight, events.event_ids[place])
            acts[row].append(act)
        passed = self.now[events.property[against]].tolist() if against.size else ()
        return kept(acts, frozenset(passed))


def _last_of_each_home(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions of the last act on each home, in the order of time; the acts are sorted by time."""
    order = np.argsort(codes, kind="stable")
    last = np.ones(order.size, dtype=np.bool_)
    last[:-1] = codes[order[:-1]] != codes[order[1:]]
    return np.sort(order[last])


@kernel
def _likes(
    rows: NDArray[np.int64],
    order: NDArray[np.int64],
    at: NDArray[np.int64],
    liked: NDArray[np.bool_],
    viewed: NDArray[np.bool_],
    many: int,
    homes: int,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The homes liked, or viewed `many` times, of so many homes that are known, and when the last act on each was.

    Acts are in the order of time, `rows` (n,) the homes they are on; `order` is by home, then by time.
    """
    found, last, count = np.empty(rows.size, dtype=np.int64), np.empty(rows.size, dtype=np.int64), 0
    likes, views = False, 0
    for place in range(order.size):
        act = order[place]
        likes, views = likes or liked[act], views + viewed[act]
        if place + 1 == order.size or rows[order[place + 1]] != rows[act]:
            if rows[act] < homes and (likes or views >= many):
                found[count], last[count] = rows[act], at[act]
                count += 1
            likes, views = False, 0
    return found[:count], last[:count]


def _acts(
    events: EventColumns, homes: NDArray[np.int64], positions: NDArray[np.int64], prices: NDArray[np.float64]
) -> Acts:
    codes = events.property[positions]
    return Acts(
        rows=homes[codes] if len(codes) else np.empty(0, np.int64),
        property_ids=tuple(events.properties.ids[code] for code in codes.tolist()),
        event_ids=tuple(events.event_ids[position] for position in positions.tolist()),
        prices=prices,
    )


def _prices(market: MarketSnapshot, rows: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.float64]:
    """The price each home had at the moment of the act, NaN where the home is unknown."""
    prices = np.full(len(rows), np.nan)
    known = rows >= 0
    if known.any():
        prices[known] = market.price_at(rows[known], at[known])
    return prices
