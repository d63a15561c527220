"""Pages of results as evidence: which homes were on them, and opened or not, as far as one knows.

Who watched the pages knows it. Who has only the log knows what was opened and what was searched for; what else was on a
page is one of several alternatives: the next newest homes in the search, or homes drawn from it by lot.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homing.simulation import constants as c
from homing.simulation.evidence import Seen
from homing.simulation.homes import Homes
from homing.simulation.world import Look

__all__ = ["ForSale", "Table", "table_of"]

Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]

_MAIN: Final = c.SLATE - int(c.SLATE * c.EXPLORED)
_SAMPLE: Final = 64
_BEYOND_SAMPLE: Final = 24
_HALF_DECIDED: Final = 0.5


@dataclass(frozen=True, slots=True)
class ForSale:
    """The homes for sale: rows of `homes`, list prices USD, and when each was listed."""

    homes: Homes
    rows: Rows
    prices: Doubles
    listed: Rows


@dataclass(frozen=True, slots=True)
class Table:
    """One page as evidence.

    `left` are homes (rows) that may have been on it and were not opened, each with its share (alternatives, homes) of
    the page in each alternative, its place taken into account; `log_odds` of the alternatives; `opened` homes with the
    factor of their place; `fade` of inexperience, and the `scale` of chance at the time.
    """

    left: Rows
    shares: Doubles
    log_odds: Doubles
    opened: Rows
    factors: Doubles
    fade: float
    scale: float


def table_of(seen: Seen, sale: ForSale, draw: np.random.Generator, *, watched: bool) -> Table:
    """A page as one knows it who has `watched` it, or who has only the log."""
    fade = float(np.exp(-seen.look.views / c.NOISE_VIEWS))
    scale = 1.0 + c.NOISE_START * fade
    if watched or seen.look.logged:
        return _watched(seen, fade, scale)
    return _guessed(seen, sale, draw, fade, scale)


def _watched(seen: Seen, fade: float, scale: float) -> Table:
    look = seen.look
    decided = np.arange(len(look.rows)) < seen.upto
    pull = np.arange(1, len(look.rows) + 1) ** (-c.POSITION_BIAS / scale) * np.exp(-c.SEEN_AGAIN * look.again / scale)
    is_open = np.isin(np.arange(len(look.rows)), seen.opened)
    left = decided & ~is_open & ~look.passed
    return Table(
        left=look.rows[left],
        shares=pull[left][None],
        log_odds=np.zeros(1),
        opened=look.rows[is_open],
        factors=pull[is_open],
        fade=fade,
        scale=scale,
    )


def _guessed(seen: Seen, sale: ForSale, draw: np.random.Generator, fade: float, scale: float) -> Table:
    """What one may think that has the log: of the alternatives, the newest homes by sixteens, and the lot."""
    look = seen.look
    found, others = _pools(look, sale)
    rank_pull = np.arange(1, c.SLATE + 1) ** (-c.POSITION_BIAS / scale)
    opened = look.rows[list(seen.opened)]
    decided = 1.0 if seen.upto == len(look.rows) else _HALF_DECIDED
    newest = found[np.argsort(-sale.listed[found], kind="stable")]
    mains = np.flatnonzero(np.isin(sale.rows[newest], opened))
    depth = min(len(newest), _MAIN * (look.number + 1))
    main, wanted = min(len(found), _MAIN), min(len(others), c.SLATE - min(len(found), _MAIN))
    lot = draw.choice(found, min(len(found), _SAMPLE), replace=False)
    beyond = draw.choice(others, min(len(others), _BEYOND_SAMPLE), replace=False)
    left = np.concatenate((newest[:depth], lot, beyond))
    shares, log_odds = [], []
    for block in range(min(look.number, max(0, (len(newest) - 1) // _MAIN)) + 1):
        low = block * _MAIN
        slack = int(np.ceil(look.number * c.SLATE * (low + _MAIN) / max(len(found), 1)))
        if len(mains) and (mains.min() < low or mains.max() >= low + _MAIN + slack):
            continue
        of = np.zeros(len(left))
        here = np.arange(low, min(low + _MAIN, depth))
        of[here] = rank_pull[np.minimum(((here - low) * c.SLATE) // _MAIN, c.SLATE - 1)]
        of[depth + len(lot) :] = rank_pull.mean() * wanted / max(len(beyond), 1)
        shares.append(of)
        log_odds.append(np.log(c.NEWEST_FIRST * comb(look.number, block) * 0.5**look.number))
    of = np.zeros(len(left))
    of[depth : depth + len(lot)] = rank_pull.mean() * max(main - len(mains), 0) / max(len(lot), 1)
    of[depth + len(lot) :] = rank_pull.mean() * wanted / max(len(beyond), 1)
    shares.append(of)
    log_odds.append(np.log(1.0 - c.NEWEST_FIRST) + len(mains) * np.log(min(1.0, _MAIN / max(len(found), 1))))
    rows = sale.rows[left]
    again = np.exp(-c.SEEN_AGAIN * np.isin(rows, look.rows[look.again]) / scale)
    gone = np.isin(rows, opened) | np.isin(rows, look.rows[look.passed])
    return Table(
        left=rows,
        shares=np.array(shares) * np.where(gone, 0.0, again) * decided,
        log_odds=np.array(log_odds),
        opened=opened,
        factors=np.full(len(opened), rank_pull.mean()) * np.exp(-c.SEEN_AGAIN * look.again[list(seen.opened)] / scale),
        fade=fade,
        scale=scale,
    )


def _pools(look: Look, sale: ForSale) -> tuple[Rows, Rows]:
    """Places of the homes that meet the search, and of those just beyond it, as `results` has them."""
    asked: dict[str, Any] = dict(look.filters)
    most, beds, areas = asked["price_max"], asked.get("bedrooms_min"), asked.get("areas")
    meets, beyond = sale.prices <= most, sale.prices <= 1.25 * most
    if asked.get("price_min") is not None:
        meets &= sale.prices >= asked["price_min"]
    if beds is not None:
        meets &= sale.homes.beds[sale.rows] >= beds
        beyond &= sale.homes.beds[sale.rows] >= beds - 1
    if areas:
        meets &= np.isin(sale.homes.area[sale.rows], sale.homes.areas.codes(areas))
    return np.flatnonzero(meets), np.flatnonzero(beyond & ~meets)
