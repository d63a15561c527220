"""What a lead's acts are evidence for: each home with its faded weight, those of an earlier taste little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, MINUTE
from homing.core.jit import kernel
from homing.models.axes import Axis, position
from homing.models.pasts import Past
from homing.models.taste_shift import FEWEST_NEW, current_taste_begins

__all__ = ["EARLIER", "Evidence", "Traits", "evidence_of", "traits_of"]

Doubles = NDArray[np.float64]

EARLIER = 1.0
"""What all likes before the current taste began count together, at most, in acts of weight 1."""

SITTING = 30 * MINUTE
"""Acts no further apart are of one sitting: homes looked at in a row are alike, and one evening is no taste."""

_TOLD_BY = ("price", "size", "beds", "near")


class Evidence(NamedTuple):
    """The homes acted on, int64 (m,), the evidence of each (negative: against), and the price each had, where known.

    `last` (m,) is the share of the evidence of each that would go with the last act on it.
    """

    items: NDArray[np.int64]
    mass: Doubles
    price: Doubles | None
    last: Doubles


class Traits(NamedTuple):
    """What changes of taste show in, float64 (homes, d), and the axis of the price, which is then column 0."""

    columns: Doubles
    price: Axis | None


def traits_of(axes: Sequence[Axis], values: Doubles) -> Traits:
    """Price, size and bedrooms in bins, and place in degrees, of all homes, as far as there are such axes."""
    columns, at, price = [], 0, None
    for axis in axes:
        wide = len(axis.fields) if axis.kind == "place" else 1
        own = values[:, at : at + wide]
        if axis.name in _TOLD_BY:
            columns.append(own if axis.kind == "place" else position(axis, own))
            price = axis if axis.name == "price" else price
        at += wide
    return Traits(np.hstack(columns) if columns else np.zeros((len(values), 0)), price)


def evidence_of(past: Past, half_life_days: float, traits: Traits) -> Evidence:
    """Each home with sign(w) log2(1 + |w|), w its weights added up, faded by half in `half_life_days`.

    Where the homes liked, each at the lead's last act on it, show from one sitting to the next that the taste has
    changed, those liked before that count together as much as one act, at most.
    """
    faded = past.weights
    if past.at is not None and past.as_of is not None:
        faded = faded * np.exp2(np.minimum(past.at - past.as_of, 0) / (half_life_days * DAY))
    items, mass, share, last, price = _by_home(
        past.items, np.argsort(past.items, kind="stable"), faded, past.at, past.prices
    )
    if past.at is not None:
        earlier = _earlier(items, mass, price, last, traits)
        total = mass[earlier].sum()
        mass[earlier] *= EARLIER / max(total, EARLIER)
    return Evidence(items, mass, price, share)


@kernel
def _by_home(
    acted: NDArray[np.int64],
    order: NDArray[np.int64],
    weights: Doubles,
    at: NDArray[np.int64] | None,
    prices: Doubles | None,
) -> tuple[NDArray[np.int64], Doubles, Doubles, NDArray[np.int64], Doubles | None]:
    """The distinct homes in order of code, with evidence, the share of the last act, its moment, and the last price.

    `order` is that of the acts by home, those on one home in the order of time.
    """
    items, mass, before = np.empty(order.size, dtype=np.int64), np.zeros(order.size), np.zeros(order.size)
    last, price = np.full(order.size, np.iinfo(np.int64).min), np.full(order.size, np.nan)
    count = 0
    for place in order:
        if count == 0 or items[count - 1] != acted[place]:
            items[count] = acted[place]
            count += 1
        before[count - 1] = mass[count - 1]
        mass[count - 1] += weights[place]
        if at is not None:
            last[count - 1] = max(last[count - 1], at[place])
        if prices is not None and np.isfinite(prices[place]):
            price[count - 1] = prices[place]
    for place in range(count):
        mass[place] = np.sign(mass[place]) * np.log2(1.0 + abs(mass[place]))
        kept = np.sign(before[place]) * np.log2(1.0 + abs(before[place]))
        before[place] = 1.0 - kept / mass[place] if mass[place] != 0.0 else 0.0
    return items[:count], mass[:count], before[:count], last[:count], None if prices is None else price[:count]


def _earlier(
    items: NDArray[np.int64], mass: Doubles, price: Doubles | None, last: NDArray[np.int64], traits: Traits
) -> NDArray[np.int64]:
    """The places of the homes liked before the current taste began."""
    liked = np.flatnonzero(mass > 0)
    if liked.size < 2 * FEWEST_NEW:
        return liked[:0]
    liked = liked[np.argsort(last[liked], kind="stable")]
    acts = traits.columns[items[liked]]
    if price is not None and traits.price is not None:
        then = position(traits.price, price[liked])
        acts[:, 0] = np.where(np.isnan(then), acts[:, 0], then)
    means, sitting = _means(acts, last[liked])
    return liked[sitting < current_taste_begins(means)]


@kernel
def _means(acts: Doubles, at: NDArray[np.int64]) -> tuple[Doubles, NDArray[np.int64]]:
    """The mean of the acts of each sitting, float64 (sittings, d), where something is known; and the sitting of each.

    `at` (m,) are their moments, in order.
    """
    sitting = np.zeros(at.size, dtype=np.int64)
    for j in range(1, at.size):
        sitting[j] = sitting[j - 1] + (at[j] - at[j - 1] > SITTING)
    shape = (sitting[-1] + 1, acts.shape[1])
    total, known = np.zeros(shape), np.zeros(shape)
    for j in range(at.size):
        for c in range(acts.shape[1]):
            if np.isfinite(acts[j, c]):
                total[sitting[j], c] += acts[j, c]
                known[sitting[j], c] += 1.0
    for row in range(shape[0]):
        for c in range(shape[1]):
            total[row, c] = total[row, c] / known[row, c] if known[row, c] > 0.0 else np.nan
    return total, sitting
