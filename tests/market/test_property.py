from __future__ import annotations

import json
import math

import pytest

from homing.core.clock import parse_moment
from homing.core.errors import BadInput
from homing.market.attributes import ATTRIBUTES
from homing.market.property import property_from

NOW = parse_moment("2026-11-22T00:00:00Z")


def home(files=False, **fields):
    return property_from({"ListingKey": "h1", **fields}, now=NOW, files=files)


def faults(**fields) -> list[str]:
    with pytest.raises(BadInput) as caught:
        home(**fields)
    return [fault.where for fault in caught.value.faults]


def test_a_row_of_only_a_key_is_an_active_home():
    assert home().is_active
    assert home().fields == {}
    assert math.isnan(home().price)


@pytest.mark.parametrize("price", [0, -1, math.nan, math.inf, "12k", "nan", "1_000", True, [], 10**400])
def test_a_price_that_is_no_positive_finite_number_is_refused(price):
    assert faults(ListPrice=price) == ["ListPrice"]


def test_every_fault_of_a_row_is_named_at_once():
    assert faults(ListingKey="", ListPrice=-1, Latitude=91, WaterfrontYN="maybe", ModificationTimestamp="soon") == [
        "ListingKey", "ModificationTimestamp", "ListPrice", "Latitude", "WaterfrontYN",
    ]  # fmt: skip


@pytest.mark.parametrize("name", [name for name, row in ATTRIBUTES.items() if row.kind == "number"])
def test_every_number_is_taken_at_its_bounds_and_refused_beyond_them(name):
    row = ATTRIBUTES[name]
    assert home(**{name: row.high}).number(name) == row.high
    assert faults(**{name: row.high * 1.01 + 1}) == [name]
    lowest = row.low if math.isfinite(row.low) else row.above
    assert faults(**{name: lowest - 1}) == [name]


@pytest.mark.parametrize("name", [name for name, row in ATTRIBUTES.items() if row.kind != "number"])
def test_every_field_of_another_kind_refuses_an_object(name):
    assert faults(**{name: {"a": 1}}) == [name]


def test_whole_numbers_sent_as_floats_or_texts_are_whole_numbers():
    assert home(DaysOnMarket=12.0, BedroomsTotal="3").fields == {"DaysOnMarket": 12, "BedroomsTotal": 3}


def test_legacy_names_of_a_lookup_become_the_standard_ones():
    row = home(StandardStatus="ActiveUnderContract", View=["ParkGreenbelt"], PropertySubType="SINGLE FAMILY RESIDENCE")
    assert (row.status, row.fields["View"], row.text("PropertySubType")) == (
        "Active Under Contract", ["Park/Greenbelt"], "Single Family Residence",
    )  # fmt: skip


def test_a_lookup_value_nobody_knows_is_kept_and_is_not_active():
    assert home(StandardStatus="Sold").status == "Sold"
    assert not home(StandardStatus="Sold").is_active


def test_a_list_joined_by_commas_is_a_list():
    assert home(InteriorFeatures="Breakfast Bar, Interior Steps").fields["InteriorFeatures"] == [
        "Breakfast Bar", "Interior Steps",
    ]  # fmt: skip


def test_free_text_in_a_date_is_dropped():
    assert home(CloseDate="TBD", PriceChangeTimestamp="n/a").fields == {}


def test_nulls_blanks_and_transport_keys_say_nothing():
    assert home(**{"@odata.id": "x", "ListPrice": None, "City": "", "LotSizeAcres": ""}).fields == {}


def test_fields_nobody_knows_are_kept_as_they_came():
    assert home(ACT_LocalFlag=True, Rooms=[{"RoomKey": "r"}]).fields == {
        "ACT_LocalFlag": True,
        "Rooms": [{"RoomKey": "r"}],
    }


@pytest.mark.parametrize(
    "text",
    ["2026-06-01T10:00:00", "2026-06-01T10:00:00Z", "2026-06-01T12:00:00.000+02:00", "2026-06-01T10:00:00.0000000Z"],
)
def test_a_version_holds_from_its_modification_and_a_moment_without_zone_is_utc(text):
    assert home(ModificationTimestamp=text).at == parse_moment("2026-06-01T10:00:00Z")


def test_a_version_from_a_file_was_known_when_it_began_and_one_from_elsewhere_when_it_came():
    row = {"ModificationTimestamp": "2026-06-01T10:00:00Z"}
    assert (home(**row, files=True).known_at, home(**row).known_at) == (parse_moment("2026-06-01T10:00:00Z"), NOW)


def test_a_row_that_may_no_longer_be_viewed_is_deleted():
    assert home(MlgCanView=False).status == "Delete"


def test_a_home_written_as_a_row_reads_back_as_itself():
    first = home(ListPrice=599000, City="Kent", ModificationTimestamp="2026-06-01T10:00:00.123456Z")
    again = property_from(json.loads(json.dumps(first.row())), now=NOW)
    assert again == first


def test_where_is_put_before_every_fault():
    with pytest.raises(
        BadInput, match=r"rows\[3\].ListPrice must be a finite number of USD above 0, up to 1e\+12; got -1"
    ):
        property_from({"ListingKey": "h", "ListPrice": -1}, now=NOW, where="rows[3]")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_a_moment_that_could_not_be_told_again_is_refused_or_dropped(moment):
    assert faults(ModificationTimestamp=moment) == ["ModificationTimestamp"]
    assert "OnMarketTimestamp" not in home(OnMarketTimestamp=moment).fields


def test_a_number_in_place_of_a_text_is_its_digits_however_many():
    assert home(ListingId=10**400).text("ListingId") == f"{10**400}"
    assert home(PostalCode=98112.0).text("PostalCode") == "98112"
    assert faults(City=math.inf) == ["City"]


def test_a_field_nested_without_end_is_refused():
    deep: list[object] = []
    deep.append(deep)
    assert faults(Media=deep, Colour={"a": deep}) == ["Media", "Colour"]
    assert home(Media=[{"MediaURL": "x", "Tags": [["a"]]}]).fields["Media"]


def test_a_version_of_a_file_is_known_from_its_moment_but_never_before_it_was_read():
    assert [
        home(files=True, ModificationTimestamp=moment).known_at - NOW
        for moment in ("2026-11-21T23:59:59Z", "2026-11-22T00:00:01Z")
    ] == [-1_000_000, 0]
