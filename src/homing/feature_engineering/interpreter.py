"""The same features as plain Python: at once, without compiling, for the first calls and for the tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.feature_engineering.declaration import Feature
from homing.feature_engineering.plan import Group, groups_of
from homing.tracking.history import Histories, History

__all__ = ["cut", "interpreted", "interpreted_row"]

Lists = dict[str, list[Any]]


def interpreted(features: Sequence[Feature], histories: Histories, as_of: NDArray[np.int64]) -> NDArray[np.float64]:
    """All features of all entities, each as of its own moment; shape (entities, features)."""
    groups = groups_of(features)
    out = np.empty((len(histories), len(features)), dtype=np.float64)
    for entity in range(len(histories)):
        out[entity] = interpreted_row(groups, histories, entity, int(as_of[entity]), len(features))
    return out


def interpreted_row(groups: Sequence[Group], histories: Histories, entity: int, as_of: int, count: int) -> list[float]:
    """All `count` features of one entity, categories as codes into the words of the histories."""
    row = [math.nan] * count
    needed = {"at", "known_at", "type", *(column for group in groups for column in group.columns)}
    start, end = histories.offsets[entity], histories.offsets[entity + 1]
    lists = {name: histories.columns[name][start:end].tolist() for name in needed}
    for group in groups:
        h, words = cut(group, lists, histories, as_of)
        for place, one in zip(group.places, group.features, strict=True):
            value = one.missing if h.size == 0 else float(one.function(_only(h, one)))
            row[place] = _global(value, one, words)
    return row


def cut(group: Group, lists: Lists, histories: Histories, as_of: int) -> tuple[History, dict[str, list[int]]]:
    """The walls: types in `reads`, (as_of - window, as_of], known by then; codes numbered anew from 0.

    Returns the history and, for each numbered column, the word codes behind the new numbers.
    """
    reads, since = frozenset(group.reads), as_of - group.window
    rows = [
        i
        for i, (at, known_at, kind) in enumerate(zip(lists["at"], lists["known_at"], lists["type"], strict=True))
        if since < at <= as_of and known_at <= as_of and kind in reads
    ]
    columns: Lists = {}
    words: dict[str, list[int]] = {}
    for name in group.columns:
        columns[name] = [lists[name][i] for i in rows]
        if name in histories.words:
            columns[name], words[name] = _numbered(columns[name])
    return History(len(rows), as_of, columns), words


def _numbered(codes: list[int]) -> tuple[list[int], list[int]]:
    numbers: dict[int, int] = {}
    return [-1 if code < 0 else numbers.setdefault(code, len(numbers)) for code in codes], list(numbers)


def _only(h: History, one: Feature) -> History:
    """The history with nothing but the columns that this feature's source names."""
    return History(h.size, h.as_of, {name: getattr(h, name) for name in one.columns})


def _global(value: float, one: Feature, words: dict[str, list[int]]) -> float:
    if not isinstance(one.categories, str) or math.isnan(value) or value < 0:
        return value
    return float(words[one.categories][int(value)])
