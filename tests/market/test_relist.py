"""A home that comes back under a new listing is recognised; two homes never become one."""

from __future__ import annotations

import pytest

from homing.core.clock import DAY
from homing.market.property import Property
from homing.market.relist import same_home
from homing.market.snapshot import MarketSnapshot, snapshot_of

HOUSE = {
    "StreetNumber": "12", "StreetName": "Elm", "StreetSuffix": "Street", "City": "Kent", "StateOrProvince": "WA",
    "PostalCode": "98032", "BedroomsTotal": 3, "LivingArea": 1500, "YearBuilt": 1990,
    "PropertySubType": "Single Family Residence",
}  # fmt: skip
FLAT = HOUSE | {"PropertySubType": "Condominium", "UnitNumber": "4B", "ParcelNumber": "77-1"}
PARCEL = HOUSE | {"ParcelNumber": "1"}


def home(key: str, day: int, status: str = "Active", known: int | None = None, **changed: object) -> Property:
    at = day * DAY
    return Property(key, at, at if known is None else known * DAY, {**HOUSE, "StandardStatus": status, **changed})


def links(market: MarketSnapshot) -> dict[str, tuple[str, str]]:
    """The listing that each follows, and by what it is known to."""
    name = market.ids.ids
    return {name[row]: (name[link.row], link.by) for row, link in market.relisted.before.items()}


RELISTED = [home("old", 1), home("old", 5, "Expired"), home("new", 9)]


def test_a_new_listing_of_the_same_address_follows_the_one_that_left_the_market():
    market = snapshot_of(RELISTED)
    assert links(market) == {"new": ("old", "address")}
    assert market.relisted.now.tolist() == [0, 0]
    assert market.relisted.listings(1) == [0, 1]


def test_listings_follow_each_other_in_a_chain_and_the_first_leads_to_the_last():
    market = snapshot_of([*RELISTED, home("new", 20, "Withdrawn"), home("newest", 30)])
    assert links(market) == {"new": ("old", "address"), "newest": ("new", "address")}
    assert [market.ids.ids[row] for row in market.relisted.now.tolist()] == ["newest"] * 3


@pytest.mark.parametrize("status", ["Active", "Active Under Contract", "Pending", "Coming Soon", "Incomplete"])
def test_a_listing_that_still_stands_is_followed_by_none(status):
    assert links(snapshot_of([home("old", 1), home("old", 5, status), home("new", 9)])) == {}


@pytest.mark.parametrize("status", ["Closed", "Canceled", "Expired", "Withdrawn", "Hold", "Delete"])
def test_a_listing_that_left_is_followed(status):
    assert "new" in links(snapshot_of([home("old", 1), home("old", 5, status), home("new", 9)]))


def test_offices_may_enter_the_new_listing_a_little_before_they_end_the_old_one():
    assert "new" in links(snapshot_of([home("old", 1), home("new", 9), home("old", 11, "Canceled")]))


def test_two_listings_that_stood_side_by_side_are_two_also_when_one_of_them_ends():
    assert links(snapshot_of([home("old", 1), home("new", 9), home("old", 20, "Canceled")])) == {}


def test_of_two_listings_that_follow_one_only_the_first_does():
    both = [*RELISTED, home("other", 10)]
    assert links(snapshot_of(both)) == {"new": ("old", "address")}


def test_what_became_known_later_links_nothing_in_the_past():
    versions = [home("old", 1), home("old", 5, "Expired", known=12), home("new", 9)]
    assert links(snapshot_of(versions, as_of=11 * DAY)) == {}
    assert links(snapshot_of(versions, as_of=12 * DAY)) == {"new": ("old", "address")}


def test_the_number_of_the_parcel_decides_before_the_address():
    written_otherwise = {"StreetNumber": "12", "StreetName": "Elm", "StreetSuffix": "Way"}
    assert same_home(HOUSE | {"ParcelNumber": "77-1"}, HOUSE | written_otherwise | {"ParcelNumber": "771"})
    assert same_home(HOUSE | {"ParcelNumber": "77-1"}, HOUSE | {"ParcelNumber": "77-2"}) is None
    assert same_home(HOUSE | {"ParcelNumber": "77-1"}, HOUSE) == "address"
    assert same_home({"ParcelNumber": "000"}, {"ParcelNumber": "000"}) is None


def test_a_universal_property_id_decides_before_both():
    one = {"UniversalPropertyId": "US-1-R-N"}
    assert same_home({"ParcelNumber": "1"} | one, {"ParcelNumber": "2"} | one) == "UniversalPropertyId"
    assert same_home(HOUSE | one, HOUSE | {"UniversalPropertyId": "US-2-R-N"}) is None


@pytest.mark.parametrize(
    "written",
    [
        {"UnparsedAddress": "12 ELM ST., Kent, WA 98032"},
        {"UnparsedAddress": "12 Elm Street", "PostalCode": "98032-1234"},
        {"StreetNumber": "12", "StreetName": "Elm St", "PostalCode": "98032"},
    ],
)
def test_one_address_is_written_in_many_ways(written):
    assert same_home(HOUSE, written) == "address"


@pytest.mark.parametrize(
    "written",
    [{"UnitNumber": "#4B"}, {"UnitNumber": "Unit 4b"}, {"UnitNumber": "", "UnparsedAddress": "12 Elm St Apt 4B, Kent"}],
)
def test_one_unit_is_written_in_many_ways(written):
    assert same_home(FLAT, FLAT | written) == "ParcelNumber"


UNITS = {
    "another unit": (FLAT, FLAT | {"UnitNumber": "4C"}),
    "another unit of one parcel in the unparsed address": (
        {"UnparsedAddress": "12 Elm St #1, Kent, WA 98032", "ParcelNumber": "7"},
        {"UnparsedAddress": "12 Elm St #2, Kent, WA 98032", "ParcelNumber": "7"},
    ),
    "a unit and the whole building": (FLAT, {name: FLAT[name] for name in FLAT if name != "UnitNumber"}),
    "two flats of which nobody names the unit": (FLAT | {"UnitNumber": None}, FLAT | {"UnitNumber": None}),
}
OTHERS = {
    "no postal code": (HOUSE | {"PostalCode": None}, HOUSE),
    "another postal code": (HOUSE, HOUSE | {"PostalCode": "98033"}),
    "no number of the house": ({"StreetName": "Elm", "PostalCode": "98032"},) * 2,
    "a house built since": (HOUSE, HOUSE | {"YearBuilt": 2020}),
    "a much larger house": (HOUSE, HOUSE | {"LivingArea": 3000}),
    "two more bedrooms": (HOUSE, HOUSE | {"BedroomsTotal": 5}),
    "a lease of it": (HOUSE | {"PropertyType": "Residential"}, HOUSE | {"PropertyType": "Residential Lease"}),
    "the other house of the parcel": (PARCEL, PARCEL | {"StreetNumber": "14"}),
    "nothing but a town": ({"City": "Kent"}, {"City": "Kent"}),
}  # fmt: skip


@pytest.mark.parametrize("one", UNITS)
def test_two_units_of_a_building_are_never_one_home(one):
    assert same_home(*UNITS[one]) is None


@pytest.mark.parametrize("one", OTHERS)
def test_what_contradicts_or_is_not_known_is_no_link(one):
    assert same_home(*OTHERS[one]) is None


def test_a_rule_that_forgets_the_unit_is_found_out_by_units_and_by_nothing_else():
    """The mutant of the law of units: the rule, told nothing of units."""

    def mutant(old: dict[str, object], new: dict[str, object]) -> str | None:
        return same_home(*({**fields, **without_unit(fields)} for fields in (old, new)))

    def without_unit(fields: dict[str, object]) -> dict[str, object]:
        address = str(fields.get("UnparsedAddress") or "").partition(" #")
        return {"UnitNumber": None, "PropertySubType": None, "UnparsedAddress": address[0] + address[2][1:]}

    assert all(mutant(*pair) for pair in UNITS.values())
    assert not any(mutant(*pair) for pair in OTHERS.values())


def test_what_very_many_listings_share_tells_none_of_them():
    crowd = [Property(f"h{n}", n * DAY, n * DAY, {"ParcelNumber": "9", "StandardStatus": "Closed"}) for n in range(60)]
    assert links(snapshot_of([*crowd, Property("new", 90 * DAY, 90 * DAY, {"ParcelNumber": "9"})])) == {}
