"""The public house sales of King County, Washington (May 2014 to May 2015), as listings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from homing.core.errors import BadInput, Fault, shown
from homing.market.property import fields_from

__all__ = ["COLUMNS", "listing_of"]

_NAMES: Final = {
    "price": "ListPrice",
    "bedrooms": "BedroomsTotal",
    "bathrooms": "BathroomsTotalDecimal",
    "sqft_living": "LivingArea",
    "sqft_lot": "LotSizeSquareFeet",
    "floors": "Stories",
    "waterfront": "WaterfrontYN",
    "view": "KC_View",
    "condition": "KC_Condition",
    "grade": "KC_Grade",
    "sqft_above": "AboveGradeFinishedArea",
    "sqft_basement": "BelowGradeFinishedArea",
    "yr_built": "YearBuilt",
    "yr_renovated": "YearRenovated",
    "zipcode": "PostalCode",
    "lat": "Latitude",
    "long": "Longitude",
    "sqft_living15": "KC_LivingArea15",
    "sqft_lot15": "KC_LotSize15",
}
COLUMNS: Final = ("id", "date", *_NAMES)
"""The columns by which the file is known."""

_SAID_OF_ALL: Final = {
    "StandardStatus": "Active",
    "PropertyType": "Residential",
    "CountyOrParish": "King",
    "StateOrProvince": "WA",
    "OriginatingSystemName": "King County public sales records",
}


def listing_of(row: Mapping[str, Any]) -> dict[str, Any]:
    """The listing of one sale. Its key is `ID-YYYYMMDD`, for a house may be sold twice; `CloseDate` is that day.

    The numbers stay as the records have them, the house of 33 bedrooms on 1,620 square feet and those of none among
    them. A renovation in year 0 means none.

    >>> row = {"id": "7129300520", "date": "2014-10-13", "price": "221900", "bathrooms": "2.25", "yr_renovated": "0"}
    >>> listing_of(row)["ListingKey"], listing_of(row)["BathroomsTotalInteger"], "YearRenovated" in listing_of(row)
    ('7129300520-20141013', 3, False)
    """
    sold = _day(str(row.get("date", "")))
    listing = {ours: row[theirs] for theirs, ours in _NAMES.items() if row.get(theirs) not in {None, ""}}
    if listing.get("YearRenovated") in {"0", 0}:
        del listing["YearRenovated"]
    listing |= _whole_baths(listing.get("BathroomsTotalDecimal"))
    if sold is None or not row.get("id"):
        raise BadInput(_faults(row, listing))
    key = f"{row['id']}-{sold:%Y%m%d}"
    return {"ListingKey": key, **listing, **_SAID_OF_ALL, "ParcelNumber": str(row["id"]), "CloseDate": sold.isoformat()}


def _faults(row: Mapping[str, Any], listing: Mapping[str, Any]) -> list[Fault]:
    """All that is wrong with a sale of which it is not known which or when."""
    faults = [] if row.get("id") else [Fault("id", "be given", "nothing")]
    if not row.get("date"):
        faults.append(Fault("date", "be given", "nothing"))
    elif _day(str(row["date"])) is None:
        faults.append(Fault("date", "be a day such as 2014-10-13", shown(row["date"])))
    fields_from(listing, faults)
    return faults


def _day(text: str) -> date | None:
    """The day of a sale, written as here or as in other copies of the file (20141013T000000)."""
    try:
        return date.fromisoformat(text.split("T", maxsplit=1)[0])
    except ValueError:
        return None


def _whole_baths(baths: object) -> dict[str, int]:
    """Every bathroom counted as one, whatever it lacks; nothing where the number is none (which is refused later)."""
    try:
        return {"BathroomsTotalInteger": math.ceil(float(str(baths)))}
    except (ValueError, OverflowError):
        return {}
