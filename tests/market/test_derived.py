"""What follows from a listing's fields."""

from __future__ import annotations

import math

import pytest

from homing.market.derived import baths, lot_size
from homing.market.names import standard_name


@pytest.mark.parametrize(
    ("fields", "square_feet"),
    [
        ({"LotSizeSquareFeet": 5_000, "LotSizeAcres": 9, "LotSizeArea": 1, "LotSizeUnits": "Acres"}, 5_000),
        ({"LotSizeAcres": 0.5}, 21_780),
        ({"LotSizeArea": 100, "LotSizeUnits": "Square Meters"}, 1_076.391),
        ({"LotSizeArea": 100}, math.nan),
        ({}, math.nan),
    ],
)
def test_land_is_read_from_whichever_field_tells_it(fields, square_feet):
    assert lot_size(fields) == pytest.approx(square_feet, nan_ok=True)


@pytest.mark.parametrize(
    ("fields", "rooms"),
    [
        ({"BathroomsTotalDecimal": 2.25, "BathroomsFull": 2}, 2.25),
        ({"BathroomsFull": 1, "BathroomsThreeQuarter": 1, "BathroomsHalf": 1}, 2.25),
        ({"BathroomsTotalInteger": 3}, 3),
    ],
)
def test_parts_of_bathrooms_are_counted_as_parts(fields, rooms):
    assert baths(fields) == rooms


def test_a_name_much_longer_than_any_of_the_lookup_is_left_as_it_came():
    assert standard_name("StandardStatus", "A-c-t-i-v-e") == "Active"
    assert standard_name("StandardStatus", "-" * 1_000 + "Active") == "-" * 1_000 + "Active"
