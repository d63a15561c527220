from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homing.market.property import Property
from homing.market.snapshot import MarketSnapshot, snapshot_of

FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "ListPrice": st.sampled_from([400, 500.5, 900]),
        "City": st.sampled_from(["Kent", "Auburn", "Seattle"]),
        "WaterfrontYN": st.booleans(),
        "StandardStatus": st.sampled_from(["Active", "Pending", "Canceled", "Delete"]),
        "LotSizeAcres": st.sampled_from([0.5, 2]),
        "OnMarketTimestamp": st.just("1970-01-01T00:00:03Z"),
        "ParcelNumber": st.sampled_from(["7", "8"]),
        "UnitNumber": st.sampled_from(["1", "2"]),
    },
)
HOMES = st.lists(
    st.tuples(st.sampled_from("abcde"), st.integers(0, 6), FIELDS).map(lambda x: (x[0], x[1], dict(x[2]))), max_size=12
)


def versions(rows: list[tuple[str, int, dict[str, object]]]) -> list[Property]:
    return [Property(name, at, at, fields, revision) for revision, (name, at, fields) in enumerate(rows, start=1)]


def facts(market: MarketSnapshot) -> dict[str, object]:
    """Everything a snapshot holds, in a form that compares."""
    rows = range(len(market))
    return {
        "ids": market.ids.ids,
        "revision": market.revision,
        "numbers": {name: [repr(value) for value in column.tolist()] for name, column in market.numbers.items()},
        "categories": {name: (found.codes.tolist(), found.labels.ids) for name, found in market.categories.items()},
        "active": market.active.tolist(),
        "moments": (market.listed_at.tolist(), market.updated_at.tolist()),
        "timeline": [
            repr(getattr(market, f"version_{name}").tolist()) for name in ("offsets", "at", "price", "status_active")
        ],
        "known": market.timeline.known_at.tolist(),
        "relisted": (market.relisted.now.tolist(), dict(market.relisted.before)),
        "kin": ({mark: set(homes) for mark, homes in market._kin.homes.items()}, market._kin.shared),
        "homes": [market.home(row) for row in rows],
        "pending": market.pending,
        "order": (list(market.numbers), list(market.categories)),
    }


@settings(max_examples=150)
@given(HOMES, st.integers(0, 12), st.sampled_from([None, 3]))
def test_replacing_some_homes_gives_what_building_anew_gives(rows, cut, upto):
    given_versions = versions(rows)
    step = snapshot_of(given_versions[:cut], upto=upto).replaced(given_versions[cut:], upto=upto)
    assert facts(step) == facts(snapshot_of(given_versions, upto=upto))


FORGOTTEN = [
    "ids",
    "revision",
    "numbers",
    "categories",
    "active",
    "listed_at",
    "updated_at",
    "timeline",
    "relisted",
    "pending",
    "_texts",
    "_kin",
]


@pytest.mark.parametrize("field", FORGOTTEN)
def test_a_replacement_that_forgets_a_field_is_found_out(field):
    """The mutants of the law above: each leaves one field as it was."""
    rows = [("b", 1, {"ListPrice": 400, "City": "Kent", "ParcelNumber": "7"})]
    rows += [("b", 2, {"StandardStatus": "Canceled", "City": "Auburn", "ParcelNumber": "7"})]
    rows += [("bb", 3, {"ParcelNumber": "7"})]
    rows += [("a", 0, {"ListPrice": 900}), ("c", 9, {})]
    old = snapshot_of(versions(rows[:1]), upto=3)
    whole = old.replaced(versions(rows)[1:], upto=3)
    mutant = replace(whole, **{field: getattr(old, field)})
    assert facts(whole) == facts(snapshot_of(versions(rows), upto=3))
    try:
        told = facts(mutant)
    except (IndexError, ValueError):
        return
    assert told != facts(whole)


@settings(max_examples=50)
@given(HOMES, st.integers(0, 12))
def test_pending_versions_come_into_force_when_their_moment_has_come(rows, cut):
    given_versions = versions(rows)
    early = snapshot_of(given_versions, upto=3)
    assert facts(early.replaced([], upto=6)) == facts(snapshot_of(given_versions, upto=6))


@settings(max_examples=50)
@given(HOMES, st.integers(0, 6))
def test_a_view_of_the_past_knows_nothing_of_later_versions(rows, as_of):
    early = [home for home in versions(rows) if home.at <= as_of]
    assert facts(snapshot_of(versions(rows), as_of=as_of, revision=0)) == facts(
        snapshot_of(early, as_of=as_of, revision=0)
    )


@settings(max_examples=50)
@given(HOMES)
def test_the_price_of_a_moment_is_that_of_the_version_in_force(rows):
    market = snapshot_of(versions(rows))
    for row, home in enumerate(market.ids.ids):
        prices = {at: fields.get("ListPrice", np.nan) for name, at, fields in rows if name == home}
        for at in range(8):
            begun = [moment for moment in prices if moment <= at] or [min(prices)]
            assert market.price_at([row], [at]).tolist() == pytest.approx([prices[max(begun)]], nan_ok=True)


def test_a_home_is_not_on_the_market_before_its_first_version():
    market = snapshot_of([Property("a", 10, 10, {})])
    assert market.timeline.active_at([0, 0, -1], [9, 10, 10]).tolist() == [False, True, False]


def test_an_unknown_row_has_no_price():
    assert np.isnan(snapshot_of([]).price_at([-1], [0])).all()


def test_a_late_version_known_later_is_not_seen_before_it_was_known():
    market = snapshot_of([Property("a", 10, 50, {"ListPrice": 1})], as_of=20)
    assert len(market) == 0


def test_nothing_in_a_snapshot_can_be_written():
    market = snapshot_of([Property("a", 10, 10, {"ListPrice": 1, "City": "Kent"})])
    arrays = [market.active, market.updated_at, market.numbers["ListPrice"], market.categories["City"].codes]
    arrays += [market.version_at, market.version_price, market.listed_at, market.version_offsets]
    assert not any(array.flags.writeable for array in arrays)
    with pytest.raises(TypeError):
        market.numbers["ListPrice"] = None


def test_areas_are_in_square_feet_whatever_the_feed_measures_in():
    fields = {"LivingArea": 100, "LivingAreaUnits": "Square Meters", "LotSizeArea": 2, "LotSizeUnits": "Acres"}
    market = snapshot_of([Property("a", 1, 1, fields)])
    assert market.numbers["LivingArea"][0] == pytest.approx(1076.39, abs=0.01)
    assert market.numbers["LotSizeSquareFeet"][0] == 87_120


def test_a_home_comes_on_the_market_on_the_day_its_listing_says():
    market = snapshot_of([Property("a", 99, 99, {"ListingContractDate": "1970-01-02"}), Property("b", 7, 7, {})])
    assert market.listed_at.tolist() == [86_400_000_000, 7]


def test_the_card_shows_the_first_photo_and_who_lists_the_home():
    media = [
        {"MediaURL": "https://x.example/2.jpg", "Order": "2"},
        {"MediaURL": "https://x.example/1.jpg", "Order": 1},
        {"MediaURL": "https://x.example/tour.mov", "Order": 0, "MediaCategory": "Branded Virtual Tour"},
    ]
    fields = {
        "Media": media,
        "ListOfficeName": "Elm Realty",
        "BathroomsFull": 2,
        "BathroomsHalf": 1,
        "LivingArea": 1710,
    }
    card = snapshot_of([Property("a", 0, 0, fields)]).card(0)
    assert (card["photo"], card["attribution"], card["baths"], card["area"]) == (
        "https://x.example/1.jpg", "Elm Realty", 2.5, 1710,
    )  # fmt: skip


@pytest.mark.parametrize("url", ["javascript:alert(1)", "see office", 7, " https://x.example"])
def test_what_is_no_web_address_is_not_shown_as_one(url):
    card = snapshot_of([Property("a", 0, 0, {"ListingURL": url, "Media": [{"MediaURL": url}]})]).card(0)
    assert (card["url"], card["photo"]) == (None, None)


def test_a_card_of_a_home_of_which_only_the_key_is_known_holds_nulls():
    card = snapshot_of([Property("a", 0, 0, {})]).card(0)
    assert card.pop("updated_at") == "1970-01-01T00:00:00Z"
    assert set(card.values()) == {None}


def test_an_address_that_may_not_be_shown_is_not():
    fields = {
        "UnparsedAddress": "12 Elm St",
        "City": "Kent",
        "StateOrProvince": "WA",
        "InternetAddressDisplayYN": False,
    }
    assert snapshot_of([Property("a", 0, 0, fields)]).card(0)["address"] == "Kent, WA"


@pytest.mark.parametrize("odd", [{"MediaCategory": ["Photo"]}, {"Order": 10**400}, {"Order": []}])
def test_odd_media_of_one_home_break_no_card(odd):
    odd = {"MediaURL": "https://x.example/odd.jpg"} | odd
    plain = {"MediaURL": "https://x.example/1.jpg", "Order": 1}
    home = Property("a", 0, 0, {"Media": [odd, plain]})
    assert snapshot_of([home]).card(0)["photo"] == plain["MediaURL"]
