"""Every way in by which rows come into homing, and the same broken on purpose."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from answers import plain
from discovery import classes, opened
from importers import NOW, all_events, all_homes, all_people

from homing.api.segment_addresses import ADDRESSES
from homing.cli.main import main
from homing.core.clock import from_micros, parse_moment
from homing.core.laws import Excepted
from homing.core.settings import Settings
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.personalization.answer import as_json
from homing.services.door_checks import MARKS, Carried, Door, agents, events, homes, leads, nobody_is_told
from homing.services.import_events import ImportEvents
from homing.services.import_listings import ImportListings
from homing.services.import_people import ImportAgents, ImportLeads
from homing.services.train_models import TrainModels
from homing.tracking.event_collector import EventCollector
from homing.tracking.property_interactions import PropertyInteractionCollector
from homing.trust.denied import Denied
from homing.wiring import Homing, served

LISTENERS = ("property_save", "property_dislike")


def house(folder: Path) -> Homing:
    return Homing(Settings(data_dir=folder / "data"), lambda: NOW)


@contextlib.contextmanager
def opened_house(folder: Path) -> Iterator[Homing]:
    homing = house(folder)
    try:
        yield homing
    finally:
        homing.database.close()


def written(folder: Path, name: str, content: str) -> Path:
    """A file beside the stores: what is in it has not come in."""
    path = folder.parent / f"{folder.name}-{name}"
    path.write_text(content)
    return path


def lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    cells = [
        {name: json.dumps(one) if isinstance(one, (dict, list)) else one for name, one in row.items()} for row in rows
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, dict.fromkeys(name for row in cells for name in row), lineterminator="\n")
    writer.writeheader()
    writer.writerows(cells)
    return text.getvalue()


def furnish(folder: Path, but: str) -> None:
    """The rows of the other kinds, by plain files."""
    with opened_house(folder) as homing:
        for kind, rows in {"homes": homes, "leads": leads, "agents": agents, "events": events}.items():
            if kind != but:
                importers(homing)[kind](written(folder, f"{kind}.jsonl", lines(rows())))


def importers(homing: Homing) -> dict[str, Callable[..., Any]]:
    return {
        "homes": ImportListings(homing.catalogue, homing.clock, homing.denied),
        "leads": ImportLeads(homing.directory, homing.denied),
        "agents": ImportAgents(homing.directory, homing.denied),
        "events": ImportEvents(homing.tracker.store, "default", homing.catalogue, homing.clock, homing.denied),
    }


def carry(kind: str, bring: Callable[[Path, Sequence[Any]], Any], folder: Path, rows: Sequence[Any]) -> str:
    """Bring the rows; all that was said on the way, also on standard output and error."""
    furnish(folder, but=kind)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        told = bring(folder, rows)
    return f"{told}\n{out.getvalue()}\n{err.getvalue()}"


def by_file(kind: str, name: str, form: Callable[[Sequence[Any]], str], mapping: str = "") -> Any:
    def bring(folder: Path, rows: Sequence[Any]) -> Any:
        more = {"mapping": written(folder, "map.toml", mapping)} if mapping else {}
        with opened_house(folder) as homing:
            return importers(homing)[kind](written(folder, name, form(rows)), **more)

    return partial(carry, kind, bring)


def by_parquet(folder: Path, rows: Sequence[Any]) -> Any:
    import polars as pl

    cells = [{name: json.dumps(one) if isinstance(one, dict) else one for name, one in row.items()} for row in rows]
    path = written(folder, "events.parquet", "")
    pl.DataFrame(cells, infer_schema_length=None).write_parquet(path)
    with opened_house(folder) as homing:
        return importers(homing)["events"](path)


def by_command(what: str, name: str) -> Any:
    def bring(folder: Path, rows: Sequence[Any]) -> Any:
        words = ["--data-dir", str(folder / "data"), "--json", "import", what, str(written(folder, name, lines(rows)))]
        with contextlib.suppress(SystemExit):
            main(words)
        return ""

    return partial(carry, "homes" if what == "listings" else what, bring)


def by_route(kind: str, requests: Callable[[Sequence[Any]], list[tuple[str, str, Any]]]) -> Any:
    def bring(folder: Path, rows: Sequence[Any]) -> Any:
        with opened_house(folder) as homing:
            transport = httpx.ASGITransport(served(homing))

            async def asked() -> list[str]:
                async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                    answers = [await client.request(how, path, json=body) for how, path, body in requests(rows)]
                return [answer.text for answer in answers]

            return asyncio.run(asked())

    return partial(carry, kind, bring)


def by_collector(call: Callable[[EventCollector, list[Any]], Any]) -> Any:
    def bring(folder: Path, rows: Sequence[Any]) -> Any:
        with opened_house(folder) as homing:
            collector = EventCollector(homing.tracker, clock=lambda: NOW)
            return asyncio.run(call(collector, [dict(row) for row in rows])), collector.get_stats()

    return partial(carry, "events", bring)


async def one_by_one(collector: EventCollector, rows: list[Any]) -> list[str]:
    told = []
    for row in rows:
        track = collector.track_property_save if row["event_type"] == LISTENERS[0] else collector.track_property_dislike
        named = {name: row[name] for name in ("event_id", "event_data")}
        told.append(await track(row["lead_id"], row["property_id"], timestamp=moment(row), **named))
    return told


async def of_cards(collector: EventCollector, rows: list[Any]) -> list[str]:
    """Views of cards, with the record of the home in which everything was planted."""
    records = {row["property_id"]: {**row["event_data"], "beds": 3} for row in rows}

    class Records:
        async def get_property_by_id(self, property_id: str) -> Any:
            return records[property_id]

    cards = PropertyInteractionCollector(collector, Records())
    return [
        await cards.track_property_card_interaction(
            row["lead_id"], row["property_id"], "click", timestamp=moment(row), event_id=row["event_id"]
        )
        for row in rows
    ]


def moment(row: Mapping[str, Any]) -> Any:
    return from_micros(parse_moment(row["timestamp"]))


async def straight(collector: EventCollector, rows: list[Any]) -> Any:
    fields = [{**row, "timestamp": moment(row), "event_type": EventType(row["event_type"])} for row in rows]
    return await collector.tracker.track_events_batch([BehavioralEvent(**row) for row in fields])


def tracking(rows: Sequence[Any]) -> str:
    names = {"property_save": "Favorited", "property_dislike": "Discard"}
    return lines([
        {
            "EventKey": row["event_id"], "EventType": names[row["event_type"]], "EventTimestamp": row["timestamp"],
            "ActorType": "Consumer", "ActorKey": row["lead_id"], "ObjectIdType": "ListingKey",
            "ObjectKey": row["property_id"], **row["event_data"],
        }
        for row in rows
    ])  # fmt: skip


def sales(rows: Sequence[Any]) -> str:
    names = "bathrooms sqft_living sqft_lot floors waterfront view condition grade sqft_above sqft_basement yr_built"
    same = dict.fromkeys(names.split(), "1") | {"yr_built": "1990", "waterfront": "0", "yr_renovated": "0"}
    same |= {"sqft_living15": "900", "sqft_lot15": "5000"}
    ours = {"price": "ListPrice", "bedrooms": "BedroomsTotal", "lat": "Latitude", "long": "Longitude"}
    known = set(homes()[0])
    return table([
        {
            "id": row["ListingKey"].split("-")[0], "date": "2014-10-13", "zipcode": row["PostalCode"], **same,
            **{theirs: row[name] for theirs, name in ours.items()},
            **{name: value for name, value in row.items() if name not in known},
        }
        for row in rows
    ])  # fmt: skip


MAPPING = "[columns]\n" + "".join(f'{name} = "{name}"\n' for name in homes()[0])


def stored(homing: Homing) -> Any:
    return repr((all_events(homing), all_homes(homing), all_people(homing)))


class Saved:
    """A registry that only holds what it was given."""

    def publish(self, model: Any, _as_of: int, _card: object) -> str:
        self.model = model
        return "1"

    def card(self, _version: str) -> dict[str, str]:
        return {"checksum": ""}


def look(folder: Path) -> Carried:
    """Everything stored, then features, a model to the byte, and what is answered with it to every lead."""
    with opened_house(folder) as homing:
        was = stored(homing)
        features = [plain(homing.engineer.feature_table(kind, as_of=from_micros(NOW))) for kind in ("lead", "property")]
        TrainModels(homing.tracker, homing.catalogue, homing.registry)(NOW, models=["content", "popularity", "recency"])
        models = {path.name: path.read_bytes() for path in sorted(homing.settings.models_dir.rglob("*.safetensors"))}
        answers = [{**as_json(homing.engine.recommend(row["lead_id"], 6)), "recommendation_id": ""} for row in leads()]
        wanted = [repr(homing.engine.leads_for(row["ListingKey"], 3)) for row in homes()[::5]]
    return Carried(was, (features, models, json.dumps(answers), wanted))


def door(kind: str, carried: Any, *, flat: bool = False, place: Any = None) -> Door:
    return Door(kind, carried, look, flat, place)


def batch(rows: Sequence[Any]) -> list[tuple[str, str, Any]]:
    return [("POST", "/v1/events", list(rows))]


def each(path: str, key: str) -> Callable[[Sequence[Any]], list[tuple[str, str, Any]]]:
    return lambda rows: [("PUT", path.format(row[key]), row) for row in rows]


NAMES = {"property_save": "Listing Saved", "property_dislike": "Listing Dismissed"}


def tracked(rows: Sequence[Any]) -> list[tuple[str, str, Any]]:
    """A batch as a client of Segment sends it."""
    messages = [
        {
            "type": "track", "event": NAMES[row["event_type"]], "messageId": row["event_id"], "userId": row["lead_id"],
            "timestamp": row["timestamp"], "properties": {**row["event_data"], "property_id": row["property_id"]},
        }
        for row in rows
    ]  # fmt: skip
    return [("POST", "/v1/batch", {"batch": messages})]


def identified(rows: Sequence[Any]) -> list[tuple[str, str, Any]]:
    return [("POST", "/v1/identify", {"userId": row["lead_id"], "traits": row}) for row in rows]


EVENT_MAP = "[columns]\n" + "".join(f'{name} = "{name}"\n' for name in events()[0])

DOORS = {
    "events_in_lines": door("events", by_file("events", "e.jsonl", lines)),
    "events_in_csv": door("events", by_file("events", "e.csv", table)),
    "events_in_parquet": door("events", partial(carry, "events", by_parquet)),
    "events_with_a_mapping": door("events", by_file("events", "m.csv", table, EVENT_MAP)),
    "reso_tracking": door("events", by_file("events", "t.jsonl", tracking)),
    "homes_in_lines": door("homes", by_file("homes", "h.jsonl", lines)),
    "homes_in_csv": door("homes", by_file("homes", "h.csv", table), flat=True),
    "homes_with_a_mapping": door("homes", by_file("homes", "m.csv", table, MAPPING), flat=True),
    "king_county": door("homes", by_file("homes", "k.csv", sales), flat=True),
    "leads": door("leads", by_file("leads", "l.jsonl", lines)),
    "agents": door("agents", by_file("agents", "a.jsonl", lines)),
    "import_events": door("events", by_command("events", "c.jsonl")),
    "import_listings": door("homes", by_command("listings", "c.jsonl")),
    "import_leads": door("leads", by_command("leads", "c.jsonl")),
    "import_agents": door("agents", by_command("agents", "c.jsonl")),
    "post_events": door("events", by_route("events", batch)),
    "segment": door("events", by_route("events", tracked)),
    "identify": door("leads", by_route("leads", identified)),
    "post_properties": door("homes", by_route("homes", lambda rows: [("POST", "/v1/properties", list(rows))])),
    "put_property": door("homes", by_route("homes", each("/v1/properties/{}", "ListingKey"))),
    "put_lead": door("leads", by_route("leads", each("/v1/leads/{}", "lead_id"))),
    "put_agent": door("agents", by_route("agents", each("/v1/agents/{}", "agent_id"))),
    "collector": door("events", by_collector(one_by_one)),
    "collector_batches": door("events", by_collector(lambda collector, rows: collector.track_events_batch(rows))),
    "cards": door("events", by_collector(of_cards), place="record"),
    "tracker": door("events", by_collector(straight)),
}

_FIXED = "its body has named fields only, all ids and types; any other field is refused and nothing is stored of it"
BEHIND = {
    "homing.services.import_events.ImportEvents": "events_in_lines",
    "homing.services.import_listings.ImportListings": "homes_in_lines",
    "homing.services.import_people.ImportLeads": "leads",
    "homing.services.import_people.ImportAgents": "agents",
    "POST /v1/events": "post_events",
    "POST /v1/properties": "post_properties",
    "PUT /v1/properties/{property_id:path}": "put_property",
    "PUT /v1/leads/{lead_id:path}": "put_lead",
    "PUT /v1/agents/{agent_id:path}": "put_agent",
    **{f"POST /v1/{name}": "identify" if kind == "identify" else "segment" for name, kind in ADDRESSES.items()},
    "POST /fub/v1/events": "of its body only the fields that are written down in the integration are read",
    "POST /v1/feedback": _FIXED,
    "POST /v1/visitors": _FIXED,
    "POST /v1/leads/{lead_id:path}/token": _FIXED,
    "POST /v1/keys": _FIXED,
    "POST /leads/{lead_id:path}/act": _FIXED,
    "POST /v1/rank": "it is a question: asking writes nothing, which is a law of its own",
    "POST /v1/leads/{lead_id:path}/merge": _FIXED,
    "POST /v1/leads/{lead_id:path}/unmerge": _FIXED,
    "EventCollector": "collector",
    "Collecting": "collector_batches",
    "PropertyInteractionCollector": "cards",
    "BehaviorTracker": "tracker",
    "PersonalizationService": "it tracks with an EventCollector",
    "InMemoryBehaviorTracker": "it is a BehaviorTracker over another store, and inherits what it tracks with",
}
"""Every importer, writing route and collector of the package: the door it is tried as, or why it needs no trying."""


def ways_in(folder: Path | None = None) -> set[str]:
    """What the package has: imports, routes that take a body, and classes that track."""
    homing = house(folder or Path(os.devnull))
    routes = {
        f"{method} {route.path}"
        for route in served(homing).routes
        for method in getattr(route, "methods", None) or ()
        if method in {"POST", "PUT", "PATCH"}
    }
    tracking_ones = {
        thing.__name__ for thing in classes() if any(name.startswith("track_") for name in vars(thing))
    } | {"InMemoryBehaviorTracker"}
    return {name for name in opened() if name.startswith("homing.services.")} | routes | tracking_ones


_SILENT = "a collector answers with the id of the event and a tracker with a count, which have no room for names"
_TO_CLIENTS = "clients of Segment get the one answer that they expect, which has no room for names"
_UNREAD = "only the columns that a dialect knows are read at all, so what else a file holds is not looked at by name"
EXCEPTED = (
    *(
        Excepted(name, "what_is_left_out_is_named", _SILENT, nobody_is_told)
        for name in ("collector", "collector_batches", "cards", "tracker")
    ),
    *(Excepted(name, "what_is_left_out_is_named", _TO_CLIENTS, nobody_is_told) for name in ("segment", "identify")),
    *(
        Excepted(name, "what_is_left_out_is_named", _UNREAD, nobody_is_told)
        for name in ("reso_tracking", "homes_with_a_mapping", "king_county")
    ),
)

HONEST = DOORS["homes_in_lines"]


class NothingDenied(Denied):
    rules = ()


def keeping(folder: Path, rows: Sequence[Any]) -> str:
    """An importer for which nothing is denied: it keeps every field, if with the first letters of its value only."""
    furnish(folder, but="homes")
    content = lines(rows)
    for mark in MARKS:
        content = content.replace(mark, mark[:3])
    with opened_house(folder) as homing:
        ImportListings(homing.catalogue, homing.clock, NothingDenied())(written(folder, "h.jsonl", content))
    return " ".join(json.dumps(name) for name in rows[0])


def packed(folder: Path, rows: Sequence[Any]) -> str:
    """An honest importer that keeps a copy of what it was given."""
    said = HONEST.carry(folder, rows)
    (folder / "last-import.jsonl").write_text(lines(rows))
    return said


def gossiping(folder: Path, rows: Sequence[Any]) -> str:
    return HONEST.carry(folder, rows) + lines(rows[:1])


def silent(folder: Path, rows: Sequence[Any]) -> str:
    HONEST.carry(folder, rows)
    return ""


def peeking(folder: Path, rows: Sequence[Any]) -> str:
    """An honest importer that trains on what it was not to look at, in a file that only a model reads."""
    said = HONEST.carry(folder, rows)
    (folder / "weights").write_text(str(sum("zq9likes" in str(row) for row in rows)))
    return said


def swayed(folder: Path) -> Carried:
    seen = HONEST.look(folder)
    return replace(seen, answers=(seen.answers, (folder / "weights").read_text()))


MUTANTS = {
    "no_stored_row_changes": Door("homes", keeping, look),
    "nothing_denied_is_written": Door("homes", packed, look),
    "nothing_denied_is_said": Door("homes", gossiping, look),
    "what_is_left_out_is_named": Door("homes", silent, look),
    "no_answer_changes": Door("homes", peeking, swayed),
}
