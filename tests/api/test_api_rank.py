"""Visitors, the caller's own homes, and what comes of an answer."""

from __future__ import annotations

import threading

import pytest

from homing.api.shapes import FeedbackStored, LeadsForAnswer, SimilarAnswer, VisitorAnswer
from homing.event_types import EventType
from homing.personalization.turns import BEHIND, RANKING

from api_ground import home_row  # isort: skip
from test_api_routes import strictly  # isort: skip


@pytest.fixture
def stocked(served):
    served.put(*map(home_row, range(5)))
    return served


def feedback(served, answer, **changed):
    told = {
        "recommendation_id": answer["recommendation_id"],
        "property_id": "home-1",
        "event_type": "recommendation_shown",
        **changed,
    }
    return served.client.post("/v1/feedback", json=told)


def asked_behind(served, path, body=None):
    """The answer to a question that had to wait longer than is borne; with a body it is posted."""
    released = threading.Event()
    RANKING.submit(released.wait, 30)
    threading.Timer(BEHIND + 0.05, released.set).start()
    return (served.client.get(path) if body is None else served.client.post(path, json=body)).json()


@pytest.mark.parametrize(("explain", "reasons"), [(True, True), (None, False)])
def test_an_explain_of_null_is_one_left_out(stocked, explain, reasons):
    body = {"lead_id": "lead-1", "property_ids": ["home-1"], "explain": explain}
    (item,) = asked_behind(stocked, "/v1/rank", body)["items"]
    assert bool(item["reasons"]) is reasons


def test_who_had_to_wait_is_answered_without_reasons_and_told_so(stocked):
    answer = asked_behind(stocked, "/v1/leads/lead-1/recommendations?k=2")
    assert [item["reasons"] for item in answer["items"]] == [[], []]
    why = "left out, as this server was more than 25 ms behind; explain=true waits for them"
    assert answer["degraded"][-2:] == [
        f"reasons: {why}",
        f"sources: homes that only single sources name are {why}",
    ]
    in_time = stocked.client.get("/v1/leads/lead-1/recommendations?k=2").json()
    assert all(item["reasons"] for item in in_time["items"])


@pytest.mark.parametrize("explain", ["true", "full"])
def test_who_asks_for_reasons_by_name_waits_for_them(stocked, explain):
    answer = asked_behind(stocked, f"/v1/leads/lead-1/recommendations?k=2&explain={explain}")
    assert all(item["reasons"] for item in answer["items"])


def test_a_visitor_has_an_answer_of_its_own(stocked):
    view = {"event_type": "property_view", "anonymous_id": "anon-1", "property_id": "home-0"}
    assert stocked.client.post("/v1/events", json=view).json()["stored"] == 1
    answer = strictly(stocked.client.get("/v1/visitors/anon-1/recommendations?k=2"), VisitorAnswer)
    assert (answer.lead_id, answer.anonymous_id, answer.event_count) == (None, "anon-1", 1)
    assert [item["property_id"] for item in answer.items] == ["home-1", "home-2"]


def test_rank_answers_over_the_given_homes(stocked):
    asked = {"lead_id": "lead-1", "property_ids": ["home-3", "home-1"], "explain": False}
    answer = stocked.client.post("/v1/rank", json=asked).json()
    assert [item["property_id"] for item in answer["items"]] == ["home-1", "home-3"]
    assert [item["reasons"] for item in answer["items"]] == [[], []]
    assert answer["lead_id"] == "lead-1"


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ([], ["body"]),
        ({"lead_id": "a"}, ["property_ids"]),
        ({"lead_id": 7, "property_ids": "home-1", "zebra": 1}, ["zebra", "lead_id", "property_ids"]),
        ({"property_ids": ["home-1"]}, ["lead_id"]),
        ({"lead_id": "a", "anonymous_id": "b", "property_ids": ["home-1"]}, ["lead_id"]),
        ({"lead_id": "a", "property_ids": ["home-1", 7, ""]}, ["property_ids[1]", "property_ids[2]"]),
        ({"lead_id": "a", "property_ids": ["home"] * 1001}, ["property_ids"]),
        ({"lead_id": "a", "property_ids": [], "explain": "yes"}, ["explain"]),
        (
            {"lead_id": "a", "anonymous_id": "b", "property_ids": [7], "explain": 3, "zebra": 1},
            ["zebra", "explain", "property_ids[0]", "lead_id"],
        ),
    ],
)
def test_a_senseless_ranking_is_422_with_every_fault(stocked, body, faults):
    answer = stocked.client.post("/v1/rank", json=body)
    assert answer.status_code == 422
    assert [fault["where"] for fault in answer.json()["faults"]] == faults


def test_an_exposure_counts_when_it_is_reported_and_once(stocked):
    answer = stocked.client.get("/v1/leads/lead-1/recommendations").json()
    assert stocked.types_of("lead-1") == []
    first = strictly(feedback(stocked, answer), FeedbackStored)
    assert first.stored
    again = strictly(feedback(stocked, answer), FeedbackStored)
    assert (again.stored, again.event_id) == (False, first.event_id)
    assert stocked.types_of("lead-1") == [EventType.RECOMMENDATION_SHOWN]


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"recommendation_id": "rec_1"}, ["recommendation_id"]),
        ({"recommendation_id": None, "event_type": 7}, ["recommendation_id", "event_type"]),
        ({"event_type": "zebra"}, ["event_type"]),
        ({"event_type": "zebra", "recommendation_id": "rec_1"}, ["recommendation_id", "event_type"]),
        ({"property_id": "home-9", "event_type": "page_view"}, ["event_type", "property_id"]),
    ],
)
def test_feedback_on_no_answer_is_422(stocked, changed, faults):
    answer = stocked.client.get("/v1/leads/lead-1/recommendations").json()
    refused = feedback(stocked, answer, **changed)
    assert refused.status_code == 422
    assert [fault["where"] for fault in refused.json()["faults"]] == faults


def test_a_filter_that_cannot_be_read_is_422_and_names_the_parameter(stocked):
    answer = stocked.client.get("/v1/leads/lead-1/recommendations?where=ListPrice%20%3C%205")
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["where"] == "where"


def test_the_leads_for_a_home_and_homes_like_it_have_the_declared_shapes(stocked):
    save = {"event_type": "property_save", "lead_id": "lead-2", "property_id": "home-0"}
    stocked.client.post("/v1/events", json=save)
    found = strictly(stocked.client.get("/v1/properties/home-1/leads?k=3"), LeadsForAnswer)
    assert [item.lead_id for item in found.items] == ["lead-2"]
    like = strictly(stocked.client.get("/v1/properties/home-1/similar?k=2"), SimilarAnswer)
    assert len(like.items) == 2


@pytest.mark.parametrize("what", ["leads", "similar"])
def test_an_unknown_home_is_404_and_a_senseless_k_422(stocked, what):
    assert stocked.client.get(f"/v1/properties/zebra/{what}").status_code == 404
    assert stocked.client.get(f"/v1/properties/home-1/{what}?k=0").status_code == 422
    assert stocked.client.get(f"/v1/properties/home-1/{what}?zebra=1").status_code == 422
