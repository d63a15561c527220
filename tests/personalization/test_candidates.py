"""Only homes on the market, within what the lead stated, that it has neither seen nor passed on."""

import numpy as np

from homing.market.property import Property
from homing.market.snapshot import snapshot_of
from homing.people.lead import Limits
from homing.personalization.candidates import candidates

NONE = np.zeros(0, dtype=np.int64)


def market(*fields):
    return snapshot_of([Property(f"h{n}", n, n, dict(row)) for n, row in enumerate(fields)])


def names(found, homes):
    return [homes.ids.ids[row] for row in found.rows]


def test_homes_not_on_the_market_are_left_out_and_counted():
    homes = market({"ListPrice": 5.0}, {"StandardStatus": "Pending"}, {"StandardStatus": "Closed"})
    found = candidates(homes, None, dismissed=NONE, seen=NONE)
    assert names(found, homes) == ["h0"]
    assert found.removed == {"not_active": 2}


def test_a_price_limit_is_hard_and_an_unknown_price_does_not_pass_it():
    homes = market({"ListPrice": 500_000.0}, {"ListPrice": 500_000.01}, {})
    found = candidates(homes, Limits(price_max=500_000.0), dismissed=NONE, seen=NONE)
    assert names(found, homes) == ["h0"]
    assert found.removed == {"over_budget": 2}


def test_without_limits_a_home_of_which_nothing_is_known_may_be_shown():
    homes = market({})
    assert names(candidates(homes, None, dismissed=NONE, seen=NONE), homes) == ["h0"]


def test_bedrooms_areas_and_types_are_hard_whatever_the_case_of_their_names():
    rows = [
        {"BedroomsTotal": 3.0, "City": "Kent", "PropertySubType": "Townhouse"},
        {"BedroomsTotal": 2.0, "City": "Kent", "PropertySubType": "Townhouse"},
        {"BedroomsTotal": 3.0, "City": "Renton", "PropertySubType": "Townhouse"},
        {"BedroomsTotal": 3.0, "PostalCode": "98101", "PropertySubType": "Condominium"},
    ]
    homes = market(*rows)
    limits = Limits(bedrooms_min=3, areas=("KENT", "98101"), types=("townhouse",))
    found = candidates(homes, limits, dismissed=NONE, seen=NONE)
    assert names(found, homes) == ["h0"]
    assert found.removed == {"too_few_bedrooms": 1, "other_area": 1, "other_type": 1}


def test_each_home_is_counted_once_under_the_first_test_it_fails():
    homes = market({"StandardStatus": "Closed", "ListPrice": 9.0}, {"ListPrice": 9.0}, {"ListPrice": 1.0})
    rows = np.array([0, 1], dtype=np.int64)
    found = candidates(homes, Limits(price_max=2.0), dismissed=rows, seen=rows)
    assert found.removed == {"not_active": 1, "over_budget": 1}
    assert sum(found.removed.values()) + len(found.rows) == len(homes)


def test_among_restricts_to_the_homes_given():
    homes = market({}, {}, {})
    found = candidates(homes, None, dismissed=NONE, seen=NONE, among=np.array([2], dtype=np.int64))
    assert names(found, homes) == ["h2"]
    assert not found.removed
