"""How deep a value from outside may be nested: what is stored once is walked by many, and none of them may fall."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import repeat
from typing import Final

__all__ = ["DEEPEST", "too_deep"]

DEEPEST: Final = 32
"""Levels of lists and objects within each other."""


def too_deep(value: object, levels: int = DEEPEST) -> bool:
    """Whether lists and objects stand more than so many levels within each other.

    >>> too_deep([[1], {"a": []}], 2), too_deep([[1], {"a": [2]}], 3)
    (True, False)
    """
    if isinstance(value, Mapping):
        return levels == 0 or any(map(too_deep, value.values(), repeat(levels - 1)))
    if isinstance(value, (list, tuple)):
        return levels == 0 or any(map(too_deep, value, repeat(levels - 1)))
    return False
