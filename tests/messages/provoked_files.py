"""What is refused of files whose rows can be read, of mappings and of formats, by the sentence it brings."""

from __future__ import annotations

import gzip
import json
import os
from hashlib import sha256

from homing.integrations.files import open_rows

__all__ = ["TABLE"]

ACTS = '[columns]\ntimestamp = "when"\nevent_type = "did"\nlead_id = "who"\n'
KING = "id,date,price,bedrooms,bathrooms,sqft_living,sqft_lot,floors,waterfront,view,condition,grade,sqft_above," \
    "sqft_basement,yr_built,yr_renovated,zipcode,lat,long,sqft_living15,sqft_lot15\n"  # fmt: skip


def imported(what, name, content, *words):
    return lambda ground: ground.homing("import", what, ground.file(name, content), *words)


def mapped(text):
    def act(ground):
        file, mapping = ground.file("homes.csv", "nr,asking\n7,5\n"), ground.file("map.toml", text)
        return ground.homing("import", "listings", file, "--map", mapping)

    return act


def mapped_events(text, row="01.05.2026 13:30,page_view,ann,7"):
    def act(ground):
        file, mapping = ground.file("acts.csv", f"when,did,who,nr\n{row}\n"), ground.file("map.toml", text)
        return ground.homing("import", "events", file, "--map", mapping)

    return act


def king(row):
    return imported("listings", "sales.csv", KING + row + "," * (20 - row.count(",")) + "\n")


def changed(change):
    """What the rows of a file say that changes after it was checked."""

    def act(ground):
        path = ground.file("rows.jsonl", '{"a": 1}\n' * 3)
        file = open_rows(path)
        change(path)
        return list(file.rows())

    return act


def cut_while_read(ground):
    noise = [json.dumps({"a": sha256(f"{number}".encode()).hexdigest()}) for number in range(200_000)]
    path = ground.file("rows.jsonl.gz", gzip.compress("\n".join(noise).encode()))
    rows = open_rows(path).rows()
    next(rows)
    with path.open("rb+") as file:
        file.truncate(path.stat().st_size // 2)
    return list(rows)


def touched(path):
    status = path.stat()
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))


TABLE = {
    "format must be one of auto, jsonl, csv, parquet, reso; got 'xml'": imported("events", "e.jsonl", "", "--format", "xml"),
    "format must be one of auto, reso, csv, kc; got 'xml'": imported("listings", "h.jsonl", "", "--format", "xml"),
    "must be JSON lines, a JSON array or an object with value for the format reso; got csv": imported("listings", "h.csv", "a\n1\n", "--format", "reso"),
    "must be JSON lines or a JSON array; got csv": imported("leads", "l.csv", "lead_id\nl\n"),
    "row must have as many values as the header (2); got 3": imported("listings", "h.csv", "ListingKey,City\n1,2,3\n"),
    r"row must be UTF-8; got ['caf\udce9', '2']": imported("listings", "h.csv", b"ListingKey,City\ncaf\xe9,2\n"),
    "row must be CSV with every quote closed, and a quote inside quotes written twice; got the end of the file inside quotes": imported("listings", "h.csv", 'ListingKey\n"a\n'),
    "row must be CSV with every quote closed, and a quote inside quotes written twice; got ',' expected after '\"'": imported("listings", "h.csv", 'ListingKey\n"a"b"\n'),
    "got a value of more than 131,072 characters up to line": imported("listings", "h.csv", 'ListingKey,City\n"a\n' + "b\n" * 100_000),
    "row must be at most 4,000,000 bytes long; got more": imported("listings", "h.csv", "ListingKey\n" + "a" * 5_000_000 + "\n"),
    "event_data must be an object; got '{oops'": imported("events", "e.csv", "event_type,timestamp,event_data\npage_view,x,{oops\n"),
    "outcome_value must be a finite number; got 'much'": imported("events", "e.csv", "event_type,timestamp,outcome_value\npage_view,x,much\n"),
    "EventType must be the name of what was done, such as Detailed View; got nothing": imported("events", "e.jsonl", [{"EventType": None, "EventTimestamp": "2026-05-01T12:00:00Z", "ActorKey": "a", "EventKey": "e"}]),
    "ActorType must be a person; got 'Bot'": imported("events", "e.jsonl", [{"EventType": "View", "EventTimestamp": "2026-05-01T12:00:00Z", "ActorType": "Bot", "ActorKey": "a", "EventKey": "e"}]),
    "ListPrice must be a finite number of USD above 0, up to 1e+12; got nan": imported("listings", "h.jsonl", '{"ListingKey": "h", "ListPrice": NaN}'),
    "ListPrice must be a finite number of USD above 0, up to 1e+12; got inf": imported("listings", "h.jsonl", '{"ListingKey": "h", "ListPrice": 1e400}'),
    "id must be given; got nothing": king(",2014-10-13,cheap"),
    "date must be given; got nothing": king("1,,5"),
    "date must be a day such as 2014-10-13; got 'soon'": king("1,soon,5"),
    "be TOML with a table [columns]": mapped("no toml"),
    "and if wanted one [constants]; got {'rows'": mapped("[rows]\na = 1"),
    "columns.ListPrice must be the name of a column; got 3": mapped("[columns]\nListPrice = 3"),
    "columns.Price must be a RESO field that homing knows; got 'Price'": mapped('[columns]\nPrice = "asking"'),
    "columns.CommunityFeatures must name a column that may be used (crime figures); got 'Crime Rate'": mapped('[columns]\nListingKey = "nr"\nCommunityFeatures = "Crime Rate"'),
    "header must have the columns ListingKey, town; got 'nr, asking'": mapped('[columns]\nCity = "town"'),
    'such as lead_id = "contact", and if wanted [constants], [event_types] and [timestamps]; got': mapped_events("no toml"),
    "map.toml.columns must be TOML with a table [columns] such as lead_id": mapped_events("[columns]"),
    "columns.lead must be a field of an event, or event_data. and a key; got 'lead'": mapped_events('[columns]\nlead = "who"'),
    "event_types.Looked must be one of the event types, such as property_view; got 'look'": mapped_events(ACTS + '[event_types]\nLooked = "look"'),
    "constants.event_id must be a column: each event has an id of its own; got a constant": mapped_events('[constants]\nevent_id = "e"\n' + ACTS),
    "timestamps.zone must be left out: the table has format and time_zone; got 'UTC'": mapped_events(ACTS + '[timestamps]\nzone = "UTC"'),
    "timestamps.format must be unix, unix_ms, or a strptime format that tells year, month, day and, if any, the hour; got '%d.%m.'": mapped_events(ACTS + '[timestamps]\nformat = "%d.%m."'),
    "timestamps.time_zone must be an IANA time zone such as America/Los_Angeles; got 'Mars'": mapped_events(ACTS + '[timestamps]\ntime_zone = "Mars"'),
    "timestamps.time_zone must be given: moments of this format have no offset; got nothing": mapped_events(ACTS + '[timestamps]\nformat = "%d.%m.%Y"'),
    "event_type must be named in [event_types] of the map, or be one of the event types, such as property_view; got 'dance'": mapped_events(ACTS, "2026-05-01T12:00:00Z,dance,ann,7"),
    "timestamp must have an offset, or the map a time_zone; got '2026-05-01 12:00'": mapped_events(ACTS, "2026-05-01 12:00,page_view,ann,7"),
    "timestamp must be a time that clocks showed in America/Denver; got '2026-03-08 02:30:00'": mapped_events(ACTS + '[timestamps]\ntime_zone = "America/Denver"', "2026-03-08 02:30,page_view,ann,7"),
    "timestamp must lie in the years 1 to 9999 of UTC; got '9999-12-31 23:30'": mapped_events(ACTS + '[timestamps]\ntime_zone = "America/Denver"', "9999-12-31 23:30,page_view,ann,7"),
    "timestamp must be a moment of the form ISO 8601, such as 2026-11-22 20:00:00; got 'soon'": mapped_events(ACTS, "soon,page_view,ann,7"),
    "timestamp must be a number of milliseconds since 1970; got 'soon'": mapped_events(ACTS + '[timestamps]\nformat = "unix_ms"', "soon,page_view,ann,7"),
    "timestamp must be a number of seconds since 1970; got '-1'": mapped_events(ACTS + '[timestamps]\nformat = "unix"', "-1,page_view,ann,7"),
    "format must be another than reso where a map names the columns; got reso": lambda ground: ground.homing(
        "import", "events", ground.file("acts.csv", "when\n"), "--format", "reso", "--map", ground.file("map.toml", ACTS)
    ),
    "must stay as it is while it is read; rows read so far are kept, so import it again; got another content": changed(touched),
    "so import it again; got gzip that was cut off": cut_while_read,
    ".content must be one JSON array or object; got neither an array nor an object": lambda ground: open_rows(
        ground.file("rows", "5"), "json"
    ),
    "so import it again; got No such file or directory": changed(lambda path: path.unlink()),
}  # fmt: skip
