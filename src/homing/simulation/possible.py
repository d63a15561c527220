"""Households that a lead might be, as many as wanted in columns, drawn as `scenarios` draws them given what it told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from homing.simulation import constants as c
from homing.simulation.evidence import Known
from homing.simulation.homes import Homes
from homing.simulation.households import BELOW_ZERO, centres, wanted_size
from homing.simulation.scenarios import FEWEST_HOMES, SCENARIOS, Scenario
from homing.simulation.taste import MUST_HAVES, NAMES

__all__ = ["Possible", "Prior", "partners_weights"]

Doubles = NDArray[np.float64]
Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]

_MOST_AREAS: Final = 4
_SHARES: Final = np.linspace(0.80, 0.95, 16)
_MOST_BEDS: Final = 6
_TRIES: Final = 40


@dataclass(slots=True)
class Possible:
    """n households: which of `SCENARIOS` each is, and what it wants.

    `normals` (n, 4, attributes) are standard normals behind the tastes: what partners share, each partner's own, and
    how far the inexperienced are off. `spare` (n, 3) those behind the comfortable price, the wanted size and the first
    partner's say. `areas` (n, 4) are codes, -1 where it names fewer; `anchors` (n, 2, 2) latitude and longitude.
    """

    scenario: Rows
    normals: Doubles
    spare: Doubles
    beds: Rows
    areas: Rows
    anchors: Doubles
    must_haves: Flags

    def __len__(self) -> int:
        return len(self.scenario)

    def taken(self, rows: Rows) -> Possible:
        """Those in these rows."""
        return Possible(*(getattr(self, field.name)[rows] for field in fields(self)))

    def where(self, new: Flags, other: Possible) -> Possible:
        """The others where `new` (n,), else these."""
        kept = []
        for field in fields(self):
            mine, others = getattr(self, field.name), getattr(other, field.name)
            is_new = new.reshape(-1, *(1,) * (mine.ndim - 1))
            kept.append(mine if mine is others else np.where(is_new, others, mine))
        return Possible(*kept)

    @property
    def say(self) -> Doubles:
        """The first partner's share of the decision (n,); 1 where one decides alone."""
        return np.where(_ALONE[self.scenario], 1.0, 0.4 + 0.2 * ndtr(self.spare[:, 2]))

    @property
    def comfort(self) -> Doubles:
        """The comfortable price as a share of the budget (n,)."""
        return 0.80 + 0.15 * ndtr(self.spare[:, 0])


def partners_weights(possible: Possible) -> tuple[Doubles, Doubles]:
    """The weights of both partners (n, 2, attributes), and how far those of the inexperienced are off (n, attributes).

    As `households` and `scenarios` draw them.
    """
    which, z = possible.scenario, possible.normals
    mean = _MEAN[which] + _SPREAD * z[:, 0]
    own = c.PARTNERS_APART * _SPREAD * z[:, 1:3]
    weights = mean[:, None] + np.where(_ALONE[which, None, None], own[:, :1] * 0.0, own)
    ceiling = 0.25 * np.array([c.TASTES[name][0] for name in BELOW_ZERO])
    columns = [NAMES.index(name) for name in BELOW_ZERO]
    weights[:, :, columns] = np.minimum(weights[:, :, columns], ceiling)
    weights += _LEAN[which][:, None]
    apart = np.flatnonzero(_APART[which] != c.PARTNERS_APART)
    if len(apart):
        first = NAMES.index("baths")
        middle = mean[apart] + c.PARTNERS_APART * np.sqrt(0.5) * _SPREAD * z[apart, 2] + _LEAN[which[apart]]
        away = NAMES.index("distance")
        middle[:, away] = np.minimum(middle[:, away], 0.25 * c.TASTES["distance"][0])
        half = 0.5 * _APART[which[apart], None] * _SPREAD * z[apart, 1]
        weights[apart, :, first:] = np.stack((middle + half, middle - half), axis=1)[:, :, first:]
    return weights, c.NAIVE * _SPREAD * z[:, 3]


@dataclass
class Prior:
    """How households come about, given what one told; `only` the scenarios it can be of (left out: any)."""

    homes: Homes
    known: Known
    only: Sequence[str] | None = None

    def __post_init__(self) -> None:
        self._odds = np.array([self._odds_of(one) for one in SCENARIOS])
        self._odds /= self._odds.sum()
        located = np.isfinite(self.homes.latitude) & np.isfinite(self.homes.longitude)
        by_area = np.argsort(self.homes.area, kind="stable")
        self._by_area = by_area[located[by_area]]
        self._counts = np.bincount(self.homes.area[located], minlength=len(self.homes.areas))
        self._starts = np.append(0, np.cumsum(self._counts))[:-1]
        self._offered = np.bincount(
            self.homes.area[self.homes.price <= self.known.budget], minlength=len(self.homes.areas)
        ).astype(np.float64)
        middles = centres(self.homes)
        apart = np.hypot(*(middles[:, None] - middles[None]).transpose(2, 0, 1))
        np.fill_diagonal(apart, -1.0)
        apart = np.where(np.isfinite(apart), apart, np.inf)
        self._near = np.argsort(apart, axis=1, kind="stable")[:, :_MOST_AREAS]
        self._sizes = np.log([
            [wanted_size(self.homes, self.known.budget * share, beds) for share in _SHARES]
            for beds in range(_MOST_BEDS + 1)
        ])  # fmt: skip
        self._have = np.stack([self.homes.raw[name] >= least for name, least in MUST_HAVES.values()])
        self._can = np.array([np.isfinite(self.homes.raw[name]).any() for name, _ in MUST_HAVES.values()])
        self.within = np.ones(len(self.homes), dtype=np.bool_)
        if self.known.beds_hard and self.known.beds is not None:
            self.within &= self.homes.beds >= self.known.beds
        if self.known.areas_hard and self.known.areas is not None:
            self.within &= np.isin(self.homes.area, self.known.areas)
        base = self.within & (self.homes.price <= self.known.budget)
        powers = 2 ** np.arange(len(MUST_HAVES))
        self._left = np.empty(2 ** len(MUST_HAVES))
        for code in range(len(self._left)):
            asked = np.flatnonzero(code & powers)
            self._left[code] = (base & self._have[asked].all(axis=0)).sum()
        self._powers = powers

    def draw(self, n: int, draw: np.random.Generator) -> Possible:
        """So many households."""
        scenario = draw.choice(len(SCENARIOS), n, p=self._odds)
        areas = self._area_sets(n, draw)
        return Possible(
            scenario=scenario,
            normals=draw.standard_normal((n, 4, len(NAMES))),
            spare=draw.standard_normal((n, 3)),
            beds=self._bedrooms(scenario, draw),
            areas=areas,
            anchors=self._anchors(areas, draw),
            must_haves=self._must_haves(n, draw),
        )

    def with_others(self, possible: Possible, part: str, draw: np.random.Generator) -> Possible:
        """The same households with a part drawn anew: `who`, `where`, `anchors`, `must_haves` or `all` of these."""
        n, new = len(possible), possible
        if part in ("who", "all"):
            scenario = draw.choice(len(SCENARIOS), n, p=self._odds)
            new = replace(new, scenario=scenario, beds=self._bedrooms(scenario, draw))
        if part in ("where", "all"):
            areas = self._area_sets(n, draw)
            new = replace(new, areas=areas, anchors=self._anchors(areas, draw))
        if part == "anchors":
            new = replace(new, anchors=self._anchors(possible.areas, draw))
        if part in ("must_haves", "all"):
            new = replace(new, must_haves=self._must_haves(n, draw))
        return new

    def log_size(self, possible: Possible) -> Doubles:
        """The logarithm of the wanted size (n,), as `households` has it for the comfortable price and bedrooms."""
        place = np.clip((possible.comfort - _SHARES[0]) / (_SHARES[1] - _SHARES[0]), 0.0, len(_SHARES) - 1.001)
        low = place.astype(np.int64)
        beds = np.clip(possible.beds, 0, _MOST_BEDS)
        of = self._sizes[beds]
        rows = np.arange(len(beds))
        between = of[rows, low] + (place - low) * (of[rows, low + 1] - of[rows, low])
        return cast("Doubles", between + 0.15 * possible.spare[:, 1])

    def has(self, rows: Rows) -> Flags:
        """Which must-haves each home has, bool (must-haves, homes)."""
        return self._have[:, rows]

    def _odds_of(self, one: Scenario) -> float:
        """How likely what was told is for a household of a scenario, all eight being as likely."""
        if self.only is not None and one.name not in self.only:
            return 0.0
        trait = cast("dict[str, Any]", c.SEGMENTS[one.segment])
        away = (np.log(self.known.budget / np.median(self.homes.price)) - trait["budget"]) / c.BUDGET_SPREAD
        odds = float(np.exp(-0.5 * away**2)) + 1e-12
        odds *= c.BEDS_HARD if self.known.beds_hard else 1.0 - c.BEDS_HARD
        if self.known.beds is not None:
            odds *= trait["beds"].count(self.known.beds) / len(trait["beds"]) + 1e-3
        hard = 0.0 if one.anywhere else c.AREAS_HARD
        return odds * (hard if self.known.areas_hard else 1.0 - hard) + 1e-15

    def _bedrooms(self, scenario: Rows, draw: np.random.Generator) -> Rows:
        if self.known.beds is not None:
            return np.full(len(scenario), self.known.beds, dtype=np.int64)
        picked = draw.random(len(scenario))
        beds = np.empty(len(scenario), dtype=np.int64)
        for place, one in enumerate(SCENARIOS):
            among = np.array(cast("dict[str, Any]", c.SEGMENTS[one.segment])["beds"])
            of = scenario == place
            beds[of] = among[(picked[of] * len(among)).astype(np.int64)]
        return beds

    def _area_sets(self, n: int, draw: np.random.Generator) -> Rows:
        if self.known.areas:
            told = np.full(max(_MOST_AREAS, len(self.known.areas)), -1, dtype=np.int64)
            told[: len(self.known.areas)] = self.known.areas
            return np.tile(told, (n, 1))
        first = draw.choice(len(self._offered), n, p=self._offered / self._offered.sum())
        count = np.where(draw.random(n) < c.NARROW, draw.integers(1, 3, n), draw.integers(3, 5, n))
        return np.where(np.arange(_MOST_AREAS) < count[:, None], self._near[first], -1)

    def _anchors(self, areas: Rows, draw: np.random.Generator) -> Doubles:
        """One home in the areas, and four times in ten another anywhere."""
        n = len(areas)
        count = np.where(areas >= 0, self._counts[areas], 0)
        edges = np.cumsum(count, axis=1)
        place = (draw.random(n) * edges[:, -1]).astype(np.int64)
        which = (place[:, None] >= edges).sum(axis=1)
        rows = np.arange(n)
        before = np.where(which > 0, edges[rows, which - 1], 0)
        first = self._by_area[self._starts[areas[rows, which]] + place - before]
        second = np.where(draw.random(n) < 0.4, draw.choice(self._by_area, n), first)
        chosen = np.stack((first, second), axis=1)
        return np.stack((self.homes.latitude[chosen], self.homes.longitude[chosen]), axis=2)

    def _must_haves(self, n: int, draw: np.random.Generator) -> Flags:
        """Wishes that leave the market enough homes, else the last is dropped; few homes in all: drawn again."""
        enough = max(3, int(c.FEWEST_ELIGIBLE * len(self.homes)))
        found = np.zeros((n, len(MUST_HAVES)), dtype=np.bool_)
        open_rows = np.arange(n)
        for _ in range(_TRIES):
            m = len(open_rows)
            order = np.argsort(np.where(self._can, draw.random((m, len(MUST_HAVES))), 2.0), axis=1)
            wanted = np.minimum(draw.choice(len(c.MUST_HAVES), m, p=c.MUST_HAVES), self._can.sum())
            asked = np.zeros((m, len(MUST_HAVES)), dtype=np.bool_)
            np.put_along_axis(asked, order, np.arange(len(MUST_HAVES)) < wanted[:, None], axis=1)
            while True:
                few = (self._left[asked @ self._powers] < enough) & asked.any(axis=1)
                if not few.any():
                    break
                last = asked.shape[1] - 1 - np.argmax(asked[:, ::-1], axis=1)
                asked[few, last[few]] = False
            found[open_rows] = asked
            open_rows = open_rows[self._left[asked @ self._powers] < 5 * FEWEST_HOMES]
            if not len(open_rows):
                break
        return found


def _scenario_arrays() -> tuple[Doubles, Doubles, Doubles, Flags]:
    traits = [cast("dict[str, Any]", c.SEGMENTS[one.segment]) for one in SCENARIOS]
    mean = np.array([[c.TASTES[name][0] + trait["lean"].get(name, 0.0) for name in NAMES] for trait in traits])
    lean = np.array([[one.lean.get(name, 0.0) for name in NAMES] for one in SCENARIOS])
    apart = np.array([one.apart for one in SCENARIOS])
    return mean, lean, apart, np.array([one.alone for one in SCENARIOS])


_MEAN, _LEAN, _APART, _ALONE = _scenario_arrays()
_SPREAD: Final = np.array([c.TASTES[name][1] for name in NAMES])
