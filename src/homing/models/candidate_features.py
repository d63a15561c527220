"""What a ranker is told about a home for a lead: what each source says, and how the home lies to those liked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.models.choice_taste import ChoiceTaste
from homing.models.distances import nearness
from homing.models.homes import UNKNOWN_MOMENT, HomesLike
from homing.models.part_names import SOURCE_FAMILY, STATED
from homing.models.parts import Parts, part_scores
from homing.models.pasts import Past, among

__all__ = ["MOST_LIKED", "SURE_ACTS", "ByFamily", "Facts", "Told", "goes_by_family", "sure_of", "told"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]

SURE_ACTS: Final = 5.0
MOST_LIKED: Final = 60


class ByFamily(Protocol):
    """A model that says of each home how well each family of its attributes fits."""

    def by_family(self, past: Past, items: Codes) -> tuple[tuple[str, ...], Floats]:
        """The families, and the part of each in the scores of homes, float64 (n, families), NaN where unknown."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """Of each home price in USD, place in degrees, size in square feet (NaN unknown); when it came on the market.

    Price and size also as logarithms.
    """

    price: Floats
    latitude: Floats
    longitude: Floats
    size: Floats
    listed_at: NDArray[np.int64]
    log_price: Floats = field(init=False)
    log_size: Floats = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "log_price", _log(self.price))
        object.__setattr__(self, "log_size", _log(self.size))

    @classmethod
    def none(cls, count: int) -> Facts:
        """So many homes of which nothing is known."""
        unknown = np.full(count, np.nan)
        return cls(unknown, unknown, unknown, unknown, np.full(count, UNKNOWN_MOMENT, dtype=np.int64))

    def replaced(self, count: int, rows: Codes, homes: HomesLike) -> Facts:
        """The same with what `homes` say, which are `rows` of now `count` homes."""
        names = {"price": "ListPrice", "latitude": "Latitude", "longitude": "Longitude", "size": "LivingArea"}
        fresh: dict[str, Any] = {}
        for fact, name in names.items():
            column = np.full(count, np.nan)
            column[: self.price.size] = getattr(self, fact)
            if name in homes.numbers:
                column[rows] = homes.numbers[name]
            fresh[fact] = column
        listed = np.full(count, UNKNOWN_MOMENT, dtype=np.int64)
        listed[: self.price.size] = self.listed_at
        if homes.listed_at.size:
            listed[rows] = homes.listed_at
        return Facts(**fresh, listed_at=listed)

    def within(self, past: Past) -> tuple[tuple[float, float], tuple[float, float]]:
        """Median and highest price, then size, of the homes that satisfy what was stated; NaN where nothing was."""
        stated = past.items[:0] if past.some_within is None else past.some_within
        price, size = (values[stated][values[stated] > 0] for values in (self.price, self.size))
        return _middle_and_most(price), _middle_and_most(size)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays."""
        return {name: getattr(self, name) for name in ("price", "latitude", "longitude", "size", "listed_at")}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Facts:
        """The inverse of `arrays`."""
        return cls(*(arrays[name] for name in ("price", "latitude", "longitude", "size", "listed_at")))


def _log(values: Floats) -> Floats:
    """The logarithm, NaN where there is none."""
    return np.log(np.where(values > 0, values, np.nan))


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
    told: list[Told] = []
    sure = sure_of(_homes_met(past))
    for name, part in parts.items():
        if name == "recency":
            continue
        if goes_by_family(part):
            families, values = part.by_family(past, items)
            elsewhere = [place for place, family in enumerate(families) if family != "location"]
            told.append(_by_family(name, [families[place] for place in elsewhere], values[:, elsewhere] * sure))
        else:
            told.append(_one(name, SOURCE_FAMILY.get(name, name), 1, part_scores(parts, name, past, items)))
    if taste is not None:
        told.append(_by_family("taste", taste.families, taste.by_family(past, items)))
        told.append(_by_family("insists", taste.families_insisted, taste.insisted(past, items)))
    told += [
        _one("near_liked", "location", 1, _near_liked(facts, past, items)),
        _against_what_was_liked(facts, past, items),
        _against_what_was_stated(facts, past, items),
        _one("newer_than_search", "recency", 1, _newer_than_search(facts, past, items)),
    ]
    return Told(
        tuple(name for block in told for name in block.names),
        tuple(family for block in told for family in block.family),
        tuple(direction for block in told for direction in block.monotone),
        np.concatenate([block.features for block in told], axis=1, dtype=np.float64),
    )


def _one(name: str, family: str, direction: int, values: NDArray[Any]) -> Told:
    """One feature."""
    return Told((name,), (family,), (direction,), values[:, None])


def _by_family(name: str, families: Sequence[str], values: Floats) -> Told:
    """What a source says by family, which can only speak for a home."""
    return Told(tuple([f"{name}:{family}" for family in families]), tuple(families), (1,) * len(families), values)


def _homes_met(past: Past) -> int:
    """How many homes the lead acted on."""
    return past.once("homes met", lambda past: len(set(past.items.tolist())))


def goes_by_family(part: object) -> TypeGuard[ByFamily]:
    """Whether a model tells what it says family by family."""
    return hasattr(part, "by_family")  # an isinstance of a protocol takes longer than some parts do


def _against_what_was_liked(facts: Facts, past: Past, items: Codes) -> Told:
    liked = past.items[past.weights > 0]
    prices = facts.price[liked] if past.prices is None else past.prices[past.weights > 0]
    prices = np.log(np.sort(prices[prices > 0]))
    features = np.full((items.size, 2), np.nan)
    if prices.size:
        usual = (prices[(prices.size - 1) // 2] + prices[prices.size // 2]) / 2.0
        asked, sure = facts.log_price[items], sure_of(prices.size)
        features[:, 0] = (asked - usual) * sure
        features[:, 1] = np.maximum(asked - prices[-1], 0.0) * sure
    return Told(("price_over_usual", "price_over_highest"), ("price", "price"), (0, -1), features)


def _near_liked(facts: Facts, past: Past, items: Codes) -> Floats:
    """How near homes are to those the lead acted for, the last 60 of them; NaN where no place is known."""
    liked = past.items[past.weights > 0]
    homes = np.array(list(islice(dict.fromkeys(liked[::-1].tolist()), MOST_LIKED)), dtype=np.int64)
    return nearness(facts.latitude, facts.longitude, homes, items) * sure_of(homes.size)


def sure_of(acts: int) -> float:
    """How far what so many acts tell is believed: n / (n + 5)."""
    return acts / (acts + SURE_ACTS)


def _against_what_was_stated(facts: Facts, past: Past, items: Codes) -> Told:
    """log(price and size / median over the homes within the stated limits); of the price also to their highest."""
    (price, highest), (size, _) = past.once(facts, facts.within)
    asked, large = facts.log_price[items], facts.log_size[items]
    searched = _satisfies(past.searched, items) * (1.0 - sure_of(_homes_met(past)))
    features = np.column_stack((asked - np.log(price), asked - np.log(highest), large - np.log(size), searched))
    names = ("price_in_stated", "price_to_stated", "size_in_stated", "searched")
    return Told(names, (STATED,) * 4, (0, 0, 0, 1), features)


def _satisfies(homes: Codes | None, items: Codes) -> Floats:
    """1 for homes that satisfy what was searched for, which are given in order, 0 for others; NaN for no search."""
    if homes is None or not homes.size:
        return np.full(items.size, np.nan)
    return among(homes, items).astype(np.float64)


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
