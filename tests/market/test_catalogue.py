from __future__ import annotations

import random
from itertools import permutations

import pytest

from homing.core.clock import HOUR, MINUTE
from homing.market.catalogue import Catalogue, PutCounts
from homing.market.property import Property
from homing.store.listings import ListingStore
from homing.store.sqlite import SqliteDatabase

NOW = 1_000 * HOUR


class Now:
    """A clock that tests turn."""

    def __init__(self) -> None:
        self.at = NOW

    def __call__(self) -> int:
        return self.at


@pytest.fixture
def clock():
    return Now()


@pytest.fixture
def store(tmp_path):
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    yield ListingStore(database)
    database.close()


@pytest.fixture
def catalogue(store, clock):
    return Catalogue(store, clock=clock)


def version(name: str, at: int, **fields: object) -> Property:
    return Property(name, at, at, fields)


def test_the_first_version_creates_a_changed_one_updates_and_the_same_again_is_unchanged(catalogue):
    counts = catalogue.put([version("a", 1, ListPrice=5), version("a", 2, ListPrice=4), version("a", 3, ListPrice=4)])
    assert counts == PutCounts(created=1, updated=1, unchanged=1)


def test_the_same_rows_again_change_nothing_at_all(catalogue):
    rows = [version("a", 1, ListPrice=5), version("a", 2, ListPrice=4), version("a", 3, ListPrice=5)]
    catalogue.put(rows)
    before = catalogue.revision()
    assert catalogue.put(rows) == PutCounts(unchanged=3)
    assert catalogue.revision() == before


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_rows_of_one_batch_may_come_in_any_order(catalogue, order):
    rows = [version("a", 1, ListPrice=5), version("a", 2, ListPrice=4), version("a", 3, ListPrice=5)]
    catalogue.put([rows[index] for index in order])
    assert [catalogue.get("a", as_of=at).price for at in (1, 2, 3)] == [5, 4, 5]


def test_a_version_that_arrives_late_is_stored_in_its_place(catalogue):
    catalogue.put([version("a", 10, ListPrice=5)])
    assert catalogue.put([version("a", 5, ListPrice=7)]) == PutCounts(updated=1)
    assert (catalogue.get("a").price, catalogue.get("a", as_of=7).price) == (5, 7)


def test_another_version_of_the_same_moment_takes_its_place(catalogue):
    catalogue.put([version("a", 10, ListPrice=5)])
    assert catalogue.put([version("a", 10, ListPrice=6)]) == PutCounts(updated=1)
    assert (catalogue.get("a").price, len(catalogue.snapshot().version_at)) == (6, 1)


def test_tenants_do_not_see_each_other(store):
    mine, yours = Catalogue(store, "mine"), Catalogue(store, "yours")
    mine.put([version("a", 1, ListPrice=5, ListingId="7")])
    assert yours.get("a") is None
    assert (len(yours.snapshot()), yours.revision(), yours.changed_since(0), yours.property_ids_by_listing_id()) == (
        0, 0, [], {},
    )  # fmt: skip
    assert yours.delete("a") is False
    assert mine.property_ids_by_listing_id() == {"7": "a"}


def test_a_deleted_home_is_gone_now_and_still_there_in_the_past(catalogue):
    catalogue.put([version("a", 10, ListPrice=5)])
    assert catalogue.delete("a") is True
    assert (catalogue.get("a"), catalogue.delete("a")) == (None, False)
    assert catalogue.get("a", as_of=NOW - 1).price == 5
    assert catalogue.snapshot().active.tolist() == [False]


def test_a_deleted_home_can_be_listed_again(catalogue, clock):
    catalogue.put([version("a", 10, ListPrice=5)])
    catalogue.delete("a")
    clock.at += 1
    catalogue.put([version("a", clock.at, ListPrice=6)])
    assert catalogue.get("a").price == 6


def test_a_version_of_the_future_waits_for_its_moment(catalogue, clock):
    catalogue.put([version("a", 10, ListPrice=5), version("a", NOW + HOUR, ListPrice=4)])
    market = catalogue.snapshot()
    assert (market.numbers["ListPrice"].tolist(), catalogue.get("a").price) == ([5], 5)
    clock.at += HOUR
    assert (catalogue.refreshed(market).numbers["ListPrice"].tolist(), catalogue.get("a").price) == ([4], 4)


def test_a_feed_whose_clock_is_a_little_fast_is_seen_at_once(catalogue):
    catalogue.put([version("a", NOW + MINUTE, ListPrice=5)])
    assert catalogue.get("a").price == 5


def test_a_view_that_is_up_to_date_is_given_back_itself(catalogue):
    catalogue.put([version("a", 10, ListPrice=5)])
    market = catalogue.snapshot()
    assert catalogue.refreshed(market) is market


def test_a_refreshed_view_is_the_view_built_anew(catalogue):
    chance = random.Random(1)
    market = catalogue.snapshot()
    for at in range(1, 40):
        catalogue.put([version(chance.choice("abcdef"), chance.randrange(1, at + 1), ListPrice=chance.randrange(1, 5))])
        market = catalogue.refreshed(market)
        anew = catalogue.snapshot()
        assert market.revision == anew.revision == catalogue.revision()
        assert [market.home(row) for row in range(len(market))] == [anew.home(row) for row in range(len(anew))]
        assert market.version_price.tolist() == anew.version_price.tolist()


def test_reading_makes_no_database(tmp_path):
    path = tmp_path / "none" / "homing.sqlite3"
    catalogue = Catalogue(ListingStore(SqliteDatabase(path)))
    assert (len(catalogue.snapshot()), catalogue.get("a"), catalogue.put([])) == (0, None, PutCounts())
    assert not path.exists()


def test_a_deleted_home_with_versions_to_come_is_gone_now_and_does_not_come_back(catalogue, clock):
    catalogue.put([version("a", 1, ListPrice=5), *(version("a", NOW + hours * HOUR, ListPrice=4) for hours in (1, 2))])
    market = catalogue.snapshot()
    assert catalogue.delete("a")
    for hours in (0, 1, 2, 3):
        clock.at = NOW + hours * HOUR
        assert catalogue.get("a") is None
        assert not catalogue.refreshed(market).active.any()
    assert catalogue.get("a", as_of=NOW - 1) is not None


def test_a_view_made_from_another_database_is_made_anew(catalogue, tmp_path, clock):
    catalogue.put([version("a", 1, ListPrice=5), version("b", 1, ListPrice=5)])
    market = catalogue.snapshot()
    other = Catalogue(ListingStore(SqliteDatabase(tmp_path / "other.sqlite3")), clock=clock)
    other.put([version("c", 1, ListPrice=5)])
    assert other.refreshed(market).ids.ids == ("c",)


def test_what_became_known_later_is_not_told_of_the_past(catalogue):
    catalogue.put([Property("a", 1, 1, {"ListPrice": 5}), Property("a", 2, 9, {"ListPrice": 4})])
    assert [catalogue.get("a", as_of=at).price for at in (1, 5, 8, 9)] == [5, 5, 5, 4]


def test_a_clock_five_minutes_ahead_is_believed_and_no_more(catalogue):
    catalogue.put([version("a", NOW + 5 * MINUTE), version("b", NOW + 5 * MINUTE + 1)])
    assert (catalogue.get("a") is None, catalogue.get("b") is None) == (False, True)
    assert catalogue.snapshot().ids.ids == ("a",)
