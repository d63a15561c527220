"""Who is shown what, as tables of leads by areas."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.market.snapshot import MarketSnapshot
from homing.personalization.shown import Shown

__all__ = ["Exposure", "exposure"]

Doubles = NDArray[np.float64]

_AREA_FIELDS: Final = ("PostalCode", "City", "MLSAreaMajor")


@dataclass(frozen=True, slots=True)
class Exposure:
    """Shares of areas by lead, n leads by a areas, each float64 (n, a), a row adding up to 1, or 0 where there is none.

    `shown` of the homes on the list, `open_to` of those it could have held, `liked` of those the lead spoke for;
    `price` float64 (n,) is the median price of the latter, NaN without any. `homes` are the rows of the market on each
    list and `field` is what areas are told by.
    """

    leads: tuple[str, ...]
    areas: tuple[str, ...]
    field: str | None
    shown: Doubles
    open_to: Doubles
    liked: Doubles
    price: Doubles
    homes: tuple[NDArray[np.int64], ...]
    count_open: Doubles

    def of(self, rows: NDArray[np.int64]) -> Exposure:
        """The same of some leads."""
        return Exposure(
            tuple(self.leads[row] for row in rows.tolist()), self.areas, self.field, self.shown[rows],
            self.open_to[rows], self.liked[rows], self.price[rows], tuple(self.homes[row] for row in rows.tolist()),
            self.count_open[rows],
        )  # fmt: skip


def exposure(shown: Iterable[Shown]) -> Exposure:
    """The tables of many leads at one moment; areas are told by the first field that half of the homes on sale have.

    Homes whose area is unknown count in no area.
    """
    leads: list[str] = []
    homes, tables, prices, count_open = [], [], [], []
    field: str | None = None
    areas: tuple[str, ...] = ()
    codes = np.empty(0, dtype=np.int64)
    for one in shown:
        if not leads:
            field = _field(one.market)
            areas = one.market.categories[field].labels.ids if field else ()
            codes = one.market.categories[field].codes.astype(np.int64) if field else np.full(len(one.market), -1)
        leads.append(one.lead_id)
        homes.append(one.shown)
        tables.append([_shares(codes[rows], len(areas)) for rows in (one.shown, one.open_to, one.liked)])
        prices.append(_median_price(one))
        count_open.append(float(len(one.open_to)))
    columns = np.array(tables, dtype=np.float64).reshape(len(leads), 3, len(areas))
    return Exposure(
        tuple(leads), tuple(areas), field, columns[:, 0], columns[:, 1], columns[:, 2], np.array(prices), tuple(homes),
        np.array(count_open),
    )  # fmt: skip


def _field(market: MarketSnapshot) -> str | None:
    for name in _AREA_FIELDS:
        category = market.categories.get(name)
        if category is not None and market.active.any() and (category.codes[market.active] >= 0).mean() >= 0.5:
            return name
    return None


def _shares(codes: NDArray[np.int64], areas: int) -> Doubles:
    counts = np.bincount(codes[codes >= 0], minlength=areas).astype(np.float64)
    return np.asarray(counts / max(1.0, counts.sum()), dtype=np.float64)


def _median_price(one: Shown) -> float:
    prices = one.market.numbers.get("ListPrice")
    known = np.empty(0) if prices is None else prices[one.liked][np.isfinite(prices[one.liked])]
    return float(np.median(known)) if known.size else float("nan")
