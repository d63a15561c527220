from __future__ import annotations

import csv
import gzip
import io
import json

import polars
import pytest
from cli_ground import MIDDAY, home, view

KC = (
    "id,date,price,bedrooms,bathrooms,sqft_living,sqft_lot,floors,waterfront,view,condition,grade,sqft_above,"
    "sqft_basement,yr_built,yr_renovated,zipcode,lat,long,sqft_living15,sqft_lot15\n"
    "7129300520,2014-10-13,221900,3,2.25,1180,5650,1.0,false,0,3,7,1180,0,1955,0,98178,47.5112,-122.257,1340,5650\n"
)


def counted(said, *names):
    document = said.json
    return said.code, *(document[name] for name in names), [row["row"] for row in document["refused"]]


def rows(said):
    return counted(said, "read", "created", "updated", "unchanged")


def events(said):
    return counted(said, "read", "stored", "duplicates", "suppressed")


def table(rows):
    text = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows(
        {name: json.dumps(value) if isinstance(value, dict) else value for name, value in row.items()} for row in rows
    )
    return text.getvalue()


HOMES = [home(1), {"ListPrice": 1}, home(2)]


@pytest.mark.parametrize(
    ("name", "content", "bad"),
    [
        ("homes.jsonl", HOMES, 2),
        ("homes.jsonl.gz", HOMES, 2),
        ("homes.json", json.dumps(HOMES), 2),
        ("homes.json.gz", json.dumps({"@odata.context": "x", "value": HOMES}), 2),
        ("homes.csv", table(HOMES), 3),
        ("homes.csv.gz", table(HOMES), 3),
    ],
)
def test_listings_come_in_every_format_and_a_bad_row_is_named_by_its_line(homing, write, name, content, bad):
    file = write(name, content)
    assert rows(homing("import", "listings", file)) == (0, 3, 2, 0, 0, [bad])
    assert rows(homing("import", "listings", file)) == (0, 3, 0, 0, 2, [bad])


def test_king_county_is_known_by_its_header(homing, write):
    file = write("sales.csv", KC)
    assert rows(homing("import", "listings", file)) == (0, 1, 1, 0, 0, [])
    assert homing("features", "7129300520-20141013", "--type", "property").code == 0
    assert rows(homing("import", "listings", file, "--format", "kc")) == (0, 1, 0, 0, 1, [])


def test_a_mapping_names_the_columns_of_any_csv(homing, write):
    mapping = write("map.toml", '[columns]\nListingKey = "MLS"\nListPrice = "Ask"\n[constants]\nCity = "Kent"\n')
    file = write("homes.csv", "MLS,Ask,Other\nm1,500000,x\nm2,lots,x\n")
    assert rows(homing("import", "listings", file, "--map", mapping)) == (0, 2, 1, 0, 0, [3])


def test_several_rows_of_one_listing_key_are_its_versions(homing, write):
    first, later = home(1), home(1, ListPrice=310_000, ModificationTimestamp="2026-02-01T00:00:00Z")
    file = write("homes.jsonl", [later, first, first])
    assert rows(homing("import", "listings", file)) == (0, 3, 1, 1, 1, [])
    price = [
        homing("recommend", "nobody", "--as-of", at).json["items"][0]["home"]["ListPrice"]
        for at in ("2026-01-15T00:00:00Z", "2026-02-15T00:00:00Z")
    ]
    assert price == [307_000, 310_000]


def test_a_home_of_which_only_the_key_is_known_is_a_home(homing, write):
    assert rows(homing("import", "listings", write("homes.jsonl", [{"ListingKey": "h"}]))) == (0, 1, 1, 0, 0, [])


EVENTS = [view(event_data={"view_duration_seconds": 30}), view(at="soon"), view("lead-2", event_id="e2")]


@pytest.mark.parametrize(
    ("name", "content", "bad"),
    [
        ("events.jsonl", EVENTS, 2),
        ("events.jsonl.gz", EVENTS, 2),
        ("events.csv", table(EVENTS), 3),
        ("events.csv.gz", table(EVENTS), 3),
    ],
)
def test_events_come_in_every_format_and_a_repeated_file_adds_nothing(homing, write, name, content, bad):
    file = write(name, content)
    assert events(homing("import", "events", file)) == (0, 3, 2, 0, 0, [bad])
    assert events(homing("import", "events", file)) == (0, 3, 0, 2, 0, [bad])


def test_events_come_in_parquet(homing, tmp_path):
    file = tmp_path / "events.parquet"
    data = [json.dumps(row.get("event_data", {})) for row in EVENTS]
    columns = {name: [row[name] for row in EVENTS] for name in ("event_type", "timestamp", "lead_id", "property_id")}
    polars.DataFrame({**columns, "event_data": data}).write_parquet(file)
    assert events(homing("import", "events", file)) == (0, 3, 2, 0, 0, [2])


def test_reso_tracking_is_known_by_its_fields_and_keeps_foreign_types_as_custom(homing, write):
    tracking = {"EventKey": "e1", "EventType": "Detailed View", "EventTimestamp": MIDDAY, "ActorKey": "lead-1",
                "ObjectIdType": "ListingKey", "ObjectKey": "home-001"}  # fmt: skip
    file = write("tracking.jsonl", [tracking, {**tracking, "EventKey": "e2", "EventType": "Teleported"}])
    assert events(homing("import", "events", file)) == (0, 2, 2, 0, 0, [])
    numbers = homing("features", "lead-1", "--as-of", "2026-05-02T00:00:00Z").json
    assert (numbers["event_count"], numbers["numeric"]["property_view_count"]) == (2, 1)


def test_the_first_of_an_event_id_wins_whatever_comes_later(homing, write):
    file = write("events.jsonl", [view(event_id="e"), view(event_id="e", lead="lead-2")])
    assert events(homing("import", "events", file)) == (0, 2, 1, 1, 0, [])
    assert homing("features", "lead-2", "--as-of", "2026-05-02T00:00:00Z").json["event_count"] == 0


BAD = {
    "a zone that is missing": (view(at="2026-05-01T12:00:00"), "timestamp must be an RFC 3339 moment"),
    "a moment to come": (view(at="2999-01-01T00:00:00Z"), "timestamp must be at most 5 minutes after now"),
    "an unknown type": (view(event_type="ogled"), "event_type must be one of the event types"),
    "a home left out": ({**view(), "property_id": None}, "property_id must be given for property_view; got nothing"),
    "nobody": ({**view(), "lead_id": None}, "lead_id must be given (or anonymous_id)"),
    "an id without end": (view("x" * 10_000), "lead_id must be a text of 1 to 255 printable characters"),
    "an id with a zero byte": (view("a\0b"), "lead_id must be a text of 1 to 255 printable characters"),
    "a field that is none": (view(colour="red"), "colour must be left out"),
    "known before it was": (view(received_at="2026-04-01T00:00:00Z"), "received_at must be no earlier than timestamp"),
    "a number that is none": ('{"event_type": NaN}\n', "event_type must be one of the event types"),
    "no object": ("[1]\n", "row must be a JSON object; got [1]"),
    "no JSON": ("<html>\n", "row must be a JSON object"),
    "nested without end": (
        '{"event_data": ' + '{"a":' * 9_999 + "1" + "}" * 9_999 + "}\n",
        "row must be a JSON object",
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_event_is_refused_with_its_reason_and_the_good_one_stored(homing, write, what):
    row, why = BAD[what]
    said = homing("import", "events", write("events.jsonl", [row, view()]))
    assert events(said) == (0, 2, 1, 0, 0, [1])
    assert why in said.json["refused"][0]["why"]
    assert said.err.startswith("row 1: ")


def test_all_faults_of_a_row_are_told_together(homing, write):
    said = homing("import", "events", write("events.jsonl", [{"event_type": "x", "timestamp": 3, "lead_id": ""}]))
    why = said.json["refused"][0]["why"]
    assert all(f"{name} must" in why for name in ("event_type", "timestamp", "lead_id"))


@pytest.mark.parametrize("what", ["listings", "events", "leads", "agents"])
def test_when_every_row_is_refused_the_input_was_bad(homing, write, tmp_path, what):
    said = homing("import", what, write("rows.jsonl", ["{}\n", "{}\n"]))
    assert (said.code, said.json["read"], len(said.json["refused"])) == (2, 2, 2)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("what", ["listings", "events", "leads", "agents"])
@pytest.mark.parametrize("content", ["", "\n \n"])
def test_a_file_without_rows_is_no_bad_input(homing, write, tmp_path, what, content):
    said = homing("import", what, write("rows.jsonl", content))
    assert (said.code, said.json["read"], said.json["refused"]) == (0, 0, [])
    assert not (tmp_path / "data").exists()


def test_leads_and_agents_say_what_is_created_updated_and_unchanged(homing, write):
    lead = {
        "lead_id": "l1",
        "time_zone": "America/Denver",
        "limits": {"price_max": 600_000},
        "consent": {"sms": "granted"},
    }
    file = write(
        "leads.jsonl", [lead, {"lead_id": "l2", "time_zone": "Mars/Olympus"}, {"lead_id": "l3", "email": "a@b.example"}]
    )
    said = homing("import", "leads", file)
    assert rows(said) == (0, 3, 2, 0, 0, [2])
    assert said.json["dropped"] == {"email": 1}
    changed = write("more.jsonl", [{**lead, "stage": "touring"}, {"lead_id": "l3"}])
    assert rows(homing("import", "leads", changed)) == (0, 2, 0, 1, 1, [])
    agents = write(
        "agents.jsonl",
        [{"agent_id": "a1", "time_zone": "America/Denver", "capacity": 40}, {"agent_id": "a2", "capacity": "many"}],
    )
    assert rows(homing("import", "agents", agents)) == (0, 2, 1, 0, 0, [2])


GOOD = gzip.compress(b"".join(json.dumps(view(f"lead-{i}")).encode() + b"\n" for i in range(500)))
UNREADABLE = {
    "cut.jsonl.gz": GOOD[:-20],
    "damaged.jsonl.gz": GOOD[:-6] + b"abcdef",
    "plain.jsonl.gz": json.dumps(view()).encode(),
    "column.csv": b"event_type,lead_id\nproperty_view,l\n",
    "torn.json": b'[{"event_type": "page_view"},',
    "torn.parquet": b"PAR1 and no more",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_a_file_that_cannot_be_read_to_its_end_stores_nothing(homing, tmp_path, name):
    file = tmp_path / name
    file.write_bytes(UNREADABLE[name])
    said = homing("import", "events", file)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith(str(file))
    assert " must " in said.err
    assert "; got " in said.err
    assert not (tmp_path / "data").exists()


def test_a_mapping_names_the_columns_types_and_moments_of_any_csv_of_events(homing, write):
    mapping = write(
        "map.toml",
        '[columns]\ntimestamp = "When"\nevent_type = "Did"\nlead_id = "Who"\n[event_types]\nSurfed = "page_view"\n'
        '[timestamps]\nformat = "%d.%m.%Y %H:%M"\ntime_zone = "America/Denver"\n',
    )
    file = write("crm.csv", "When;Did;Who\n01.05.2026 13:30;Surfed;ann\n01.05.2026 13:31;Danced;ann\n")
    assert events(homing("import", "events", file, "--map", mapping)) == (0, 2, 1, 0, 0, [3])
    assert events(homing("import", "events", file, "--map", mapping)) == (0, 2, 0, 1, 0, [3])


def test_a_folder_or_nothing_is_no_file(homing, tmp_path):
    for path in (tmp_path, tmp_path / "missing.jsonl"):
        said = homing("import", "events", path)
        assert (said.code, said.err.count("\n")) == (2, 1)


@pytest.mark.parametrize(
    ("what", "options", "fault"),
    [
        ("events", ["--format", "xml"], "format: format must be one of auto, jsonl, csv, parquet, reso; got 'xml'"),
        ("listings", ["--format", "jsonl"], "format: format must be one of auto, reso, csv, kc; got 'jsonl'"),
        ("listings", ["--map", "missing.toml"], "missing.toml must be TOML"),
        ("events", ["--map", "missing.toml"], "missing.toml must be TOML"),
    ],
)
def test_an_option_that_means_nothing_is_refused(homing, write, what, options, fault):
    said = homing("import", what, write("rows.jsonl", [home(1)]), *options)
    assert said.code == 2
    assert fault in said.err


def test_refused_rows_beyond_twenty_are_counted(homing, write):
    said = homing("import", "events", write("events.jsonl", ["{}\n"] * 25))
    assert said.err.count("row ") == 20
    assert said.err.endswith("and 5 more rows refused\n")
    assert len(said.json["refused"]) == 25
