"""What a home in a list hangs on: acts without which it is not there, told only after asking again without them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.event_types import EventType
from homing.interfaces import Counterfactual
from homing.market.snapshot import MarketSnapshot
from homing.personalization.shopper import are_acts
from homing.store.columns import TYPES, EventColumns

__all__ = ["MOST_TRIED", "counterfactuals"]

MOST_TRIED: Final = 3
"""Acts in so many places are left out in turn, then all acts: each time the whole list is made anew."""

_PLACES: Final = ("MLSAreaMajor", "City", "PostalCode")
_NOUN: Final[Mapping[EventType, str]] = {
    EventType.PROPERTY_VIEW: "view",
    EventType.PHOTOS_VIEWED: "view",
    EventType.VIRTUAL_TOUR_VIEWED: "view",
    EventType.PROPERTY_SAVE: "save",
    EventType.PROPERTY_LIKE: "like",
    EventType.PROPERTY_SWIPE: "swipe",
    EventType.PROPERTY_SHARE: "share",
    EventType.PROPERTY_DISLIKE: "pass",
    EventType.INQUIRY_SENT: "question",
    EventType.TOUR_SCHEDULED: "tour",
    EventType.TOUR_COMPLETED: "tour",
    EventType.OFFER_MADE: "offer",
}

Rows = NDArray[np.int64]


def counterfactuals(
    market: MarketSnapshot,
    events: EventColumns,
    shown: Sequence[int],
    shown_without: Callable[[frozenset[str]], Collection[int]],
    may_say: Callable[[str], bool],
) -> dict[int, Counterfactual]:
    """For the homes of a list, as rows of the market, the smallest set of acts tried without which it is not there.

    Tried are the acts on homes of the places where most of the list lies, then all acts. `shown_without` makes the list
    anew without some events. A home that stays whatever is left out has none, and so has one whose sentence `may_say`
    refuses.
    """
    acts = np.flatnonzero(are_acts(events))
    if not acts.size:
        return {}
    homes = market.ids.codes(events.properties.ids)
    place_of = _places(market, homes[events.property[acts]])
    groups: dict[str, Rows] = {place: acts[place_of == place] for place in np.unique(place_of).tolist() if place}
    wanted = Counter(place for place in _places(market, np.array(shown)).tolist() if place in groups)
    tried = [(f" in {place}", groups[place]) for place, _ in wanted.most_common(MOST_TRIED)]
    found: dict[int, Counterfactual] = {}
    for where, some in [*tried, (" so far", acts)]:
        if len(found) == len(shown):
            break
        ids = tuple(events.event_ids[place] for place in some.tolist())
        text = f"without the {_counted(events.type[some])}{where} it would not be in this list of {len(shown)}"
        if not may_say(text):
            continue
        stays = shown_without(frozenset(ids))
        for row in shown:
            if row not in stays and (row not in found or len(ids) < len(found[row].events)):
                found[row] = Counterfactual(text, ids)
    return found


def _places(market: MarketSnapshot, rows: Rows) -> NDArray[np.str_]:
    """The name of the place of each row, empty where none is known."""
    names = np.full(len(rows), "", dtype=object)
    for field in _PLACES:
        category = market.categories.get(field)
        if category is not None:
            codes = np.where(rows >= 0, category.codes[rows], -1)
            labels = np.array([*category.labels.ids, ""], dtype=object)
            names = np.where(names == "", labels[codes], names)
    return names


def _counted(types: NDArray[np.int16]) -> str:
    """How many acts of which kind, most first: `7 views and 2 saves`."""
    kinds: dict[str, int] = defaultdict(int)
    for code, count in zip(*np.unique(types, return_counts=True), strict=True):
        kinds[_NOUN.get(TYPES[code], "other act")] += int(count)
    ordered = sorted(kinds.items(), key=lambda one: (one[0] == "other act", -one[1]))
    said = [f"{count} {noun}{_ending(noun, count)}" for noun, count in ordered]
    return said[0] if len(said) == 1 else f"{', '.join(said[:-1])} and {said[-1]}"


def _ending(noun: str, count: int) -> str:
    return "" if count == 1 else "es" if noun.endswith("s") else "s"
