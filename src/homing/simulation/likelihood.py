"""How likely what a lead did is for households that it might be, by the simulation's own rules of choice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, ndtr

from homing.simulation import constants as c
from homing.simulation.evidence import Evidence, Opened
from homing.simulation.households import QUANTILES
from homing.simulation.pages_seen import ForSale, Table, table_of
from homing.simulation.possible import Possible, Prior, partners_weights
from homing.simulation.taste import NAMES, REASONS

__all__ = ["Likelihood", "Sight"]

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]

FIELDS: Final = len(NAMES) - 3
"""The attributes before this one can be read from the fields of a home."""

_KM_A_DEGREE: Final = 111.2
_SLIP: Final = 0.02  # a reason is exact; so much of doubt lets the search for it move
_HIDDEN_DRAWS: Final = 8
_NODES, _NODE_WEIGHTS = np.polynomial.laguerre.laggauss(12)
_OWN: Final = (0, 1, 2, FIELDS - 2, FIELDS - 1)
_GROUPED: Final = np.array([[name in names for names in REASONS.values()] for name in NAMES], dtype=np.float64)
_FIXED: Final = tuple(
    NAMES.index(name) for name in ("baths", "lot", "newness", "grade", "condition", "view", "waterfront")
)


@dataclass(slots=True)
class Sight:
    """Homes (rows at prices) as every possible household sees them."""

    prior: Prior
    rows: Rows
    prices: Doubles
    hidden: Doubles | None
    _fixed: Floats = field(init=False)
    _near: tuple[object, object, Floats, Floats] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        homes = self.prior.homes
        fixed = [homes.z[NAMES[at]][self.rows] for at in _FIXED]
        self._fixed = _narrow(np.column_stack(fixed if self.hidden is None else (*fixed, self.hidden)))

    def columns(self, possible: Possible) -> list[Floats]:
        """Attributes that differ by household, each (n, homes): price, over, size_gap, distance, in_area."""
        homes, known = self.prior.homes, self.prior.known
        dear = _narrow(np.log(self.prices)) - _narrow(np.log(known.budget * possible.comfort))[:, None]
        gap = np.abs(_narrow(np.log(homes.size[self.rows])) - _narrow(self.prior.log_size(possible))[:, None])
        far, inside = self._places(possible)
        return [dear, np.maximum(dear, 0.0), np.where(np.isfinite(gap), gap, 0.0), far, inside]

    def worth(self, weights: Doubles, columns: Sequence[Floats]) -> Floats:
        """What the homes are worth by these weights (n, attributes): (n, homes)."""
        fixed = [*_FIXED, *(range(FIELDS, len(NAMES)) if self.hidden is not None else ())]
        narrow = _narrow(weights)
        found: Floats = narrow[:, fixed] @ self._fixed.T
        for at, column in zip(_OWN, columns, strict=True):
            found += narrow[:, at, None] * column
        return found

    def fits(self, possible: Possible) -> Flags:
        """Which homes break no must-have, (n, homes)."""
        lacks = ~self.prior.has(self.rows)
        broken = possible.must_haves.astype(np.float32) @ lacks.astype(np.float32)
        return np.asarray(broken < 0.5)

    def _places(self, possible: Possible) -> tuple[Floats, Floats]:
        if self._near is None or self._near[0] is not possible.anchors or self._near[1] is not possible.areas:
            self._near = (possible.anchors, possible.areas, self._far(possible), self._inside(possible))
        return self._near[2], self._near[3]

    def _far(self, possible: Possible) -> Floats:
        homes, anchors = self.prior.homes, possible.anchors
        middle = np.nanmean(homes.latitude), np.nanmean(homes.longitude)
        latitude, longitude = (
            _narrow(homes.latitude[self.rows] - middle[0]),
            _narrow(homes.longitude[self.rows] - middle[1]),
        )
        nearest = np.full((len(anchors), len(self.rows)), np.inf, dtype=np.float32)
        for at in (0, 1):
            across = _narrow(np.cos(np.radians(anchors[:, at, 0, None])))
            north = latitude - _narrow(anchors[:, at, 0, None] - middle[0])
            east = (longitude - _narrow(anchors[:, at, 1, None] - middle[1])) * across
            np.minimum(nearest, north**2 + east**2, out=nearest)
        return np.log1p(
            np.where(np.isfinite(nearest), np.sqrt(nearest), np.float32(0.0)) * np.float32(_KM_A_DEGREE / 3.0)
        )

    def _inside(self, possible: Possible) -> Floats:
        wanted = np.zeros((len(possible), len(self.prior.homes.areas) + 1), dtype=np.float32)
        np.put_along_axis(wanted, possible.areas, 1.0, axis=1)
        return wanted[:, self.prior.homes.area[self.rows]]


@dataclass(slots=True)
class Likelihood:
    """The logarithm of how likely the evidence is for each possible household, up to a constant.

    `watched` knows what was on the pages and what no field of a home holds. Else pages are averaged over, and what no
    field holds counts as chance: each home is off by a normal draw as wide as the household's feeling for it.
    """

    prior: Prior
    sale: ForSale
    evidence: Evidence
    draw: np.random.Generator
    reference: Rows
    watched: bool
    _sight: Sight = field(init=False)
    _tables: list[Table] = field(init=False)
    _place: dict[int, int] = field(init=False)
    _reference_hidden: Doubles = field(init=False)
    _off: Doubles = field(init=False)

    def __post_init__(self) -> None:
        homes = self.prior.homes
        self._tables = [table_of(page, self.sale, self.draw, watched=self.watched) for page in self.evidence.pages]
        opened = np.array([one.row for one in self.evidence.opened], dtype=np.int64)
        rows = [opened, *(table.left for table in self._tables), *(table.opened for table in self._tables)]
        every = np.unique(np.concatenate(rows))
        self._place = {int(row): len(self.reference) + at for at, row in enumerate(every)}
        price_of = dict(zip(self.sale.rows.tolist(), self.sale.prices.tolist(), strict=True))
        prices = np.append(homes.price[self.reference], [price_of[int(row)] for row in every])
        at = np.append(self.reference, every)
        hidden = homes.hidden[at] if self.watched else None
        self._sight = Sight(self.prior, at, prices, hidden)
        self._reference_hidden = homes.hidden[self.reference]
        if not self.watched:
            self._reference_hidden = self.draw.standard_normal((len(self.reference), 3))
        self._off = self.draw.standard_normal((_HIDDEN_DRAWS, 3))

    def __call__(self, possible: Possible) -> Doubles:
        """Of each household, float64 (n,)."""
        if not self.evidence.pages and not self.evidence.opened:
            return np.zeros(len(possible))
        weights, off = partners_weights(possible)
        columns = self._sight.columns(possible)
        first, second = (self._sight.worth(weights[:, at], columns) for at in (0, 1))
        away = self._sight.worth(off, columns)
        feel = weights[:, :, FIELDS:]
        n = len(self.reference)
        fits = self._sight.fits(possible)[:, :n]
        bars = self.bars(possible, first[:, :n], second[:, :n], feel, fits)
        found = self._pages(first, away, bars["reference"], feel[:, 0])
        return found + self._reactions(possible, weights, columns, (first, second, away), bars)

    # -- what a household takes for normal -----------------------------------------------------------------------

    def bars(self, possible: Possible, first: Floats, second: Floats, feel: Doubles, fits: Flags) -> dict[str, Doubles]:
        """The utilities at which a household passes, takes for normal, likes and saves, each (n,).

        `first` and `second` are what the homes it takes its bearings by are worth to both partners, as far as fields
        tell, and `fits` which of them break no limit.
        """
        hidden = self._reference_hidden.T * (not self.watched)
        one, other = (worth + feel[:, at] @ hidden for at, worth in enumerate((first, second)))
        worth = _joint(one, other, possible.say)
        fits = fits | ~fits.any(axis=1, keepdims=True)
        ordered = np.sort(np.where(fits, worth, np.inf), axis=1)
        last = fits.sum(axis=1) - 1
        found = {}
        for name in ("pass", "reference", "like", "save"):
            place = QUANTILES[name] * last
            low = place.astype(np.int64)
            rows = np.arange(len(last))
            below, above = ordered[rows, low], ordered[rows, np.minimum(low + 1, last)]
            found[name] = below + (place - low) * (above - below)
        return found

    # -- pages ---------------------------------------------------------------------------------------------------

    def _pages(self, first: Floats, away: Floats, normal: Doubles, feel: Doubles) -> Doubles:
        """The chance of opening just those homes of each page: each beats opening nothing, whose draw they share.

        With x exponential, opening nothing draws -log x and a home of pull a stays closed with chance exp(-a x).
        """
        found = np.zeros(len(first))
        spread = 0.0 if self.watched else (feel**2).sum(axis=1)
        for table in self._tables:
            lift = 0.5 * spread / table.scale**2
            at = [self._place[int(row)] for row in (*table.left, *table.opened)]
            pull = (first[:, at] + table.fade * away[:, at] - (normal + c.OUTSIDE)[:, None]) / table.scale
            pull = np.exp(np.minimum(pull + np.reshape(lift, (-1, 1)), 30.0))
            many = len(table.left)
            rest = 1.0 + pull[:, :many] @ table.shares.T
            chance = np.ones((*rest.shape, len(_NODES)))
            for number, factor in enumerate(table.factors):
                of = factor * pull[:, many + number, None] / rest
                chance *= -np.expm1(-of[:, :, None] * _NODES)
            likely = np.log((chance @ _NODE_WEIGHTS) / rest + 1e-300)
            found += logsumexp(likely + table.log_odds, axis=1)
        return found

    # -- what it did with the homes it opened --------------------------------------------------------------------

    def _reactions(
        self,
        possible: Possible,
        weights: Doubles,
        columns: Sequence[Floats],
        worths: tuple[Floats, Floats, Floats],
        bars: dict[str, Doubles],
    ) -> Doubles:
        found = np.zeros(len(possible))
        first, second, away = worths
        feel = weights[:, :, FIELDS:]
        say = possible.say[:, None]
        both = say * feel[:, 0] + (1.0 - say) * feel[:, 1]
        fits = self._sight.fits(possible)
        normal = self._normal(fits, columns) if any(one.reason is not None for one in self.evidence.opened) else None
        couple = possible.say < 1.0
        for one in self.evidence.opened:
            at = self._place[one.row]
            page = None if one.page is None else self._tables[one.page]
            fade = float(np.exp(-one.before / c.NOISE_VIEWS))
            mean = _joint(first[:, at], second[:, at], possible.say)
            mean = mean + (fade if page is None else page.fade) * away[:, at]
            noise = np.full(len(mean), c.JUDGEMENT_NOISE * (1.0 + c.NOISE_START * fade))
            if not self.watched:
                if page is not None:
                    mean = mean + (feel[:, 0] * both).sum(axis=1) / page.scale
                noise = np.hypot(noise, np.sqrt((both**2).sum(axis=1)))
            may = fits[:, at] & self._within(one)
            found += _reaction(one, mean, noise, bars, may, couple)
            if one.reason is not None and self._within(one) and normal is not None:
                found += self._reason(one, possible, weights.mean(axis=1), columns, normal)
        return found

    def _within(self, one: Opened) -> bool:
        """Whether a home breaks no limit that is known."""
        return bool(self.prior.within[one.row]) and self._price(one) <= self.prior.known.budget

    def _price(self, one: Opened) -> float:
        return float(self._sight.prices[self._place[one.row]])

    def _normal(self, fits: Flags, columns: Sequence[Floats]) -> Doubles:
        """The mean attributes of the homes within each household's limits, (n, attributes)."""
        homes, n = self.prior.homes, len(self.reference)
        share = fits[:, :n].astype(np.float32)
        share /= np.maximum(share.sum(axis=1, keepdims=True), 1.0)
        normal = np.zeros((len(fits), len(NAMES)))
        fixed = np.column_stack([homes.z[NAMES[k]][self.reference] for k in _FIXED])
        normal[:, list(_FIXED)] = share @ fixed
        for name, column in zip(_OWN, columns, strict=True):
            normal[:, name] = (share * column[:, :n]).sum(axis=1)
        if self.watched:
            normal[:, FIELDS:] = share @ self._reference_hidden
        return normal

    def _reason(
        self, one: Opened, possible: Possible, weights: Doubles, columns: Sequence[Floats], normal: Doubles
    ) -> Doubles:
        """How likely the reason of a pass is: what weighs most against a home compared with a normal one."""
        homes, at = self.prior.homes, self._place[one.row]
        seen = -normal
        seen[:, list(_FIXED)] += np.array([homes.z[NAMES[k]][one.row] for k in _FIXED])
        for name, column in zip(_OWN, columns, strict=True):
            seen[:, name] += column[:, at]
        matches = np.zeros(len(possible))
        draws = homes.hidden[one.row][None] if self.watched else self._off
        small = np.log(homes.size[one.row]) < self.prior.log_size(possible)
        given = {"price_too_high": "price", "size_too_small": "size", "size_too_large": "size"}
        named = given.get(one.reason or "", one.reason)
        groups = list(REASONS)
        fielded = weights * seen
        for hidden in draws:
            against = fielded.copy()
            against[:, FIELDS:] += weights[:, FIELDS:] * hidden
            sums = against @ _GROUPED
            right = np.argmin(sums, axis=1) == groups.index(str(named))
            if named == "size":
                right &= small if one.reason == "size_too_small" else ~small
            matches += right
        return np.log(_SLIP / len(groups) + (1.0 - _SLIP) * matches / len(draws))


def _narrow(values: Doubles) -> Floats:
    """In single precision: homes by the million times households, each to a part in ten million."""
    return values.astype(np.float32)


def _joint(first: Doubles | Floats, second: Doubles | Floats, say: Doubles) -> Doubles:
    """What homes are worth to both partners together."""
    share = _narrow(say if first.ndim == 1 else say[:, None])
    return share * first + (1.0 - share) * second - c.DISAGREEMENT * np.abs(first - second)


def _reaction(
    one: Opened, mean: Doubles, noise: Doubles, bars: dict[str, Doubles], fits: Flags, couple: Flags
) -> Doubles:
    """The logarithm of how likely the reaction is of a household that thinks about so of a home.

    What it thinks lies between two of its bars; in each of the five intervals all chances are those of `browsing`.
    """
    edges = [(bars[name] - mean) / noise for name in ("pass", "reference", "like", "save")]
    below = np.stack([np.zeros(len(mean)), *(ndtr(edge) for edge in edges), np.ones(len(mean))])
    density = [np.exp(-0.5 * edge**2) / np.sqrt(2.0 * np.pi) for edge in edges]
    slope = np.stack([np.zeros(len(mean)), *density, np.zeros(len(mean))])
    total = np.zeros(len(mean))
    for interval in range(5):
        part = below[interval + 1] - below[interval]
        middle = mean - noise * (slope[interval + 1] - slope[interval]) / np.maximum(part, 1e-12)
        total += part * _chance(one, interval, fits, couple) * _dwelt(one.dwell, middle - bars["reference"])
    return np.log(np.maximum(total, 1e-12))


def _chance(one: Opened, interval: int, fits: Flags, couple: Flags) -> Doubles:
    """How likely what it did is in an interval of what it thinks: 0 below passing ... 4 above saving."""
    did = one.did
    best = fits & (interval == 4)
    save = c.SAVE_CHANCE * best * one.may_save
    like = (1.0 - save) * c.LIKE_CHANCE * (fits & (interval >= 3))
    share = c.SHARE_CHANCE * (best & couple)
    directions = 0.06 * best
    unwanted = c.PASS_CHANCE * one.may_pass * (~fits | (interval == 0))
    photos = 0.15 + 0.45 * (interval >= 2)
    chance = np.full(len(fits), photos if "photos_viewed" in did else 1.0 - photos if one.done else 1.0)
    if "property_save" in did:
        chance *= save
    elif "property_like" in did:
        chance *= like
    elif one.done:
        chance *= 1.0 - save - like
    for name, odds in (("property_share", share), ("directions_clicked", directions), ("property_dislike", unwanted)):
        chance *= odds if name in did else (1.0 - odds) if one.done else 1.0
    return chance


def _dwelt(seconds: float, liking: Doubles) -> Doubles:
    """The density of so many seconds on a home's page, of one liked so much more than a normal one."""
    away = np.log(max(seconds, 1.0) / c.DWELL_SECONDS) - 0.25 * np.clip(liking, -2.0, 2.0)
    density: Doubles = np.exp(-0.5 * (away / c.DWELL_SPREAD) ** 2)
    return density
