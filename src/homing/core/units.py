"""The closed set of units that features, measures and settings may carry."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["UNITS", "Unit"]

Unit = Literal[
    "events",
    "events/hour",
    "events/day",
    "events/session",
    "sessions",
    "listings",
    "listings/day",
    "listings/sequence",
    "searches/session",
    "leads",
    "filters/search",
    "days",
    "hours",
    "seconds",
    "hour of day",
    "weekday",
    "USD",
    "square feet",
    "bedrooms",
    "bathrooms",
    "ratio",
    "points",
    "points/event",
    "category",
]

UNITS: frozenset[str] = frozenset(get_args(Unit))
