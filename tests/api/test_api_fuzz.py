"""Whatever is sent, the server answers with a status of the contract and never breaks."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homing.event_types import EventType

from api_ground import build  # isort: skip

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)
IDS = st.text(max_size=12) | JSON
EVENT = st.fixed_dictionaries(
    {"event_type": st.sampled_from([kind.value for kind in EventType]) | JSON},
    optional={
        "lead_id": IDS, "anonymous_id": IDS, "property_id": IDS, "agent_id": IDS, "session_id": IDS, "event_id": IDS,
        "timestamp": st.datetimes().map(str) | st.sampled_from(["2026-11-01T00:00:00Z", "9999-12-31T23:59:59Z"]) | JSON,
        "event_data": st.dictionaries(st.sampled_from(["reason", "amount", "swipe_direction", "x"]), JSON) | JSON,
        "outcome": JSON, "outcome_value": JSON, "outcome_timestamp": JSON, "device_type": JSON, "received_at": JSON,
    },
)  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return build(tmp_path_factory.mktemp("fuzz"))


calm = settings(max_examples=60)


@calm
@given(body=EVENT | JSON | st.lists(EVENT | JSON, max_size=5))
def test_any_json_as_events_is_stored_or_refused(served, body):
    answer = served.client.post("/v1/events", content=encoded(body))
    assert answer.status_code in ({200} if isinstance(body, list) else {200, 422})
    if isinstance(body, list):
        counts = answer.json()
        assert counts["stored"] + counts["duplicates"] + len(counts["refused"]) == len(body)


@calm
@given(
    body=JSON
    | st.fixed_dictionaries({"ListingKey": IDS, "ListPrice": JSON, "Latitude": JSON, "Media": JSON, "City": JSON})
)
def test_any_json_as_a_home_is_stored_or_refused(served, body):
    assert served.client.post("/v1/properties", content=encoded(body)).status_code in {200, 422}


@calm
@given(
    name=st.text(min_size=1, max_size=20),
    query=st.dictionaries(st.sampled_from(["k", "explain", "limit", "upto", "as_of", "q"]), st.text(max_size=8)),
)
@pytest.mark.parametrize(
    "path",
    [
        "/v1/leads/{}/recommendations",
        "/v1/leads/{}/timeline",
        "/v1/leads/{}/features",
        "/v1/properties/{}",
        "/leads/{}",
    ],
)
def test_any_id_and_query_is_answered(served, path, name, query):
    answer = served.client.get(path.format(quoted(name)), params=query)
    assert answer.status_code in {200, 404, 422}


@pytest.mark.parametrize("path", ["/v1/leads", "/v1/leads/", "/leads/.", "/v1/properties/", "/v1/events/"])
def test_an_address_without_an_id_leads_nowhere_else(served, path):
    assert served.client.get(path).status_code in {404, 422}


def encoded(body):
    return json.dumps(body).encode()


def quoted(name):
    return quote(name, safe="")


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00%2B05:00", "9999-12-31T23:59:59-05:00"])
def test_a_moment_outside_the_years_of_utc_is_422(served, moment):
    for path in ("features?as_of=", "timeline?upto="):
        assert served.client.get(f"/v1/leads/ann/{path}{moment}").status_code == 422


@pytest.mark.parametrize("levels", [20, 31, 250, 450, 900])
def test_what_is_stored_of_a_nested_payload_can_be_shown(served, levels):
    lead = f"deep-{levels}"
    criteria = '{"a":' * levels + "1" + "}" * levels
    body = f'{{"event_type": "filter_applied", "lead_id": "{lead}", "event_data": {{"filters": {criteria}}}}}'
    assert served.client.post("/v1/events", content=body).status_code == (200 if levels < 32 else 422)
    assert served.client.get(f"/leads/{lead}").status_code == 200
    assert served.client.get(f"/v1/leads/{lead}/timeline").status_code == 200


@pytest.mark.parametrize("levels", [31, 450, 900])
def test_a_nested_field_of_a_home_is_stored_or_refused(served, levels):
    body = f'{{"ListingKey": "deep", "ListPrice": 1, "Own": {"[" * levels + "]" * levels}}}'
    assert served.client.post("/v1/properties", content=body).status_code == (200 if levels < 32 else 422)
