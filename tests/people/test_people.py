from __future__ import annotations

import pytest

from homing.core.errors import BadInput
from homing.people.agent import Agent, agent_from
from homing.people.directory import Directory, ProfileCounts
from homing.people.lead import Lead, Limits, lead_from, lead_row
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase

FULL = {
    "lead_id": "l1",
    "time_zone": "America/Los_Angeles",
    "state": "WA",
    "area_code": "206",
    "stage": "qualified",
    "agent_id": "a1",
    "household_id": "house-1",
    "limits": {"price_max": 600000, "price_min": 1, "bedrooms_min": 3, "areas": ["98112"], "types": ["Townhouse"]},
    "answers": {"budget": "up to 600k", "timeline": 3, "needs": ["yard"]},
    "consent": {"sms": "granted", "call": "revoked"},
}


@pytest.fixture
def store(tmp_path):
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    yield ProfileStore(database)
    database.close()


def faults(row, read=lead_from) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read(row)
    return [fault.where for fault in caught.value.faults]


def test_a_lead_reads_back_from_its_row():
    assert lead_row(lead_from(FULL)) == FULL
    assert lead_from(lead_row(lead_from(FULL))) == lead_from(FULL)


def test_every_fault_of_a_lead_is_named_at_once():
    row = {
        "time_zone": "Mars/Base", "colour": 1, "area_code": "two",
        "limits": {"price_max": 0, "wings": 2, "areas": [None]}, "answers": {"shoe_size": 9},
        "consent": {"pigeon": "granted", "sms": "maybe"}, "stage": " ",
    }  # fmt: skip
    assert set(faults(row)) == {
        "lead_id", "time_zone", "colour", "area_code", "limits.price_max", "limits.wings", "limits.areas",
        "answers.shoe_size", "consent.pigeon", "consent.sms", "stage",
    }  # fmt: skip


@pytest.mark.parametrize("price", ["600k", True, float("nan"), float("inf"), -1, 10**400])
def test_a_limit_that_is_no_positive_number_is_refused(price):
    assert faults({"lead_id": "l", "limits": {"price_max": price}}) == ["limits.price_max"]


def test_what_says_who_a_person_is_is_left_out_and_named():
    lead = lead_from({"lead_id": "l", "First Name": "A", "email": "a@b.example", "birth_date": None, "Gender": "x"})
    assert lead == Lead(lead_id="l")
    assert lead.dropped == ("First Name", "email", "birth_date", "Gender")
    assert "example" not in str(lead_row(lead))


def test_nulls_are_left_out():
    assert lead_from(dict.fromkeys(FULL) | {"lead_id": "l"}) == Lead(lead_id="l")


def test_a_lead_without_limits_has_none():
    assert not lead_from({"lead_id": "l", "limits": {}}).limits
    assert Limits(areas=("98112",))


@pytest.mark.parametrize("row", [[], "lead", None, 3])
def test_what_is_no_object_is_refused(row):
    assert faults(row) == ["lead"]
    assert faults(row, agent_from) == ["agent"]


def test_an_agent_keeps_its_hours_as_they_came():
    hours = {"mon": "09:00-18:00"}
    assert agent_from({"agent_id": "a", "hours": hours, "capacity": 40, "phone": "1"}) == Agent(
        agent_id="a", hours=hours, capacity=40
    )


def test_every_fault_of_an_agent_is_named_at_once():
    assert faults({"hours": 9, "capacity": -1, "time_zone": "", "x": 1}, agent_from) == [
        "x", "agent_id", "time_zone", "hours", "capacity",
    ]  # fmt: skip


def test_a_later_row_replaces_the_earlier_as_a_whole(store):
    directory = Directory(store)
    rows = [Lead(lead_id="l", stage="new"), Lead(lead_id="l", state="WA"), Lead(lead_id="l", state="WA")]
    assert directory.put_leads(rows) == ProfileCounts(created=1, updated=1, unchanged=1)
    assert directory.lead("l") == Lead(lead_id="l", state="WA")


def test_tenants_and_kinds_do_not_see_each_other(store):
    mine, yours = Directory(store, "mine"), Directory(store, "yours")
    mine.put_leads([Lead(lead_id="x")])
    assert (yours.lead("x"), yours.lead_ids(), yours.leads(), mine.agent("x"), mine.agent_ids()) == (
        None,
        (),
        {},
        None,
        (),
    )


def test_agents_are_kept_beside_leads(store):
    directory = Directory(store)
    directory.put_agents([Agent(agent_id="a", capacity=2.5, hours="9-17")])
    assert directory.agent("a") == Agent(agent_id="a", capacity=2.5, hours="9-17")
    assert directory.agent_ids() == ("a",)


def test_a_lead_whose_zone_is_unknown_lives_by_utc(store):
    directory = Directory(store)
    directory.put_leads([Lead(lead_id="a", time_zone="America/Denver"), Lead(lead_id="b")])
    assert list(map(directory.time_zone_of, ["a", "b", "stranger"])) == ["America/Denver", "UTC", "UTC"]


def test_an_agent_may_be_built_with_a_whole_number(store):
    directory = Directory(store)
    directory.put_agents([Agent(agent_id="a1", capacity=3)])
    assert directory.agent("a1").capacity == 3.0


def test_an_answer_about_the_past_uses_the_profile_known_then(tmp_path):
    now = [100]
    directory = Directory(ProfileStore(SqliteDatabase(tmp_path / "people.sqlite3")), clock=lambda: now[0])
    directory.put_leads([Lead(lead_id="ann", stage="new")])
    now[0] = 200
    directory.put_leads([Lead(lead_id="ann", stage="hot")])
    found = [directory.lead("ann", as_of) for as_of in (99, 100, 199, 200, None)]
    assert [lead and lead.stage for lead in found] == [None, "new", "new", "hot", "hot"]
    assert [len(directory.leads(as_of)) for as_of in (99, 150)] == [0, 1]
    assert directory.leads(150)["ann"].stage == "new"


def test_the_first_profile_of_a_file_counts_as_known_since_ever(tmp_path):
    directory = Directory(ProfileStore(SqliteDatabase(tmp_path / "people.sqlite3")), clock=lambda: 100)
    directory.put_leads([Lead(lead_id="ann", stage="new")], files=True)
    directory.put_leads([Lead(lead_id="ann", stage="hot")], files=True)
    assert [directory.lead("ann", as_of).stage for as_of in (5, 99, 100)] == ["new", "new", "hot"]


def test_a_clock_that_runs_back_hides_no_profile(tmp_path):
    now = [100]
    directory = Directory(ProfileStore(SqliteDatabase(tmp_path / "people.sqlite3")), clock=lambda: now[0])
    directory.put_agents([Agent(agent_id="bob", capacity=1)])
    now[0] = 50
    directory.put_agents([Agent(agent_id="bob", capacity=2)])
    assert [directory.agent("bob", as_of).capacity for as_of in (None, 100)] == [2, 2]
    assert directory.agent("bob", 99) is None


def test_the_zone_of_then_is_the_one_known_then(store):
    now = [100]
    directory = Directory(store, clock=lambda: now[0])
    directory.put_leads([Lead(lead_id="a", time_zone="America/Denver")])
    now[0] = 200
    directory.put_leads([Lead(lead_id="a", time_zone="Asia/Tokyo")])
    zones = [directory.time_zone_of("a", as_of) for as_of in (99, 199, 200, None)]
    assert zones == ["UTC", "America/Denver", "Asia/Tokyo", "Asia/Tokyo"]
