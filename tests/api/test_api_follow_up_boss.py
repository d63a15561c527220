"""`POST /fub/v1/events`: Follow Up Boss's body unchanged."""

from __future__ import annotations

import pytest

from homing.core.clock import HOUR, format_moment
from homing.store.events import EventQuery

from api_ground import NOW, TENANT, home_row  # isort: skip

PERSON = {
    "firstName": "Ada", "lastName": "Byron", "stage": "Lead", "tags": ["x"],
    "emails": [{"value": "ada@example.com"}], "phones": [{"value": "206-555-0142"}],
}  # fmt: skip
VIEWED = {
    "source": "site.example", "system": "Builder", "type": "Viewed Property", "person": PERSON,
    "property": {"street": "1 High Oak St", "mlsNumber": "1234567", "price": 449000, "forRent": False},
    "campaign": {"source": "google", "campaign": "spring"},
}  # fmt: skip


def post(served, body):
    return served.client.post("/fub/v1/events", json=body)


def test_a_new_person_is_201_then_200_and_is_found_by_either_way(served):
    served.put(home_row(7) | {"ListingId": "1234567"})
    first = post(served, VIEWED)
    second = post(served, {**VIEWED, "type": "Saved Property", "person": {"phones": [{"value": "(206) 555 0142"}]}})
    assert (first.status_code, second.status_code) == (201, 200)
    lead = first.json()["id"]
    assert second.json()["id"] == lead
    found = served.store.select(TENANT, EventQuery(lead_id=lead))
    assert {(event.event_type.value, event.property_id) for event in found} == {
        ("property_view", "home-7"), ("property_save", "home-7"),
    }  # fmt: skip
    assert (found[0].source_channel, found[0].campaign_id) == ("google", "spring")
    assert served.directory.lead(lead).stage == "Lead"


def test_who_the_person_is_stands_nowhere(served, tmp_path):
    lead = post(served, VIEWED).json()["id"]
    served.client.get(f"/v1/leads/{lead}")
    told = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert all(word not in told for word in (b"ada@example.com", b"555-0142", b"2065550142", b"Byron", b"High Oak"))


@pytest.mark.parametrize("moment", [None, format_moment(NOW - HOUR)])
def test_the_same_body_again_is_stored_once(served, moment):
    body = VIEWED | ({} if moment is None else {"occurredAt": moment})
    assert [post(served, body).json()["stored"] for _ in range(3)] == [True, False, False]


TYPES = {
    "Registration": "registered", "Inquiry": "inquiry_sent", "Seller Inquiry": "form_submission",
    "Property Inquiry": "inquiry_sent", "General Inquiry": "inquiry_sent", "Viewed Property": "property_view",
    "Saved Property": "property_save", "Visited Website": "page_view", "Incoming Call": "call_received",
    "Unsubscribed": "unsubscribed", "Property Search": "search_query", "Saved Property Search": "search_saved",
    "Visited Open House": "open_house_visited", "Viewed Page": "page_view", "Made Coffee": "custom",
}  # fmt: skip


def test_all_of_its_types_are_ours_and_another_is_custom(served):
    for name in TYPES:
        assert post(served, VIEWED | {"type": name, "person": {"id": 17}}).status_code in {200, 201}
    found = served.store.select(TENANT, EventQuery(lead_id="17"))
    assert sorted(event.event_type.value for event in found) == sorted(TYPES.values())


def test_a_search_keeps_what_was_searched_for(served):
    search = {"city": "Boston", "minPrice": 50_000, "maxPrice": 850_000, "minBedrooms": 2, "code": "", "forRent": False}
    body = {"type": "Property Search", "person": {"id": "17"}, "propertySearch": search}
    post(served, body)
    [event] = served.store.select(TENANT, EventQuery(lead_id="17"))
    assert event.event_data["search_filters"] == {
        "City": "Boston", "price_min": 50_000, "price_max": 850_000, "bedrooms_min": 2, "for_rent": False,
    }  # fmt: skip


def test_without_a_home_what_needs_one_is_custom(served):
    post(served, {"type": "Viewed Property", "person": {"id": "17"}})
    [event] = served.store.select(TENANT, EventQuery(lead_id="17"))
    assert (event.event_type.value, event.event_data) == ("custom", {"name": "Viewed Property"})


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"type": "Registration"}, "person"),
        ({"type": "Registration", "person": {"emails": [{"value": "n/a"}]}}, "person"),
        ({"person": {"id": "17"}}, "type"),
        ({"type": "Registration", "person": {"id": " "}}, "person.id"),
        ([], "event"),
    ],
)
def test_a_body_that_names_nobody_or_nothing_is_422(served, body, where):
    answer = post(served, body)
    assert (answer.status_code, answer.json()["faults"][0]["where"]) == (422, where)
