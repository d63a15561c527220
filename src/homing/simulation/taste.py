"""What a home is worth to a household: a weighted sum of its attributes for each partner, less their disagreement.

Attributes, in the order of the weights: log(price / comfortable price); the part of it above zero; |log(size / wanted
size)|; baths, lot, newness, grade, condition, view and waterfront in standard deviations; log(1 + km to the nearest
anchor / 3); whether it lies in a wanted area; and what no field holds: appeal and two styles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.simulation import constants as c
from homing.simulation.homes import ATTRIBUTES, Homes

__all__ = [
    "MUST_HAVES",
    "NAMES",
    "REASONS",
    "Taste",
    "attributes",
    "distance_km",
    "in_areas",
    "utility",
    "within_limits",
]

Numbers = NDArray[np.float64]
Rows = NDArray[np.int64]

NAMES: tuple[str, ...] = tuple(c.TASTES)
"""The attributes in the order of every weight vector."""

REASONS: Mapping[str, tuple[str, ...]] = {
    "price": ("price", "over"),
    "size": ("size_gap", "baths"),
    "location": ("distance", "in_area"),
    "style": ("newness", "grade", "condition", "style_1", "style_2"),
    "other": ("lot", "view", "waterfront", "appeal"),
}
"""Which attributes a shopper has in mind when giving a reason."""

MUST_HAVES: Mapping[str, tuple[str, float]] = {
    "two_baths": ("baths", 2.0),
    "built_since_1970": ("newness", 1970.0),
    "lot_of_5000": ("lot", 5_000.0),
    "grade_7": ("grade", 7.0),
    "good_condition": ("condition", 4.0),
    "any_view": ("view", 1.0),
}
"""Wishes that exclude: name, then attribute and least raw value. A home without the field does not have it."""

_KM_A_DEGREE = 111.2


@dataclass(frozen=True, slots=True)
class Taste:
    """All that decides what a household wants; `weights` (2, len(NAMES)) of both partners, equal for a single.

    Hard limits: `budget` USD, `beds` if `beds_hard`, `areas` (codes) if `areas_hard`, `must_haves`. `anchors` (m, 2):
    latitude and longitude; `say` is the first partner's share of the decision.
    """

    budget: float
    comfortable: float
    beds: int
    beds_hard: bool
    areas: tuple[int, ...]
    areas_hard: bool
    must_haves: tuple[str, ...]
    wanted_size: float
    anchors: Numbers
    weights: Numbers
    say: float


def attributes(homes: Homes, taste: Taste, rows: Rows, prices: Numbers) -> Numbers:
    """The attributes of homes as this household sees them at these prices, float64 (len(rows), len(NAMES))."""
    dear = np.log(prices / taste.comfortable)
    size = np.abs(np.log(homes.size[rows] / taste.wanted_size))
    columns = [dear, np.maximum(dear, 0.0), np.where(np.isfinite(size), size, 0.0)]
    columns += [homes.z[name][rows] for name in ATTRIBUTES]
    columns.append(np.log1p(distance_km(homes, rows, taste.anchors) / 3.0))
    columns.append(in_areas(homes, taste.areas)[homes.area[rows]].astype(np.float64))
    return np.column_stack([*columns, homes.hidden[rows]])


def utility(taste: Taste, seen: Numbers, weights: Numbers | None = None) -> tuple[Numbers, Numbers, Numbers]:
    """The household's utility of homes with these attributes, and each partner's, all (n,).

    `weights` (2, len(NAMES)) are those it goes by at present, left out: those it has in truth.
    """
    now = taste.weights if weights is None else weights
    first, second = seen @ now[0], seen @ now[1]
    joint = taste.say * first + (1.0 - taste.say) * second - c.DISAGREEMENT * np.abs(first - second)
    return joint, first, second


def within_limits(homes: Homes, taste: Taste, rows: Rows, prices: Numbers) -> NDArray[np.bool_]:
    """Which homes break none of the household's hard limits at these prices."""
    fits = prices <= taste.budget
    if taste.beds_hard:
        fits &= homes.beds[rows] >= taste.beds
    if taste.areas_hard:
        fits &= in_areas(homes, taste.areas)[homes.area[rows]]
    for name in taste.must_haves:
        attribute, least = MUST_HAVES[name]
        fits &= homes.raw[attribute][rows] >= least
    return fits


def in_areas(homes: Homes, areas: Sequence[int]) -> NDArray[np.bool_]:
    """For each area code of the market whether it is one of these."""
    wanted = np.zeros(len(homes.areas), dtype=np.bool_)
    wanted[list(areas)] = True
    return wanted


def distance_km(homes: Homes, rows: Rows, anchors: Numbers) -> Numbers:
    """Kilometres from each home to the nearest anchor, 0 where either is unknown, (len(rows),)."""
    if not len(anchors):
        return np.zeros(len(rows))
    north = homes.latitude[rows, None] - anchors[None, :, 0]
    east = (homes.longitude[rows, None] - anchors[None, :, 1]) * np.cos(np.radians(anchors[None, :, 0]))
    nearest = np.hypot(north, east).min(axis=1) * _KM_A_DEGREE
    return np.where(np.isfinite(nearest), nearest, 0.0)
