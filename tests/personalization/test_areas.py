"""No list closes in on the areas that stand first, as long as others meet the limits too."""

from __future__ import annotations

import numpy as np
import pytest

from homing.market.property import Property
from homing.market.snapshot import snapshot_of
from homing.personalization.areas import areas_of, opened_up, places_for_other_areas

NOBODY = np.zeros(0, dtype=np.int64)


def market(*areas, **fields):
    return snapshot_of([
        Property(f"h{n:03d}", 0, 0, {"PostalCode": area, "ListPrice": 1} if area else {"ListPrice": 1})
        for n, area in enumerate(areas)
    ])  # fmt: skip


def opened(homes, k, kept=NOBODY):
    """The list of k of homes whose scores fall with their number."""
    rows = np.arange(len(homes))
    return opened_up(areas_of(homes, rows), rows, -rows.astype(float), rows[:k], kept).tolist()


def test_one_place_in_five_is_for_other_areas():
    homes = market(*["98101"] * 30, "98102", "98103", "98104")
    assert opened(homes, 10) == [*range(8), 30, 31]
    assert opened(homes, 5) == [*range(4), 30]
    assert opened(homes, 4) == [0, 1, 2, 3]


def test_without_the_floor_the_list_would_be_of_one_area():
    homes = market(*["98101"] * 30, "98102")
    area = areas_of(homes, np.arange(31))
    assert len(set(area[:10].tolist())) == 1
    assert len(set(area[opened(homes, 10)].tolist())) == 2


def test_a_list_that_holds_other_areas_already_stays():
    homes = market(*["98101"] * 6, "98102", "98103", *["98101"] * 10)
    assert opened(homes, 10) == list(range(10))


def test_what_stands_in_the_better_half_is_what_stands_first():
    homes = market("98101", "98102", *["98101", "98102"] * 8, "98103", "98104")
    assert opened(homes, 10) == [*range(8), 18, 19]


def test_there_is_no_floor_where_the_limits_leave_one_area():
    assert opened(market(*["98101"] * 20), 10) == list(range(10))


def test_as_many_others_as_there_are():
    assert opened(market(*["98101"] * 20, "98102"), 10) == [*range(9), 20]


def test_homes_that_are_kept_do_not_make_way():
    homes = market(*["98101"] * 20, "98102", "98103")
    assert opened(homes, 10, np.array([9])) == [*range(7), 9, 20, 21]


def test_homes_of_no_known_area_are_no_other_area():
    assert opened(market(*["98101"] * 12, *[""] * 9), 10) == list(range(10))
    assert opened(market(*[""] * 12), 10) == list(range(10))


@pytest.mark.parametrize("k", range(5, 40))
def test_the_floor_holds_for_any_length(k):
    homes = market(*["98101"] * 60, *[f"98{n}" for n in range(200, 230)])
    listed = opened(homes, k)
    assert len(listed) == k
    assert sum(place >= 60 for place in listed) == places_for_other_areas(k)


def test_a_place_is_a_city_or_a_cell_where_there_is_no_postal_code():
    homes = snapshot_of([
        Property("a", 0, 0, {"PostalCode": "98101", "City": "Seattle"}),
        Property("b", 0, 0, {"City": "Seattle"}),
        Property("c", 0, 0, {"Latitude": 47.51, "Longitude": -122.31}),
        Property("d", 0, 0, {"Latitude": 47.52, "Longitude": -122.32}),
        Property("e", 0, 0, {"Latitude": 47.62, "Longitude": -122.32}),
        Property("f", 0, 0, {}),
    ])  # fmt: skip
    area = areas_of(homes, np.arange(6)).tolist()
    assert area[2] == area[3]
    assert area[5] == -1
    assert len(set(area)) == 5
