"""The life of a home, computed from the versions of its listings: what was asked for it, how it stood, how long."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from homing.core.clock import DAY
from homing.market.property import Property
from homing.market.snapshot import listed_at
from homing.market.status import status_of

__all__ = ["Asked", "Life", "Stood", "cumulative_days", "in_force", "life"]


class Asked(NamedTuple):
    """From `at` on the price was `price` (USD)."""

    at: int
    price: float


class Stood(NamedTuple):
    """From `at` on the status was `status`, by its RESO name."""

    at: int
    status: str


@dataclass(frozen=True, slots=True)
class Life:
    """One listing up to a moment: every change of price and status with when it began, and what follows from them.

    `back_at` are the moments at which it was offered again after it had been offered and then was not. Days count while
    the status is on the market, from when the listing says it came on the market, else from its first version.
    """

    prices: tuple[Asked, ...]
    statuses: tuple[Stood, ...]
    back_at: tuple[int, ...]
    days_on_market: float
    sold: bool


def in_force(versions: Iterable[Property], at: int, known_by: int) -> Property | None:
    """The version of a home that held at a moment, as was known by a moment; None if there was none.

    The versions are in the order of the store, corrected ones among them.

    >>> versions = [Property("h", 1, 1, {"ListPrice": 500}), Property("h", 1, 7, {"ListPrice": 450})]
    >>> in_force(versions, 9, 6).price, in_force(versions, 9, 7).price
    (500.0, 450.0)
    """
    found = None
    for version in versions:
        if version.at <= at and version.known_at <= known_by:
            found = version
    return found


def life(versions: Sequence[Property], as_of: int) -> Life:
    """The life of one listing up to a moment, as known then, from its versions in the order of the store.

    >>> said = [(0, 500, "Active"), (4, 450, "Active"), (6, 450, "Pending"), (9, 450, "Active")]
    >>> versions = [Property("h", day * DAY, day * DAY, {"ListPrice": price, "StandardStatus": status})
    ...             for day, price, status in said]
    >>> lived = life(versions, 10 * DAY)
    >>> [asked.price for asked in lived.prices], [at // DAY for at in lived.back_at], lived.days_on_market
    ([500.0, 450.0], [9], 7.0)
    """
    held = list({home.at: home for home in versions if max(home.at, home.known_at) <= as_of}.values())
    prices: list[Asked] = []
    statuses: list[Stood] = []
    back: list[int] = []
    offered_before, offered = False, False
    for home in held:
        if math.isfinite(home.price) and (not prices or prices[-1].price != home.price):
            prices.append(Asked(home.at, home.price))
        if not statuses or statuses[-1].status != home.status:
            statuses.append(Stood(home.at, home.status))
        if home.is_active and offered_before and not offered:
            back.append(home.at)
        offered, offered_before = home.is_active, offered_before or home.is_active
    return Life(tuple(prices), tuple(statuses), tuple(back), _days(held, as_of), _sold(held))


def cumulative_days(lives: Iterable[Life]) -> float:
    """Days on the market of a home over its listings, the newest first; a sale begins the count anew."""
    days = 0.0
    for place, lived in enumerate(lives):
        if place and lived.sold:
            break
        days += lived.days_on_market
    return days


def _days(held: Sequence[Property], as_of: int) -> float:
    if not held:
        return 0.0
    said = listed_at(held[0])
    began = held[0].at if said is None else min(said, held[0].at)
    moments = [began, *(home.at for home in held[1:]), as_of]
    spans = zip(held, pairwise(moments), strict=True)
    return sum(until - since for home, (since, until) in spans if status_of(home.fields).on_market) / DAY


def _sold(held: Sequence[Property]) -> bool:
    return bool(held) and held[-1].status == "Closed"
