"""What each lead did, lead by lead and oldest first, in the codes of one model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from homing.core.ids import Vocabulary
from homing.models.interactions import Id, Interactions
from homing.models.query import Codes, Query

__all__ = ["MOST_TOLD", "Past", "Pasts", "among"]

MOST_TOLD: Final = 2_000
"""Of so many homes at most within what a lead has stated it is worked out what is typical of them."""

Arrays = dict[str, NDArray[np.generic]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Past:
    """One lead's acts on homes the model knows, oldest first.

    `items` int64 (m,) codes of the model; `weights` float64 (m,), negative is against; `at` int64 (m,) microseconds or
    None where no moments are known; `prices` float64 (m,) USD, NaN where unknown, or None; `as_of` the moment of
    asking, where one is known; `within` int64 (n,) the codes of the homes that satisfy what the lead has stated, in
    order, or None; `searched` of those that satisfy what it searched for.
    """

    items: NDArray[np.int64]
    weights: NDArray[np.float64]
    at: NDArray[np.int64] | None = None
    prices: NDArray[np.float64] | None = None
    as_of: int | None = None
    within: NDArray[np.int64] | None = None
    searched: NDArray[np.int64] | None = None
    noted: dict[Any, Any] | None = None
    """What models have worked out of a past that is asked about; None where it is learned from."""

    @classmethod
    def of(cls, query: Query, items: Vocabulary[Id]) -> Past:
        """A query in a model's codes: homes it does not know and acts after `as_of` left out, oldest first."""
        past: Past | None = query.coded.get(items)
        if past is None:
            past = query.coded[items] = cls._of(query, items)
        return past

    @property
    def some_within(self) -> NDArray[np.int64] | None:
        """Of more than 2,000 homes within what the lead has stated as many, evenly spread: what is typical of all."""
        if self.within is None or self.within.size <= MOST_TOLD:
            return self.within
        return self.within[np.linspace(0, self.within.size - 1, MOST_TOLD).astype(np.int64)]

    def acts_within(self, homes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of some homes are within what the lead has stated; all, where nothing is."""
        if self.within is None:
            return np.ones(homes.size, dtype=np.bool_)
        return among(self.within, homes)

    def once(self, model: object, work: Callable[[Past], T]) -> T:
        """What `work` makes of this past for a model that does not change, worked out once as long as it is asked."""
        if self.noted is None:
            return work(self)
        if model not in self.noted:
            self.noted[model] = work(self)
        found: T = self.noted[model]
        return found

    @classmethod
    def _of(cls, query: Query, items: Vocabulary[Id]) -> Past:
        codes = items.codes(query.properties)
        kept = codes >= 0
        if query.at is not None and query.as_of is not None:
            kept &= query.at <= query.as_of
        rows = np.flatnonzero(kept)
        if query.at is not None:
            rows = rows[np.lexsort((codes[rows], query.at[rows]))]
        at = None if query.at is None else query.at[rows]
        prices = None if query.prices is None else query.prices[rows]
        as_of = query.as_of if query.as_of is not None or at is None or not at.size else int(at[-1])
        return cls(
            codes[rows],
            query.weights[rows],
            at,
            prices,
            as_of,
            _codes(query.within, items),
            _codes(query.searched, items),
            {},
        )

    def first(self, acts: int) -> Past:
        """The same lead at the same moment, if it had done no more than its first so many acts."""
        if acts >= self.items.size:
            return self
        at = None if self.at is None else self.at[:acts]
        prices = None if self.prices is None else self.prices[:acts]
        noted: dict[Any, Any] | None = None if self.noted is None else {}
        return replace(self, items=self.items[:acts], weights=self.weights[:acts], at=at, prices=prices, noted=noted)

    def summed(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The distinct homes in order of code, and the weights of each added up."""
        items, place = np.unique(self.items, return_inverse=True)
        return items, np.bincount(place, weights=self.weights, minlength=items.size).astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Pasts:
    """The pasts of all leads: columns sorted by lead, moment, home; lead u has rows `offsets[u]:offsets[u + 1]`.

    `known_at` int64 (n,) is when each act became known, None where each was known at once.
    """

    leads: Vocabulary[Id]
    offsets: NDArray[np.int64]
    items: NDArray[np.int32]
    weights: NDArray[np.float64]
    at: NDArray[np.int64] | None
    prices: NDArray[np.float64] | None
    known_at: NDArray[np.int64] | None = None
    upto: int | None = field(init=False)
    """The moment of the newest act, None without moments."""

    def __post_init__(self) -> None:
        newest = None if self.at is None or not self.at.size else int(self.at.max())
        object.__setattr__(self, "upto", newest)

    @classmethod
    def of(cls, data: Interactions) -> Pasts:
        """The pasts in interactions, in their codes; columns that are in this order already are shared, not copied."""
        keys = (data.property, data.at, data.lead) if data.timed else (data.lead,)
        counts = np.bincount(data.lead, minlength=len(data.leads))
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        if not _ascending(keys):
            data = data.select(np.lexsort(keys))
        at, known_at = (data.at, data.known_at) if data.timed else (None, None)
        return cls(data.leads, offsets, data.property, data.weight, at, data.prices, known_at)

    @property
    def lead(self) -> NDArray[np.int32]:
        """The lead's code of each row, int32 (n,)."""
        return np.repeat(np.arange(len(self.leads), dtype=np.int32), np.diff(self.offsets))

    def past(self, lead: Id) -> Past | None:
        """What one lead did, None for a stranger."""
        code = self.leads.code(lead)
        if code < 0:
            return None
        rows = slice(int(self.offsets[code]), int(self.offsets[code + 1]))
        at = None if self.at is None else self.at[rows]
        prices = None if self.prices is None else self.prices[rows]
        return Past(self.items[rows].astype(np.int64), self.weights[rows], at, prices, self.upto)

    def known_between(self, start: int, end: int, as_of: int | None) -> Past:
        """The acts in rows `start` to `end` (exclusive) that were known by a moment (None: all of them)."""
        rows = np.arange(start, end)
        if self.known_at is not None and as_of is not None:
            rows = rows[self.known_at[start:end] <= as_of]
        return Past(
            self.items[rows].astype(np.int64),
            self.weights[rows],
            None if self.at is None else self.at[rows],
            None if self.prices is None else self.prices[rows],
            as_of,
        )

    def interactions(self, items: Vocabulary[Id]) -> Interactions:
        """The same rows as interactions over the vocabulary they are coded in."""
        at = np.arange(self.items.size, dtype=np.int64) if self.at is None else self.at
        return Interactions(
            self.leads, items, self.lead, self.items, self.weights, at, self.at is not None, self.prices, self.known_at
        )

    def arrays(self) -> Arrays:
        """Everything but the leads' ids."""
        arrays: Arrays = {"offsets": self.offsets, "items": self.items, "weights": self.weights}
        arrays |= {} if self.at is None else {"at": self.at}
        arrays |= {} if self.known_at is None else {"known_at": self.known_at}
        return arrays | ({} if self.prices is None else {"prices": self.prices})

    @classmethod
    def from_arrays(cls, leads: Vocabulary[Id], arrays: Mapping[str, NDArray[np.generic]]) -> Pasts:
        """The inverse of `arrays`."""
        at, prices, known_at = arrays.get("at"), arrays.get("prices"), arrays.get("known_at")
        return cls(
            leads,
            np.asarray(arrays["offsets"], dtype=np.int64),
            np.asarray(arrays["items"], dtype=np.int32),
            np.asarray(arrays["weights"], dtype=np.float64),
            None if at is None else np.asarray(at, dtype=np.int64),
            None if prices is None else np.asarray(prices, dtype=np.float64),
            None if known_at is None else np.asarray(known_at, dtype=np.int64),
        )


def _ascending(keys: tuple[NDArray[np.int32] | NDArray[np.int64], ...]) -> bool:
    """Whether rows are in the order that `np.lexsort` of these columns would put them in: the last is the first key."""
    so_far = np.ones(max(keys[0].size - 1, 0), dtype=np.bool_)
    for key in keys:
        before, after = key[:-1], key[1:]
        so_far &= after == before
        so_far |= after > before
    return bool(so_far.all())


def among(ordered: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of some homes are among others, which are in order."""
    if not ordered.size:
        return np.zeros(items.size, dtype=np.bool_)
    places = np.minimum(np.searchsorted(ordered, items), ordered.size - 1)
    return np.asarray(ordered[places] == items)


def _codes(homes: Sequence[Id] | Codes | None, items: Vocabulary[Id]) -> NDArray[np.int64] | None:
    """The codes of homes in order, each once; None for none told."""
    if homes is None:
        return None
    codes = homes.array if isinstance(homes, Codes) else items.codes(homes)
    codes = codes[(codes >= 0) & (codes < len(items))]
    return codes if (codes[1:] > codes[:-1]).all() else np.unique(codes)


def joined(first: Interactions, second: Interactions) -> Interactions:
    """The rows of both; the codes of the first stay, its ids come before those that only the second has."""
    leads, homes = first.leads.extended(second.leads.ids), first.properties.extended(second.properties.ids)
    lead = np.concatenate((first.lead, leads.codes(second.leads.ids)[second.lead].astype(np.int32)))
    home = np.concatenate((first.property, homes.codes(second.properties.ids)[second.property].astype(np.int32)))
    weight = np.concatenate((first.weight, second.weight))
    timed = (first.timed or not len(first)) and (second.timed or not len(second))
    at = np.concatenate((first.at, second.at)) if timed else np.arange(lead.size, dtype=np.int64)
    late = timed and (first.known_at is not None or second.known_at is not None)
    known_at = np.concatenate((first.known(), second.known())) if late else None
    return Interactions(leads, homes, lead, home, weight, at, timed, _joined_prices(first, second), known_at)


def _joined_prices(first: Interactions, second: Interactions) -> NDArray[np.float64] | None:
    if first.prices is None and second.prices is None:
        return None
    parts = [np.full(len(d), np.nan) if d.prices is None else d.prices for d in (first, second)]
    return np.concatenate(parts)
