"""How much each act of a lead holds up the score of a home, worked out at once for all acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Self

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.core.jit import kernel
from homing.models.content_based import ContentBasedModel
from homing.models.interactions import Id
from homing.models.pasts import Past
from homing.models.query import Codes, Query
from homing.models.tastes import each_gathered, gathered, lent_around, spread_out

__all__ = ["Pulls", "pulls"]

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pulls:
    """How much each home acted on holds up the scores of n homes: `amounts` (n, m), their columns by id."""

    columns: Mapping[Id, int]
    amounts: Doubles

    @classmethod
    def none(cls, homes: int) -> Self:
        """Where nothing is known of that."""
        return cls({}, np.zeros((homes, 0)))

    def plus(self, homes: Sequence[Id], amounts: Doubles) -> Pulls:
        """Both added up; `amounts` (n, m) of so many homes."""
        fresh = [home for home in homes if home not in self.columns]
        columns = {**self.columns, **{home: len(self.columns) + at for at, home in enumerate(fresh)}}
        total = np.zeros((len(self.amounts), len(columns)))
        total[:, : self.amounts.shape[1]] = self.amounts
        total[:, [columns[home] for home in homes]] += amounts
        return Pulls(columns, total)

    def on(self, place: int, acted: Sequence[Id]) -> Doubles:
        """How much each of these homes acted on holds up the score of the home at a place, 0 where nothing."""
        columns = np.fromiter(map(self.columns.get, acted, repeat(-1)), dtype=np.int64, count=len(acted))
        found: Doubles = np.append(self.amounts[place], 0.0)[columns]
        return found


def pulls(content: ContentBasedModel, query: Query, homes: Codes, rates: Doubles | None = None) -> Pulls:
    """Of each home what its score would lose, to first order, without the lead's last act on each home it likes.

    The score is a sum over bins b of weight_b part_b(home) taste_b (`ContentBasedModel`), those of each axis times its
    rate of `rates` (axes,), left out: 1. With prior p, market's shares
    s, evidence l_b in favour of a bin and L of its axis, a home acted on with parts x (lent to the bins beside, X of
    the axis) moves the taste for a bin by

        d taste_b = (x_b / s_b) / (p + l_b / s_b) - X / (p + L),   less its mean over the market

    times the evidence that the act adds to that home. Acts against homes are left out, and so is what other models make
    of the acts: this orders acts, and is no part of a score. As all of it is linear in x, what an x of 1 in each bin is
    worth to a home is worked out first, and then looked up for every act.
    """
    past = Past.of(query, content.items)
    evidence, encoding = content._evidence(past), content.encoding_
    liked = evidence.items[evidence.mass > 0]
    starts, shares = encoding.starts, encoding.shares
    if not liked.size or not shares.size:
        return Pulls.none(len(homes.array))
    mass = evidence.mass[evidence.mass > 0]
    amounts = gathered(encoding.bins[liked], encoding.parts[liked], mass, shares.size)[0]
    spread_out(amounts, starts, encoding.ordered)
    weights = content.beta_[: len(content.axes_)] if rates is None else content.beta_[: len(content.axes_)] * rates
    weights = np.repeat(weights, np.diff(starts))
    of_homes = each_gathered(encoding.bins, encoding.parts, homes.array, starts, np.zeros_like(encoding.ordered))
    of_homes *= weights
    prior, whole = content.prior_, _of_axis(of_homes, starts)
    each = (of_homes - whole * shares) / (prior * shares + amounts)
    each += whole * (_of_axis(shares, starts) - 1.0) / (prior + _of_axis(amounts, starts))
    lent = lent_around(np.vstack((each, np.ones(shares.size))), starts, encoding.ordered)
    found = _looked_up(encoding.bins, encoding.parts, encoding.axis, liked, lent)
    added = _last_acts(past, content.half_life_days_)[evidence.mass > 0] * mass
    names = content.items.ids
    return Pulls({names[code]: place for place, code in enumerate(liked.tolist())}, found * added)


@kernel
def _looked_up(
    bins: NDArray[np.int32],
    parts: NDArray[np.float32],
    owner: NDArray[np.int64],
    items: NDArray[np.int64],
    lent: Doubles,
) -> Doubles:
    """What homes with these bins are worth, (n, items), by n rows of what an amount lent from each bin is worth.

    The last row of `lent` (n + 1, bins) is how much an amount becomes by being lent: an axis is worth its own amount.
    """
    rows = lent.shape[0]
    out, axis = np.zeros((rows - 1, items.size)), np.zeros(rows)
    for j in range(items.size):
        own = 0.0
        for w in range(bins.shape[1]):
            b = bins[items[j], w]
            if b >= 0:
                own += parts[items[j], w]
                for h in range(rows):
                    axis[h] += parts[items[j], w] * lent[h, b]
            if w + 1 == bins.shape[1] or owner[w + 1] != owner[w]:
                if axis[rows - 1] > 0.0:
                    for h in range(rows - 1):
                        out[h, j] += axis[h] * own / axis[rows - 1]
                own = 0.0
                axis[:] = 0.0
    return out


def _of_axis(amounts: Doubles, starts: NDArray[np.int64]) -> Doubles:
    """The sum over the axis of each bin, in its place, of (bins,) or (n, bins)."""
    sums = np.add.reduceat(amounts, starts[:-1], axis=-1)
    return np.repeat(sums, np.diff(starts), axis=-1)


def _last_acts(past: Past, half_life_days: float) -> Doubles:
    """Which share of the evidence of each distinct home, in order of code, would go with the last act on it."""
    faded: Doubles = past.weights
    if past.at is not None and past.as_of is not None:
        faded = faded * np.exp2(np.minimum(past.at - past.as_of, 0) / (half_life_days * DAY))
    items, place = np.unique(past.items, return_inverse=True)
    whole = np.bincount(place, weights=faded, minlength=items.size).astype(np.float64)
    last = np.zeros(items.size)
    last[place] = faded  # of acts on one home the latest is written last
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(1.0 - _evidence(whole - last) / _evidence(whole))


def _evidence(weights: Doubles) -> Doubles:
    return np.asarray(np.sign(weights) * np.log2(1.0 + np.abs(weights)))
