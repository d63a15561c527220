"""Households drawn at random: who they are, what they can pay, what they insist on and what they like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, SECOND
from homing.simulation import constants as c
from homing.simulation.homes import Homes
from homing.simulation.money import round_budget
from homing.simulation.taste import MUST_HAVES, NAMES, Taste, attributes, utility, within_limits

__all__ = [
    "BELOW_ZERO",
    "QUANTILES",
    "Household",
    "centres",
    "draw_households",
    "draw_taste",
    "household_of",
    "wanted_size",
]

Draw = np.random.Generator

QUANTILES = {
    "pass": c.PASS_BELOW,
    "reference": c.REFERENCE,
    "like": c.LIKE_ABOVE,
    "save": c.SAVE_ABOVE,
    "share": c.SHARE_ABOVE,
    "reservation": c.BID_ABOVE,
}


BELOW_ZERO = ("price", "over", "size_gap", "distance")
"""Nobody wants more of these."""


@dataclass(frozen=True, slots=True)
class Household:
    """One household: its leads (ids; the second is the partner's own account), its taste and its temper.

    `bars` are the utilities at which it passes, takes for normal, likes, saves, shares, and would bid; `normal` are the
    mean attributes of the `eligible` homes within its limits. `activity` multiplies its visits, `hour` shifts them.
    `naive` (2, len(NAMES)) are the weights that it goes by before it has seen any home.
    """

    household_id: str
    leads: tuple[str, ...]
    partners: int
    segment: str
    taste: Taste
    naive: NDArray[np.float64]
    bars: dict[str, float]
    normal: NDArray[np.float64]
    eligible: int
    intent: int
    preapproved: bool
    activity: float
    joined: int
    hour: float
    saves_search: bool

    def weights_after(self, views: int) -> NDArray[np.float64]:
        """The weights it goes by after so many views: tastes sharpen, w + (naive - w) exp(-views / NOISE_VIEWS)."""
        away = self.naive - self.taste.weights
        weights: NDArray[np.float64] = self.taste.weights + away * float(np.exp(-views / c.NOISE_VIEWS))
        return weights


def draw_households(homes: Homes, leads: int, seed: int, start: int, end: int) -> list[Household]:
    """Households with exactly so many leads together; each depends only on the seed, its number and the homes."""
    households: list[Household] = []
    named = 0
    while named < leads:
        number = len(households) + 1
        household = _household(np.random.default_rng([seed, 3, number]), homes, number, named, leads, start, end)
        households.append(household)
        named += len(household.leads)
    return households


def _household(draw: Draw, homes: Homes, number: int, named: int, leads: int, start: int, end: int) -> Household:
    segment = _segment(draw)
    partners = 2 if draw.random() < c.TWO_PARTNERS else 1
    accounts = 2 if partners == 2 and draw.random() < c.BOTH_REGISTER and named + 2 <= leads else 1
    taste = draw_taste(draw, homes, segment, partners)
    intent = int(draw.choice(len(c.INTENTS), p=c.INTENT_START))
    known = draw.random() < c.KNOWN_BEFORE
    joined = start if known else start + int(draw.integers(0, max(1, (end - start) // SECOND - DAY // SECOND))) * SECOND
    leads_of_it = tuple(f"lead-{named + i + 1:05d}" for i in range(accounts))
    who = household_of(draw, homes, taste, f"household-{number:05d}", leads_of_it, partners=partners, segment=segment)
    return replace(
        who,
        intent=intent,
        preapproved=bool(draw.random() < c.PREAPPROVED[intent]),
        activity=float(np.exp(draw.normal(-(c.ACTIVITY_SPREAD**2) / 2, c.ACTIVITY_SPREAD))),
        joined=joined,
        hour=float(draw.normal(0.0, 1.5)),
        saves_search=bool(draw.random() < c.SAVED_SEARCH),
    )


def household_of(
    draw: Draw,
    homes: Homes,
    taste: Taste,
    household_id: str,
    leads: tuple[str, ...],
    *,
    partners: int,
    segment: str,
) -> Household:
    """A household with this taste: in the market from the first moment, of usual habits; its bars are those of homes
    within its limits, and how wrong it is about itself at first is drawn.
    """
    rows = np.flatnonzero(within_limits(homes, taste, np.arange(len(homes)), homes.price))
    seen = attributes(homes, taste, rows, homes.price[rows])
    worth, _, _ = utility(taste, seen)
    spread = np.array([c.TASTES[name][1] for name in NAMES])
    return Household(
        household_id=household_id,
        leads=leads,
        partners=partners,
        segment=segment,
        taste=taste,
        naive=taste.weights + c.NAIVE * spread * draw.standard_normal(len(NAMES)),
        bars=dict(zip(QUANTILES, np.quantile(worth, list(QUANTILES.values())).tolist(), strict=True)),
        normal=seen.mean(axis=0),
        eligible=len(rows),
        intent=c.INTENTS.index("active"),
        preapproved=True,
        activity=1.0,
        joined=0,
        hour=0.0,
        saves_search=False,
    )


def draw_taste(
    draw: Draw, homes: Homes, segment: str, partners: int, told: Mapping[str, Any] = MappingProxyType({})
) -> Taste:
    """What a household of a segment wants; the market holds enough homes for it.

    `told` is what is known of it already: `budget`, `beds` and `areas`, each as in `Taste`.
    """
    return _possible(homes, _taste(draw, homes, segment, partners, told))


def _segment(draw: Draw) -> str:
    shares = np.array([cast("float", row["share"]) for row in c.SEGMENTS.values()])
    return tuple(c.SEGMENTS)[int(draw.choice(len(shares), p=shares / shares.sum()))]


def _taste(draw: Draw, homes: Homes, segment: str, partners: int, told: Mapping[str, Any]) -> Taste:
    traits = cast("dict[str, Any]", c.SEGMENTS[segment])
    budget = round_budget(float(np.median(homes.price)) * np.exp(traits["budget"] + draw.normal(0.0, c.BUDGET_SPREAD)))
    budget = told.get("budget", max(budget, round_budget(float(np.quantile(homes.price, 0.08)))))
    comfortable = budget * draw.uniform(0.80, 0.95)
    beds = told.get("beds", int(draw.choice(traits["beds"])))
    areas = told.get("areas") or _area_set(draw, homes, budget)
    return Taste(
        budget=budget,
        comfortable=comfortable,
        beds=beds,
        beds_hard=bool(draw.random() < c.BEDS_HARD),
        areas=areas,
        areas_hard=bool(draw.random() < c.AREAS_HARD),
        must_haves=_must_haves(draw, homes),
        wanted_size=wanted_size(homes, comfortable, beds) * float(np.exp(draw.normal(0.0, 0.15))),
        anchors=_anchors(draw, homes, areas),
        weights=_weights(draw, traits["lean"], partners),
        say=float(draw.uniform(0.4, 0.6)) if partners == 2 else 1.0,
    )


def _area_set(draw: Draw, homes: Homes, budget: float) -> tuple[int, ...]:
    """One area by what it offers within the budget, and its nearest neighbours."""
    offered = np.bincount(homes.area[homes.price <= budget], minlength=len(homes.areas)).astype(np.float64)
    first = int(draw.choice(len(offered), p=offered / offered.sum()))
    wanted = int(draw.integers(1, 3)) if draw.random() < c.NARROW else int(draw.integers(3, 5))
    middles = centres(homes)
    apart = np.hypot(*(middles - middles[first]).T)
    order = np.argsort(np.where(np.isfinite(apart), apart, np.inf), kind="stable")
    near = [first, *(int(area) for area in order if area != first)]
    return tuple(sorted(near[: min(wanted, len(near))]))


def centres(homes: Homes) -> NDArray[np.float64]:
    """The mean latitude and longitude of the homes of each area, float64 (areas, 2), degrees."""
    count = np.bincount(homes.area, minlength=len(homes.areas))
    sums = [np.bincount(homes.area, weights=axis, minlength=len(count)) for axis in (homes.latitude, homes.longitude)]
    return np.column_stack(sums) / np.maximum(count, 1)[:, None]


def _must_haves(draw: Draw, homes: Homes) -> tuple[str, ...]:
    known = [name for name, (attribute, _) in MUST_HAVES.items() if np.isfinite(homes.raw[attribute]).any()]
    wanted = min(int(draw.choice(len(c.MUST_HAVES), p=c.MUST_HAVES)), len(known))
    return tuple(known[i] for i in sorted(draw.permutation(len(known))[:wanted]))


def wanted_size(homes: Homes, comfortable: float, beds: int) -> float:
    """The median size of what that money buys with so many bedrooms."""
    near = np.abs(np.log(homes.price / comfortable)) < 0.2
    roomy = near & (homes.beds >= beds) & (homes.size > 0)
    for group in (roomy, near & (homes.size > 0), homes.size > 0):
        if group.sum() >= 5:
            return float(np.median(homes.size[group]))
    return 1_800.0


def _anchors(draw: Draw, homes: Homes, areas: tuple[int, ...]) -> NDArray[np.float64]:
    """One or two places that matter: one in the wanted areas, perhaps one anywhere (work)."""
    located = np.isfinite(homes.latitude) & np.isfinite(homes.longitude)
    inside = np.flatnonzero(located & np.isin(homes.area, areas))
    if not len(inside):
        return np.empty((0, 2))
    chosen = [int(draw.choice(inside))]
    if draw.random() < 0.4:
        chosen.append(int(draw.choice(np.flatnonzero(located))))
    return np.column_stack([homes.latitude[chosen], homes.longitude[chosen]])


def _weights(draw: Draw, lean: dict[str, float], partners: int) -> NDArray[np.float64]:
    """Tastes of both partners, (2, attributes): what they share and what each has alone."""
    mean = np.array([c.TASTES[name][0] + lean.get(name, 0.0) for name in NAMES])
    spread = np.array([c.TASTES[name][1] for name in NAMES])
    shared = mean + spread * draw.standard_normal(len(NAMES))
    own = c.PARTNERS_APART * spread * draw.standard_normal((2, len(NAMES)))
    weights = shared + (own if partners == 2 else 0.0 * own)
    for name in BELOW_ZERO:
        column = NAMES.index(name)
        weights[:, column] = np.minimum(weights[:, column], 0.25 * c.TASTES[name][0])
    return weights


def _possible(homes: Homes, taste: Taste) -> Taste:
    """Wishes are dropped, one by one, until the market holds enough homes; the budget never moves."""
    rows = np.arange(len(homes))
    enough = max(3, int(c.FEWEST_ELIGIBLE * len(homes)))
    while within_limits(homes, taste, rows, homes.price).sum() < enough:
        if taste.must_haves:
            taste = replace(taste, must_haves=taste.must_haves[:-1])
        elif taste.areas_hard:
            taste = replace(taste, areas_hard=False)
        elif taste.beds_hard and taste.beds > 1:
            taste = replace(taste, beds=taste.beds - 1)
        elif taste.beds_hard:
            taste = replace(taste, beds_hard=False)
        else:
            break
    return taste
