"""What a lead looked for on the site, the filters of its searches: limits that do not bind but tell what it wants."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homing.people.lead import Limits
from homing.personalization.candidates import AREA_FIELDS, TYPE_FIELDS
from homing.store.columns import EventColumns
from homing.tracking.stated import STATED

__all__ = ["Searches", "limits_from", "merged", "searched", "searches"]

Searches = Mapping[str, tuple[Sequence[int], Sequence[Limits]]]
"""Of each lead moments, ascending, and from each on what its searches had asked for by then."""

_PRICE: Final = "ListPrice"
_BEDROOMS: Final = "BedroomsTotal"
_MOST_FILTERS: Final = 4_096
_LONGEST_KEPT: Final = 1_024


def limits_from(filters: object) -> Limits:
    """What the filters of a search ask for, by our names or RESO's; what cannot be read is not asked for.

    >>> limits_from({"price_max": 600000, "City": "Kent", "BedroomsTotal": 3, "colour": "red"})
    Limits(price_max=600000.0, price_min=None, bedrooms_min=3.0, areas=('Kent',), types=())
    """
    if not isinstance(filters, Mapping):
        return Limits()
    return Limits(
        price_max=_number(filters, (*STATED["stated_price_max"], _PRICE)),
        price_min=_number(filters, STATED["stated_price_min"]),
        bedrooms_min=_number(filters, (*STATED["stated_beds_min"], _BEDROOMS)),
        areas=_names(filters, ("areas", "location", *AREA_FIELDS)),
        types=_names(filters, ("types", "property_type", *TYPE_FIELDS)),
    )


def searched(events: EventColumns, rows: NDArray[np.int64]) -> Limits | None:
    """What the searches among these events, in the order of time, ask for; None where none asks for anything.

    Each limit is that of the last search that set it: who leaves one out has not taken it back.
    """
    codes, texts = events.labels["search_filters"]
    told = [_read(texts.ids[code]) for code in codes[rows].tolist() if code >= 0]
    return merged(told)


def merged(told: Sequence[Limits]) -> Limits | None:
    """Limits told one after the other, each as it was told last; None where there are none.

    >>> merged([Limits(price_max=6e5, areas=("Kent",)), Limits(price_max=7e5)])
    Limits(price_max=700000.0, price_min=None, bedrooms_min=None, areas=('Kent',), types=())
    """
    found = Limits()
    for one in told:
        found = replace(found, **{name: value for name in _NAMES if (value := getattr(one, name))})
    return found or None


def searches(events: EventColumns) -> Searches:
    """Of each lead that searched the moments (microseconds) from which on something was known of its searches."""
    codes, texts = events.labels["search_filters"]
    told: dict[str, list[tuple[int, Limits]]] = defaultdict(list)
    for row in np.flatnonzero((codes >= 0) & (events.lead >= 0)).tolist():
        moment = max(int(events.at[row]), int(events.lead_known_at[row]))
        told[events.leads.ids[events.lead[row]]].append((moment, _read(texts.ids[codes[row]])))
    found: dict[str, tuple[tuple[int, ...], tuple[Limits, ...]]] = {}
    for lead, said in told.items():
        said.sort(key=lambda one: one[0])
        so_far = accumulate((one for _, one in said), lambda before, one: merged((before, one)) or Limits())
        found[lead] = tuple(moment for moment, _ in said), tuple(so_far)
    return found


def _read(text: str) -> Limits:
    """What filters in JSON ask for; only short ones are kept, so that nobody fills the memory with long ones."""
    return _kept(text) if len(text) <= _LONGEST_KEPT else _kept.__wrapped__(text)


@lru_cache(_MOST_FILTERS)
def _kept(text: str) -> Limits:
    try:
        return limits_from(json.loads(text))
    except ValueError:
        return Limits()


def _number(filters: Mapping[str, Any], names: Sequence[str]) -> float | None:
    for name in names:
        value = filters.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf"):
            return float(value)
    return None


def _names(filters: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    found: list[str] = []
    for name in names:
        value = filters.get(name)
        given = [value] if isinstance(value, str) else value if isinstance(value, list | tuple) else []
        found += [text for text in given if isinstance(text, str) and text]
    return tuple(dict.fromkeys(found))


_NAMES: Final = ("price_max", "price_min", "bedrooms_min", "areas", "types")
