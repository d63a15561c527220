"""What the names of the parts of a hybrid's score mean: the family of reasons, and the home that speaks."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

__all__ = ["BY_HOME", "FIT", "SOURCE_FAMILY", "STATED", "family_of", "home_of"]

SOURCE_FAMILY: Final = {
    "collaborative": "similar_homes",
    "item_item": "similar_homes",
    "ease": "similar_homes",
    "slim": "similar_homes",
    "item_knn": "similar_homes",
    "sequence": "sequence",
    "popularity": "popularity",
    "recency": "recency",
}
"""The family of reasons of what each source says that has no families of its own."""

BY_HOME: Final = ("similar_homes", "sequence")
"""The families whose parts go by homes that the lead acted on."""

FIT: Final = "fit"
"""The family of what the attributes of a home let expect of who likes it."""

STATED: Final = "stated_limits"
"""The family of what a lead's stated limits let expect of what it likes."""

_BY_ATTRIBUTE: Final = ("content", "online")
_NO_HOMES: Final = {"attributes": FIT, STATED: STATED}
_MOST_NAMES: Final = 65_536


@lru_cache(_MOST_NAMES)
def family_of(name: str) -> str | None:
    """The family that a part belongs to; None if it only stands in for a source that had nothing to say.

    >>> [family_of(name) for name in ("content:price", "collaborative:home-1", "sequence:home-2", "beds", "content")]
    ['price', 'similar_homes', 'sequence', 'beds', None]
    >>> family_of("collaborative:attributes"), family_of("similar_homes:stated_limits")
    ('fit', 'stated_limits')
    """
    source, _, detail = name.partition(":")
    if source in _BY_ATTRIBUTE:
        return detail or None
    family = SOURCE_FAMILY.get(source, source)
    if family == "similar_homes" and detail in _NO_HOMES:
        return _NO_HOMES[detail]
    return None if family in BY_HOME and source in SOURCE_FAMILY and not detail else family


@lru_cache(_MOST_NAMES)
def home_of(name: str) -> str | None:
    """The home that the lead acted on and a part goes by, if it goes by one.

    >>> home_of("similar_homes:home-1"), home_of("content:price")
    ('home-1', None)
    """
    source, _, detail = name.partition(":")
    by_home = SOURCE_FAMILY.get(source, source) in BY_HOME and family_of(name) in BY_HOME
    return (detail or None) if by_home else None
