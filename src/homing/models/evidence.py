"""What a lead's acts are evidence for: each home with its faded weight, those of an earlier taste little."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, MINUTE
from homing.models.axes import Axis, position
from homing.models.pasts import Past
from homing.models.taste_shift import current_taste_begins

__all__ = ["EARLIER", "Evidence", "Traits", "evidence_of", "traits_of"]

Doubles = NDArray[np.float64]

EARLIER = 1.0
"""What all likes before the current taste began count together, at most, in acts of weight 1."""

SITTING = 30 * MINUTE
"""Acts no further apart are of one sitting: homes looked at in a row are alike, and one evening is no taste."""

_TOLD_BY = ("price", "size", "beds", "near")


class Evidence(NamedTuple):
    """The homes acted on, int64 (m,), the evidence of each (negative: against), and the price each had, where known."""

    items: NDArray[np.int64]
    mass: Doubles
    price: Doubles | None


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
    items, place = np.unique(past.items, return_inverse=True)
    weights = np.bincount(place, weights=faded, minlength=items.size)
    price = None
    if past.prices is not None:
        price = np.full(items.size, np.nan)
        told = np.isfinite(past.prices)
        price[place[told]] = past.prices[told]
    mass = np.sign(weights) * np.log2(1.0 + np.abs(weights))
    if past.at is not None:
        earlier = _earlier(items, mass, price, _last(past.at, place, items.size), traits)
        total = mass[earlier].sum()
        mass[earlier] *= EARLIER / max(total, EARLIER)
    return Evidence(items, mass, price)


def _last(at: NDArray[np.int64], place: NDArray[np.int64], homes: int) -> NDArray[np.int64]:
    last = np.full(homes, np.iinfo(np.int64).min)
    np.maximum.at(last, place, at)
    return last


def _earlier(
    items: NDArray[np.int64], mass: Doubles, price: Doubles | None, last: NDArray[np.int64], traits: Traits
) -> NDArray[np.int64]:
    """The places of the homes liked before the current taste began."""
    liked = np.flatnonzero(mass > 0)
    liked = liked[np.argsort(last[liked], kind="stable")]
    acts = traits.columns[items[liked]]
    if price is not None and traits.price is not None:
        then = position(traits.price, price[liked])
        acts[:, 0] = np.where(np.isnan(then), acts[:, 0], then)
    sitting = np.cumsum(np.diff(last[liked], prepend=last[liked][:1]) > SITTING, dtype=np.int64)
    return liked[sitting < current_taste_begins(_means(acts, sitting))]


def _means(acts: Doubles, sitting: NDArray[np.int64]) -> Doubles:
    """The mean of the acts of each sitting, float64 (sittings, d), over those where something is known."""
    known = np.isfinite(acts)
    if not len(acts):
        return acts
    ends = np.flatnonzero(np.diff(sitting, prepend=-1))
    count = np.add.reduceat(known, ends, axis=0, dtype=np.int64)
    total = np.add.reduceat(np.where(known, acts, 0.0), ends, axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
