"""Rows of good files that are no event, no home, no lead or no agent, and all that is said of each. One row a case.

A row is what JSON makes of it, or text where JSON or Python cannot hold it. Every case is tried through each door it
can come in by: a file of lines, of one array, in gzip, and over HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

__all__ = ["BAD_ROWS", "MIDDAY", "broken_rows"]

MIDDAY: Final = "2026-05-01T12:00:00Z"
ID: Final = "must be a text of 1 to 255 printable characters"
ENDS: Final = f"{ID} without blanks at its ends"
RFC: Final = "must be an RFC 3339 moment with an offset, such as 2026-11-22T20:00:00Z"
PLAIN: Final = (
    "must be plain JSON: text keys, whole texts, finite numbers of at most 64 bits, nested at most 32 levels deep"
)
PRICE: Final = "must be a finite number of USD above 0, up to 1e+12"


def event(**fields: Any) -> dict[str, Any]:
    row = {"event_type": "property_view", "timestamp": MIDDAY, "lead_id": "l1", "property_id": "h1", **fields}
    return {name: value for name, value in row.items() if value != "left out"}


def home(**fields: Any) -> dict[str, Any]:
    return {"ListingKey": "h1", "ListPrice": 500_000, **fields}


def lead(**fields: Any) -> dict[str, Any]:
    return {"lead_id": "l1", **fields}


def agent(**fields: Any) -> dict[str, Any]:
    return {"agent_id": "a1", **fields}


def nested(levels: int) -> str:
    return '{"a":' * levels + "1" + "}" * levels


def lead_id(shown: str, ends: bool = False) -> list[str]:
    return [f"lead_id {ENDS if ends else ID}; got {shown}"]


_UNKNOWN_TYPE: Final = "event_type must be one of the event types, such as property_view; got"

Cases = Mapping[str, tuple[dict[str, Any] | str, Sequence[str]]]

EVENTS: Cases = {
    "without a zone": (event(timestamp="2026-05-01T12:00:00"), [f"timestamp {RFC}; got '2026-05-01T12:00:00'"]),
    "on a day without an hour": (event(timestamp="2026-05-01"), [f"timestamp {RFC}; got '2026-05-01'"]),
    "on a day that is none": (
        event(timestamp="2026-02-30T12:00:00Z"), [f"timestamp {RFC}; got '2026-02-30T12:00:00Z'"],
    ),
    "in the year 1": (event(timestamp="0001-01-01T00:00:00Z"), [f"timestamp {RFC}; got '0001-01-01T00:00:00Z'"]),
    "at the end of years": (event(timestamp="9999-12-31T23:59:59Z"), [f"timestamp {RFC}; got '9999-12-31T23:59:59Z'"]),
    "at a moment in seconds": (event(timestamp=1_777_636_800), [f"timestamp {RFC}; got 1777636800"]),
    "at a moment in milliseconds": (event(timestamp=1_777_636_800_000), [f"timestamp {RFC}; got 1777636800000"]),
    "of an unknown type": (event(event_type="teleport"), [f"{_UNKNOWN_TYPE} 'teleport'"]),
    "of a type that is a number": (event(event_type=5), [f"{_UNKNOWN_TYPE} 5"]),
    "of no type": (event(event_type=None), [f"{_UNKNOWN_TYPE} nothing"]),
    "of nobody": (event(lead_id=None), ["lead_id must be given (or anonymous_id) for property_view; got nothing"]),
    "of no home": (event(property_id=None), ["property_id must be given for property_view; got nothing"]),
    "of no agent": (event(event_type="agent_action"), ["agent_id must be given for agent_action; got nothing"]),
    "of no session": (event(event_type="session_end"), ["session_id must be given for session_end; got nothing"]),
    "an id of 10 kB": (event(lead_id="x" * 10_240), lead_id(f"'{'x' * 79}… (10242 long)")),
    "an id of 256": (event(lead_id="x" * 256), lead_id(f"'{'x' * 79}… (258 long)")),
    "an id of nothing": (event(lead_id=""), lead_id("''")),
    "an id with a zero byte": (event(lead_id="a\0b"), lead_id(r"'a\x00b'", ends=True)),
    "an id of two lines": (event(lead_id="a\nb"), lead_id(r"'a\nb'", ends=True)),
    "an id that rings": (event(lead_id="a\x07\x1b[31m"), lead_id(r"'a\x07\x1b[31m'", ends=True)),
    "an id that turns the text round": (event(lead_id="a\u202eb"), lead_id(r"'a\u202eb'", ends=True)),
    "an id of joined signs": (event(lead_id="a\u200db"), lead_id(r"'a\u200db'", ends=True)),
    "an id with a blank at its end": (event(lead_id="a "), lead_id("'a '", ends=True)),
    "an id that is a number": (event(lead_id=7), lead_id("7")),
    "an id that is true": (event(lead_id=True), lead_id("True")),
    "an id that is a list": (event(lead_id=["l1"]), lead_id("['l1']")),
    "a field that is none": (
        event(colour="red"),
        ["colour must be left out: an event has no such field (event_data takes any key); got 'red'"],
    ),
    "a field with a name of 10 kB": (
        event(**{"x" * 10_240: 1}),
        [
            f"{'x' * 400}… (10,240 long) must be left out: an event has no such field (event_data takes any key); "
            "got 1"
        ],
    ),
    "a field with a name of two lines": (
        event(**{"a\nb\x1b": 1}),
        [r"a\nb\x1b must be left out: an event has no such field (event_data takes any key); got 1"],
    ),
    "a word that is a number": (event(device_type=7), ["device_type must be a text; got 7"]),
    "a word with a NUL": (
        event(device_type="a\0b"), ["device_type must be a text of whole characters, none of them NUL; got 'a\\x00b'"],
    ),
    "a payload that is a list": (event(event_data=[1]), ["event_data must be an object; got [1]"]),
    "a payload that is a text": (event(event_data="{"), ["event_data must be an object; got '{'"]),
    "a payload of a wrong kind": (
        event(event_data={"view_duration_seconds": "30"}),
        ["event_data.view_duration_seconds must be a number from 0 to 86400; got '30'"],
    ),
    "a payload of a negative time": (
        event(event_data={"view_duration_seconds": -1}),
        ["event_data.view_duration_seconds must be a number from 0 to 86400; got -1"],
    ),
    "a number that is true": (
        event(event_data={"view_duration_seconds": True}),
        ["event_data.view_duration_seconds must be a number from 0 to 86400; got True"],
    ),
    "a payload of 65 bits": (event(event_data={"n": 2**65}), [f"event_data {PLAIN}; got {{'n': {2**65}}}"]),
    "a payload 40 deep": (
        event(event_data="DEEP").__repr__().replace("'DEEP'", nested(40)).replace("'", '"'),
        [f"event_data {PLAIN}; got {str(nested(40)).replace(chr(34), chr(39)).replace(':', ': ')[:80]}… (281 long)"],
    ),
    "an outcome that is a text": (event(outcome_value="5"), ["outcome_value must be a finite number; got '5'"]),
    "an outcome that is true": (event(outcome_value=True), ["outcome_value must be a finite number; got True"]),
    "an outcome without a zone": (
        event(outcome_timestamp="2026-05-01T12:00:00"), [f"outcome_timestamp {RFC}; got '2026-05-01T12:00:00'"],
    ),
    "everything wrong at once": (
        event(event_type="x", timestamp="y", lead_id="", property_id=7, event_data=0, outcome_value="z", colour=1),
        [
            "colour must be left out: an event has no such field (event_data takes any key); got 1",
            f"{_UNKNOWN_TYPE} 'x'",
            f"timestamp {RFC}; got 'y'",
            "event_data must be an object; got 0",
            f"lead_id {ID}; got ''",
            f"property_id {ID}; got 7",
            "outcome_value must be a finite number; got 'z'",
        ],
    ),
}  # fmt: skip

LISTINGS: Cases = {
    "a price below 0": (home(ListPrice=-1), [f"ListPrice {PRICE}; got -1"]),
    "a price of 0": (home(ListPrice=0), [f"ListPrice {PRICE}; got 0"]),
    "a price that is a word": (home(ListPrice="12k"), [f"ListPrice {PRICE}; got '12k'"]),
    "a price that is true": (home(ListPrice=True), [f"ListPrice {PRICE}; got True"]),
    "a price written NaN": (home(ListPrice="NaN"), [f"ListPrice {PRICE}; got 'NaN'"]),
    "a price of a googol": (home(ListPrice=10**100), [f"ListPrice {PRICE}; got 1{'0' * 79}… (101 long)"]),
    "a home without a key": ({"ListPrice": 1}, [f"ListingKey {ID}; got nothing"]),
    "a key that is a number": (home(ListingKey=7), [f"ListingKey {ID}; got 7"]),
    "a key with a zero byte": (home(ListingKey="a\0"), [rf"ListingKey {ENDS}; got 'a\x00'"]),
    "degrees swapped": (
        home(Latitude=-122.3, Longitude=47.5),
        ["Latitude must be a finite number of degrees from -90, up to 90; got -122.3"],
    ),
    "a moment that is none": (
        home(ModificationTimestamp="2026-02-30T00:00:00Z"),
        ["ModificationTimestamp must be a moment such as 2026-11-22T20:00:00Z; got '2026-02-30T00:00:00Z'"],
    ),
    "a moment in seconds": (
        home(ModificationTimestamp=1_777_636_800),
        ["ModificationTimestamp must be a moment such as 2026-11-22T20:00:00Z; got 1777636800"],
    ),
    "a flag that is a word": (home(WaterfrontYN="maybe"), ["WaterfrontYN must be true or false; got 'maybe'"]),
    "a text that is a list": (home(PublicRemarks=["a"]), ["PublicRemarks must be a text; got ['a']"]),
    "a list of numbers": (home(Heating=[1]), ["Heating must be a list of texts; got [1]"]),
    "a day that is a number": (home(CloseDate=20260501), ["CloseDate must be a date such as 2026-11-22; got 20260501"]),
    "a change that is a number": (
        home(PriceChangeTimestamp=5), ["PriceChangeTimestamp must be a moment such as 2026-11-22T20:00:00Z; got 5"],
    ),
    "a field 40 deep": (
        '{"ListingKey": "h1", "Own": ' + "[" * 40 + "]" * 40 + "}",
        [f"Own must be nested at most 32 levels deep; got {'[' * 40}{']' * 40}"],
    ),
    "everything wrong at once": (
        home(ListingKey="", ListPrice=-1, Latitude=91, WaterfrontYN="maybe", ModificationTimestamp="soon"),
        [
            f"ListingKey {ID}; got ''",
            "ModificationTimestamp must be a moment such as 2026-11-22T20:00:00Z; got 'soon'",
            f"ListPrice {PRICE}; got -1",
            "Latitude must be a finite number of degrees from -90, up to 90; got 91",
            "WaterfrontYN must be true or false; got 'maybe'",
        ],
    ),
}  # fmt: skip

_LEAD_KEYS = "lead_id, time_zone, state, area_code, stage, agent_id, household_id, limits, answers, consent"
_LIMITS = "price_max, price_min, bedrooms_min, areas, types"
_ANSWERS = "budget, location, timeline, needs, financing, motivation, home_condition"

LEADS: Cases = {
    "nobody": ({"stage": "new"}, [f"lead_id {ID}; got nothing"]),
    "a zone that is none": (
        lead(time_zone="Mars/Base"),
        ["time_zone must be an IANA time zone such as America/Los_Angeles; got 'Mars/Base'"],
    ),
    "limits that are a list": (lead(limits=[1]), ["limits must be an object; got [1]"]),
    "everything wrong at once": (
        {
            "lead_id": "a\0", "state": "", "area_code": "two", "colour": 1, "agent_id": 7,
            "limits": {"price_max": -1, "price_min": "1", "areas": [None], "wings": 2},
            "answers": {"shoe_size": 9}, "consent": {"pigeon": "granted", "sms": "maybe"},
        },
        [
            f"colour must be left out; known are {_LEAD_KEYS}; got 1",
            f"limits.wings must be left out; known are {_LIMITS}; got 2",
            rf"lead_id {ENDS}; got 'a\x00'",
            "state must be a text that is not empty; got ''",
            "area_code must be a text of digits; got 'two'",
            f"agent_id {ID}; got 7",
            "limits.price_max must be a finite number above 0; got -1",
            "limits.price_min must be a finite number from 0; got '1'",
            "limits.areas must be a list of texts; got [None]",
            f"answers.shoe_size must be left out; known are {_ANSWERS}; got 9",
            "consent.pigeon must be left out; known are sms, email, call, chat, whatsapp, other; got 'granted'",
            "consent.sms must be one of granted, revoked, unknown; got 'maybe'",
        ],
    ),
}  # fmt: skip

AGENTS: Cases = {
    "nobody": ({"capacity": 3}, [f"agent_id {ID}; got nothing"]),
    "everything wrong at once": (
        {"agent_id": "", "time_zone": "", "hours": 9, "capacity": True, "x": 1},
        [
            "x must be left out; known are agent_id, time_zone, hours, capacity; got 1",
            f"agent_id {ID}; got ''",
            "time_zone must be an IANA time zone such as America/Los_Angeles; got ''",
            "hours must be a text, a list or an object; got 9",
            "capacity must be a finite number from 0; got True",
        ],
    ),
}

BAD_ROWS: Final[Mapping[str, Cases]] = {"events": EVENTS, "listings": LISTINGS, "leads": LEADS, "agents": AGENTS}
"""By importer: rows that JSON can hold."""


def broken_rows(**good: Any) -> Mapping[str, tuple[bytes, str]]:
    """Lines that are no JSON object at all, or hold what JSON cannot; a line beside each that is `good`."""
    return {
        "no JSON": (b"nonsense", "row must be a JSON object; got invalid character (byte 4)"),
        "half an object": (b'{"a": 1', "row must be a JSON object; got a text that ends too early"),
        "a list": (b"[1, 2]", "row must be a JSON object; got [1, 2]"),
        "null": (b"null", "row must be a JSON object; got nothing"),
        "a number": (b"5", "row must be a JSON object; got 5"),
        "a line of CSV": (b"a,b,c", "row must be a JSON object; got invalid character (byte 0)"),
        "two objects": (b'{"a": 1} {"b": 2}', "row must be a JSON object; got trailing characters (byte 10)"),
        "single quotes": (b"{'a': 1}", "row must be a JSON object; got object keys must be strings (byte 1)"),
        "a comma too many": (b'{"a": 1,}', "row must be a JSON object; got trailing comma in object (byte 8)"),
        "a control character": (b'{"a": "\x01"}', "row must be a JSON object; got invalid character (byte 7)"),
        "10,000 deep": (
            b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
            "row must be a JSON object; got values nested too deep",
        ),
        "10,000 brackets": (b"[" * 10_000, "row must be a JSON object; got values nested too deep"),
        "not UTF-8": (
            b'{"a": "caf\xe9"}',
            "row must be a JSON object; got bytes that are not UTF-8, the first of them 0xe9",
        ),
        "half a surrogate pair": (rb'{"a": "\ud800"}', "row must be a JSON object; got a text that ends too early"),
        "the other half": (rb'{"a": "\udc00"}', "row must be a JSON object; got invalid utf-16 surrogate pair"),
        "a number of 5,000 digits": (
            b'{"a": ' + b"9" * 5_000 + b"}",
            "row must be a JSON object; got a number of too many digits",
        ),
        "5 MB on a line": (b'{"a": "' + b"x" * 5_000_000 + b'"}', "row must be at most 4,000,000 bytes long; got more"),
        "5 MB of blanks": (b" " * 5_000_000, "row must be at most 4,000,000 bytes long; got more"),
    }
