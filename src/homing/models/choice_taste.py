"""What a lead is likely to want of the homes within its limits, given what leads have in common and every act of it.

Attributes are few and plain: each number of a home in spreads of the market, and how its price and size lie to what the
lead stated. What leads have in common is learned from all who acted (`mixed_logit`): it speaks before a lead has done
anything, of one who states a high price otherwise than of one who states a low one, and each act moves the taste by as
much as it says. Where a lead looks is not taste but search: acts are set against homes near to them, and how far a home
is from them is told apart. What a lead insists on counts beside its taste (`requirements`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import kernel
from homing.models.artifact import packed_text, text_from
from homing.models.axes import KNOWN
from homing.models.distances import nearest_km
from homing.models.homes import HomesLike
from homing.models.mixed_logit import Choices, Common, common_taste, likely_taste
from homing.models.pasts import Past, Pasts
from homing.models.requirements import Requirements, learned_requirements

__all__ = ["ChoiceTaste", "Columns", "Likely", "acted_on", "counts_of", "learned_taste"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

FEWEST_LEADS: Final = 30
_FEWEST_STATED: Final = 100
_MOST_LEADS: Final = 1_000
_MOST_HOMES: Final = 60
_SAMPLE: Final = 128
_POOL: Final = 1_500
_FEWEST_NEAR: Final = 20
_NEAR_KM: Final = 3.0
_START: Final = 0.1
_FARTHEST: Final = 4.0
_AFFORDED: Final = 0.78
_MOST_MARKETS: Final = 4
_DEARER: Final = 0.005
_RELATIVE: Final = ("price", "price", "size", "size")
_TOLD: Final = 3


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Of each home the attributes (homes, p), 0 where unknown; with what makes them: `names` of the axes of a market,
    `means` and `spreads` (p,); and price USD, size sqft and place, NaN where unknown, each (homes,).
    """

    names: tuple[str, ...]
    means: Floats
    spreads: Floats
    values: Floats
    price: Floats
    size: Floats
    latitude: Floats
    longitude: Floats

    @classmethod
    def none(cls, count: int) -> Columns:
        """So many homes of which nothing is known."""
        unknown = np.full(count, np.nan)
        return cls((), np.zeros(0), np.ones(0), np.zeros((count, 0)), unknown, unknown, unknown, unknown)

    @property
    def has_floor(self) -> NDArray[np.bool_]:
        """Of which attributes a lead may insist on a least level, (p,): nobody insists on paying much."""
        return np.array([name != "price" for name in self.names], dtype=np.bool_)

    @property
    def floors(self) -> Floats:
        """These attributes of each home, (homes, some of p)."""
        return self.values[:, self.has_floor]

    @property
    def families(self) -> tuple[str, ...]:
        """The family of reasons of each column of `seen`."""
        of = {axis.name: axis.family for axis in KNOWN}
        return (*(of[name] for name in self.names), *_RELATIVE)

    def replaced(self, count: int, rows: Codes, homes: HomesLike) -> Columns:
        """The same with what `homes` say, which are `rows` of now `count` homes; the first market sets the scale."""
        axes = [axis for axis in KNOWN if axis.kind == "number" and any(name in homes.numbers for name in axis.fields)]
        if self.names:
            axes = [axis for axis in KNOWN if axis.name in self.names]
        raw = [_number(homes, axis.fields, log=axis.log) for axis in axes]
        means, spreads = self.means, self.spreads
        if not self.names:
            known = [column[np.isfinite(column)] for column in raw]
            kept = [at for at, column in enumerate(known) if column.size and column.std() > 0]
            axes, raw = [axes[at] for at in kept], [raw[at] for at in kept]
            means = np.array([known[at].mean() for at in kept])
            spreads = np.array([known[at].std() for at in kept])
        values = np.zeros((count, len(axes)))
        values[: len(self.values), :] = self.values if self.names else 0.0
        if axes:
            away = np.clip((np.column_stack(raw) - means) / spreads, -_FARTHEST, _FARTHEST)
            values[rows] = np.nan_to_num(away)
        fresh = {}
        for field, name in _PLAIN.items():
            column = np.full(count, np.nan)
            column[: getattr(self, field).size] = getattr(self, field)
            column[rows] = _number(homes, (name,), log=False)
            fresh[field] = column
        return Columns(tuple(axis.name for axis in axes), means, spreads, values, **fresh)

    def away(self, home: int, items: Codes) -> Floats:
        """Kilometres from one home to others (n,), 0 where that is not known."""
        return nearest_km(self.latitude, self.longitude, np.array([home]), items)

    def means_of(self, within: Codes | None) -> tuple[float, float] | None:
        """Highest log price of the homes that satisfy what was stated, and the usual log size for about that money."""
        if within is None or not within.size:
            return None
        price, size = self.price[within], self.size[within]
        with np.errstate(invalid="ignore"):
            highest = float(np.max(price, where=price > 0, initial=0.0))
            roomy = (price >= _AFFORDED * highest) & (size > 0)
        if highest <= 0:
            return None
        usual = size[roomy] if roomy.sum() >= 5 else size[size > 0]
        return float(np.log(highest)), float(np.log(np.median(usual))) if usual.size else np.nan

    def told(self, means: tuple[float, float] | None) -> Floats:
        """What these means tell of a lead, (3,): both in spreads of the market from its mean, 0 where not known; and 1.

        Only zeros where the highest price is one beyond which hardly any home lies: such a lead stated none.
        """
        found = np.zeros(_TOLD)
        if means is None or means[0] >= _without_limit(self):
            return found
        for place, name in enumerate(("price", "size")):
            if name in self.names and np.isfinite(means[place]):
                axis = self.names.index(name)
                found[place] = (means[place] - self.means[axis]) / self.spreads[axis]
        found[-1] = 1.0
        return np.clip(found, -_FARTHEST, _FARTHEST)

    def seen(self, items: Codes, means: tuple[float, float] | None) -> Floats:
        """The attributes of homes as a lead with these means sees them, (n, p + 4); what is unknown is 0."""
        price, size = (np.nan, np.nan) if means is None else means
        return _seen(self.values, self.price, self.size, items, price, size)


@kernel
def _seen(values: Floats, prices: Floats, sizes: Floats, items: Codes, price: float, size: float) -> Floats:
    """`Columns.seen` by the logarithms of the highest price and the usual size, NaN where there are none."""
    p = values.shape[1]
    out = np.zeros((items.size, p + len(_RELATIVE)))
    for j in range(items.size):
        item = items[j]
        out[j, :p] = values[item]
        dear = np.log(prices[item]) - price if prices[item] > 0.0 else np.nan
        if not np.isnan(dear):
            out[j, p], out[j, p + 1] = 4.0 * max(dear + 0.15, 0.0), 2.0 * max(dear + 0.4, 0.0)
        large = np.log(sizes[item]) - size if sizes[item] > 0.0 else np.nan
        if not np.isnan(large):
            out[j, p + 2], out[j, p + 3] = 2.0 * abs(large), large
    return out


@kernel
def _by_family(seen: Floats, taste: Floats, owner: Codes, count: int) -> Floats:
    """How well each family fits (n, count), by the family of each column; what columns have in common is added up."""
    out = np.zeros((len(seen), count))
    for j in range(len(seen)):
        for column in range(taste.size):
            out[j, owner[column]] += seen[j, column] * taste[column]
    return out


class Likely(NamedTuple):
    """The likeliest taste of a lead (d,), the curvature there (d, d), `Columns.means_of` what it stated, and the
    choices that it was learned from, None where that is what leads have in common.
    """

    taste: Floats
    curvature: Floats
    means: tuple[float, float] | None
    choices: Choices | None


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceTaste:
    """What leads have in common, and over which homes, with what they insist on; None where too few leads acted."""

    columns: Columns
    common: Common | None = None
    requirements: Requirements | None = None

    def with_homes(self, count: int, rows: Codes, homes: HomesLike) -> ChoiceTaste:
        """The same over now `count` homes, of which these are `rows`."""
        columns = self.columns.replaced(count, rows, homes)
        if self.requirements is None:
            return replace(self, columns=columns)
        return replace(self, columns=columns, requirements=self.requirements.with_homes(columns.floors, rows))

    @property
    def families(self) -> tuple[str, ...]:
        """The families of reasons, each once."""
        return tuple(dict.fromkeys(self.columns.families))

    def by_family(self, past: Past, items: Codes) -> Floats:
        """How well each family fits, (n, families); NaN if nothing was learned, or is known of the lead."""
        names = self.families
        if self.common is None or (not past.items.size and past.within is None):
            return np.full((items.size, len(names)), np.nan)
        found = self.likely(past)
        owner = np.array([names.index(family) for family in self.columns.families])
        return _by_family(self.columns.seen(items, found.means), found.taste, owner, len(names))

    @property
    def families_insisted(self) -> tuple[str, ...]:
        """The families of the attributes of which a lead may insist on a least level, each once."""
        of = zip(self.columns.families, self.columns.has_floor.tolist(), strict=False)
        return tuple(dict.fromkeys(family for family, has in of if has))

    def insisted(self, past: Past, items: Codes) -> Floats:
        """The log of the chance that homes have what the lead insists on, by family (n, families); NaN as above."""
        names = self.families_insisted
        if self.requirements is None or (not past.items.size and past.within is None):
            return np.full((items.size, len(names)), np.nan)
        of = zip(self.columns.families, self.columns.has_floor.tolist(), strict=False)
        owner = np.array([names.index(family) for family, has in of if has], dtype=np.int64)
        return self.requirements.log_chances(past, items, owner, len(names))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays."""
        own = {name: getattr(self.columns, name) for name in _ARRAYS}
        own["names"] = packed_text(json.dumps(self.columns.names))
        if self.common is not None:
            own |= {f"common_{name}": getattr(self.common, name) for name in _COMMON}
        return own if self.requirements is None else own | self.requirements.arrays()

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> ChoiceTaste:
        """The inverse of `arrays`."""
        names = tuple(json.loads(text_from(arrays["names"])))
        columns = Columns(names, **{name: arrays[name] for name in _ARRAYS})
        common = Common(*(arrays[f"common_{name}"] for name in _COMMON)) if "common_mean" in arrays else None
        asked = Requirements.from_arrays(arrays, columns.floors) if "asked_levels" in arrays else None
        return cls(columns, common, asked)

    def likely(self, past: Past) -> Likely:
        """The taste that a lead is likely to have, given what it stated and did; worked out once a question."""
        return past.once(self, self._likely)

    def _likely(self, past: Past) -> Likely:
        common, means = self.common, self.columns.means_of(past.some_within)
        if common is None:
            return Likely(np.zeros(0), np.zeros((0, 0)), means, None)
        mean = common.expected(self.columns.told(means))
        if not past.items.size:
            return Likely(mean, common.precision, means, None)
        pool = _priced(self.columns) if past.some_within is None else past.some_within
        choices = _choices(self.columns, past, pool, _steadily, means)
        if choices is None:
            return Likely(mean, common.precision, means, None)
        return Likely(*likely_taste(choices, mean, common.precision), means, choices)


def learned_taste(
    columns: Columns,
    pasts: Pasts,
    stated: Callable[[Any], Codes | None],
    alive: Callable[[Codes, int], NDArray[np.bool_]],
    seed: int,
) -> ChoiceTaste:
    """What leads have in common, from up to 1,000 of them; from those who stated limits, if these are 100 or more.

    `stated` gives the homes that satisfy what a lead stated, `alive` which homes were on the market at a moment.
    """
    rng = np.random.default_rng(seed)

    def some(pool: Codes, most: int) -> Codes:
        return pool if pool.size <= most else rng.choice(pool, most, replace=False)

    found: list[tuple[Floats | None, Choices]] = []
    asked: list[int] = []
    for code in rng.permutation(len(pasts.leads)).tolist():
        rows = slice(int(pasts.offsets[code]), int(pasts.offsets[code + 1]))
        if rows.start == rows.stop or len(found) == _MOST_LEADS:
            continue
        within = stated(pasts.leads.ids[code])
        past = Past(pasts.items[rows].astype(np.int64), pasts.weights[rows], within=within)
        pool = some(np.flatnonzero(columns.price > 0) if within is None else within, 4 * _POOL)
        if pasts.at is not None:
            pool = pool[alive(pool, int(np.median(pasts.at[rows])))]
        means = columns.means_of(past.some_within)
        choices = _choices(columns, past, pool, some, means)
        if choices is not None:
            found.append((None if within is None else columns.told(means), choices))
            asked.append(code)
    stating = [one for one in found if one[0] is not None]
    leads = stating if len(stating) >= _FEWEST_STATED else found
    if len(leads) < FEWEST_LEADS or not columns.names:
        return ChoiceTaste(columns)
    told = np.array([np.zeros(_TOLD) if one is None else one for one, _ in leads])
    start = Common.start(_START, len(columns.families), _TOLD)
    common = common_taste([choices for _, choices in leads], told, start)
    return ChoiceTaste(columns, common, learned_requirements(columns.floors, pasts, asked))


def _choices(
    columns: Columns, past: Past, pool: Codes, some: Callable[[Codes, int], Codes], means: tuple[float, float] | None
) -> Choices | None:
    """The acts of a lead on homes within its limits, against homes near to them; None if there is nothing to tell."""
    homes, weights = acted_on(past)
    liked = homes[weights > 0]
    if not liked.size or not pool.size:
        return None
    pool = some(pool, _POOL)
    near = pool[nearest_km(columns.latitude, columns.longitude, liked, pool) < _NEAR_KM]
    others = np.union1d(some(near if near.size >= _FEWEST_NEAR else pool, _SAMPLE), liked)
    seen = columns.seen
    return Choices(
        seen(liked, means), counts_of(weights[weights > 0]), seen(homes[weights < 0], means), seen(others, means)
    )


def acted_on(past: Past) -> tuple[Codes, Floats]:
    """The last 60 homes that a lead came to act on, those beyond what it stated left out, and the weights of each."""
    homes, first, total = _met(past.items, past.weights, np.argsort(past.items, kind="stable"))
    order = np.argsort(first)[-_MOST_HOMES:]
    homes, weights = homes[order], total[order]
    kept = past.acts_within(homes)
    return homes[kept], weights[kept]


@kernel
def _met(items: Codes, weights: Floats, order: Codes) -> tuple[Codes, Codes, Floats]:
    """The distinct homes in order of code, the first act on each, and its weights added up."""
    homes, first, total = np.empty(items.size, np.int64), np.empty(items.size, np.int64), np.zeros(items.size)
    count = 0
    for place in order:
        if count == 0 or homes[count - 1] != items[place]:
            homes[count], first[count] = items[place], place
            count += 1
        total[count - 1] += weights[place]
    return homes[:count], first[:count], total[:count]


@lru_cache(_MOST_MARKETS)
def _priced(columns: Columns) -> Codes:
    """The homes with a price, as many as choices are set against."""
    return _steadily(np.flatnonzero(columns.price > 0), _POOL)


def counts_of(weights: Floats) -> Floats:
    """How much homes turned to with so much weight count as choices: 1 + log2(weight) / 4 within 1 and 2, else 0."""
    return np.where(weights > 0, np.minimum(1.0 + np.log2(np.maximum(weights, 1.0)) / 4.0, 2.0), 0.0)


@lru_cache(_MOST_MARKETS)
def _without_limit(columns: Columns) -> float:
    """The log price that so few homes exceed that who may pay as much has stated no limit."""
    known = columns.price[columns.price > 0]
    return float(np.log(np.quantile(known, 1.0 - _DEARER))) if known.size else np.inf


def _steadily(pool: Codes, most: int) -> Codes:
    """So many of the homes, in an order that is fixed for ever: a home more or less in the pool changes one of them."""
    if pool.size <= most:
        return pool
    order = (pool.astype(np.uint64) * _SCATTER) & _MASK
    return np.sort(pool[np.argpartition(order, most)[:most]])


def _number(homes: HomesLike, fields: tuple[str, ...], *, log: bool) -> Floats:
    column = np.full(len(homes.ids), np.nan)
    for name in fields:
        if name in homes.numbers:
            column = np.where(np.isnan(column), homes.numbers[name], column)
    if log:
        with np.errstate(divide="ignore", invalid="ignore"):
            column = np.where(column > 0, np.log(column), np.nan)
    return column


_PLAIN: Final = {"price": "ListPrice", "size": "LivingArea", "latitude": "Latitude", "longitude": "Longitude"}
_SCATTER: Final = np.uint64(2_654_435_761)  # Knuth, multiplicative hashing: neighbours come to lie far apart
_MASK: Final = np.uint64(0xFFFF_FFFF)
_COMMON: Final = ("mean", "slopes", "covariance")
_ARRAYS: Final = ("means", "spreads", "values", "price", "size", "latitude", "longitude")
