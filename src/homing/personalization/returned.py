"""Homes that are news again to a lead who liked them: the price was cut since, or they came back on the market."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from operator import attrgetter
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.event_types import EventType
from homing.market.life import in_force
from homing.market.property import Property
from homing.market.snapshot import MarketSnapshot
from homing.store.columns import TYPES

__all__ = [
    "BACK",
    "CUT",
    "IS_LIKE",
    "LIKED",
    "MANY_VIEWS",
    "VIEW",
    "Act",
    "Change",
    "Kept",
    "Returned",
    "kept",
    "may_have_news",
]

LIKED: Final[Mapping[EventType, str]] = MappingProxyType(
    {
        EventType.OFFER_MADE: "made an offer on",
        EventType.TOUR_COMPLETED: "toured",
        EventType.BOOKING_COMPLETED: "visited",
        EventType.OPEN_HOUSE_VISITED: "visited",
        EventType.TOUR_SCHEDULED: "planned to tour",
        EventType.BOOKING_REQUEST: "asked to visit",
        EventType.INQUIRY_SENT: "asked about",
        EventType.PROPERTY_SAVE: "saved",
        EventType.PROPERTY_SHARE: "shared",
        EventType.PROPERTY_LIKE: "liked",
        EventType.PROPERTY_SWIPE: "liked",
    }
)
"""Acts that say that a lead likes a home, strongest first, in the words of a reason."""

MANY_VIEWS: Final = 3
"""So many views of one home say the same."""

CUT: Final = "price_cut"
BACK: Final = "back_on_market"

_CUT_FROM: Final = 0.5
_CUT_RATE: Final = 10.0
_CUT_MOST: Final = 2.0
_BACK: Final = 1.0
_MOST_CITED: Final = 3
_CODES: Final = {TYPES.index(kind): word for kind, word in LIKED.items()}
_ORDER: Final = {word: place for place, word in reversed(list(enumerate(LIKED.values())))}
VIEW: Final = TYPES.index(EventType.PROPERTY_VIEW)
"""The code of a view."""
IS_LIKE: Final = np.array([kind in LIKED for kind in TYPES])
"""Which type codes are of acts that say that a lead likes a home."""

Versions = Callable[[Sequence[str]], Iterable[Property]]
"""Every version of some homes, by home and in the order in which they hold."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act of a lead on a home: snapshot row of the listing, moment, type code, weight, event id."""

    row: int
    at: int
    type: int
    weight: float
    event_id: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A home that a lead likes: the word for it, the events that prove it, and the last act of any kind on it."""

    word: str
    events: tuple[str, ...]
    last: Act


@dataclass(frozen=True, slots=True)
class Change:
    """What is news to a lead about a home it likes: prices in USD then and now, NaN without a cut; how it came back.

    `was` is the status in which it was not offered, None if there was no such time; `listing` the id of the listing
    under which the lead knew it and `by` what tells that it is the same home, None while the listing is the same.
    """

    kept: Kept
    before: float
    price: float
    back: bool
    was: str | None
    listing: str | None
    by: str | None

    @property
    def cut(self) -> float:
        """By how much the price was cut, in USD; 0 if it was not."""
        return max(0.0, self.before - self.price) if math.isfinite(self.before - self.price) else 0.0

    def parts(self) -> dict[str, float]:
        """What it adds to the score, in its unit (log odds of being chosen): for a cut by its size, for a return."""
        parts = {CUT: min(_CUT_FROM + _CUT_RATE * self.cut / self.before, _CUT_MOST)} if self.cut else {}
        return parts | ({BACK: _BACK} if self.back else {})


def kept(acts: Mapping[int, Sequence[Act]], passed: frozenset[int]) -> dict[int, Kept]:
    """The homes that a lead likes, by the row of their last listing, from its acts on each in the order of time.

    `passed` are those on which its last word was against them.
    """
    found: dict[int, Kept] = {}
    for row, some in acts.items():
        words = [(_ORDER[_CODES[act.type]], act) for act in some if act.type in _CODES and act.weight > 0]
        views = [act for act in some if act.type == VIEW]
        if row in passed or not (words or len(views) >= MANY_VIEWS):
            continue
        best = min((place for place, _ in words), default=None)
        proof = views if best is None else [act for place, act in words if place == best]
        word = f"viewed {len(views)} times" if best is None else list(LIKED.values())[best]
        found[row] = Kept(word, tuple(act.event_id for act in proof[-_MOST_CITED:]), some[-1])
    return found


def may_have_news(market: MarketSnapshot, rows: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Of homes, by the rows of their last listings, whether they are offered and anything became known after a moment.

    `rows` and `at` have the shape (n,), and so has the answer.
    """
    told, before = market.timeline.told_at(rows), market.relisted.before
    for place, row in enumerate(rows.tolist()):
        if row in before:
            told[place] = market.timeline.told_at(np.array(market.relisted.listings(row))).max()
    news: NDArray[np.bool_] = market.active[rows] & (told > at)
    return news


@dataclass(frozen=True, slots=True)
class Returned:
    """A candidate source of its own: of the homes a lead likes those that are offered and have news since its last act.

    `upto` is the moment asked about, and `versions` gives what was known by then. An act on the home after the change
    ends the news.
    """

    market: MarketSnapshot
    versions: Versions
    upto: int

    def changes(self, likes: Mapping[int, Kept], only: int | None = None) -> dict[int, Change]:
        """What is news, by the row of the home's listing of now; with `only` of that home alone."""
        due = {row: liked for row, liked in likes.items() if only in (None, row)}
        names = {row: [self.market.ids.ids[one] for one in self.market.relisted.listings(row)] for row in due}
        said: dict[str, list[Property]] = {}
        if due:
            known = self.versions(sorted({name for some in names.values() for name in some}))
            said = {name: list(some) for name, some in groupby(known, attrgetter("property_id"))}
        found = ((row, self._change(liked, [said[name] for name in names[row]], row)) for row, liked in due.items())
        return {row: change for row, change in found if change is not None}

    def _change(self, liked: Kept, listings: Sequence[Sequence[Property]], row: int) -> Change | None:
        """What changed between the lead's last act and now; `listings` are those of the home, the newest first."""
        last, ids = liked.last, self.market.ids.ids
        seen = next(some for some in listings if some[0].property_id == ids[last.row])
        then, now = in_force(seen, last.at, last.at), in_force(listings[0], self.upto, self.upto)
        if now is None:
            return None
        before = math.nan if then is None else then.price
        was = self._gone(listings, last.at)
        anew = last.row != row and _not_offered(listings[:1], last.at) is not None
        change = Change(
            kept=liked,
            before=before,
            price=now.price,
            back=was is not None or anew,
            was=was,
            listing=ids[last.row] if last.row != row else None,
            by=self.market.relisted.before[row].by if last.row != row else None,
        )
        return change if change.parts() else None

    def _gone(self, listings: Sequence[Sequence[Property]], since: int) -> str | None:
        """The status in which the home was last not offered, at the lead's last act or since, after it had been."""
        told = sorted({max(home.at, home.known_at) for some in listings for home in some})
        moments = [at for at in told if at <= self.upto]
        offered_before, gone = False, None
        for at, until in pairwise([*moments, self.upto + 1]):
            status = _not_offered(listings, at)
            if status is None:
                offered_before = True
            elif offered_before and until > since:
                gone = status
        return gone


def _not_offered(listings: Sequence[Sequence[Property]], at: int) -> str | None:
    """None if one of the listings was offered at a moment, as was known then; else the status of the newest."""
    standing = [home for some in listings if (home := in_force(some, at, at)) is not None]
    if any(home.is_active for home in standing):
        return None
    return standing[0].status if standing else ""
