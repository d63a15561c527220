"""The page of search results a household looks at: what it filters on, and which homes come up in which order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.simulation import constants as c
from homing.simulation.money import price_step, rounded
from homing.simulation.taste import Taste, in_areas
from homing.simulation.world import World

__all__ = ["Filters", "Page", "filters_of", "results_page"]

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a household sets on the site; all of it true."""

    price_max: float
    price_min: float | None
    bedrooms_min: int | None
    areas: tuple[int, ...]

    def payload(self, world: World) -> dict[str, object]:
        """As `search_filters` of an event."""
        said: dict[str, object] = {"price_max": self.price_max}
        if self.price_min is not None:
            said["price_min"] = self.price_min
        if self.bedrooms_min is not None:
            said["bedrooms_min"] = self.bedrooms_min
        if self.areas and world.homes.areas_have_names:
            said["areas"] = [world.homes.areas.ids[area] for area in self.areas]
        return said


@dataclass(frozen=True, slots=True)
class Page:
    """One page: homes in the order shown, the chance each had of being drawn onto it, and how many were found."""

    rows: Rows
    propensity: NDArray[np.float64]
    found: int


def filters_of(taste: Taste, draw: np.random.Generator) -> Filters:
    """The filters of one visit."""
    return Filters(
        price_max=taste.budget,
        price_min=_least(taste.budget) if draw.random() < 0.4 else None,
        bedrooms_min=taste.beds if taste.beds_hard or draw.random() < 0.3 else None,
        areas=taste.areas if taste.areas_hard or draw.random() < 0.5 else (),
    )


def _least(budget: float) -> float:
    """Half the budget, in round numbers."""
    half = np.array(budget * 0.5)
    return float(rounded(half, price_step(half) * 10.0))


def results_page(world: World, filters: Filters, draw: np.random.Generator, at: int, skip: set[int]) -> Page:
    """A page of homes for sale at this moment: most meet the filters, some lie just beyond; none of `skip`."""
    today = world.today
    active, prices = today.active(at), today.prices(at)
    meets = active & (prices <= filters.price_max)
    beyond = active & (prices <= filters.price_max * 1.25)
    if filters.price_min is not None:
        meets &= prices >= filters.price_min
    if filters.bedrooms_min is not None:
        meets &= today.beds >= filters.bedrooms_min
        beyond &= today.beds >= filters.bedrooms_min - 1
    if filters.areas:
        meets &= in_areas(world.homes, filters.areas)[today.area]
    found, others = _without(today.rows[meets], skip), _without(today.rows[beyond & ~meets], skip)
    main, chance = _listed(world, found, draw, c.SLATE - int(c.SLATE * c.EXPLORED))
    wanted = min(len(others), c.SLATE - len(main))
    explored = draw.choice(others, size=wanted, replace=False) if wanted else others[:0]
    rows = np.concatenate([main, explored])
    chances = np.concatenate([chance, np.full(wanted, wanted / max(1, len(others)))])
    places = _interleaved(draw, len(main), wanted)
    return Page(rows[places], chances[places], int(meets.sum()))


def _without(rows: Rows, skip: set[int]) -> Rows:
    return rows[np.isin(rows, list(skip), invert=True)] if skip else rows


def _listed(world: World, found: Rows, draw: np.random.Generator, n: int) -> tuple[Rows, NDArray[np.float64]]:
    """The first n: newest first, or drawn by lot."""
    if draw.random() < c.NEWEST_FIRST:
        order = np.argsort(-world.life.listed[found], kind="stable")[:n]
        return found[order], np.ones(len(order))
    chosen = draw.permutation(found)[:n]
    return chosen, np.full(len(chosen), min(1.0, n / max(1, len(found))))


def _interleaved(draw: np.random.Generator, main: int, explored: int) -> Rows:
    """Positions that keep the main homes in order and scatter the explored ones among them."""
    slots = np.zeros(main + explored, dtype=np.bool_)
    slots[draw.permutation(main + explored)[:explored]] = True
    places = np.empty(main + explored, dtype=np.int64)
    places[~slots] = np.arange(main)
    places[slots] = main + np.arange(explored)
    return places
