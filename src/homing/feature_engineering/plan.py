"""Which features share a cut, so that the history is filtered once for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.feature_engineering.declaration import Feature
from homing.store.columns import TYPES
from homing.tracking.history import CODES, DERIVED, MOMENTS, Histories, payload_kind
from homing.tracking.stated import keys_of

__all__ = [
    "Group",
    "Needs",
    "groups_of",
    "is_numbered",
    "needs_of",
    "neighbours",
    "reads_table",
]


@dataclass(frozen=True, slots=True)
class Group:
    """Features that see the same events; `places` are their places in the vector, `columns` all that they read."""

    window: int
    reads: tuple[int, ...]
    columns: tuple[str, ...]
    features: tuple[Feature, ...]
    places: tuple[int, ...]


def groups_of(features: Sequence[Feature]) -> tuple[Group, ...]:
    """Features grouped by (window, reads), in the order in which each group first appears."""
    grouped: dict[tuple[int, tuple[int, ...]], list[int]] = {}
    for place, one in enumerate(features):
        reads = tuple(number for number, kind in enumerate(TYPES) if kind in one.reads)
        grouped.setdefault((one.window, reads), []).append(place)
    return tuple(
        Group(
            window=window,
            reads=reads,
            columns=tuple(sorted({column for place in places for column in features[place].columns})),
            features=tuple(features[place] for place in places),
            places=tuple(places),
        )
        for (window, reads), places in grouped.items()
    )


def reads_table(groups: Sequence[Group]) -> NDArray[np.bool_]:
    """Whether a group reads a type, shape (groups, event types)."""
    table = np.zeros((len(groups), len(TYPES)), dtype=np.bool_)
    for row, group in enumerate(groups):
        table[row, list(group.reads)] = True
    return table


@dataclass(frozen=True, slots=True)
class Needs:
    """What features read beside the fields that every event has.

    `numbers` and `labels` are keys of `event_data`, those behind derived columns among them; `derived` the columns that
    `histories` makes from several keys or from the catalogue.
    """

    numbers: tuple[str, ...]
    labels: tuple[str, ...]
    derived: tuple[str, ...]


def needs_of(features: Sequence[Feature]) -> Needs:
    """What these features read."""
    columns = {name for one in features for name in one.columns} - {"type", *MOMENTS, *CODES}
    derived = tuple(sorted(name for name in columns if name in DERIVED))
    own = columns.difference(derived)
    behind = [keys_of(name) for name in derived]
    numbers = {name for name in own if payload_kind(name) == "number"}.union(*(numbers for numbers, _ in behind))
    labels = {name for name in own if payload_kind(name) == "label"}.union(*(labels for _, labels in behind))
    return Needs(tuple(sorted(numbers)), tuple(sorted(labels)), derived)


def is_numbered(column: str, histories: Histories) -> bool:
    """Whether a column's codes are numbered anew in each cut, because they stand for open words."""
    return column in histories.words


def neighbours(of: Histories, entities: slice) -> Histories:
    """Some neighbouring entities of a history."""
    start, stop, _ = entities.indices(len(of))
    if start == 0 and stop == len(of):
        return of
    first, last = int(of.offsets[start]), int(of.offsets[stop])
    return Histories(
        of.subject,
        of.entity_ids[start:stop],
        of.offsets[start : stop + 1] - first,
        {name: values[first:last] for name, values in of.columns.items()},
        of.words,
    )
