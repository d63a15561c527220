"""Keys: who may call, for what, from which site, for which shopper, how often; and what is never told."""

from __future__ import annotations

import base64
import re

import pytest
from starlette.routing import Route

from homing.api.scopes import NEEDS, need_of
from homing.core.errors import StorageError
from homing.services.keys import SCOPES, CreateKey, RevokeKey
from homing.store.keys import KeyStore, StoredKey

from api_ground import NOW, home_row  # isort: skip

SITE = "https://homes.example"
VIEW = {"event_type": "property_view", "property_id": "home-1", "timestamp": "2026-11-22T19:00:00Z"}


def made(served, scope, *origins):
    return CreateKey(served.keys, "default", lambda: NOW)(scope, origins).text


def bearer(text, **more):
    return {"headers": {"Authorization": f"Bearer {text}", **more}}


@pytest.fixture
def site(served):
    """What the page of a listing site sends."""
    text = made(served, "site", SITE)
    return lambda **more: bearer(text, Origin=SITE, **more)


def test_without_a_key_every_call_may_do_all(served):
    assert served.client.get("/v1/keys").json() == {"keys": []}


def test_once_there_is_a_key_a_call_without_it_is_401(served):
    made(served, "read")
    answer = served.client.get("/v1/leads/lead-1")
    assert (answer.status_code, answer.headers["content-type"]) == (401, "application/problem+json")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert served.client.get("/v1/leads/lead-1", **bearer("homing_read_guess")).status_code == 401
    for path in ("/", "/docs", "/openapi.json", "/nowhere", "/assets/page.css"):
        assert served.client.get(path).status_code == 401


@pytest.fixture
def keys_out_of_reach(monkeypatch, built):
    """An API whose keys cannot be read, as while a database restarts."""

    def gone(*_asked):
        raise StorageError("The database postgresql://ann@db.example/homing cannot be read: it went away.")

    monkeypatch.setattr(KeyStore, "find", gone)
    monkeypatch.setattr(KeyStore, "binds", gone)
    return built()


@pytest.mark.parametrize(
    ("method", "path", "more"),
    [
        ("GET", "/v1/leads/lead-1/recommendations", {}),
        ("POST", "/v1/events", {"json": {**VIEW, "lead_id": "lead-1"}}),
        ("GET", "/v1/leads/lead-1", {}),
        ("OPTIONS", "/v1/events", {"headers": {"Origin": SITE, "Access-Control-Request-Method": "POST"}}),
    ],
)
def test_while_keys_cannot_be_read_a_call_is_told_to_come_again(keys_out_of_reach, method, path, more):
    answer = keys_out_of_reach.client.request(method, path, **more)
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.headers["retry-after"] == "1"
    assert "db.example" not in answer.text


def test_while_keys_cannot_be_read_life_and_readiness_are_told_all_the_same(keys_out_of_reach):
    assert keys_out_of_reach.client.get("/healthz").json() == {"status": "ok"}
    assert keys_out_of_reach.client.get("/readyz").json()["ready"]


def test_life_and_readiness_need_no_key(served):
    made(served, "read")
    assert [served.client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_a_key_counts_at_once_and_not_after_its_revocation(served):
    first, second = made(served, "read"), made(served, "admin")
    assert served.client.get("/v1/leads/lead-1", **bearer(first)).status_code == 200
    shown = served.client.get("/v1/keys", **bearer(second)).json()["keys"]
    (key_id,) = (one["id"] for one in shown if one["scope"] == "read")
    assert served.client.request("DELETE", f"/v1/keys/{key_id}", **bearer(second)).status_code == 204
    assert served.client.get("/v1/leads/lead-1", **bearer(first)).status_code == 401


def test_revoking_the_last_key_leaves_the_doors_locked(served):
    key = CreateKey(served.keys, "default", lambda: NOW)("admin").kept
    RevokeKey(served.keys, "default", lambda: NOW)(key.key_id)
    assert served.client.get("/v1/leads/lead-1").status_code == 401


@pytest.mark.parametrize("form", ["{}:", ":{}", "ann:{}"])
def test_a_key_is_taken_as_user_or_password_too(served, form):
    sent = base64.b64encode(form.format(made(served, "read")).encode()).decode()
    assert served.client.get("/", headers={"Authorization": f"Basic {sent}"}).status_code == 200


@pytest.mark.parametrize("sent", ["Basic !", "Basic", "Bearer", "Digest x", "Basic w7/D", "Bearer \xff"])
def test_what_is_no_key_is_401(served, sent):
    made(served, "read")
    assert served.client.get("/", headers={"Authorization": sent.encode("latin-1")}).status_code == 401


def routes(served):
    there = [route for route in served.app.routes if isinstance(route, Route)]
    return [(method, route.path) for route in there for method in route.methods - {"HEAD"}]


def test_every_route_has_its_row_in_the_table_of_scopes(served):
    assert {f"{method} {path}" for method, path in routes(served)} == set(NEEDS)


def test_a_route_without_a_row_is_for_administrators():
    assert need_of("GET", "/v1/something/new") == "admin"


def test_every_route_refuses_every_scope_below_its_own(served):
    sites = {scope: made(served, scope) for scope in SCOPES}
    let_in = {scope: set() for scope in SCOPES}
    for method, path in routes(served):
        address = re.sub(r"{[^}]*}", "x", path)
        for scope, text in sites.items():
            if served.client.request(method, address, **bearer(text)).status_code not in (401, 403):
                let_in[scope].add(f"{method} {path}")
    ranks = ["none", *SCOPES]
    for scope, rank in zip(SCOPES, range(1, 5), strict=True):
        wanted = {route for route, need in NEEDS.items() if ranks.index(need) <= rank}
        if scope == "site":
            wanted -= {route for route in wanted if "{lead_id" in route}
        assert let_in[scope] == wanted


def test_a_site_key_is_bound_to_its_origins(served, site):
    assert served.client.post("/v1/events", json={**VIEW, "anonymous_id": "v"}, **site()).status_code == 200
    for origin in ({"Origin": "https://evil.example"}, {"Origin": "null"}, {"Origin": ""}):
        key = site()["headers"] | origin
        assert served.client.post("/v1/events", json={**VIEW, "anonymous_id": "v"}, headers=key).status_code == 403
    alone = {name: value for name, value in site()["headers"].items() if name != "Origin"}
    assert served.client.post("/v1/events", json={**VIEW, "anonymous_id": "v"}, headers=alone).status_code == 403


def test_a_site_key_without_origins_helps_no_page_of_another_site(served):
    text = made(served, "site")
    event = {**VIEW, "anonymous_id": "v"}
    assert served.client.post("/v1/events", json=event, **bearer(text)).status_code == 200
    assert served.client.post("/v1/events", json=event, **bearer(text, Origin="http://testserver")).status_code == 200
    assert served.client.post("/v1/events", json=event, **bearer(text, Origin=SITE)).status_code == 403


def test_a_site_key_tells_of_no_lead_without_its_token(served, site):
    lead = {**VIEW, "lead_id": "lead-1"}
    for body in (lead, [{**VIEW, "anonymous_id": "v"}, lead], {"event_type": "agent_action", "agent_id": "bob"}):
        assert served.client.post("/v1/events", json=body, **site()).status_code == 403
    assert served.types_of("lead-1") == []
    assert served.client.post("/v1/events", json=lead, **site(**of_lead(served, "lead-1"))).status_code == 200
    assert served.client.post("/v1/events", json=lead, **site(**of_lead(served, "lead-2"))).status_code == 403


def of_lead(served, lead_id):
    given = served.client.post(f"/v1/leads/{lead_id}/token", **bearer(made(served, "write")))
    assert given.status_code == 201
    return {"Homing-Token": given.json()["token"]}


def test_a_lead_token_opens_that_leads_recommendations_and_nothing_else(served, site):
    served.put(home_row(1))
    token = of_lead(served, "lead-1")
    path = "/v1/leads/lead-1/recommendations"
    assert served.client.get(path, **site()).status_code == 403
    assert served.client.get(path, **site(**token)).status_code == 200
    for other in ("/v1/leads/lead-2/recommendations", "/v1/leads/lead-1", "/v1/leads/lead-1/timeline"):
        assert served.client.get(other, **site(**token)).status_code == 403
    rank = {"lead_id": "lead-1", "property_ids": ["home-1"]}
    assert served.client.post("/v1/rank", json=rank, **site()).status_code == 403
    assert served.client.post("/v1/rank", json=rank, **site(**token)).status_code == 200


def test_a_visitor_who_became_a_lead_is_told_only_to_its_own_token(served, site):
    token = served.client.post("/v1/visitors", json={"anonymous_id": "v"}, **site()).json()["token"]
    path = "/v1/visitors/v/recommendations"
    assert served.client.get(path, **site()).status_code == 200
    served.store.identities.merge("default", "v", "lead-1", NOW)
    assert served.client.get(path, **site()).status_code == 403
    assert served.client.get(path, **site(**{"Homing-Token": token})).status_code == 200
    rank = {"anonymous_id": "v", "property_ids": ["home-1"]}
    assert served.client.post("/v1/rank", json=rank, **site()).status_code == 403


def test_a_site_key_gets_no_token_of_a_visitor_who_is_known(served, site):
    first = served.client.post("/v1/visitors", json={}, **site())
    assert (first.status_code, first.json()["anonymous_id"][:4]) == (201, "vis_")
    assert served.client.post("/v1/events", json={**VIEW, "anonymous_id": "v"}, **site()).status_code == 200
    assert served.client.post("/v1/visitors", json={"anonymous_id": "v"}, **site()).status_code == 403
    assert served.client.post("/v1/visitors", json={"anonymous_id": "v"}, **bearer(made(served, "write"))).is_success


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 3_000])
def test_a_token_that_was_not_given_is_401(served, site, token):
    answer = served.client.get("/v1/visitors/v/recommendations", **site(**{"Homing-Token": token.encode()}))
    assert answer.status_code == 401


def test_another_tenants_token_is_401(served, site):
    served.keys.add(b"x", StoredKey("other", "key_x", "write", (), 1))
    other = CreateKey(served.keys, "other", lambda: NOW)("site", [SITE]).text
    headers = bearer(other, Origin=SITE, **of_lead(served, "lead-1"))
    assert served.client.get("/v1/leads/lead-1/recommendations", **headers).status_code == 401


PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}


def test_only_the_sites_of_a_key_may_read_answers(served):
    answer = served.client.request("OPTIONS", "/v1/events", headers={"Origin": SITE, **PREFLIGHT})
    assert answer.status_code == 403
    text = made(served, "site", SITE)
    said = served.client.post("/v1/events", json={**VIEW, "anonymous_id": "v"}, **bearer(text, Origin=SITE))
    assert said.headers["access-control-allow-origin"] == SITE
    answer = served.client.request("OPTIONS", "/v1/events", headers={"Origin": SITE, **PREFLIGHT})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (204, SITE)
    assert {"Homing-Token", "Last-Event-ID"} <= set(answer.headers["access-control-allow-headers"].split(", "))
    evil = served.client.request("OPTIONS", "/v1/events", headers={"Origin": "https://evil.example", **PREFLIGHT})
    assert (evil.status_code, "access-control-allow-origin" in evil.headers) == (403, False)
    read = served.client.get("/v1/leads/lead-1", **bearer(made(served, "read"), Origin=SITE))
    assert "access-control-allow-origin" not in read.headers


def test_a_page_of_another_site_cannot_write_with_a_brokers_password(served):
    text = made(served, "admin")
    headers = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    assert served.client.post("/v1/events", json={**VIEW, "lead_id": "a"}, **bearer(text, **headers)).status_code == 403


@pytest.mark.parametrize(
    "body",
    [{}, {"scope": "root"}, {"scope": "read", "origins": [SITE]}, {"scope": "site", "origins": ["*"]},
     {"scope": "site", "origins": ["https://a.example/"]}, {"scope": "site", "origins": [5]}, {"scope": ["site"]},
     {"scope": "admin", "tenant": "other"}, {"scope": "site", "origins": ["https://a.example\nX: y"]}],
)  # fmt: skip
def test_a_key_that_makes_no_sense_is_refused(served, body):
    assert served.client.post("/v1/keys", json=body).status_code == 422
    assert served.client.get("/v1/keys").json() == {"keys": []}


def test_a_key_is_shown_once_and_only_its_hash_is_kept(served, tmp_path):
    text = served.client.post("/v1/keys", json={"scope": "admin"}).json()["key"]
    assert len(base64.urlsafe_b64decode(text.removeprefix("homing_admin_") + "=")) == 32
    assert text not in served.client.get("/v1/keys", **bearer(text)).text
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"key_" in kept
    assert text.removeprefix("homing_admin_").encode() not in kept


def test_a_site_key_puts_nothing_to_a_lead_by_the_clients_of_segment_either(served, site):
    for path, body in (
        ("/v1/t", {"userId": "lead-1", "event": "Listing Viewed", "properties": {"listing_id": "h1"}}),
        ("/v1/identify", {"userId": "lead-1", "anonymousId": "v", "traits": {}}),
        ("/v1/batch", {"batch": [{"type": "page", "userId": "lead-1", "messageId": "m"}]}),
    ):
        served.client.post(path, json=body, **site())
        assert served.types_of("lead-1") == []
    for path, body in (
        ("/v1/t", {"userId": "lead-1", "event": "Listing Viewed", "properties": {"listing_id": "h1"}}),
        ("/v1/identify", {"userId": "lead-1", "anonymousId": "v", "traits": {}}),
    ):
        assert served.client.post(path, json=body, **site(**of_lead(served, "lead-1"))).status_code == 200
    assert {kind.value for kind in served.types_of("lead-1")} == {"property_view", "custom"}
    visitor = {"anonymousId": "w", "messageId": "n"}
    assert served.client.post("/v1/p", json=visitor, **site()).status_code == 200
