"""What holds for every way in: what may never be used changes nothing, is written nowhere, and is said by nobody.

A `Door` brings rows of one kind into a small brokerage whose other rows came in by plain files. Each law looks at two
such brokerages: one whose rows came as they are, and one where every denied field was planted in them, with values that
tell to the letter which homes a lead likes. To check a door of your own: `checks(LAWS, {"mine": Door(...)})`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from homing.core.laws import by_name, must, same
from homing.trust.denied import DENIED, Place

__all__ = ["LAWS", "MARKS", "PLACES", "Carried", "Door", "Outcome", "agents", "events", "homes", "leads", "planted"]

Row = Mapping[str, Any]
Kind = Literal["homes", "leads", "agents", "events"]

PLACES: Final[Mapping[Kind, Place]] = {"homes": "home", "leads": "person", "agents": "person", "events": "event"}
MARKS: Final = ("zq9likes", "zq9passes", "90919254", "90919255")
"""What planted values hold: texts and numbers, one of each for what is liked and one for the rest."""

_HOMES: Final = 14
_LEADS: Final = 4
_SPELLINGS: Final[tuple[Callable[[str], str], ...]] = (
    lambda phrase: phrase.replace(" ", "_"),
    lambda phrase: "".join(word.capitalize() for word in phrase.split()),
    lambda phrase: phrase.replace(" ", "-").upper(),
    lambda phrase: phrase.replace(" ", ""),
    lambda phrase: "2".join(phrase.split()) if " " not in phrase else phrase.title(),
)


@dataclass(frozen=True, slots=True)
class Carried:
    """What stands in a brokerage in the end: everything stored and everything answered, comparable by `==`."""

    stored: Any
    answers: Any


@dataclass(frozen=True, slots=True, eq=False)
class Door:
    """A way in to be tried: which `kind` of rows it brings, how, and what is looked at afterwards.

    `carry(folder, rows)` brings the rows, and those of the other kinds by plain files, into stores in a folder, and
    returns all that was said: reports, answers, lines on standard output and error. `look(folder)` then reads what is
    there. `flat`: a row has no room for lists and objects. `place` is where the fields come to stand (left out: where
    those of the kind do).
    """

    kind: Kind
    carry: Callable[[Path, Sequence[Row]], str]
    look: Callable[[Path], Carried]
    flat: bool = False
    place: Place | None = None

    @property
    def planted_as(self) -> Place:
        """By which rules the planted fields are denied."""
        return self.place or PLACES[self.kind]


def homes() -> list[Row]:
    """Listings of a small market, the even ones of which are liked."""
    return [
        {
            "ListingKey": f"{number:010}-20141013", "ListPrice": 300_000 + 40_000 * number,
            "BedroomsTotal": 2 + number % 3, "Latitude": 47.5 + 0.01 * number, "Longitude": -122.3,
            "PropertySubType": "Condominium" if number % 3 else "Townhouse", "PostalCode": f"981{number % 5:02}",
            "ModificationTimestamp": "2026-04-01T00:00:00Z",
        }
        for number in range(_HOMES)
    ]  # fmt: skip


def leads() -> list[Row]:
    """Profiles, of which the even ones like most."""
    return [
        {"lead_id": f"l{number}", "time_zone": "America/Denver", "state": "CO", "area_code": "303",
         "limits": {"price_max": 900_000 + number}, "answers": {"needs": ["a yard"], "timeline": {"months": 3}}}
        for number in range(_LEADS)
    ]  # fmt: skip


def agents() -> list[Row]:
    """Two agents."""
    return [{"agent_id": f"a{number}", "capacity": 10 + number, "hours": {"mon": "9-17"}} for number in range(2)]


def events() -> list[Row]:
    """What the leads did: even homes are saved, odd ones passed on."""
    return [
        {
            "event_id": f"e{lead}-{number}", "lead_id": f"l{lead}", "timestamp": f"2026-05-{1 + number:02}T12:00:00Z",
            "property_id": f"{(number + 3 * lead) % _HOMES:010}-20141013",
            "event_type": "property_save" if (number + 3 * lead) % 2 == 0 else "property_dislike",
            "event_data": {"property_type": "condo", "card": {"position": number}},
        }
        for lead in range(_LEADS) for number in range(9)
    ]  # fmt: skip


ROWS: Final[Mapping[Kind, Callable[[], list[Row]]]] = {
    "homes": homes, "leads": leads, "agents": agents, "events": events,
}  # fmt: skip


def planted(place: Place, *, likes: bool, flat: bool = False) -> dict[str, Any]:
    """Every field that is taken out in a place, by every phrase of every rule, spelt in many ways.

    Some stand in lists and objects, unless there is no room for them.
    """
    text, number = (MARKS[0], int(MARKS[2])) if likes else (MARKS[1], int(MARKS[3]))
    phrases = list(_phrases(place))
    fields: dict[str, Any] = {
        _SPELLINGS[turn % len(_SPELLINGS)](phrase): text if turn % 3 else number for turn, phrase in enumerate(phrases)
    }
    if not flat and place != "person":
        below = {"Religion": number, "crime_rate": text, "PrivateRemarks": text}
        named = [{"key": "gender", "value": text}, {"name": "School Rating", "value": number}]
        fields |= {"further": [{"deep": [below]}, *named], "form": {"fields": [{"label": "Ethnicity", "answer": text}]}}
    return fields


def bare(place: Place, *, flat: bool = False) -> dict[str, Any]:
    """What is left of the planted fields when all that is denied is gone."""
    return {} if flat or place == "person" else {"further": [{"deep": [{}]}, {}, {}], "form": {"fields": [{}]}}


def sown(door: Door, *, sow: bool) -> list[Row]:
    """The rows of a door's kind with denied fields in them, or with what is left of them."""
    rows: list[Row] = []
    for number, row in enumerate(ROWS[door.kind]()):
        likes = row["event_type"] == "property_save" if door.kind == "events" else number % 2 == 0
        fields = planted(door.planted_as, likes=likes, flat=door.flat) if sow else bare(door.planted_as, flat=door.flat)
        within = {"event_data": {**row["event_data"], **fields}} if door.kind == "events" else fields
        rows.append({**row, **within})
    return rows


def _phrases(place: Place) -> Iterator[str]:
    """The phrases that are taken out in a place."""
    for rule in DENIED.rules:
        if rule.then == "filter_only" or (rule.then == "display_only" and place == "home"):
            continue
        yield from (phrase for phrase in rule.phrases if DENIED.rule_of(phrase, place) is rule)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of bringing rows in through a door: what was said, what is there, which files hold a planted value."""

    said: str
    carried: Carried
    written: tuple[str, ...]


@cache
def outcome(door: Door, *, sow: bool) -> Outcome:
    """What comes of it with denied fields planted or without; tried once for each door."""
    rows = sown(door, sow=sow)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "stores"
        folder.mkdir()
        said = door.carry(folder, rows)
        files = [path for path in folder.rglob("*") if path.is_file()]
        written = tuple(path.name for path in files if _marked(path.read_bytes().decode("latin-1")))
        return Outcome(said, door.look(folder), written)


def _marked(text: str) -> list[str]:
    return [mark for mark in MARKS if mark in text]


def no_stored_row_changes(door: Door) -> None:
    there, wanted = outcome(door, sow=True).carried.stored, outcome(door, sow=False).carried.stored
    must(bool(there), "nothing came in")
    same(there, wanted, "what is stored of rows with denied fields")


def nothing_denied_is_written(door: Door) -> None:
    same(outcome(door, sow=True).written, (), "files that hold a planted value")


def nothing_denied_is_said(door: Door) -> None:
    same(_marked(outcome(door, sow=True).said), [], "planted values in reports, answers and logs")


def what_is_left_out_is_named(door: Door) -> None:
    said = outcome(door, sow=True).said
    names = list(planted(door.planted_as, likes=True, flat=True))
    same([name for name in names if json.dumps(name)[1:-1] not in said], [], "fields left out that nobody was told of")


def no_answer_changes(door: Door) -> None:
    there, wanted = outcome(door, sow=True).carried.answers, outcome(door, sow=False).carried.answers
    must(bool(there), "nothing is answered")
    must(there == wanted, "features, models or answers of rows with denied fields are others")


def nobody_is_told(door: Door) -> None:
    """The weaker law of a door that reports nothing: it takes all the rows, and fails for none of them."""
    must(outcome(door, sow=True).carried.stored, "nothing came in")


LAWS: dict[str, Callable[[Door], object]] = by_name(
    no_stored_row_changes,
    nothing_denied_is_written,
    nothing_denied_is_said,
    what_is_left_out_is_named,
    no_answer_changes,
)
"""Every law by its name."""
