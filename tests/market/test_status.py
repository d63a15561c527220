"""What each status of a listing means."""

from __future__ import annotations

import pytest

from homing.market.names import LOOKUPS
from homing.market.property import Property
from homing.market.status import STATUSES, UNKNOWN, status_of


def test_the_table_has_every_status_that_reso_names_and_no_other():
    assert set(STATUSES) == set(LOOKUPS["StandardStatus"].values())


@pytest.mark.parametrize("name", STATUSES)
def test_only_an_active_home_is_offered_unless_its_listing_says_more(name):
    assert Property("h", 0, 0, {"StandardStatus": name}).is_active == (name == "Active")


def test_a_home_that_comes_soon_is_offered_where_its_listing_says_that_it_may_be_displayed():
    soon = {"StandardStatus": "Coming Soon"}
    said = [status_of(soon).is_shown({"InternetEntireListingDisplayYN": flag}) for flag in (True, False, None)]
    assert said == [True, False, False]


def test_what_can_be_toured_is_on_the_market_and_what_is_over_is_neither():
    for status in STATUSES.values():
        assert status.on_market or not status.tourable
        assert not (status.terminal and (status.on_market or status.shown != "no"))


def test_a_status_that_nobody_knows_is_not_offered():
    assert status_of({"StandardStatus": "Half Sold"}) is UNKNOWN
    assert not Property("h", 0, 0, {"StandardStatus": "Half Sold"}).is_active


def test_a_home_that_says_nothing_of_its_status_is_active():
    assert status_of({}).name == status_of({"StandardStatus": None}).name == "Active"
