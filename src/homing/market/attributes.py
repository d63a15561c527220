"""The fields of a listing that homing understands, declared once: name, kind, unit and bounds.

A field that is not in the table is kept as it came and means nothing here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal

from homing.core.clock import format_moment, parse_moment
from homing.core.errors import BadInput
from homing.market.names import standard_name

__all__ = ["ATTRIBUTES", "LISTING_KEY", "MODIFIED", "Attribute", "Kind", "NotOfItsKind", "lenient_moment"]

Kind = Literal["number", "flag", "category", "text", "list", "moment", "date"]
Unit = Literal[
    "", "USD", "USD/year", "square feet", "acres", "as LotSizeUnits", "as LivingAreaUnits", "year", "bedrooms",
    "bathrooms", "rooms", "floors", "cars", "days", "degrees", "points", "photos", "units", "percent",
]  # fmt: skip

LISTING_KEY: Final = "ListingKey"
MODIFIED: Final = "ModificationTimestamp"
WIDEST: Final = 1e14
"""The widest number that a RESO field of the kind Decimal(14, 2) can hold."""


class NotOfItsKind(ValueError):
    """A value is not what its field must be; the text says what it must be."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One field: its RESO name, its kind, its unit, and for a number its bounds (`above` is exclusive).

    `read` turns a value as feeds send it into the one form homing keeps, or raises `NotOfItsKind`.

    >>> ATTRIBUTES["BedroomsTotal"].read("3.0"), ATTRIBUTES["WaterfrontYN"].read("Y")
    (3, True)
    >>> ATTRIBUTES["CloseDate"].read("TBD") is None
    True
    """

    name: str
    kind: Kind
    unit: Unit = ""
    low: float = -math.inf
    high: float = math.inf
    above: float = -math.inf

    def read(self, value: object) -> object:
        """The value in the form homing keeps; None where it says nothing."""
        return _READERS[self.kind](self, value)


def lenient_moment(text: str) -> int | None:
    """Microseconds of a moment as feeds write it: no zone means UTC, a bare date its midnight; None for other text.

    >>> lenient_moment("2026-06-01T10:00:00") == lenient_moment("2026-06-01T12:00:00+02:00"), lenient_moment("soon")
    (True, None)
    """
    bare_date = len(text) == len("2026-06-01")
    for candidate in (text, f"{text}T00:00:00Z" if bare_date else f"{text}Z"):
        try:
            return parse_moment(candidate)
        except (BadInput, OverflowError):
            continue
    return None


def _number(attribute: Attribute, value: object) -> object:
    number = _parsed(value)
    if number is None or not attribute.low <= number <= attribute.high or not attribute.above < number < math.inf:
        raise NotOfItsKind(attribute_bounds(attribute))
    return int(number) if number.is_integer() else number


def _parsed(value: object) -> float | None:
    if type(value) is bool or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and "_" in value:
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def attribute_bounds(attribute: Attribute) -> str:
    """What a number of this attribute must be, in words.

    >>> attribute_bounds(ATTRIBUTES["ListPrice"])
    'be a finite number of USD above 0, up to 1e+12'
    """
    words = "be a finite number" + (f" of {attribute.unit}" if attribute.unit else "")
    if attribute.above > -math.inf:
        words += f" above {attribute.above:g}"
    elif attribute.low > -math.inf:
        words += f" from {attribute.low:g}"
    return words if attribute.high == math.inf else f"{words}, up to {attribute.high:g}"


_FLAGS = {"true": True, "yes": True, "y": True, "1": True, "false": False, "no": False, "n": False, "0": False}


def _flag(_: Attribute, value: object) -> object:
    if isinstance(value, bool):
        return value
    found = _FLAGS.get(str(value).strip().casefold()) if isinstance(value, str | int) else None
    if found is None:
        raise NotOfItsKind("be true or false")
    return found


def _text(_: Attribute, value: object) -> object:
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, float) or not math.isfinite(value):
        raise NotOfItsKind("be a text")
    return str(int(value)) if value.is_integer() else str(value)


def _category(attribute: Attribute, value: object) -> object:
    if isinstance(value, list) and len(value) <= 1:
        value = value[0] if value else ""
    text = _text(attribute, value)
    return None if text is None else standard_name(attribute.name, str(text))


def _list(attribute: Attribute, value: object) -> object:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise NotOfItsKind("be a list of texts")
    return [standard_name(attribute.name, part.strip()) for part in parts if part.strip()]


def _moment(_: Attribute, value: object) -> object:
    if not isinstance(value, str):
        raise NotOfItsKind("be a moment such as 2026-11-22T20:00:00Z")
    at = lenient_moment(value.strip())
    return None if at is None else format_moment(at)


def _date(_: Attribute, value: object) -> object:
    if not isinstance(value, str):
        raise NotOfItsKind("be a date such as 2026-11-22")
    try:
        return date.fromisoformat(value.strip()[:10]).isoformat()
    except ValueError:
        return None


_READERS: Final[Mapping[Kind, Callable[[Attribute, object], object]]] = {
    "number": _number, "flag": _flag, "category": _category, "text": _text, "list": _list, "moment": _moment,
    "date": _date,
}  # fmt: skip


def _numbers(unit: Unit, names: str, low: float = 0, high: float = WIDEST) -> Iterator[Attribute]:
    return (Attribute(name, "number", unit, low, high) for name in names.split())


def _fields(kind: Kind, names: str) -> Iterator[Attribute]:
    return (Attribute(name, kind) for name in names.split())


def _table() -> Iterator[Attribute]:
    """Every row. Bounds are wide where feeds fill fields carelessly, tight where a wrong value would mislead."""
    yield Attribute("ListPrice", "number", "USD", high=1e12, above=0)
    yield Attribute("Latitude", "number", "degrees", -90, 90)
    yield Attribute("Longitude", "number", "degrees", -180, 180)
    yield Attribute("YearBuilt", "number", "year", 1000, 2200)
    yield from _numbers("USD", "ListPriceLow OriginalListPrice PreviousListPrice ClosePrice LeaseAmount")
    yield from _numbers("USD", "AssociationFee ConcessionsAmount TaxAnnualAmount")
    yield from _numbers("USD/year", "NetOperatingIncome GrossIncome", -WIDEST)
    yield from _numbers("percent", "CapRate", -1000, 1000)
    yield from _numbers("bedrooms", "BedroomsTotal MainLevelBedrooms", 0, 999)
    yield from _numbers(
        "bathrooms",
        "BathroomsTotalInteger BathroomsTotalDecimal BathroomsFull BathroomsHalf BathroomsThreeQuarter",
        0,
        999,
    )
    yield from _numbers("rooms", "RoomsTotal", 0, 9999)
    yield from _numbers("as LivingAreaUnits", "LivingArea")
    yield from _numbers(
        "square feet",
        "BuildingAreaTotal AboveGradeFinishedArea BelowGradeFinishedArea LotSizeSquareFeet "
        "KC_LivingArea15 KC_LotSize15",
    )
    yield from _numbers("as LotSizeUnits", "LotSizeArea")
    yield from _numbers("acres", "LotSizeAcres")
    yield from _numbers("floors", "Stories StoriesTotal", 0, 999)
    yield from _numbers("floors", "EntryLevel", -99, 9999)
    yield from _numbers("cars", "GarageSpaces CarportSpaces ParkingTotal")
    yield from _numbers("year", "YearBuiltEffective YearRenovated TaxYear", 0, 9999)
    yield from _numbers("days", "DaysOnMarket CumulativeDaysOnMarket", 0, 99_999)
    yield from _numbers("units", "NumberOfUnitsTotal FireplacesTotal", 0, 9999)
    yield from _numbers("photos", "PhotosCount VideosCount", 0, 99_999)
    yield from _numbers("points", "WalkScore", 0, 1000)
    yield from _numbers("points", "KC_View", 0, 4)
    yield from _numbers("points", "KC_Condition", 1, 5)
    yield from _numbers("points", "KC_Grade", 1, 13)
    yield from _fields(
        "flag",
        "NewConstructionYN GarageYN AttachedGarageYN PoolPrivateYN SpaYN FireplaceYN ViewYN WaterfrontYN HorseYN "
        "SeniorCommunityYN AssociationYN InternetEntireListingDisplayYN InternetAddressDisplayYN "
        "InternetAutomatedValuationDisplayYN InternetConsumerCommentYN IDXParticipationYN MlgCanView",
    )
    yield from _fields(
        "category",
        "StandardStatus MlsStatus MajorChangeType PropertyType PropertySubType CommonInterest AssociationFeeFrequency "
        "Furnished LivingAreaUnits LotSizeUnits City CityRegion StateOrProvince PostalCode CountyOrParish Country "
        "SubdivisionName MLSAreaMajor MLSAreaMinor Concessions",
    )
    yield from _fields(
        "text",
        "ListingId OriginatingSystemName SourceSystemName UniversalPropertyId ParcelNumber UnparsedAddress "
        "StreetNumber StreetDirPrefix StreetName StreetSuffix StreetDirSuffix UnitNumber PostalCodePlus4 WaterBodyName "
        "PublicRemarks ElementarySchool MiddleOrJuniorSchool HighSchool ElementarySchoolDistrict HighSchoolDistrict "
        "ListAgentKey ListAgentMlsId ListAgentFullName ListAgentEmail ListOfficeKey ListOfficeName ListOfficePhone "
        "AttributionContact ListingURL VirtualTourURLUnbranded",
    )
    yield from _fields(
        "list",
        "StructureType ArchitecturalStyle LotFeatures Levels ParkingFeatures PoolFeatures View WaterfrontFeatures "
        "Heating Cooling Basement Flooring Appliances InteriorFeatures ExteriorFeatures PatioAndPorchFeatures "
        "ConstructionMaterials Roof SecurityFeatures AccessibilityFeatures GreenEnergyEfficient AssociationAmenities "
        "CommunityFeatures ListingTerms SpecialListingConditions PetsAllowed SyndicateTo",
    )
    yield from _fields(
        "moment",
        "MajorChangeTimestamp StatusChangeTimestamp PriceChangeTimestamp PhotosChangeTimestamp OriginalEntryTimestamp "
        "OnMarketTimestamp PendingTimestamp BackOnMarketTimestamp",
    )
    yield from _fields(
        "date",
        "OnMarketDate ListingContractDate ContingentDate PurchaseContractDate CloseDate "
        "OffMarketDate WithdrawnDate ExpirationDate",
    )


ATTRIBUTES: Final[Mapping[str, Attribute]] = {attribute.name: attribute for attribute in _table()}
"""Every field that homing understands, by name."""
