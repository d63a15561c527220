"""Matched pairs: two shoppers who did and said the same and differ in who they are get the same answer to the bit."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest

from homing.core.settings import Settings
from homing.personalization.answer import as_json
from homing.services.door_checks import events, homes, leads
from homing.services.import_events import ImportEvents
from homing.services.import_listings import ImportListings
from homing.services.import_people import ImportLeads
from homing.services.train_models import TrainModels
from homing.wiring import Homing, served

NOW = 1_790_000_000_000_000

DIFFERENCES = {
    "home ZIP": ({"zip": "98039"}, {"zip": "98118"}),
    "address": ({"address": "1 Evergreen Point Rd", "city": "Medina"}, {"address": "9 Rainier Ave", "city": "Seattle"}),
    "name": ({"first_name": "Emily", "last_name": "Walsh"}, {"first_name": "Lakisha", "last_name": "Nguyen"}),
    "language": ({"language": "en"}, {"language": "es"}),
    "state": ({"state": "WA"}, {"state": "MS"}),
    "area code": ({"area_code": "425"}, {"area_code": "601"}),
    "family": ({"children": 0, "marital_status": "single"}, {"children": 4, "marital_status": "married"}),
    "age and sex": ({"age": 27, "gender": "f"}, {"age": 71, "gender": "m"}),
    "income source": ({"income_source": "salary"}, {"income_source": "housing voucher"}),
    "e-mail and phone": ({"email": "a@b.example", "phone": "4255550100"}, {"email": "c@d.example", "phone": "601"}),
    "stage and agent": ({"stage": "new", "agent_id": "a1"}, {"stage": "qualified", "agent_id": "a2"}),
    "time zone": ({"time_zone": "America/Los_Angeles"}, {"time_zone": "America/Chicago"}),
}  # fmt: skip


def by_file(homing, folder, rows):
    path = folder / "leads.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    ImportLeads(homing.directory, homing.denied)(path)


def by_put(homing, _folder, rows):
    async def put():
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(served(homing)), base_url="http://testserver"
        ) as client:
            answers = [await client.put(f"/v1/leads/{row['lead_id']}", json=row) for row in rows]
        assert {answer.status_code for answer in answers} == {200}

    asyncio.run(put())


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """What is answered to a lead described so, by the way its profile came in; a world for each."""
    known = {}

    def answered(way, told):
        key = (way.__name__, json.dumps(told, sort_keys=True))
        if key not in known:
            folder = tmp_path_factory.mktemp("pair")
            homing = Homing(Settings(data_dir=folder / "data"), lambda: NOW)
            known[key] = answers_in(homing, folder, way, told)
            homing.database.close()
        return known[key]

    return answered


def answers_in(homing, folder, way, told):
    for kind, rows in {"homes": homes(), "events": events()}.items():
        (folder / kind).write_text("".join(json.dumps(row) + "\n" for row in rows))
    ImportListings(homing.catalogue, homing.clock)(folder / "homes")
    ImportEvents(homing.tracker.store, clock=homing.clock)(folder / "events")
    way(homing, folder, [{**row, **told} for row in leads()])
    TrainModels(homing.tracker, homing.catalogue, homing.registry)(NOW, models=["content", "popularity", "recency"])
    told_to = [as_json(homing.engine.recommend(row["lead_id"], 8)) for row in leads()]
    wanted = homing.engine.leads_for(homes()[4]["ListingKey"], 4)
    return json.dumps([{**answer, "recommendation_id": ""} for answer in told_to]), repr(wanted)


@pytest.mark.parametrize("way", [by_file, by_put])
@pytest.mark.parametrize("what", DIFFERENCES)
def test_who_somebody_is_changes_no_answer(answers, way, what):
    one, other = DIFFERENCES[what]
    assert answers(way, one) == answers(way, other)


@pytest.mark.parametrize("way", [by_file, by_put])
def test_what_somebody_says_it_wants_does(answers, way):
    """The twin: were these answers blind to profiles altogether, the law above would say nothing."""
    assert answers(way, {"limits": {"price_max": 500_000}}) != answers(way, {"limits": {"areas": ["98102"]}})


def test_the_list_is_not_empty(answers):
    assert all(len(answer["items"]) > 3 for answer in json.loads(answers(by_file, {"zip": "98039"})[0]))
