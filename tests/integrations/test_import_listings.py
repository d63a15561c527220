from __future__ import annotations

import json
from importlib.resources import files

import pytest

from homing.core.clock import DAY, parse_moment
from homing.core.errors import BadInput
from homing.market.catalogue import Catalogue
from homing.services.import_listings import ImportListings
from homing.services.import_report import Advance
from homing.store.listings import ListingStore

KING_COUNTY = files("homing") / "data" / "kc_house_data.csv.gz"
KC_HEADER = (
    "id,date,price,bedrooms,bathrooms,sqft_living,sqft_lot,floors,waterfront,view,condition,grade,sqft_above,"
    "sqft_basement,yr_built,yr_renovated,zipcode,lat,long,sqft_living15,sqft_lot15\n"
)
KC_ROW = (
    "7129300520,2014-10-13,221900,3,2.25,1180,5650,1.0,false,0,3,7,1180,0,1955,0,98178,47.5112,-122.257,1340,5650\n"
)
COMMON = {
    "@reso.context": "urn:reso:metadata:2.0:resource:property",
    "value": [
        {
            "@odata.id": "Property('K1')", "ListingKey": "K1", "ListingId": "1001",
            "StandardStatus": "ActiveUnderContract",
            "ListPrice": 350000.0, "BedroomsTotal": 3.0, "CloseDate": "TBD", "Zz_Local": True,
            "ModificationTimestamp": "2026-05-01T10:00:00",
        },
        {"ListingKey": "K2", "ListPrice": -4, "BedroomsTotal": "many"},
        {"ListPrice": 1},
    ],
}  # fmt: skip


@pytest.fixture
def run(catalogue):
    return ImportListings(catalogue)


def counts(report):
    return report.read, report.created, report.updated, report.unchanged, [refused.row for refused in report.refused]


def test_all_houses_of_king_county_come_in_and_a_second_time_nothing_changes(catalogue, run):
    assert counts(run(KING_COUNTY)) == (21_613, 21_613, 0, 0, [])
    market = catalogue.snapshot()
    assert len(market) == int(market.active.sum()) == 21_613
    assert market.numbers["BedroomsTotal"].max() == 33
    assert counts(run(KING_COUNTY)) == (21_613, 0, 0, 21_613, [])


def test_a_king_county_sale_is_a_listing_at_its_price(catalogue, write):
    now = parse_moment("2026-11-22T00:00:00Z")
    ImportListings(catalogue, clock=lambda: now)(write("kc.csv", KC_HEADER + KC_ROW))
    home = catalogue.get("7129300520-20141013")
    assert (home.price, home.number("BathroomsTotalDecimal"), home.number("BathroomsTotalInteger")) == (
        221_900,
        2.25,
        3,
    )
    assert (home.fields["CloseDate"], home.status, home.at, home.text("PostalCode")) == (
        "2014-10-13",
        "Active",
        now,
        "98178",
    )
    assert (home.number("WaterfrontYN"), home.number("KC_Grade"), "YearRenovated" in home.fields) == (0, 7, False)


def test_a_king_county_file_without_one_of_its_columns_stores_nothing(run, write):
    with pytest.raises(BadInput, match="grade"):
        run(write("kc.csv", KC_HEADER.replace("grade", "great") + KC_ROW), "kc")


def test_bad_sales_are_refused_by_line(run, write):
    bad = KC_ROW.replace("2014-10-13", "soon") + KC_ROW.replace("221900", "-1") + KC_ROW.replace("7129300520", "")
    assert counts(run(write("kc.csv", KC_HEADER + bad + KC_ROW))) == (4, 1, 0, 0, [2, 3, 4])


def test_the_common_format_comes_in_with_its_quirks(catalogue, run, write):
    report = run(write("reso.json", json.dumps(COMMON)))
    assert counts(report) == (3, 1, 0, 0, [2, 3])
    assert report.refused[0].why == (
        "ListPrice must be a finite number of USD above 0, up to 1e+12; got -4; "
        "BedroomsTotal must be a finite number of bedrooms from 0, up to 999; got 'many'"
    )
    home = catalogue.get("K1")
    assert (home.status, home.price, home.at) == (
        "Active Under Contract",
        350_000,
        parse_moment("2026-05-01T10:00:00Z"),
    )
    assert "CloseDate" not in home.fields
    assert home.fields["Zz_Local"] is True


def test_rows_of_one_key_are_its_versions_and_the_past_is_as_it_was(catalogue, run, write):
    lines = [
        {"ListingKey": "a", "ListPrice": 500000, "ModificationTimestamp": "2026-05-01T00:00:00Z"},
        {"ListingKey": "a", "ListPrice": 450000, "ModificationTimestamp": "2026-06-01T00:00:00Z"},
        {"ListingKey": "a", "StandardStatus": "Closed", "ModificationTimestamp": "2026-07-01T00:00:00Z"},
    ]
    assert counts(run(write("homes.jsonl", lines))) == (3, 1, 2, 0, [])
    may, june = (parse_moment(f"2026-0{month}-15T00:00:00Z") for month in (5, 6))
    assert [catalogue.get("a", at).price for at in (may, june)] == [500_000, 450_000]
    assert not catalogue.snapshot().active.any()
    assert catalogue.snapshot(june).active.all()
    assert len(catalogue.snapshot(may - 30 * DAY)) == 0


def test_a_csv_with_reso_headers_comes_in(catalogue, run, write):
    path = write(
        "homes.csv", 'ListingKey,ListPrice,City,WaterfrontYN,View\na,500000,Kent,true,"Lake, Park/Greenbelt"\nb,,,,\n'
    )
    assert counts(run(path)) == (2, 2, 0, 0, [])
    assert catalogue.get("a").fields == {
        "ListPrice": 500000, "City": "Kent", "WaterfrontYN": True, "View": ["Lake", "Park/Greenbelt"],
    }  # fmt: skip


def test_any_csv_comes_in_with_a_mapping(catalogue, run, write):
    mapping = write("map.toml", '[columns]\nListingKey = "nr"\nListPrice = "asking"\n[constants]\nCity = "Kent"\n')
    path = write("homes.csv.gz", "nr;asking;BedroomsTotal;colour\n7;500000;3;red\n8;cheap;2;blue\n")
    assert counts(run(path, mapping=mapping)) == (2, 1, 0, 0, [3])
    assert catalogue.get("7").fields == {"ListPrice": 500000, "BedroomsTotal": 3, "City": "Kent"}


@pytest.mark.parametrize(
    ("mapping", "fault"),
    [
        ("not toml", "be TOML"),
        ("[rows]\na = 1", "be TOML"),
        ('[columns]\nPrice = "asking"', "be a RESO field"),
        ("[columns]\nListPrice = 3", "be the name of a column"),
        ('[columns]\nListingKey = "nr"\nCity = "town"', "have the columns town"),
        ('[columns]\nListPrice = "asking"', "have the columns ListingKey"),
    ],
)
def test_a_mapping_that_does_not_fit_is_refused_and_nothing_stored(catalogue, run, write, mapping, fault):
    with pytest.raises(BadInput, match=fault):
        run(write("homes.csv", "nr,asking\n7,5\n"), mapping=write("map.toml", mapping))
    assert catalogue.revision() == 0


@pytest.mark.parametrize(
    ("name", "content"), [("homes.csv", "Key,ListPrice\na,5\n"), ("homes.json", '[{"ListingKey": "a"},')]
)
def test_a_file_that_cannot_be_read_stores_nothing(catalogue, run, write, name, content):
    with pytest.raises(BadInput):
        run(write(name, content))
    assert catalogue.revision() == 0


@pytest.mark.parametrize(
    ("lines", "good"),
    [
        ([], True),
        ([{"ListingKey": "a"}, {"x": 1}], True),
        ([{"x": 1}], False),
        (["nonsense\n"], False),
    ],
)
def test_an_import_succeeded_if_any_row_was_good_or_there_was_none(run, write, lines, good):
    assert run(write("homes.jsonl", lines)).any_good is good


def test_unchanged_rows_are_good(run, write):
    path = write("homes.jsonl", [{"ListingKey": "a", "ListPrice": 5}])
    run(path)
    assert counts(run(path)) == (1, 0, 0, 1, [])
    assert run(path).any_good


def test_an_unknown_format_is_refused(run, write):
    with pytest.raises(BadInput, match="auto, reso, csv, kc"):
        run(write("homes.jsonl", []), "xml")


def test_imports_of_tenants_stay_apart(database, write):
    path = write("homes.jsonl", [{"ListingKey": "a"}])
    ImportListings(Catalogue(ListingStore(database), "mine"))(path)
    assert Catalogue(ListingStore(database), "yours").get("a") is None


def test_progress_ends_at_the_end_of_the_file(run, write):
    seen: list[Advance] = []
    run(write("homes.jsonl.gz", [{"x": number} for number in range(22_000)]), progress=seen.append)
    assert [advance.rows for advance in seen] == [10_000, 20_000, 22_000]
    assert [advance.bytes_read for advance in seen] == sorted(advance.bytes_read for advance in seen)
    assert seen[-1].bytes_read == seen[-1].bytes_total
