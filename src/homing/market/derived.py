"""What follows from a listing's fields: sizes in square feet whatever the feed measures in, bathrooms as one number."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["DERIVED", "baths", "living_area", "lot_size", "number"]

SQUARE_FEET_PER_SQUARE_METER: Final = 10.763910416709722
SQUARE_FEET_PER_ACRE: Final = 43_560.0
_UNITS = {"Square Feet": 1.0, "Square Meters": SQUARE_FEET_PER_SQUARE_METER, "Acres": SQUARE_FEET_PER_ACRE}


def number(fields: Mapping[str, Any], name: str) -> float:
    """A number, or a flag as 0 or 1; NaN where it is unknown."""
    value = fields.get(name)
    return float(value) if isinstance(value, int | float) else math.nan


def living_area(fields: Mapping[str, Any]) -> float:
    """Square feet inside; NaN where it is unknown.

    >>> round(living_area({"LivingArea": 100, "LivingAreaUnits": "Square Meters"}))
    1076
    """
    return number(fields, "LivingArea") * _UNITS.get(str(fields.get("LivingAreaUnits", "Square Feet")), 1.0)


def lot_size(fields: Mapping[str, Any]) -> float:
    """Square feet of land, from whichever field tells it; NaN where none does."""
    for name, unit in (("LotSizeSquareFeet", 1.0), ("LotSizeAcres", SQUARE_FEET_PER_ACRE)):
        if name in fields:
            return number(fields, name) * unit
    return number(fields, "LotSizeArea") * _UNITS.get(str(fields.get("LotSizeUnits")), math.nan)


def baths(fields: Mapping[str, Any]) -> float:
    """Bathrooms with a half one as 0.5 and a three-quarter one as 0.75; NaN where they are unknown.

    >>> baths({"BathroomsTotalInteger": 3, "BathroomsFull": 2, "BathroomsHalf": 1}), baths({"BathroomsTotalInteger": 2})
    (2.5, 2.0)
    """
    if "BathroomsTotalDecimal" in fields:
        return number(fields, "BathroomsTotalDecimal")
    if "BathroomsFull" not in fields:
        return number(fields, "BathroomsTotalInteger")
    parts = (("BathroomsFull", 1.0), ("BathroomsThreeQuarter", 0.75), ("BathroomsHalf", 0.5))
    return sum(weight * number(fields, name) for name, weight in parts if name in fields)


DERIVED: Final = {"LivingArea": living_area, "LotSizeSquareFeet": lot_size, "BathroomsTotalDecimal": baths}
"""Columns of a snapshot that are computed rather than copied, by name."""
