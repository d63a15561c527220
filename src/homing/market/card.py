"""What an answer shows of a home: the few facts a person needs to recognise it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from homing.core.clock import format_moment
from homing.market.derived import baths, living_area
from homing.market.property import Property

__all__ = ["card"]

_PHOTOS: Final = ("Photo", "Photos")  # compared, not looked up: what a feed sends here may be a list


def card(home: Property) -> dict[str, object]:
    """Address, price, size, photo and attribution; None where it is unknown or may not be shown.

    >>> card(Property("h1", 0, 0, {"ListPrice": 599000, "BedroomsTotal": 3, "City": "Kent"}))["beds"]
    3
    """
    fields = home.fields
    return {
        "address": home.address(),
        "ListPrice": _plain(home.price),
        "beds": _plain(home.number("BedroomsTotal")),
        "baths": _plain(baths(fields)),
        "area": _plain(round(living_area(fields), 1) if "LivingArea" in fields else math.nan),
        "photo": _photo(fields),
        "url": _address(fields.get("ListingURL")) or _address(fields.get("VirtualTourURLUnbranded")),
        "attribution": fields.get("AttributionContact") or fields.get("ListOfficeName"),
        "updated_at": format_moment(home.at),
    }


def _plain(number: float) -> float | int | None:
    if math.isnan(number):
        return None
    return int(number) if number.is_integer() else number


def _photo(fields: Mapping[str, Any]) -> str | None:
    """The address of the first photo."""
    media = fields.get("Media")
    if not isinstance(media, list):
        return None
    photos = [
        item
        for item in media
        if isinstance(item, dict)
        and _address(item.get("MediaURL")) is not None
        and item.get("MediaCategory", "Photo") in _PHOTOS
    ]
    return min(photos, key=_order, default={}).get("MediaURL")


def _address(url: object) -> str | None:
    """A web address; anything else a feed may hold there (a script, a note) is not shown."""
    return url if isinstance(url, str) and url.casefold().startswith(("https://", "http://")) else None


def _order(item: Mapping[str, Any]) -> float:
    try:
        return float(item.get("Order", math.inf))
    except (TypeError, ValueError, OverflowError):
        return math.inf
