"""Segment's and RudderStack's messages, as the contract says them, and their real clients against a running server."""

from __future__ import annotations

import gzip
import json
import threading
from base64 import b64encode
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from homing.core.clock import HOUR, SECOND, format_moment
from homing.event_types import EventType
from homing.services.keys import CreateKey
from homing.store.events import EventQuery

from api_ground import NOW, TENANT  # isort: skip

VIEW = {"userId": "ann", "event": "Listing Viewed", "properties": {"listing_id": "h1"}, "messageId": "m1"}
SUCCESS = {"success": True}


def stored(served):
    return served.store.select(TENANT, EventQuery())


@pytest.mark.parametrize("path", ["/v1/track", "/v1/t"])
@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_a_tracked_view_is_the_leads_under_its_message_id(served, path, kind):
    answer = served.client.post(path, content=json.dumps(VIEW), headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()) == (200, SUCCESS)
    [event] = stored(served)
    assert (event.event_id, event.event_type, event.lead_id, event.property_id, event.at, event.known_at) == (
        "m1", EventType.PROPERTY_VIEW, "ann", "h1", NOW, NOW,
    )  # fmt: skip


NAMES = {
    "Product Viewed": "property_view", "Listing Viewed": "property_view", "Product Added to Wishlist": "property_save",
    "Listing Saved": "property_save", "Product Shared": "property_share", "Listing Shared": "property_share",
    "Listing Dismissed": "property_dislike", "Products Searched": "search_query", "Listings Searched": "search_query",
}  # fmt: skip


def test_each_name_of_the_contract_is_its_type_and_any_other_is_custom(served):
    batch = [VIEW | {"type": "track", "event": name, "messageId": name} for name in (*NAMES, "Mortgage Computed")]
    assert served.client.post("/v1/batch", json={"batch": batch}).json() == SUCCESS
    found = {event.event_id: event for event in stored(served)}
    assert {name: found[name].event_type.value for name in NAMES} == NAMES
    other = found["Mortgage Computed"]
    assert (other.event_type, other.event_data["name"]) == (EventType.CUSTOM, "Mortgage Computed")


@pytest.mark.parametrize(
    ("properties", "home"),
    [
        ({"property_id": "a", "listing_id": "b", "ListingKey": "c", "product_id": "d"}, "a"),
        ({"listing_id": "b", "ListingKey": "c", "product_id": "d"}, "b"),
        ({"property_id": None, "ListingKey": 17, "product_id": "d"}, "17"),
        ({"product_id": "d"}, "d"),
        ({}, None),
    ],
)
def test_the_home_is_the_first_that_is_named_and_without_one_it_is_custom(served, properties, home):
    served.client.post("/v1/track", json=VIEW | {"properties": properties})
    [event] = stored(served)
    assert event.property_id == home
    assert event.event_type is (EventType.CUSTOM if home is None else EventType.PROPERTY_VIEW)


def test_the_senders_clock_is_corrected_and_never_ahead(served):
    an_hour_slow = {
        "timestamp": format_moment(NOW - HOUR - 10 * SECOND),
        "sentAt": format_moment(NOW - HOUR),
    }
    ahead = {"timestamp": format_moment(NOW + HOUR), "sentAt": format_moment(NOW)}
    of_batch = {"originalTimestamp": format_moment(NOW - 3 * HOUR - SECOND)}
    batch = [
        VIEW | {"type": "track", "messageId": name} | clocks
        for name, clocks in {"slow": an_hour_slow, "ahead": ahead, "batch": of_batch}.items()
    ]
    served.client.post("/v1/batch", json={"batch": batch, "sentAt": format_moment(NOW - 3 * HOUR)})
    assert {event.event_id: event.at for event in stored(served)} == {
        "slow": NOW - 10 * SECOND, "ahead": NOW, "batch": NOW - SECOND,
    }  # fmt: skip


@pytest.mark.parametrize("name", ["m1", None])
def test_sent_again_with_other_clocks_and_another_way_it_is_stored_once(served, name):
    message = VIEW | {"messageId": name, "timestamp": format_moment(NOW - HOUR), "sentAt": format_moment(NOW)}
    served.client.post("/v1/track", json=message)
    later = {key: value for key, value in message.items() if key != "sentAt"} | {"type": "track"}
    served.client.post("/v1/batch", json={"batch": [later], "sentAt": format_moment(NOW + 60 * SECOND)})
    assert len(stored(served)) == 1


def test_identify_makes_a_profile_and_merges_the_visitor_once(served):
    served.client.post("/v1/track", json={**VIEW, "userId": None, "anonymousId": "v"})
    told = {
        "type": "identify", "userId": "ann", "anonymousId": "v",
        "traits": {"email": "ann@example.com", "stage": "new", "time_zone": "Nowhere", "favourite_colour": "red"},
        "context": {"timezone": "America/Denver"},
    }  # fmt: skip
    for path, body in (("/v1/identify", told), ("/v1/batch", {"batch": [told]})):
        assert served.client.post(path, json=body).json() == SUCCESS
    assert [event.event_id for event in served.store.select(TENANT, EventQuery(lead_id="ann"))] == ["m1"]
    lead = served.directory.lead("ann")
    assert (lead.stage, lead.time_zone) == ("new", None)
    assert served.directory.leads_reached_by("email", "Ann@Example.com") == ("ann",)
    served.client.post("/v1/identify", json={"userId": "zoe", "anonymousId": "v", "traits": {"stage": "hot"}})
    assert served.store.identities.lead_of(TENANT, "v") == "ann"
    assert served.directory.lead("zoe").stage == "hot"


def test_what_traits_do_not_name_stays_in_the_profile(served):
    served.client.put("/v1/leads/ann", json={"limits": {"price_max": 600_000}, "time_zone": "America/Denver"})
    served.client.post("/v1/identify", json={"userId": "ann", "context": {"traits": {"stage": "warm"}}})
    lead = served.directory.lead("ann")
    assert (lead.limits.price_max, lead.time_zone, lead.stage) == (600_000, "America/Denver", "warm")


def test_alias_merges_and_a_group_a_page_and_a_screen_are_events(served):
    batch = [
        {"type": "alias", "previousId": "v", "userId": "ann"},
        {"type": "group", "userId": "ann", "groupId": "g", "messageId": "group"},
        {"type": "page", "anonymousId": "v", "messageId": "page", "properties": {"url": "https://x.example/a?q=1"}},
        {"type": "screen", "anonymousId": "v", "messageId": "screen"},
    ]
    served.client.post("/v1/b", json={"batch": batch})
    found = {event.event_id: event for event in served.store.select(TENANT, EventQuery(lead_id="ann"))}
    assert {name: event.event_type.value for name, event in found.items()} == {
        "group": "custom", "page": "page_view", "screen": "page_view",
    }  # fmt: skip
    assert found["page"].event_data == {"page_url": "https://x.example/a"}


def test_what_nobody_can_store_is_named_and_the_rest_is_kept(served):
    batch = [VIEW | {"type": "track"}, {"type": "track", "event": "x"}, {"type": "merge", "userId": "a"}, 7]
    answer = served.client.post("/v1/batch", json={"batch": batch}).json()
    assert answer["success"] is True
    assert [one["index"] for one in answer["refused"]] == [1, 2, 3]
    assert len(stored(served)) == 1


def test_a_property_that_does_not_fit_the_key_it_is_called_like_stands_apart(served):
    view = {"listing_id": "h1", "view_duration_seconds": "long", "dwell_ms": 41_250, "page_source": "map"}
    served.client.post("/v1/track", json=VIEW | {"properties": view})
    [event] = stored(served)
    assert event.event_data["page_source"] == "map"
    assert event.event_data["properties"] == {"view_duration_seconds": "long"}


def packed(body):
    return gzip.compress(body if isinstance(body, bytes) else json.dumps(body).encode())


def posted(served, body, path="/v1/batch"):
    return served.client.post(path, content=body, headers={"Content-Encoding": "gzip"})


def test_a_body_may_come_in_gzip(served):
    assert posted(served, packed({"batch": [VIEW | {"type": "track"}]})).json() == SUCCESS
    assert len(stored(served)) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (packed(b"{" + b" " * 50_000_000), 413),
        (packed({"batch": []})[:-9], 400),
        (b"no gzip", 400),
        (packed({"batch": 7}), 400),
        (packed([]), 400),
        (packed({"batch": [{}] * 2_501}), 413),
    ],
    ids=["bomb", "cut off", "no gzip", "no list", "no object", "too many"],
)
def test_a_bomb_damage_and_no_batch_are_refused(served, body, status):
    answer = posted(served, body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_single_message_that_nobody_can_store_is_400(served):
    answer = served.client.post("/v1/track", json={"event": "x"})
    assert answer.status_code == 400
    assert "userId must be given (or anonymousId)" in answer.json()["detail"]


@contextmanager
def listening(served):
    """The application behind a socket, for clients that want one."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            answer = served.client.post(self.path, content=body, headers=dict(self.headers))
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *_):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def clients():
    segment = pytest.importorskip("segment.analytics", reason="this needs the package segment-analytics-python")
    rudder = pytest.importorskip("rudderstack.analytics", reason="this needs the package rudder-sdk-python")
    return {
        "segment": lambda url, **more: segment.Client("KEY", host=url, **more),
        "segment in gzip": lambda url, **more: segment.Client("KEY", host=url, gzip=True, **more),
        "rudder": lambda url, **more: rudder.Client("KEY", host=url, **more),
        "rudder in gzip": lambda url, **more: rudder.Client("KEY", host=url, gzip=True, **more),
    }


@pytest.mark.parametrize("name", ["segment", "segment in gzip", "rudder", "rudder in gzip"])
def test_the_real_client_is_understood(served, name):
    failed = []
    with listening(served) as url:
        client = clients()[name](url, on_error=lambda error, batch: failed.append(error))
        client.track(anonymous_id="v", event="Listing Viewed", properties={"listing_id": "h1"})
        client.track("ann", "Listing Saved", {"listing_id": "h2"}, anonymous_id="v")
        client.page("ann", name="Search", properties={"url": "https://x.example/?q=1"})
        client.identify("ann", {"email": "ann@example.com", "stage": "new"}, anonymous_id="v")
        client.group("ann", "g1", {"name": "household"})
        client.flush()
        client.shutdown()
    assert failed == []
    found = served.store.select(TENANT, EventQuery(lead_id="ann"))
    assert sorted(event.event_type.value for event in found) == [
        "custom", "page_view", "property_save", "property_view",
    ]  # fmt: skip
    assert served.directory.lead("ann").stage == "new"


SITE = "https://homes.example"
TRACK = {
    "type": "track",
    "userId": "ann",
    "anonymousId": "v",
    "event": "Listing Viewed",
    "properties": {"listing_id": "h1"},
}
IDENTIFY = {
    "type": "identify",
    "userId": "ann",
    "anonymousId": "v",
    "traits": {"email": "x@evil.example", "stage": "hot"},
}


def basic(text, **more):
    return {"Authorization": "Basic " + b64encode(f"{text}:".encode()).decode(), **more}


@pytest.fixture
def page(served):
    """What the unchanged client in a page of the site posts, by the site's public key."""
    text = CreateKey(served.keys, TENANT, lambda: NOW)("site", [SITE]).text

    def post(path, message, **more):
        headers = basic(text, Origin=SITE, **{"Content-Type": "text/plain", **more})
        return served.client.post(path, content=json.dumps(message), headers=headers)

    return post


def of_lead(served, lead_id):
    server = CreateKey(served.keys, TENANT, lambda: NOW)("write").text
    return served.client.post(f"/v1/leads/{lead_id}/token", headers=basic(server)).json()["token"]


def test_what_a_page_tells_of_a_lead_without_its_token_is_its_visitors(served, page):
    assert page("/v1/t", TRACK | {"messageId": "m1"}).json() == SUCCESS
    assert page("/v1/b", {"batch": [TRACK | {"messageId": "m2"}, {**TRACK, "type": "page"}]}).json() == SUCCESS
    assert {event.lead_id for event in stored(served)} == {None}
    assert {event.anonymous_id for event in stored(served)} == {"v"}
    assert served.types_of("ann") == []


@pytest.mark.parametrize("path", ["/v1/i", "/v1/a"])
def test_a_claim_to_be_a_lead_is_kept_once_and_merges_and_changes_nothing(served, page, path):
    served.client.put("/v1/leads/ann", json={"stage": "new"}, headers=basic(writer(served)))
    told = IDENTIFY if path == "/v1/i" else {"type": "alias", "previousId": "v", "userId": "ann"}
    for number in range(2):
        assert page(path, told | {"messageId": f"m{number}"}).json() == SUCCESS
    assert served.store.identities.lead_of(TENANT, "v") is None
    assert served.directory.lead("ann").stage == "new"
    assert served.directory.leads_reached_by("email", "x@evil.example") == ()
    [event] = stored(served)
    assert (event.anonymous_id, event.lead_id, event.event_data["claimed_lead_id"]) == ("v", None, "ann")


def writer(served):
    return CreateKey(served.keys, TENANT, lambda: NOW)("write").text


def test_once_the_server_says_so_what_the_page_told_is_the_leads(served, page):
    page("/v1/t", TRACK | {"messageId": "before"})
    page("/v1/i", IDENTIFY)
    said = IDENTIFY | {"traits": {"stage": "hot"}}
    assert served.client.post("/v1/identify", json=said, headers=basic(writer(served))).json() == SUCCESS
    page("/v1/t", TRACK | {"messageId": "after"})
    found = {event.event_id for event in served.store.select(TENANT, EventQuery(lead_id="ann"))}
    assert {"before", "after"} <= found
    assert served.directory.lead("ann").stage == "hot"


def test_with_the_leads_token_a_page_merges_and_tells_what_is_the_leads_own_to_tell(served, page):
    token = {"Homing-Token": of_lead(served, "ann")}
    page("/v1/t", TRACK | {"messageId": "m1"}, **token)
    told = IDENTIFY | {"traits": {"time_zone": "America/Denver", "stage": "hot", "agent_id": "a", "household_id": "h"}}
    assert page("/v1/i", told, **token).json() == SUCCESS
    assert [event.lead_id for event in stored(served)] == ["ann"]
    assert served.store.identities.lead_of(TENANT, "v") == "ann"
    lead = served.directory.lead("ann")
    assert (lead.time_zone, lead.stage, lead.agent_id, lead.household_id) == ("America/Denver", None, None, None)


def test_one_leads_token_tells_of_no_other(served, page):
    token = {"Homing-Token": of_lead(served, "bob")}
    for path, told in (("/v1/t", TRACK), ("/v1/i", IDENTIFY)):
        assert page(path, told, **token).json() == SUCCESS
    assert {event.lead_id for event in stored(served)} == {None}
    assert served.store.identities.lead_of(TENANT, "v") is None


def test_a_page_that_names_a_lead_and_no_visitor_is_told_what_is_missing(served, page):
    told = {name: value for name, value in TRACK.items() if name != "anonymousId"}
    answer = page("/v1/t", told)
    assert answer.status_code == 400
    assert (
        "anonymousId must be given: a site key tells of a lead only with that lead's token" in answer.json()["detail"]
    )
    [refused] = page("/v1/b", {"batch": [told]}).json()["refused"]
    assert refused["index"] == 0
    assert stored(served) == []


def by_body(served, path, body, **headers):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return served.client.post(path, content=content, headers={"Content-Type": "text/plain", "Origin": SITE, **headers})


def test_a_key_that_only_the_body_tells_is_taken_as_older_clients_send_it(served):
    text = CreateKey(served.keys, TENANT, lambda: NOW)("site", [SITE]).text
    answer = by_body(served, "/v1/t", TRACK | {"messageId": "m1", "writeKey": text})
    assert (answer.status_code, answer.json()) == (200, SUCCESS)
    assert answer.headers["access-control-allow-origin"] == SITE
    batch = {"writeKey": text, "batch": [TRACK | {"messageId": "m2"}]}
    assert by_body(served, "/v1/b", batch).json() == SUCCESS
    assert by_body(served, "/v1/b", packed(batch), **{"Content-Encoding": "gzip"}).json() == SUCCESS
    assert {event.event_id for event in stored(served)} == {"m1", "m2"}


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/v1/t", TRACK, {}, 401),
        ("/v1/t", TRACK | {"writeKey": "guessed"}, {}, 401),
        ("/v1/t", TRACK | {"writeKey": 7}, {}, 401),
        ("/v1/t", TRACK | {"writeKey": "KEY"}, {"Authorization": "Bearer guessed"}, 401),
        ("/v1/t", TRACK | {"writeKey": "KEY"}, {"Origin": "https://evil.example"}, 403),
        ("/v1/b", {"writeKey": "KEY", "batch": [], "more": "x" * 500_000}, {}, 401),
        ("/v1/events", {"event_type": "page_view", "anonymous_id": "v", "writeKey": "KEY"}, {}, 401),
        ("/v1/t", b"no JSON", {}, 401),
        ("/v1/t", b"no gzip", {"Content-Encoding": "gzip"}, 401),
    ],
    ids=[
        "none",
        "guessed",
        "no text",
        "beside a header",
        "another site",
        "too far in",
        "another route",
        "no json",
        "no gzip",
    ],
)
def test_a_key_in_the_body_opens_no_more_than_it_would_as_basic(served, path, body, headers, status):
    text = CreateKey(served.keys, TENANT, lambda: NOW)("site", [SITE]).text
    if isinstance(body, dict) and body.get("writeKey") == "KEY":
        body = body | {"writeKey": text}
    assert by_body(served, path, body, **headers).status_code == status
    assert stored(served) == []


def test_without_keys_a_large_body_that_tells_one_is_taken_all_the_same(served):
    batch = {"batch": [TRACK | {"messageId": f"m{number}", "context": {"x": "y" * 3_000}} for number in range(300)]}
    assert by_body(served, "/v1/batch", batch | {"writeKey": "KEY"}).json() == SUCCESS
    assert len(stored(served)) == 300


def test_the_headers_of_both_browser_clients_are_allowed(served):
    CreateKey(served.keys, TENANT, lambda: NOW)("site", [SITE])
    asked = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    allowed = served.client.request("OPTIONS", "/v1/t", headers=asked).headers["access-control-allow-headers"]
    segments, rudders = {"X-Retry-Count"}, {"AnonymousId", "SentAt", "Rsa-Recovered", "Rsa-Retry-Attempt"}
    assert {"Authorization", "Content-Type"} | segments | rudders <= set(allowed.split(", "))
