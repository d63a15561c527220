"""How each home comes, changes its price, goes pending and closes; and what is for sale at any moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, HOUR, SECOND, format_moment, from_micros
from homing.simulation import constants as c
from homing.simulation.homes import Homes
from homing.simulation.money import price_step, rounded

__all__ = ["NEVER", "MarketLife", "listing_rows", "market_life"]

Moments = NDArray[np.int64]
Rows = NDArray[np.int64]
NEVER = np.iinfo(np.int64).max
"""The moment of what does not happen."""

_MORNING_UTC = 16 * HOUR  # eight or nine o'clock where the homes are

_DRAWN = frozenset(
    (
        *("StandardStatus", "MlsStatus", "ListPrice", "OriginalListPrice", "ClosePrice", "DaysOnMarket"),
        *("OnMarketTimestamp", "OnMarketDate", "OriginalEntryTimestamp", "ListingContractDate", "OffMarketTimestamp"),
        *("PriceChangeTimestamp", "PendingTimestamp", "PurchaseContractDate", "CloseDate", "ModificationTimestamp"),
    )
)  # what the input may say of a home's life; here that is drawn


@dataclass(slots=True)
class MarketLife:
    """The life of n homes: moments in microseconds, `NEVER` where it does not come to that.

    A home is for sale from `listed` until `pending`, and again from `back` until `pending_again`. `prices` (n, 4) are
    the list price and the one after each cut, `cuts` (n, 3) their moments. Only `sell` changes it.
    """

    listed: Moments
    pending: Moments
    back: Moments
    pending_again: Moments
    closed: Moments
    cuts: Moments
    prices: NDArray[np.float64]
    close_ratio: NDArray[np.float64]

    def active(self, rows: Rows, at: int) -> NDArray[np.bool_]:
        """Which of these homes are for sale at a moment."""
        first = (self.listed[rows] <= at) & (at < self.pending[rows])
        return first | ((self.back[rows] <= at) & (at < self.pending_again[rows]))

    def is_active(self, row: int, at: int) -> bool:
        """Whether one home is for sale at a moment."""
        return bool(self.listed[row] <= at < self.pending[row] or self.back[row] <= at < self.pending_again[row])

    def price(self, rows: Rows, at: int) -> NDArray[np.float64]:
        """The list prices at a moment, USD."""
        step = (self.cuts[rows] <= at).sum(axis=1)
        prices: NDArray[np.float64] = self.prices[rows, step]
        return prices

    def price_of(self, row: int, at: int) -> float:
        """The list price of one home at a moment."""
        return float(self.prices[row, int((self.cuts[row] <= at).sum())])

    def during(self, start: int, end: int) -> Rows:
        """The homes that are for sale at some moment in [start, end)."""
        first = (self.listed < end) & (self.pending > start)
        return np.flatnonzero(first | ((self.back < end) & (self.pending_again > start)))

    def sell(self, row: int, at: int) -> None:
        """A simulated household buys: pending from now on, closed some weeks later."""
        if at < self.back[row]:
            self.pending[row] = min(at, int(self.pending[row]))
            self.back[row] = self.pending_again[row] = NEVER
        else:
            self.pending_again[row] = min(at, int(self.pending_again[row]))
        self.closed[row] = at + int(c.DAYS_TO_CLOSE) * DAY
        self.cuts[row] = np.where(self.cuts[row] > at, NEVER, self.cuts[row])


def market_life(homes: Homes, seed: int, start: int, end: int) -> MarketLife:
    """Draw the life of every home; each is listed between `BURN_IN_DAYS` before the start and the end."""
    draw = np.random.default_rng([seed, 2])
    n = len(homes)
    listed = _listing_moments(draw, n, start - c.BURN_IN_DAYS * DAY, end)
    over = draw.normal(0.0, c.OVERPRICING, n)
    days = np.exp(
        np.log(c.MEDIAN_DAYS_TO_PENDING)
        + c.SPREAD_DAYS_TO_PENDING * draw.standard_normal(n)
        + c.OVERPRICED_STAYS * over
    )
    pending = listed + _days(np.maximum(days, 1.0))
    falls = draw.random(n) < c.FALL_THROUGH
    back = np.where(falls, pending + _days(draw.gamma(4.0, c.BACK_AFTER_DAYS / 4.0, n)), NEVER)
    again = np.where(falls, np.where(falls, back, 0) + _days(draw.gamma(2.0, 6.0, n)), NEVER)
    sold = np.where(falls, again, pending)
    cuts, prices = _cuts(draw, homes, listed, pending, over)
    return MarketLife(
        listed=listed,
        pending=pending,
        back=back,
        pending_again=again,
        closed=sold + _days(draw.gamma(16.0, c.DAYS_TO_CLOSE / 16.0, n)),
        cuts=cuts,
        prices=prices,
        close_ratio=draw.normal(0.997, 0.015, n),
    )


def listing_rows(homes: Homes, life: MarketLife, end: int) -> list[dict[str, object]]:
    """Every version of every home known at `end`, as RESO rows ordered by time."""
    versions = sorted(
        (at, row, status, step) for row in range(len(homes)) for at, status, step in _versions(life, row) if at <= end
    )
    lasting = [{name: value for name, value in row.items() if name not in _DRAWN} for row in homes.rows]
    return [_version(lasting, life, *version) for version in versions]


def _versions(life: MarketLife, row: int) -> Iterator[tuple[int, str, int]]:
    """(moment, status, number of cuts so far) of one home, in any order."""
    cuts = [int(at) for at in life.cuts[row] if at < NEVER]

    def step(at: int) -> int:
        return sum(cut <= at for cut in cuts)

    moments = {
        int(life.listed[row]): "Active",
        **dict.fromkeys(cuts, "Active"),
        int(life.pending[row]): "Pending",
        int(life.back[row]): "Active",
        int(life.pending_again[row]): "Pending",
        int(life.closed[row]): "Closed",
    }
    for at, status in moments.items():
        if at < NEVER:
            yield at, status, step(at)


def _version(
    lasting: Sequence[dict[str, object]], life: MarketLife, at: int, row: int, status: str, step: int
) -> dict[str, object]:
    price = float(life.prices[row, step])
    fields = lasting[row] | {
        "StandardStatus": status,
        "ListPrice": price,
        "OriginalListPrice": float(life.prices[row, 0]),
        "OnMarketTimestamp": format_moment(int(life.listed[row])),
        "ModificationTimestamp": format_moment(at),
    }
    if step:
        fields["PriceChangeTimestamp"] = format_moment(int(life.cuts[row, step - 1]))
    if status == "Pending":
        fields["PendingTimestamp"] = format_moment(at)
    if status == "Closed":
        fields["CloseDate"] = from_micros(at).date().isoformat()
        fields["ClosePrice"] = float(rounded(price * life.close_ratio[row], price_step(life.prices[row, step]) / 10.0))
    return fields


def _listing_moments(draw: np.random.Generator, n: int, first: int, end: int) -> Moments:
    """Moments of listing by day of the week, between 8 and 20 o'clock, whole seconds, before `end`."""
    days = np.arange(first, end - DAY + 1, DAY)
    until_morning = (_MORNING_UTC - first) % DAY
    weekday = np.array([from_micros(int(day) + until_morning).weekday() for day in days])
    weight = np.array(c.LISTING_WEEKDAYS)[weekday]
    day = draw.choice(days, size=n, p=weight / weight.sum())
    moment = day + until_morning + draw.integers(0, 12 * 3600, n) * SECOND
    return np.where(moment < end, moment, day + draw.integers(0, 24 * 3600, n) * SECOND).astype(np.int64)


def _days(days: NDArray[np.float64]) -> Moments:
    return np.round(days * 86_400).astype(np.int64) * SECOND


def _cuts(
    draw: np.random.Generator, homes: Homes, listed: Moments, pending: Moments, over: NDArray[np.float64]
) -> tuple[Moments, NDArray[np.float64]]:
    """Moments (n, 3), packed to the front, and prices (n, 4)."""
    n = len(homes)
    cuts = np.full((n, len(c.CUT_AFTER_DAYS)), NEVER)
    prices = np.empty((n, len(c.CUT_AFTER_DAYS) + 1))
    step = price_step(homes.price)
    prices[:] = rounded(homes.price * np.exp(over), step)[:, None]
    done = np.zeros(n, dtype=np.int64)
    for after, chance in zip(c.CUT_AFTER_DAYS, c.CUT_CHANCE, strict=True):
        at = listed + _days(after + draw.uniform(-3.0, 3.0, n))
        size = draw.uniform(*c.CUT_SIZE, n)
        rows = np.flatnonzero((draw.random(n) < chance) & (at < pending))
        cuts[rows, done[rows]] = at[rows]
        done[rows] += 1
        lower = rounded(prices[rows, done[rows]] * (1.0 - size[rows]), step[rows])
        for place in range(prices.shape[1]):
            later = rows[done[rows] <= place]
            prices[later, place] = lower[done[rows] <= place]
    return cuts, prices
