"""The standard spellings of RESO's closed lookups, and how feeds that spell them otherwise are brought back to them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

__all__ = ["LOOKUPS", "standard_name"]

_LISTS = {
    "StandardStatus": "Active, Active Under Contract, Canceled, Closed, Coming Soon, Delete, Expired, Hold, "
    "Incomplete, Pending, Withdrawn",
    "PropertyType": "Business Opportunity, Commercial Lease, Commercial Sale, Farm, Land, Manufactured In Park, "
    "Residential, Residential Income, Residential Lease",
    "PropertySubType": "Agriculture, Apartment, Boat Slip, Business, Cabin, Condominium, Co-Ownership, Deeded Parking, "
    "Duplex, Farm, Hotel/Motel, Industrial, Manufactured Home, Manufactured On Land, Mixed Use, Mobile Home, "
    "Mobile Home Park, Multi Family, Office, Own Your Own, Quadruplex, Ranch, Retail, Single Family Residence, "
    "Stock Cooperative, Tenancy in Common, Timeshare, Townhouse, Triplex, Unimproved Land, Warehouse",
    "StructureType": "Cabin, Dock, Duplex, Flex, Hotel/Motel, House, Industrial, Manufactured House, "
    "Mixed Use, Multi Family, None, Office, Quadruplex, Retail, Townhouse, Triplex, Warehouse",
    "MajorChangeType": "Active, Active Under Contract, Back On Market, Canceled, Closed, Coming Soon, Deleted, "
    "Expired, Hold, New Listing, Pending, Price Change, Withdrawn",
    "CommonInterest": "Community Apartment, Condominium, None, Planned Development, Stock Cooperative, Timeshare",
    "AssociationFeeFrequency": "Annually, Bi-Monthly, Bi-Weekly, Daily, Monthly, One Time, Quarterly, Seasonal, "
    "Semi-Annually, Semi-Monthly, Weekly",
    "LotSizeUnits": "Acres, Square Feet, Square Meters",
    "LivingAreaUnits": "Square Feet, Square Meters",
    "SpecialListingConditions": "Auction, Bankruptcy Property, Conservatorship, HUD Owned, In Foreclosure, "
    "Notice Of Default, Probate Listing, Real Estate Owned, Short Sale, Standard, Third Party Approval, Trust",
    "PetsAllowed": "Breed Restrictions, Call, Cats OK, Dogs OK, No, Number Limit, Size Limit, Yes",
    "Furnished": "Furnished, Negotiable, Partially, Unfurnished",
    "Levels": "Bi-Level, Multi/Split, One, One and One Half, Quad-Level, Three Or More, Tri-Level, Two",
    "View": "Bay, Beach, Bridge(s), Canal, Canyon, City, City Lights, Creek/Stream, Desert, Downtown, Forest, Garden, "
    "Golf Course, Hills, Lake, Marina, Meadow, Mountain(s), Neighborhood, None, Ocean, Orchard, Other, Panoramic, "
    "Park/Greenbelt, Pasture, Pond, Pool, Ridge, River, Rural, See Remarks, Skyline, Territorial, Trees/Woods, Valley, "
    "Vineyard, Water",
}


_SYNONYMS = {"StandardStatus": {"cancelled": "Canceled", "deleted": "Delete"}}


def _key(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


LOOKUPS: Final[Mapping[str, Mapping[str, str]]] = {
    field: {_key(name): name for name in names.split(", ")} | _SYNONYMS.get(field, {})
    for field, names in _LISTS.items()
}
"""For each field with a closed lookup its standard names, by their letters and digits alone."""


_LONGEST: Final = max(len(name) for names in LOOKUPS.values() for name in names.values())


def standard_name(field: str, name: str) -> str:
    """The standard spelling of a lookup value; a value that the lookup does not hold stays as it came.

    >>> standard_name("StandardStatus", "ActiveUnderContract"), standard_name("PropertyType", "Castle")
    ('Active Under Contract', 'Castle')
    """
    # What is longer by far is no misspelt name, and would stay in memory for as long as the process lives.
    return _respelt(field, name) if field in LOOKUPS and len(name) <= 2 * _LONGEST else name


@lru_cache(maxsize=4096)
def _respelt(field: str, name: str) -> str:
    return LOOKUPS[field].get(_key(name), name)
