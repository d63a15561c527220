"""What the names of the parts of a hybrid's score mean: the family of reasons, and the home that speaks."""

from __future__ import annotations

from typing import Final

__all__ = ["BY_HOME", "SOURCE_FAMILY", "family_of", "home_of"]

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

_BY_ATTRIBUTE: Final = ("content", "online")


def family_of(name: str) -> str | None:
    """The family that a part belongs to; None if it only stands in for a source that had nothing to say.

    >>> [family_of(name) for name in ("content:price", "collaborative:home-1", "sequence:home-2", "beds", "content")]
    ['price', 'similar_homes', 'sequence', 'beds', None]
    """
    source, _, detail = name.partition(":")
    if source in _BY_ATTRIBUTE:
        return detail or None
    family = SOURCE_FAMILY.get(source, source)
    return None if family in BY_HOME and source in SOURCE_FAMILY and not detail else family


def home_of(name: str) -> str | None:
    """The home that the lead acted on and a part goes by, if it goes by one.

    >>> home_of("similar_homes:home-1"), home_of("content:price")
    ('home-1', None)
    """
    source, _, detail = name.partition(":")
    return (detail or None) if SOURCE_FAMILY.get(source, source) in BY_HOME else None
