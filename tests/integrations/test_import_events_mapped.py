"""Events of a CSV in anybody's layout, by a mapping file."""

from __future__ import annotations

import json
from pathlib import Path

import polars
import pytest

from homing.core.clock import format_moment
from homing.core.errors import BadInput
from homing.services.import_events import ImportEvents
from homing.store.events import EventQuery

HEADER = "When,Action,Contact,MLS,Seconds,Mobile,Why\n"
MAP = """
[columns]
timestamp = "When"
event_type = "Action"
lead_id = "Contact"
property_id = "MLS"
event_data.view_duration_seconds = "Seconds"
"event_data.reason" = "Why"

[constants]
source_channel = "idx"

[event_types]
"Viewed Listing" = "property_view"
"Passed" = "property_dislike"
"Chat opened" = "custom"

[timestamps]
format = "%m/%d/%Y %I:%M %p"
time_zone = "America/Los_Angeles"
"""


@pytest.fixture
def run(events, write):
    def imported(content, mapping=MAP, name="crm.csv", how="auto"):
        path = name if not isinstance(name, str) else write(name, content)
        return ImportEvents(events)(path, how, mapping=write("map.toml", mapping))

    return imported


def counts(report):
    return report.read, report.stored, report.duplicates, [refused.row for refused in report.refused]


def all_of(events):
    return events.select("default", EventQuery())


def test_columns_constants_types_and_moments_are_as_the_map_says(events, run):
    report = run(HEADER + "05/01/2026 01:30 PM,viewed  listing,c1,h1,41.5,x,\n")
    assert counts(report) == (1, 1, 0, [])
    [event] = all_of(events)
    told = (event.event_type.value, event.lead_id, event.property_id, event.source_channel, dict(event.event_data))
    assert told == ("property_view", "c1", "h1", "idx", {"view_duration_seconds": 41.5})
    assert format_moment(event.at) == "2026-05-01T20:30:00Z"


def test_it_is_the_very_event_that_our_own_format_brings(events, run, write):
    run(HEADER + "05/01/2026 01:30 PM,Viewed Listing,c1,h1,41.5,,\n")
    own = {
        "event_type": "property_view", "timestamp": "2026-05-01T20:30:00Z", "lead_id": "c1", "property_id": "h1",
        "source_channel": "idx", "event_data": {"view_duration_seconds": 41.5},
    }  # fmt: skip
    assert counts(ImportEvents(events)(write("own.jsonl", [own]))) == (1, 0, 1, [])


def test_a_file_read_again_adds_nothing(events, run):
    rows = HEADER + "05/01/2026 01:30 PM,Viewed Listing,c1,h1,41,,\n05/01/2026 01:31 PM,Passed,c1,h1,,,location\n"
    assert counts(run(rows)) == (2, 2, 0, [])
    assert counts(run(rows)) == (2, 0, 2, [])
    assert {event.event_data.get("reason") for event in all_of(events)} == {None, "location"}


def test_what_becomes_custom_keeps_its_name_and_our_own_types_need_no_entry(events, run):
    run(HEADER + "05/01/2026 01:30 PM,Chat opened,c1,,,,\n05/01/2026 01:31 PM,page_view,c1,,,,\n")
    assert [(event.event_type.value, event.event_data.get("name")) for event in all_of(events)] == [
        ("custom", "Chat opened"), ("page_view", None),
    ]  # fmt: skip


def test_a_star_stands_for_every_other_type(events, run):
    run(HEADER + "05/01/2026 01:30 PM,Danced,c1,,,,\n", MAP.replace("[event_types]", '[event_types]\n"*" = "custom"'))
    [event] = all_of(events)
    assert event.event_data["name"] == "Danced"


def test_a_bad_row_is_named_by_its_line_with_all_its_faults(events, run):
    report = run(
        HEADER
        + "05/01/2026 01:30 PM,Viewed Listing,c1,h1,41,,\n"
        + "tomorrow,Danced,c1,h1,,,\n"
        + "05/01/2026 01:30 PM,Viewed Listing,c1,,much,,\n"
        + "03/08/2026 02:30 AM,Viewed Listing,c1,h1,,,\n"
    )
    assert counts(report) == (4, 1, 0, [3, 4, 5])
    third, fourth, fifth = (refused.why for refused in report.refused)
    assert "timestamp must be a moment of the form %m/%d/%Y %I:%M %p; got 'tomorrow'" in third
    assert "event_type must be named in [event_types] of the map" in third
    assert "event_data.view_duration_seconds must be a number" in fourth
    assert "property_id must be given for property_view" in fourth
    assert "timestamp must be a time that clocks showed in America/Los_Angeles" in fifth


@pytest.mark.parametrize(
    ("told", "written", "at"),
    [
        ('format = "unix"', "1777667400", "2026-05-01T20:30:00Z"),
        ('format = "unix"', "1777667400.25", "2026-05-01T20:30:00.250000Z"),
        ('format = "unix_ms"', "1777667400250", "2026-05-01T20:30:00.250000Z"),
        ('time_zone = "America/Los_Angeles"', "2026-05-01 13:30", "2026-05-01T20:30:00Z"),
        ('time_zone = "America/Los_Angeles"', "2026-05-01T13:30:00+02:00", "2026-05-01T11:30:00Z"),
        ('format = "%d.%m.%Y %H:%M:%S %z"', "01.05.2026 13:30:00 -0700", "2026-05-01T20:30:00Z"),
        ('format = "%d.%m.%Y"\ntime_zone = "UTC"', "01.05.2026", "2026-05-01T00:00:00Z"),
        ("", "2026-05-01T20:30:00Z", "2026-05-01T20:30:00Z"),
        # clocks showed this hour twice: the first
        ('time_zone = "America/Los_Angeles"', "2025-11-02 01:30", "2025-11-02T08:30:00Z"),
    ],
)
def test_moments_come_in_the_form_that_the_map_tells(events, run, told, written, at):
    mapping = (
        f'[columns]\ntimestamp = "When"\nlead_id = "Who"\n[constants]\nevent_type = "page_view"\n[timestamps]\n{told}'
    )
    assert counts(run(f"When,Who\n{written},c1\n", mapping)) == (1, 1, 0, [])
    [event] = all_of(events)
    assert format_moment(event.at) == at


def test_declared_values_are_read_as_what_they_are_and_others_stay_text(events, run):
    mapping = """
    [columns]
    event_data.property_details = "card"
    event_data.swipe_velocity = "speed"
    event_data.floor = "floor"
    [constants]
    event_type = "property_swipe"
    event_data.swipe_direction = "right"
    """
    rows = 'timestamp,lead_id,property_id,speed,floor,card\n2026-05-01T20:30:00Z,c1,h1,17,3,"{""beds"": 3}"\n'
    assert counts(run(rows, mapping)) == (1, 1, 0, [])
    [event] = all_of(events)
    assert event.event_data == {
        "property_details": {"beds": 3}, "swipe_velocity": 17, "floor": "3", "swipe_direction": "right",
    }  # fmt: skip


def test_a_column_of_json_text_and_columns_of_its_keys_go_together(events, run):
    mapping = '[columns]\nevent_data.page_source = "from"\n[constants]\nevent_type = "property_view"\n'
    rows = 'timestamp,lead_id,property_id,event_data,from\n2026-05-01T20:30:00Z,c1,h1,"{""referrer"": ""x""}",map\n'
    run(rows, mapping)
    [event] = all_of(events)
    assert event.event_data == {"referrer": "x", "page_source": "map"}


@pytest.mark.parametrize("name", ["crm.parquet", "crm.jsonl"])
def test_a_map_names_the_columns_of_other_files_too(events, run, tmp_path, name):
    rows = [{"When": 1_777_667_400, "Who": 17, "Seen": 8}]
    path = tmp_path / name
    if name == "crm.parquet":
        polars.DataFrame(rows).write_parquet(path)
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    mapping = (
        '[columns]\ntimestamp = "When"\nlead_id = "Who"\nproperty_id = "Seen"\n'
        '[constants]\nevent_type = "property_view"\n[timestamps]\nformat = "unix"\n'
    )
    assert counts(run(None, mapping, path)) == (1, 1, 0, [])
    [event] = all_of(events)
    assert (event.lead_id, event.property_id, format_moment(event.at)) == ("17", "8", "2026-05-01T20:30:00Z")


@pytest.mark.parametrize(
    ("mapping", "fault"),
    [
        ("columns", "map.toml must be TOML with a table [columns] such as lead_id"),
        ("[columns]\n", "map.toml.columns must be TOML with a table [columns]"),
        ('[column]\na = "b"', "must be TOML with a table [columns]"),
        (
            '[columns]\nlead = "Contact"',
            "columns.lead must be a field of an event, or event_data. and a key; got 'lead'",
        ),
        ("[columns]\nlead_id = 7", "columns.lead_id must be the name of a column; got 7"),
        ('[columns]\nlead_id = "Religion"', "columns.lead_id must name a column that may be used ("),
        ('[columns]\nlead_id = "Nobody"', "header must have the columns event_type, timestamp, Nobody; got"),
        ('[columns]\nlead_id = "Contact"', "header must have the columns event_type, timestamp; got"),
        ('[constants]\nevent_id = "e"\n[columns]\nlead_id = "Contact"', "constants.event_id must be a column"),
        (f'{MAP}\nzone = "x"', "timestamps.zone must be left out: the table has format and time_zone; got 'x'"),
        (MAP.replace("America/Los_Angeles", "Mars/Olympus"), "timestamps.time_zone must be an IANA time zone"),
        (MAP.replace('time_zone = "America/Los_Angeles"', ""), "timestamps.time_zone must be given"),
        (MAP.replace(" %p", ""), "timestamps.format must be unix, unix_ms, or a strptime format"),
        (MAP.replace("%m/%d/%Y", "%m/%d"), "timestamps.format must be"),
        (MAP.replace("%m/%d/%Y", "%Q"), "timestamps.format must be"),
        (MAP.replace('"property_view"', '"viewed"'), "event_types.Viewed Listing must be one of the event types"),
    ],
    ids=lambda text: text if "must" in text else "map",
)
def test_a_map_that_does_not_fit_is_refused_and_nothing_stored(events, run, mapping, fault):
    with pytest.raises(BadInput) as refused:
        run(HEADER + "05/01/2026 01:30 PM,Viewed Listing,c1,h1,41.5,,\n", mapping)
    assert fault in str(refused.value)
    assert all_of(events) == []


def test_all_faults_of_a_map_are_told_together(run):
    with pytest.raises(BadInput) as refused:
        run(HEADER, MAP.replace('"property_view"', '"viewed"').replace("America/Los_Angeles", "Mars/Olympus"))
    assert "event_types.Viewed Listing" in str(refused.value)
    assert "timestamps.time_zone" in str(refused.value)


def test_the_columns_of_reso_tracking_need_no_map(run):
    with pytest.raises(BadInput, match="format must be another than reso where a map names the columns; got reso"):
        run(HEADER, how="reso")


def test_the_map_in_the_documentation_is_one(events, run):
    page = (Path(__file__).parents[2] / "docs/how-to/import-your-data.md").read_text()
    mapping = page.partition("```toml\n")[2].partition("```")[0]
    rows = (
        "When,Action,Contact ID,MLS #,Seconds\n05/01/2026 01:30 PM,favorited,c1,h1,\n05/01/2026 01:31 PM,Danced,c1,,\n"
    )
    assert counts(run(rows, mapping)) == (2, 2, 0, [])
    assert [event.event_type.value for event in all_of(events)] == ["property_save", "custom"]
