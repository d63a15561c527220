"""Asking changes nothing: whatever is read, as often as one likes, not a row of the database and not a file changes."""

from __future__ import annotations

import asyncio
import hashlib
import re

import httpx
import pytest
from api_ground import ending_streams
from starlette.routing import Route

from homing.core.clock import DAY, from_micros
from homing.core.settings import Settings
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.market.property import property_from
from homing.people.lead import lead_from
from homing.wiring import build, served

NOW = 1_780_000_000_000_000
KNOWN = {
    "lead_id": "ann",
    "anonymous_id": "visitor",
    "property_id": "h1",
    "agent_id": "bob",
    "id": "ann",
    "name": "page.css",
}
ASKED_BY_POST = {"/v1/rank": {"lead_id": "ann", "property_ids": ["h1", "h2", "gone"]}}


@pytest.fixture(scope="module")
def homing(tmp_path_factory):
    homing = build(Settings(tmp_path_factory.mktemp("data")), lambda: NOW)
    rows = [{"ListingKey": f"h{n}", "ListPrice": 300_000 + n, "Latitude": 47.5, "Longitude": -122.0} for n in range(30)]
    homing.catalogue.put([property_from(row, now=NOW - DAY) for row in rows])
    homing.directory.put_leads([lead_from({"lead_id": "ann", "limits": {"price_max": 300_020}})])
    for lead, visitor in (("ann", None), (None, "visitor")):
        for n in range(5):
            event = BehavioralEvent(
                event_type=EventType.PROPERTY_VIEW,
                lead_id=lead,
                anonymous_id=visitor,
                property_id=f"h{n}",
                timestamp=from_micros(NOW - n),
            )
            asyncio.run(homing.tracker.track_event(event))
    return homing


def state(homing):
    """Every row of every table, and every file, in one digest; compiled code is no state."""
    digest = hashlib.sha256()
    for line in homing.database.read().iterdump():
        digest.update(line.encode())
    for path in sorted(homing.settings.data_dir.rglob("*")):
        if path.is_file() and "cache" not in path.parts and not path.name.startswith("homing.sqlite3"):
            digest.update(str(path).encode() + path.read_bytes())
    return digest.hexdigest()


def ask(homing, method, path, body=None):
    async def call():
        transport = httpx.ASGITransport(ending_streams(served(homing)), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return await client.request(method, path, json=body)

    return asyncio.run(call())


def reading_routes(homing):
    for route in served(homing).routes:
        if isinstance(route, Route) and route.methods and "GET" in route.methods:
            yield "GET", route.path
    yield from (("POST", path) for path in ASKED_BY_POST)


def test_no_route_that_reads_changes_anything(homing):
    before = state(homing)
    asked = list(reading_routes(homing))
    assert len(asked) > 15
    good = 0
    for method, path in asked:
        for _ in range(2):
            answer = ask(homing, method, filled(path), ASKED_BY_POST.get(path))
            assert answer.status_code < 500, (path, answer.text)
            assert state(homing) == before, f"{method} {path} changed something"
        good += answer.status_code == 200
    assert good >= len(asked) - 3, "the routes were hardly reached"


def filled(path):
    """The path with a value for each of its parameters; one that nobody thought of fails."""
    return re.sub(r"{(\w+)(:\w+)?}", lambda found: KNOWN[found[1]], path)


def test_asking_in_python_changes_nothing(homing):
    before = state(homing)
    homing.engine.recommend("ann", 5)
    homing.engine.recommend("stranger", 5, candidates=["h1", "h2"])
    homing.engine.leads_for("h1", 5)
    homing.engine.similar("h1", 5)
    asyncio.run(homing.engineer.extract_features("ann"))
    assert state(homing) == before


def test_a_write_would_have_been_noticed(homing):
    before = state(homing)
    homing.directory.put_leads([lead_from({"lead_id": "ann", "limits": {"price_max": 300_021}})])
    assert state(homing) != before
