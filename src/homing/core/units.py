"""The closed set of units that features, measures and settings may carry."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["UNITS", "Unit"]

Unit = Literal[
    "events",
    "events/hour",
    "events/day",
    "events/session",
    "events/second",
    "events/slice",
    "sessions",
    "listings",
    "listings/day",
    "listings/sequence",
    "searches/session",
    "leads",
    "events/lead",
    "events/listing",
    "filters/search",
    "days",
    "hours",
    "minutes",
    "seconds",
    "hour of day",
    "weekday",
    "USD",
    "square feet",
    "bedrooms",
    "bathrooms",
    "degrees",
    "kilometers",
    "bits",
    "flag",
    "log ratio",
    "ratio",
    "points",
    "points/event",
    "category",
]

UNITS: frozenset[str] = frozenset(get_args(Unit))
