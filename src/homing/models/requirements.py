"""What a lead insists on without having said so: a least level of an attribute, told by what became of homes it opened.

Who insists on two baths may well open the page of a home with one, but will hardly save it, and passes it sooner. How
much more rarely, how much sooner, and which levels leads insist on, is learned from all who acted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import kernel
from homing.models.pasts import Past, Pasts

__all__ = ["Requirements", "learned_requirements", "levels_of"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_WANTED: Final = 5.0
_MOST_LEVELS: Final = 14
_RARE: Final = 0.03
_ROUNDS: Final = 40
_START: Final = 0.1
_START_RATES: Final = (0.1, 3.0)
_START_LEADS: Final = 5.0
_LEAST_RATE: Final = 0.01
_DOUBT: Final = 0.02


class Told(NamedTuple):
    """Of l leads, or of one, the homes opened: the share that lacks each level, and how many were wanted and passed.

    `share`, `wanted` and `passed` (l, axes, levels + 1), the latter two of homes that lack the level; `counts` (l, 2)
    of homes wanted and passed in all.
    """

    share: Floats
    wanted: Floats
    passed: Floats
    counts: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Requirements:
    """Which least levels of attributes leads insist on, and what that does to their acts.

    `levels` (axes, m) ascending, filled up with infinities; `chance` (axes, m + 1) that a lead insists on none, or on
    each of them; `rates` (2,) by how much more often a home that lacks what is insisted on is wanted, and passed, than
    another one opened; `reached` (homes, axes) how many of the levels each home reaches.
    """

    levels: Floats
    chance: Floats
    rates: Floats
    reached: Codes
    _at: Codes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_at", np.arange(self.chance.shape[1]))

    @classmethod
    def over(cls, levels: Floats, chance: Floats, rates: Floats, values: Floats) -> Requirements:
        """The same over homes with these attributes (homes, axes)."""
        return cls(levels, chance, rates, _reached(levels, values))

    def with_homes(self, values: Floats, rows: Codes) -> Requirements:
        """The same over now as many homes as `values` has, of which these are `rows`."""
        reached = np.zeros(values.shape, dtype=np.int64)
        reached[: len(self.reached)] = self.reached
        reached[rows] = _reached(self.levels, values[rows])
        return Requirements(self.levels, self.chance, self.rates, reached)

    def told(self, items: Codes, weights: Floats) -> Told:
        """What one lead's acts come to."""
        homes, place = np.unique(items, return_inverse=True)
        most, least = np.full(homes.size, -np.inf), np.full(homes.size, np.inf)
        np.maximum.at(most, place, weights)
        np.minimum.at(least, place, weights)
        lacks = (self.reached[homes][:, :, None] < self._at).astype(np.float64)
        passed = least < 0.0
        wanted = (most >= _WANTED) & ~passed
        share = lacks.sum(axis=0) / max(homes.size, 1)
        counts = np.array([[float(wanted.sum()), float(passed.sum())]])
        return Told(share[None], lacks[wanted].sum(axis=0)[None], lacks[passed].sum(axis=0)[None], counts)

    def asked(self, told: Told) -> Floats:
        """The chance that each lead insists on none or on each level, (l, axes, m + 1).

            P(level) ~ chance * prod over homes wanted of r / (1 - s + s r) where it lacks the level, else 1 / (...)

        r being the rate of homes wanted, s the share of homes opened that lack the level; of homes passed likewise.
        """
        with np.errstate(divide="ignore"):
            log = np.log(self.chance)[None]
        for which, lacking in enumerate((told.wanted, told.passed)):
            rate = float(self.rates[which])
            usual = np.log(1.0 - told.share + told.share * rate)
            log = log + lacking * np.log(rate) - told.counts[:, which, None, None] * usual
        odds = np.exp(log - log.max(axis=2, keepdims=True))
        return np.asarray(odds / odds.sum(axis=2, keepdims=True))

    def log_chances(self, past: Past, items: Codes, owner: Codes, families: int) -> Floats:
        """The log of the chance that homes have what is insisted on, (n, families); no axis says less than log .02.

        `owner` (axes,) is the family of each axis.
        """
        found: Floats = _summed(self.reached, items, past.once(self, self._table), owner, families)
        return found

    def _table(self, past: Past) -> Floats:
        """The log of the chance that a home with so many levels of each axis has what the lead insists on."""
        asked = self.asked(self.told(past.items, past.weights))[0]
        return np.asarray(np.log(np.maximum(np.cumsum(asked, axis=1), _DOUBT)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything but what homes reach."""
        return {"asked_levels": self.levels, "asked_chance": self.chance, "asked_rates": self.rates}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], values: Floats) -> Requirements:
        """The inverse of `arrays`, over homes with these attributes."""
        return cls.over(arrays["asked_levels"], arrays["asked_chance"], arrays["asked_rates"], values)


def learned_requirements(values: Floats, pasts: Pasts, leads: Sequence[int]) -> Requirements:
    """What these leads insist on, by expectation and maximisation; `values` (homes, axes) of all homes.

    The chances are shrunk to one lead in ten on each axis, all levels alike, as if that were five leads more.
    """
    each = [levels_of(column) for column in values.T]
    most = max((one.size for one in each), default=0)
    levels = np.array([np.append(one, np.full(most - one.size, np.inf)) for one in each]).reshape(len(each), most)
    there = np.isfinite(levels)
    chance = np.where(there, _START / np.maximum(there.sum(axis=1, keepdims=True), 1), 0.0)
    start = np.column_stack((1.0 - chance.sum(axis=1), chance))
    found = Requirements.over(levels, start, np.array(_START_RATES), values)
    every = []
    for lead in leads:
        rows = slice(int(pasts.offsets[lead]), int(pasts.offsets[lead + 1]))
        every.append(found.told(pasts.items[rows].astype(np.int64), pasts.weights[rows]))
    told = Told(*(np.concatenate(column) for column in zip(*every, strict=True)))
    for _ in range(_ROUNDS):
        asked = found.asked(told)
        chance = (asked.sum(axis=0) + _START_LEADS * start) / (len(every) + _START_LEADS)
        found = Requirements(levels, chance, _rates(found, told, asked), found.reached)
    return found


def levels_of(values: Floats) -> Floats:
    """Levels that homes may be asked to reach, ascending: of few values each but the least, of many quantiles.

    Levels that next to all homes reach, or next to none, are left out.

    >>> levels_of(np.array([1.0, 1.0, 2.0, 3.0])).tolist(), levels_of(np.zeros(5)).tolist()
    ([2.0, 3.0], [])
    """
    levels = np.unique(values)[1:]
    if levels.size > 2 * _MOST_LEVELS:
        levels = np.unique(np.quantile(values, np.arange(1, _MOST_LEVELS + 1) / (_MOST_LEVELS + 1), method="higher"))
    share = 1.0 - np.searchsorted(np.sort(values), levels) / max(values.size, 1)
    return levels[(share > _RARE) & (share < 1.0 - _RARE)]


def _rates(before: Requirements, told: Told, asked: Floats) -> Floats:
    """How often homes that lack what is insisted on were wanted, and passed, against what would be without effect."""
    rates = []
    for which, lacking in enumerate((told.wanted, told.passed)):
        rate = float(before.rates[which])
        usual = 1.0 - told.share + told.share * rate
        without = told.counts[:, which, None, None] * told.share / usual
        seen, expected = (float((asked * one)[:, :, 1:].sum()) for one in (lacking, without))
        rates.append(max((seen + 1.0) / (expected + 1.0), _LEAST_RATE))
    return np.array(rates)


def _reached(levels: Floats, values: Floats) -> Codes:
    columns = [np.searchsorted(of, column, side="right") for of, column in zip(levels, values.T, strict=True)]
    return np.column_stack(columns) if columns else np.zeros((len(values), 0), dtype=np.int64)


@kernel
def _summed(reached: Codes, items: Codes, table: Floats, owner: Codes, families: int) -> Floats:
    parts = np.zeros((items.size, families))
    for j in range(items.size):
        for a in range(owner.size):
            parts[j, owner[a]] += table[a, reached[items[j], a]]
    return parts
