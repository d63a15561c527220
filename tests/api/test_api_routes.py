"""Recommendations, homes, leads, health: each route's promise."""

from __future__ import annotations

import msgspec
import pytest

from homing.api import Check
from homing.api.shapes import FeaturesAnswer, RecommendationAnswer, TimelineAnswer
from homing.core.errors import NotReady

from api_ground import home_row  # isort: skip


def strictly(answer, shape):
    """The answer as its declared shape; a key too many or too few fails."""
    found = msgspec.json.decode(answer.content, type=shape)
    assert msgspec.json.decode(msgspec.json.encode(found)) == answer.json()
    return found


def test_recommendations_have_the_declared_shape(served):
    served.put(*map(home_row, range(12)))
    answer = strictly(served.client.get("/v1/leads/lead-1/recommendations"), RecommendationAnswer)
    assert [item["rank"] for item in answer.items] == list(range(1, 11))
    assert answer.items[0]["reasons"][0].kind == "price"


def test_k_and_explain_are_obeyed(served):
    served.put(*map(home_row, range(5)))
    items = served.client.get("/v1/leads/lead-1/recommendations?k=2&explain=false").json()["items"]
    assert [(item["property_id"], item["reasons"], item["rest"]) for item in items] == [
        ("home-0", [], 1.0),
        ("home-1", [], 1.0),
    ]


@pytest.mark.parametrize(
    "query", ["k=0", "k=-1", "k=ten", "k=1001", "k=²", "explain=perhaps", "zebra=1", "k=0&zebra=1"]
)
def test_a_senseless_query_is_422_and_names_the_parameter(served, query):
    answer = served.client.get(f"/v1/leads/lead-1/recommendations?{query}")
    assert answer.status_code == 422
    assert answer.json()["faults"][0]["where"] in {"k", "explain", "zebra"}


def test_an_event_changes_the_next_answer(served):
    served.put(*map(home_row, range(3)))
    first = served.client.get("/v1/leads/lead-1/recommendations").json()["items"][0]["property_id"]
    served.client.post("/v1/events", json={"event_type": "property_dislike", "lead_id": "lead-1", "property_id": first})
    after = served.client.get("/v1/leads/lead-1/recommendations").json()["items"]
    assert first not in [item["property_id"] for item in after]


@pytest.mark.parametrize("lead", ["a%2Fb", "a/b", "Zoë%20%3Fx", "100%25", "recommendations"])
def test_any_printable_id_can_be_asked_for(served, lead):
    answer = served.client.get(f"/v1/leads/{lead}/recommendations")
    assert answer.status_code == 200
    assert "/" not in lead or answer.json()["lead_id"] == "a/b"


def test_an_id_that_cannot_be_one_is_422(served):
    assert served.client.get("/v1/leads/%01/recommendations").status_code == 422


def test_a_lack_that_the_operator_must_mend_is_503(built):
    def unready(*_):
        raise NotReady("No model is trained. Run homing train.")

    answer = built(answer=unready).client.get("/v1/leads/lead-1/recommendations")
    assert (answer.status_code, answer.json()["detail"]) == (503, "No model is trained. Run homing train.")


def test_a_home_is_put_read_changed_and_deleted(served):
    client = served.client
    assert client.put("/v1/properties/home-1", json={"ListPrice": 599000}).json()["created"] == 1
    assert client.get("/v1/properties/home-1").json() | {"ModificationTimestamp": ""} == {
        "ListingKey": "home-1",
        "ListPrice": 599000,
        "ModificationTimestamp": "",
    }
    assert client.delete("/v1/properties/home-1").status_code == 204
    assert client.get("/v1/properties/home-1").status_code == 404
    assert client.delete("/v1/properties/home-1").status_code == 404


def test_a_change_of_price_is_in_the_next_answer(served):
    served.put(home_row(1))
    served.client.put("/v1/properties/home-1", json=home_row(1, ListPrice=450_000))
    item = served.client.get("/v1/leads/lead-1/recommendations").json()["items"][0]
    assert item["home"]["ListPrice"] == 450_000


def test_a_null_key_is_a_key_left_out(served):
    assert served.client.put("/v1/properties/h1", json={"ListingKey": None, "ListPrice": 5}).status_code == 200


def test_a_change_takes_effect_after_a_feed_whose_clock_is_fast(served):
    served.client.put("/v1/properties/h1", json={"ListPrice": 5, "ModificationTimestamp": "2026-11-22T20:02:00Z"})
    served.client.put("/v1/properties/h1", json={"ListPrice": 4})
    assert served.client.get("/v1/properties/h1").json()["ListPrice"] == 4
    assert served.client.delete("/v1/properties/h1").status_code == 204
    assert served.client.get("/v1/properties/h1").status_code == 404
    served.client.put("/v1/properties/h1", json={"ListPrice": 3})
    assert served.client.get("/v1/properties/h1").json()["ListPrice"] == 3


def test_a_home_put_under_another_id_is_refused(served):
    answer = served.client.put("/v1/properties/home-1", json={"ListingKey": "home-2"})
    assert (answer.status_code, answer.json()["faults"][0]["where"]) == (422, "ListingKey")


def test_an_array_of_homes_is_stored_row_by_row(served):
    rows = [{"ListingKey": "home-1"}, {"ListPrice": 5}, {"ListingKey": "home-2", "ListPrice": "12k"}, 7]
    answer = served.client.post("/v1/properties", json=rows)
    body = answer.json()
    assert (answer.status_code, body["created"], [one["index"] for one in body["refused"]]) == (200, 1, [1, 2, 3])


def test_one_bad_home_is_422(served):
    assert served.client.post("/v1/properties", json={"ListPrice": 5}).status_code == 422


def test_features_hold_every_name_and_null_where_there_is_no_evidence(served):
    answer = strictly(served.client.get("/v1/leads/lead-1/features?as_of=2026-11-01T00:00:00+01:00"), FeaturesAnswer)
    assert (answer.as_of, answer.numeric, answer.missing) == (
        "2026-10-31T23:00:00Z",
        {"views": 0.0, "average_price": None},
        ["average_price"],
    )


def test_the_timeline_is_newest_first_and_in_the_leads_local_time(served):
    rows = [
        {
            "event_type": "property_view",
            "lead_id": "lead-1",
            "property_id": f"home-{day}",
            "timestamp": f"2026-11-0{day}T20:00:00Z",
        }
        for day in (1, 2, 3)
    ]
    served.client.post("/v1/events", json=rows)
    answer = strictly(served.client.get("/v1/leads/lead-1/timeline?limit=2&upto=2026-11-02T20:00:00Z"), TimelineAnswer)
    assert [event.property_id for event in answer.events] == ["home-2", "home-1"]
    assert (answer.events[0].local_time, answer.event_count) == ("2026-11-02T12:00:00-08:00", 3)


@pytest.mark.parametrize(
    ("path", "faults"),
    [
        ("recommendations?k=0&explain=perhaps&where=Zebra&zebra=1", {"k", "explain", "where", "zebra"}),
        ("features?as_of=noon&zebra=1", {"as_of", "zebra"}),
        ("timeline?upto=noon&zebra=1", {"upto", "zebra"}),
    ],
)
def test_all_that_is_wrong_with_a_query_is_told_together(served, path, faults):
    answer = served.client.get(f"/v1/leads/%00/{path}")
    assert answer.status_code == 422
    assert {fault["where"] for fault in answer.json()["faults"]} == {"lead_id", *faults}


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "upto=noon", "zebra=1"])
def test_a_senseless_timeline_query_is_422(served, query):
    answer = served.client.get(f"/v1/leads/lead-1/timeline?{query}")
    assert answer.status_code == 422
    assert answer.json()["faults"]


def test_readiness_needs_storage_and_nothing_else(served):
    assert served.client.get("/healthz").status_code == 200
    ready = served.client.get("/readyz")
    assert (ready.status_code, ready.json()["ready"]) == (200, True)
    assert {"name": "models", "ok": False, "hint": "homing train"} in ready.json()["checks"]
    served.checks["storage"] = Check("storage", ok=False, hint="The disk is full.", required=True)
    unready = served.client.get("/readyz")
    assert (unready.status_code, unready.json()["ready"]) == (503, False)
