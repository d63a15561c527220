from __future__ import annotations

import csv
import io
import json

import polars
import pytest

from homing.core.errors import BadInput
from homing.event_types import EventType, by_foreign_name
from homing.integrations.reso_tracking import event_row
from homing.services.import_events import ImportEvents
from homing.services.import_listings import ImportListings
from homing.store.events import EventQuery

VIEW = {
    "event_id": "e1", "event_type": "property_view", "timestamp": "2026-05-01T12:00:00Z", "lead_id": "l1",
    "property_id": "h1", "event_data": {"view_duration_seconds": 30, "page_source": "search, results"},
}  # fmt: skip
SOLD = {
    "event_id": "e2", "event_type": "offer_made", "timestamp": "2026-05-02T12:00:00+02:00", "lead_id": "l1",
    "property_id": "h1", "outcome": "accepted", "outcome_value": 500000.5, "received_at": "2026-05-03T00:00:00Z",
}  # fmt: skip
TRACKING = {
    "EventKey": "t1", "EventType": "Detailed View", "EventTimestamp": "2026-01-02T03:04:05.678Z",
    "EventReportedTimestamp": "2026-01-02T03:04:06Z", "EventSource": "List", "ActorType": "Consumer", "ActorKey": "c1",
    "ActorEmail": "c@example.com", "ActorPhone": "206", "ActorIP": "10.0.0.1", "ActorLatitude": 47.5,
    "ActorPostalCode": "98112", "SessionID": "s1", "ObjectType": "Listing", "ObjectIdType": "ListingKey",
    "ObjectKey": "K1", "ObjectID": "1001", "DeviceType": "Mobile", "ReferringURL": "https://x.example/p?email=c",
}  # fmt: skip


@pytest.fixture
def run(events, catalogue):
    return ImportEvents(events, catalogue=catalogue)


def counts(report):
    return report.read, report.stored, report.duplicates, [refused.row for refused in report.refused]


def all_of(events):
    return events.select("default", EventQuery())


def as_csv(rows):
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows([{name: json.dumps(v) if name == "event_data" else v for name, v in row.items()} for row in rows])
    return out.getvalue()


def as_parquet(rows):
    texts = [row | {"event_data": json.dumps(row.get("event_data", {}))} for row in rows]
    out = io.BytesIO()
    polars.DataFrame(texts, infer_schema_length=None).write_parquet(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "name", ["events.jsonl", "events.jsonl.gz", "events.csv", "events.csv.gz", "events.parquet", "events.json"]
)
def test_the_same_events_come_in_from_every_layout(run, events, write, name):
    rows = [VIEW, SOLD]
    content = as_csv(rows) if "csv" in name else as_parquet(rows) if "parquet" in name else rows
    if name == "events.json":
        content = json.dumps(rows)
    assert counts(run(write(name, content))) == (2, 2, 0, [])
    view, sold = all_of(events)
    assert view.event_data == VIEW["event_data"]
    assert (sold.outcome, sold.outcome_value, sold.received_at.isoformat()) == (
        "accepted", 500000.5, "2026-05-03T00:00:00+00:00",
    )  # fmt: skip


def test_events_without_an_id_are_the_same_events_in_every_layout(run, write):
    rows = [{name: value for name, value in VIEW.items() if name != "event_id"}]
    assert counts(run(write("events.jsonl", rows)))[:3] == (1, 1, 0)
    assert counts(run(write("events.csv", as_csv(rows))))[:3] == (1, 0, 1)
    assert counts(run(write("events.parquet", as_parquet(rows))))[:3] == (1, 0, 1)


def test_bad_rows_are_refused_by_line_and_the_others_stored(run, write):
    lines = [VIEW, "\n", {**VIEW, "event_id": "e9", "event_type": "teleport"}, "{\n", {**VIEW, "event_id": "e3"}]
    assert counts(run(write("events.jsonl", lines))) == (4, 2, 0, [3, 4])


def test_bad_cells_of_a_csv_are_refused_by_line(run, write):
    content = as_csv([SOLD, SOLD, SOLD | {"event_data": {}}]).replace("500000.5", "much", 1).replace("{}", "{oops", 1)
    assert counts(run(write("events.csv", content))) == (3, 1, 0, [2, 4])


def test_a_csv_without_event_type_is_refused_as_a_whole(run, write):
    with pytest.raises(BadInput, match="have the columns event_type"):
        run(write("events.csv", "timestamp,lead_id\n2026-05-01T12:00:00Z,l\n"))


@pytest.mark.parametrize(("lines", "good"), [([], True), ([VIEW, VIEW], True), (["x\n"], False)])
def test_an_import_succeeded_if_any_row_was_good_or_there_was_none(run, write, lines, good):
    assert run(write("events.jsonl", lines)).any_good is good


def test_a_file_of_duplicates_succeeded(run, write):
    path = write("events.jsonl", [VIEW])
    run(path)
    assert counts(run(path)) == (1, 0, 1, [])
    assert run(path).any_good


@pytest.mark.parametrize("content", [{"value": [TRACKING]}, [TRACKING]])
@pytest.mark.parametrize("how", ["auto", "reso"])
def test_reso_tracking_comes_in_without_what_says_who_it_was(run, events, write, content, how):
    assert counts(run(write("tracking.json", json.dumps(content)), how)) == (1, 1, 0, [])
    (event,) = all_of(events)
    assert (event.event_id, event.event_type, event.lead_id) == ("t1", EventType.PROPERTY_VIEW, "c1")
    assert (event.property_id, event.session_id, event.device_type) == ("K1", "s1", "mobile")
    assert event.event_data == {"event_source": "List", "object_type": "Listing", "referrer": "https://x.example/p"}
    assert event.received_at.isoformat() == "2026-01-02T03:04:06+00:00"


@pytest.mark.parametrize(("name", "kind"), by_foreign_name("reso").items())
@pytest.mark.parametrize("spelling", [str, lambda name: "".join(word[0].upper() + word[1:] for word in name.split())])
def test_every_reso_name_is_known_in_both_spellings(name, kind, spelling):
    assert event_row({**TRACKING, "EventType": spelling(name)})["event_type"] == kind.value


def test_a_type_nobody_knows_is_custom_under_its_name(run, events, write):
    run(write("tracking.json", json.dumps([{**TRACKING, "EventType": "Sign In", "ObjectKey": None, "ObjectID": None}])))
    (event,) = all_of(events)
    assert (event.event_type, event.event_data["name"]) == (EventType.CUSTOM, "Sign In")


def test_a_home_event_without_a_home_is_custom_under_its_name():
    row = event_row({**TRACKING, "ObjectType": "SavedSearch", "ObjectIdType": "SavedSearchKey"})
    assert (row["event_type"], row["event_data"]["name"]) == ("custom", "Detailed View")
    assert "property_id" not in row


def test_a_listing_number_is_turned_into_the_key_of_a_home_we_know(run, events, catalogue, write):
    ImportListings(catalogue)(write("homes.jsonl", [{"ListingKey": "K1", "ListingId": "1001"}]))
    known = {**TRACKING, "ObjectIdType": "ListingId", "ObjectKey": None}
    run(write("tracking.json", json.dumps([known, {**known, "EventKey": "t2", "ObjectID": "1002"}])))
    assert [event.property_id for event in all_of(events)] == ["K1", "1002"]


def test_what_an_agent_did_is_the_agents_own(run, events, write):
    run(write("tracking.json", json.dumps([{**TRACKING, "ActorType": "Agent"}])))
    (event,) = all_of(events)
    assert (event.event_type, event.agent_id, event.lead_id) == (EventType.AGENT_ACTION, "c1", None)
    assert event.event_data["action_type"] == "Detailed View"


def test_bots_and_nobodies_are_refused(run, write):
    rows = [{**TRACKING, "ActorType": "Bot"}, {**TRACKING, "ActorKey": None, "SessionID": None}]
    assert counts(run(write("tracking.json", json.dumps(rows)))) == (2, 0, 0, [1, 2])


@pytest.mark.parametrize(
    ("target", "method"), [("Email", "email"), ("SMS", "sms"), ("Facebook Messenger", "social"), ("Agent", "other")]
)
def test_where_something_was_shared_to_is_kept(target, method):
    row = event_row({**TRACKING, "EventType": "Share", "EventTarget": target})
    assert row["event_data"]["share_method"] == method


def test_a_report_before_the_event_is_a_wrong_clock_and_left_out():
    assert "received_at" not in event_row({**TRACKING, "EventReportedTimestamp": "2025-01-01T00:00:00Z"})


def test_reso_ids_that_are_numbers_are_texts(run, events, write):
    row = {
        **TRACKING,
        "EventKey": 7,
        "ActorKey": None,
        "ActorID": 12345,
        "ObjectKey": None,
        "ObjectID": 777,
        "SessionID": 9,
    }
    assert counts(run(write("tracking.jsonl", [row]))) == (1, 1, 0, [])
    [event] = all_of(events)
    assert (event.event_id, event.lead_id, event.property_id, event.session_id) == ("7", "12345", "777", "9")


def test_of_a_reso_actor_without_an_id_the_session_is_the_visitor(run, events, write):
    nobody = {name: value for name, value in TRACKING.items() if name != "ActorKey"}
    report = run(write("tracking.json", json.dumps({"value": [nobody, {**nobody, "SessionID": None}]})))
    assert counts(report) == (2, 1, 0, [2])
    [event] = all_of(events)
    assert (event.lead_id, event.anonymous_id, event.session_id) == (None, "s1", "s1")


@pytest.mark.parametrize("name", [None, "", 7])
def test_a_reso_event_without_a_type_is_refused(run, events, write, name):
    report = run(write("tracking.jsonl", [TRACKING, {**TRACKING, "EventKey": "t2", "EventType": name}]))
    assert counts(report) == (2, 1, 0, [2])
    assert report.refused[0].why.startswith("EventType must be the name of what was done, such as Detailed View; got")


@pytest.mark.parametrize("form", ["lines", "array", "value"])
def test_the_shapes_of_reso_tracking_say_the_same_and_a_new_name_is_custom(run, events, write, form):
    rows = [TRACKING, {**TRACKING, "EventKey": "t2", "EventType": "Held Up To The Light"}]
    content = {"lines": rows, "array": json.dumps(rows), "value": json.dumps({"@odata.context": "x", "value": rows})}[
        form
    ]
    assert counts(run(write(f"tracking.{'jsonl' if form == 'lines' else 'json'}", content), "reso")) == (2, 2, 0, [])
    found = {event.event_id: event for event in all_of(events)}
    assert (found["t2"].event_type, found["t2"].event_data["name"]) == (EventType.CUSTOM, "Held Up To The Light")
