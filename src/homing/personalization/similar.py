"""Homes like a home: what models of attributes and of shoppers' behaviour would show to someone who liked only it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from homing.models.part_names import BY_HOME, FIT, family_of
from homing.models.query import Codes, Query
from homing.personalization.candidates import candidates
from homing.personalization.serving import Serving

__all__ = ["SimilarHome", "similar"]

_OF_ITSELF: Final = ("popularity", "recency")
_LIKED: Final = 5.0
_READ: Final = 5
_NOBODY: Final = np.empty(0, np.int64)
_ALIKE: Final = {
    "price": "ListPrice", "size": "LivingArea", "beds": "BedroomsTotal", "baths": "BathroomsTotalDecimal",
    "age": "YearBuilt", "lot": "LotSizeSquareFeet", "stories": "StoriesTotal", "condition": "KC_Condition",
    "quality": "KC_Grade", "view": "KC_View",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class SimilarHome:
    """A home like another: a score that orders, what is shown of it, and in what it is like, with both values.

    `alike` holds, by kind, the share of the positive part of the score, and the attribute of this and the other home.
    """

    property_id: str
    score: float
    home: Mapping[str, object]
    alike: tuple[Mapping[str, Any], ...]


def similar(serving: Serving, property_id: str, k: int) -> list[SimilarHome]:
    """The k homes on the market most like a home, which may itself be sold; best first.

    The score is that of the blend for a shopper who liked only this home, without popularity and freshness, which are
    no likeness.
    """
    market = serving.market
    row = market.ids.code(property_id)
    asked = Query(None, (property_id,), np.array([_LIKED]))
    itself = np.array(market.relisted.listings(row))
    allowed = candidates(market, None, dismissed=np.append(itself, row), seen=_NOBODY).rows
    weighed = serving.model.part_scores(asked, Codes(serving.codes[allowed]))
    scores = np.sum([part for name, part in weighed.items() if name not in _OF_ITSELF], axis=0, initial=0.0)
    scores = np.broadcast_to(scores, allowed.shape)
    best = np.lexsort((allowed, -scores))[:k]
    explained = serving.model.explain_many(asked, Codes(serving.codes[allowed[best]]))
    return [
        SimilarHome(market.ids.ids[other], float(score), market.card(other), _alike(serving, row, other, parts))
        for other, score, parts in zip(allowed[best].tolist(), scores[best].tolist(), explained, strict=True)
    ]


def _alike(serving: Serving, row: int, other: int, parts: Mapping[str, float]) -> tuple[Mapping[str, Any], ...]:
    """In what two homes are alike, greatest share first."""
    kinds: dict[str, float] = {}
    for name, value in parts.items():
        kind = family_of(name)
        if kind is not None and kind not in _OF_ITSELF:
            kind = "shoppers" if kind in (*BY_HOME, FIT) else kind
            kinds[kind] = kinds.get(kind, 0.0) + value
    positive = {kind: value for kind, value in kinds.items() if value > 0}
    total = sum(positive.values())
    ordered = sorted(positive.items(), key=lambda item: (-item[1], item[0]))[:_READ]
    return tuple(
        {"kind": kind, "share": round(value / total, 6), **_both(serving, kind, row, other)} for kind, value in ordered
    )


def _both(serving: Serving, kind: str, row: int, other: int) -> dict[str, Any]:
    """The attribute that a kind is about, of the similar home and of the one asked about."""
    market, name = serving.market, _ALIKE.get(kind)
    if kind == "location":
        return {"kilometres": _kilometres(serving, row, other)}
    if name is None or name not in market.numbers:
        return {}
    here, there = (float(market.numbers[name][place]) for place in (other, row))
    if not (np.isfinite(here) and np.isfinite(there)):
        return {}
    return {"attribute": name, "this": here, "other": there}


def _kilometres(serving: Serving, row: int, other: int) -> float | None:
    numbers = serving.market.numbers
    if "Latitude" not in numbers or "Longitude" not in numbers:
        return None
    north = (numbers["Latitude"][row] - numbers["Latitude"][other]) * 111.2
    east = (numbers["Longitude"][row] - numbers["Longitude"][other]) * 111.2
    away = float(np.hypot(north, east * np.cos(np.radians(numbers["Latitude"][row]))))
    return round(away, 2) if np.isfinite(away) else None
