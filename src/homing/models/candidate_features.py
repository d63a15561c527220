"""What a ranker is told about a home for a lead: what each source says, and how the home lies to those liked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.models.choice_taste import ChoiceTaste
from homing.models.distances import nearness
from homing.models.homes import UNKNOWN_MOMENT, HomesLike
from homing.models.part_names import SOURCE_FAMILY, STATED
from homing.models.parts import Parts, part_scores
from homing.models.pasts import Past

__all__ = ["ByFamily", "Facts", "Told", "told"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

_SURE_ACTS: Final = 5.0
_MOST_LIKED: Final = 60


class ByFamily(Protocol):
    """A model that says of each home how well each family of its attributes fits."""

    def by_family(self, past: Past, items: Codes) -> tuple[tuple[str, ...], Floats]:
        """The families, and the part of each in the scores of homes, float64 (n, families), NaN where unknown."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Of each home price in USD, place in degrees, size in square feet (NaN unknown); when it came on the market."""

    price: Floats
    latitude: Floats
    longitude: Floats
    size: Floats
    listed_at: NDArray[np.int64]

    @classmethod
    def none(cls, count: int) -> Facts:
        """So many homes of which nothing is known."""
        unknown = np.full(count, np.nan)
        return cls(unknown, unknown, unknown, unknown, np.full(count, UNKNOWN_MOMENT, dtype=np.int64))

    def replaced(self, count: int, rows: Codes, homes: HomesLike) -> Facts:
        """The same with what `homes` say, which are `rows` of now `count` homes."""
        names = {"price": "ListPrice", "latitude": "Latitude", "longitude": "Longitude", "size": "LivingArea"}
        fresh: dict[str, Any] = {}
        for field, name in names.items():
            column = np.full(count, np.nan)
            column[: self.price.size] = getattr(self, field)
            if name in homes.numbers:
                column[rows] = homes.numbers[name]
            fresh[field] = column
        listed = np.full(count, UNKNOWN_MOMENT, dtype=np.int64)
        listed[: self.price.size] = self.listed_at
        if homes.listed_at.size:
            listed[rows] = homes.listed_at
        return Facts(**fresh, listed_at=listed)

    def within(self, past: Past) -> tuple[tuple[float, float], tuple[float, float]]:
        """Median and highest price, then size, of the homes that satisfy what was stated; NaN where nothing was."""
        stated = past.items[:0] if past.within is None else past.within
        price, size = (values[stated][values[stated] > 0] for values in (self.price, self.size))
        return _middle_and_most(price), _middle_and_most(size)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays."""
        return {name: getattr(self, name) for name in ("price", "latitude", "longitude", "size", "listed_at")}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Facts:
        """The inverse of `arrays`."""
        return cls(*(arrays[name] for name in ("price", "latitude", "longitude", "size", "listed_at")))


def _middle_and_most(values: Floats) -> tuple[float, float]:
    return (float(np.median(values)), float(values.max())) if values.size else (np.nan, np.nan)


class Told(NamedTuple):
    """Features of n homes: of each its name, its family, and whether a score must rise or fall with it; (n, f)."""

    names: tuple[str, ...]
    family: tuple[str, ...]
    monotone: tuple[int, ...]
    features: Floats


def told(parts: Parts, facts: Facts, past: Past, items: Codes, taste: ChoiceTaste | None = None) -> Told:
    """Everything a ranker is told about some homes for a lead with this past.

    That a home is new speaks for it only as far as it is newer than the lead's search.
    What a source says can only speak for a home the more it says so; so does nearness to a home liked. A price above
    every price liked can only speak against it. Price and size are also told against the homes that satisfy what the
    lead has stated, which is all that is known of one without acts. How well it fits the taste that a lead is likely
    to have counts from the first act on, and before it by what leads have in common. Distances to what was liked count
    the less the fewer acts they stand on.
    """
    columns: list[tuple[str, str, int, Floats]] = []
    sure = _sure(np.unique(past.items).size)
    for name, part in parts.items():
        if name == "recency":
            continue
        if _goes_by_family(part):
            families, values = part.by_family(past, items)
            columns += [
                (f"{name}:{family}", family, 1, values[:, place] * sure)
                for place, family in enumerate(families)
                if family != "location"
            ]
        else:
            scores = part_scores(parts, name, past, items).astype(np.float64)
            columns.append((name, SOURCE_FAMILY.get(name, name), 1, scores))
    if taste is not None:
        fits = taste.by_family(past, items)
        columns += [(f"taste:{family}", family, 1, fits[:, place]) for place, family in enumerate(taste.families)]
        has = taste.insisted(past, items)
        named = enumerate(taste.families_insisted)
        columns += [(f"insists:{family}", family, 1, has[:, place]) for place, family in named]
    columns.append(("near_liked", "location", 1, _near_liked(facts, past, items)))
    columns += _against_what_was_liked(facts, past, items)
    columns += _against_what_was_stated(facts, past, items)
    columns.append(("newer_than_search", "recency", 1, _newer_than_search(facts, past, items)))
    names, family, monotone, said = zip(*columns, strict=True)
    return Told(names, family, monotone, np.column_stack(list(said)))


def _goes_by_family(part: object) -> TypeGuard[ByFamily]:
    return hasattr(part, "by_family")  # an isinstance of a protocol takes longer than some parts do


def _against_what_was_liked(facts: Facts, past: Past, items: Codes) -> list[tuple[str, str, int, Floats]]:
    liked = past.items[past.weights > 0]
    prices = facts.price[liked] if past.prices is None else past.prices[past.weights > 0]
    prices = prices[prices > 0]
    unknown = np.full(items.size, np.nan)
    usual, above = unknown, unknown
    if prices.size:
        with np.errstate(divide="ignore", invalid="ignore"):
            relative = np.log(np.where(facts.price[items] > 0, facts.price[items], np.nan))
        usual = relative - np.median(np.log(prices))
        sure = _sure(prices.size)
        usual, above = usual * sure, np.maximum(relative - np.log(prices.max()), 0.0) * sure
    return [
        ("price_over_usual", "price", 0, usual),
        ("price_over_highest", "price", -1, above),
    ]


def _near_liked(facts: Facts, past: Past, items: Codes) -> Floats:
    """How near homes are to those the lead acted for, the last 60 of them; NaN where no place is known."""
    liked = past.items[past.weights > 0]
    homes, first = np.unique(liked[::-1], return_index=True)
    homes = homes[np.argsort(first)[:_MOST_LIKED]]
    return nearness(facts.latitude, facts.longitude, homes, items) * _sure(homes.size)


def _sure(acts: int) -> float:
    """How far what so many acts tell is believed: n / (n + 5)."""
    return acts / (acts + _SURE_ACTS)


def _against_what_was_stated(facts: Facts, past: Past, items: Codes) -> list[tuple[str, str, int, Floats]]:
    """log(price and size / median over the homes within the stated limits); of the price also to their highest."""
    (price, highest), (size, _) = past.once(facts, facts.within)
    return [
        ("price_in_stated", STATED, 0, _over(facts.price[items], price)),
        ("price_to_stated", STATED, 0, _over(facts.price[items], highest)),
        ("size_in_stated", STATED, 0, _over(facts.size[items], size)),
        ("searched", STATED, 1, _satisfies(past.searched, items) * (1.0 - _sure(np.unique(past.items).size))),
    ]


def _satisfies(homes: Codes | None, items: Codes) -> Floats:
    """1 for homes that satisfy what was searched for, which are given in order, 0 for others; NaN for no search."""
    if homes is None or not homes.size:
        return np.full(items.size, np.nan)
    places = np.minimum(np.searchsorted(homes, items), homes.size - 1)
    return np.asarray(homes[places] == items, dtype=np.float64)


def _over(values: Floats, usual: float) -> Floats:
    """log(value / usual), NaN where one is not known."""
    return np.asarray(np.log(np.where(values > 0, values, np.nan) / usual))


def _newer_than_search(facts: Facts, past: Past, items: Codes) -> Floats:
    """log(1 + days the lead has been looking) - log(1 + days of these that a home was there); NaN if not known.

    0 for a home that was there all the time: the lead may have met it, and did not turn to it. How new a home is to
    others says nothing: that new homes are turned to sooner is because the others were met before.
    """
    if past.as_of is None or (past.items.size and past.at is None):
        return np.full(items.size, np.nan)
    since = past.as_of if past.at is None or not past.at.size else int(past.at[0])
    listed = facts.listed_at[items]
    known = listed != UNKNOWN_MOMENT
    there = np.maximum(past.as_of - np.maximum(np.where(known, listed, since), since), 0) / DAY
    looking = max(past.as_of - since, 0) / DAY
    return np.where(known, np.log1p(looking) - np.log1p(there), np.nan)
