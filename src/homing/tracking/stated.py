"""What leads say in their filters and searches, and what events say of a home themselves: one column for many keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.store.columns import EventColumns
from homing.store.payload import Label

__all__ = ["STATED", "keys_of", "said_number", "said_text", "stated"]

STATED: Final[Mapping[str, tuple[str, ...]]] = {
    "stated_price_max": ("price_max", "max_price"),
    "stated_price_min": ("price_min", "min_price"),
    "stated_beds_min": ("bedrooms_min", "min_bedrooms"),
    "stated_area_min": ("square_feet_min", "living_area_min"),
}
"""Number columns of a history: the limits that an event states, and the names of each limit in filters."""

_SAID_NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "home_price": ("price", "property_details.price", "property_details.ListPrice"),
    "home_beds": ("bedrooms", "property_details.bedrooms", "property_details.BedroomsTotal"),
    "home_area": ("square_feet", "property_details.square_feet", "property_details.LivingArea"),
}
_SAID_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "home_kind": ("property_type", "property_details.property_type"),
    "home_place": ("location", "property_details.location"),
}
_MOST: Final = 1e12
_FILTER, _VALUE = "filter_type", "filter_value"


def keys_of(column: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys of `event_data` behind a column: those that hold numbers, those that hold texts."""
    if column in STATED:
        names = STATED[column]
        return (*(f"{place}.{name}" for place in ("search_filters", _VALUE) for name in names), _VALUE), (_FILTER,)
    return _SAID_NUMBERS.get(column, ()), _SAID_TEXTS.get(column, ())


def stated(column: str, events: EventColumns) -> NDArray[np.float64]:
    """A limit as each event states it, in a filter of its own or among those of a search; NaN where it does not."""
    numbers, _ = keys_of(column)
    values = _first([events.numbers[key] for key in numbers if key != _VALUE and key in events.numbers], len(events))
    if _VALUE not in events.numbers or _FILTER not in events.labels:
        return _sensible(values)
    kinds = events.labels[_FILTER]
    names = [kinds.names.code(name) for name in STATED[column] if name in kinds.names]
    return _sensible(np.where(np.isnan(values) & np.isin(kinds.codes, names), events.numbers[_VALUE], values))


def said_number(column: str, events: EventColumns) -> NDArray[np.float64]:
    """A number of the home as the event itself says it; NaN where it does not."""
    keys = keys_of(column)[0]
    return _sensible(_first([events.numbers[key] for key in keys if key in events.numbers], len(events)))


def said_text(column: str, events: EventColumns, known: Label) -> Label:
    """A text of the home as the event itself says it, else as it is known otherwise."""
    words, found = known.names, known.codes
    for key in reversed(keys_of(column)[1]):
        said = events.labels.get(key)
        if said is not None and len(said.names):
            words = words.extended(said.names.ids)
            found = np.where(said.codes >= 0, np.append(words.codes_of(said.names), -1)[said.codes], found)
    return Label(found.astype(np.int32), words)


def _sensible(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The values that a price, a size or a number of rooms can have; NaN for others: nobody checks these keys."""
    return np.where((values >= 0.0) & (values <= _MOST), values, np.nan)


def _first(columns: list[NDArray[np.float64]], size: int) -> NDArray[np.float64]:
    """For each event the first value that is there."""
    if not columns:
        return np.full(size, np.nan)
    values = columns[-1]
    for column in reversed(columns[:-1]):
        values = np.where(np.isnan(column), values, column)
    return values
