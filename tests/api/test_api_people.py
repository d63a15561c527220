"""Profiles over HTTP, and visitors who turn out to be leads."""

from __future__ import annotations

import pytest

from homing.api.shapes import MergeStored, ProfileStored

from api_ground import home_row  # isort: skip
from test_api_routes import strictly  # isort: skip

PROFILE = {"time_zone": "America/Denver", "stage": "nurture", "limits": {"price_max": 520000, "areas": ["98100"]}}


def act(served, home, **who):
    event = {"event_type": "property_save", "property_id": home, **who}
    assert served.client.post("/v1/events", json=event).json()["stored"] == 1


@pytest.mark.parametrize("kind", ["leads", "agents"])
def test_a_profile_put_comes_back(served, kind):
    name = {"leads": "lead_id", "agents": "agent_id"}[kind]
    profile = {"time_zone": "America/Denver"} | ({"capacity": 20} if kind == "agents" else PROFILE)
    outcomes = [
        strictly(served.client.put(f"/v1/{kind}/a%2Fb", json=body), ProfileStored).outcome
        for body in (profile, {name: "a/b", **profile}, {**profile, "time_zone": "America/Boise"})
    ]
    assert outcomes == ["created", "unchanged", "updated"]
    assert served.client.get(f"/v1/{kind}/a%2Fb").json() == {name: "a/b", **profile, "time_zone": "America/Boise"}


@pytest.mark.parametrize("kind", ["leads", "agents"])
def test_a_stranger_has_no_profile(served, kind):
    answer = served.client.get(f"/v1/{kind}/stranger")
    assert answer.status_code == 404
    assert "with a profile" in answer.json()["faults"][0]["must"]


def test_what_says_who_the_person_is_is_not_kept_and_is_named(served):
    answer = served.client.put("/v1/leads/lead-7", json={"email": "a@b.example", "state": "WA"})
    assert answer.json() == {"outcome": "created", "dropped": ["email"]}
    assert served.client.get("/v1/leads/lead-7").json() == {"lead_id": "lead-7", "state": "WA"}


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ([], ["body"]),
        ({"lead_id": "other"}, ["lead_id"]),
        ({"time_zone": "Mars", "limits": {"price_max": -1, "areas": 7}}, 3),
    ],
)
def test_a_senseless_profile_is_422_with_every_fault(served, body, faults):
    answer = served.client.put("/v1/leads/lead-7", json=body)
    assert answer.status_code == 422
    found = [fault["where"] for fault in answer.json()["faults"]]
    assert found == faults or len(found) == faults
    assert served.client.get("/v1/leads/lead-7").status_code == 404


def test_a_visitor_becomes_a_lead_and_can_be_taken_apart_again(served):
    served.put(*map(home_row, range(3)))
    act(served, "home-0", anonymous_id="anon-1")
    act(served, "home-1", lead_id="lead-1")
    asked = {"anonymous_id": "anon-1"}
    merged = strictly(served.client.post("/v1/leads/lead-1/merge", json=asked), MergeStored)
    assert (merged.changed, merged.event_count) == (True, 2)
    assert served.client.post("/v1/leads/lead-1/merge", json=asked).json()["changed"] is False
    items = served.client.get("/v1/leads/lead-1/recommendations").json()["items"]
    assert [item["property_id"] for item in items] == ["home-2"]
    timeline = served.client.get("/v1/leads/lead-1/timeline").json()
    assert {event["anonymous_id"] for event in timeline["events"]} == {"anon-1", None}
    apart = strictly(served.client.post("/v1/leads/lead-1/unmerge", json=asked), MergeStored)
    assert (apart.changed, apart.event_count) == (True, 1)


def test_a_visitor_of_another_lead_is_neither_taken_nor_given(served):
    asked = {"anonymous_id": "anon-1"}
    assert served.client.post("/v1/leads/lead-1/merge", json=asked).status_code == 200
    for verb in ("merge", "unmerge"):
        answer = served.client.post(f"/v1/leads/lead-2/{verb}", json=asked)
        assert answer.status_code == 422
        assert answer.json()["faults"][0]["where"] == "anonymous_id"


@pytest.mark.parametrize("body", [{}, {"anonymous_id": 7}, {"anonymous_id": "a", "zebra": 1}, {"anonymous_id": " "}])
def test_a_senseless_merge_is_422(served, body):
    assert served.client.post("/v1/leads/lead-1/merge", json=body).status_code == 422


def test_posted_homes_and_events_say_what_was_not_kept(served):
    home = {"ListingKey": "h9", "ListPrice": 5, "PrivateRemarks": "call Bob", "OwnerName": "Bob"}
    answer = served.client.post("/v1/properties", json=[home, {**home, "ListingKey": "h8"}])
    assert answer.json()["dropped"] == {"PrivateRemarks": 2, "OwnerName": 2}
    assert "Bob" not in served.client.get("/v1/properties/h9").text
    event = {"event_type": "page_view", "lead_id": "l1", "event_data": {"gender": "f", "page_title": "Homes"}}
    assert served.client.post("/v1/events", json=event).json()["dropped"] == {"event_data.gender": 1}
    assert "dropped" not in served.client.post("/v1/events", json={**event, "event_data": {}}).json()
