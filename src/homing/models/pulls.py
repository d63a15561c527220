"""How much each act of a lead holds up the score of a home, worked out at once for all acts."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.models.content_based import ContentBasedModel
from homing.models.interactions import Id
from homing.models.pasts import Past
from homing.models.query import Codes, Query
from homing.models.tastes import each_gathered, spread_out

__all__ = ["pulls"]

Doubles = NDArray[np.float64]


def pulls(content: ContentBasedModel, query: Query, homes: Codes) -> list[Mapping[Id, float]]:
    """Of each home what its score would lose, to first order, without the lead's last act on each home it likes.

    The score is a sum over bins b of weight_b part_b(home) taste_b (`ContentBasedModel`). With prior p, market's shares
    s, evidence l_b in favour of a bin and L of its axis, a home acted on with parts x (lent to the bins beside, X of
    the axis) moves the taste for a bin by

        d taste_b = (x_b / s_b) / (p + l_b / s_b) - X / (p + L),   less its mean over the market

    times the evidence that the act adds to that home. Acts against homes are left out, and so is what other models make
    of the acts: this orders acts, and is no part of a score.
    """
    past = Past.of(query, content.items)
    evidence, encoding = content._evidence(past), content.encoding_
    liked = evidence.items[evidence.mass > 0]
    starts, shares = encoding.starts, encoding.shares
    if not liked.size or not shares.size:
        return [{} for _ in homes.array]
    added = _last_acts(past, content.half_life_days_)[evidence.mass > 0] * evidence.mass[evidence.mass > 0]
    whole = each_gathered(encoding.bins, encoding.parts, liked, starts, np.zeros_like(encoding.ordered))
    amounts = evidence.mass[evidence.mass > 0] @ whole
    spread_out(amounts, starts, encoding.ordered)
    acted = each_gathered(encoding.bins, encoding.parts, liked, starts, encoding.ordered)
    prior = content.prior_
    moved = acted / (prior * shares + amounts) - _of_axis(acted, starts) / (prior + _of_axis(amounts, starts))
    moved -= _of_axis(moved * shares, starts)
    weights = np.repeat(content.beta_[: len(content.axes_)], np.diff(starts))
    of_homes = each_gathered(encoding.bins, encoding.parts, homes.array, starts, np.zeros_like(encoding.ordered))
    found = (of_homes * weights) @ (moved * added[:, None]).T
    names = [content.items.ids[code] for code in liked.tolist()]
    return [dict(zip(names, row, strict=True)) for row in found.tolist()]


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
