"""What payloads say under the keys that are asked for, as columns: one pass over the events, whatever the keys."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from homing.core.ids import Vocabulary

__all__ = ["Label", "label_of", "payload_columns"]

Payload = Mapping[str, Any]
Said = Sequence[tuple[int, object]]
"""What stands under one key: the row, and the value there."""


class Label(NamedTuple):
    """A text column: `codes` (n,) int32, -1 where there is none, and the texts they stand for, sorted."""

    codes: NDArray[np.int32]
    names: Vocabulary[str]


def payload_columns(
    data: Sequence[Payload | None], numbers: Sequence[str] = (), labels: Sequence[str] = ()
) -> tuple[dict[str, NDArray[np.float64]], dict[str, Label]]:
    """The numbers and the texts under these keys, in the order of the payloads.

    Numbers are float64, NaN where there is none (true and false count as 1 and 0); of an object the text is its JSON. A
    key such as `property_details.price` reaches into a nested object, unless the payload has a key of that very name.

    >>> held, texts = payload_columns([{"a": 1, "b": {"c": True}}, None, {"a": "x"}], ["a", "b.c"], ["a"])
    >>> held["a"].tolist(), held["b.c"].tolist(), texts["a"].codes.tolist()
    ([1.0, nan, nan], [1.0, nan, nan], [-1, -1, 0])
    """
    said = _said(data, (*numbers, *labels))
    return (
        {key: _numbers(said[key], len(data)) for key in numbers},
        {key: label_of(said[key], len(data)) for key in labels},
    )


def label_of(said: Said, size: int) -> Label:
    """The texts among these values as a column of so many rows; of a nested object its JSON."""
    texts = [(row, _text(value)) for row, value in said if isinstance(value, str | Mapping)]
    names = Vocabulary(sorted({text for _, text in texts}))
    codes = np.full(size, -1, dtype=np.int32)
    if texts:
        codes[[row for row, _ in texts]] = names.codes([text for _, text in texts])
    return Label(codes, names)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def _numbers(said: Said, size: int) -> NDArray[np.float64]:
    held = np.full(size, np.nan)
    numbers = [(row, value) for row, value in said if isinstance(value, (int, float))]
    if numbers:
        held[[row for row, _ in numbers]] = [value for _, value in numbers]
    return held


def _said(data: Sequence[Payload | None], keys: Sequence[str]) -> dict[str, list[tuple[int, object]]]:
    said: dict[str, list[tuple[int, object]]] = {key: [] for key in keys}
    inside: dict[str, list[tuple[str, list[str]]]] = defaultdict(list)
    for key in said:
        head, *rest = key.split(".")
        if rest:
            inside[head].append((key, rest))
    for row, payload in enumerate(data):
        if not payload:
            continue
        for key in said.keys() & payload.keys():
            said[key].append((row, payload[key]))
        for name in inside.keys() & payload.keys():
            if isinstance(value := payload[name], Mapping):
                for key, found in _reached(value, inside[name]):
                    if key not in payload:
                        said[key].append((row, found))
    return said


def _reached(value: Payload, paths: Sequence[tuple[str, list[str]]]) -> Iterator[tuple[str, object]]:
    """What stands at the end of each path into a nested object; nothing where it ends early."""
    for key, steps in paths:
        found: object = value
        for step in steps:
            found = found.get(step) if isinstance(found, Mapping) else None
        if found is not None:
            yield key, found
