"""What is refused for want of a key, of what it may do, or of patience, by the sentence it brings."""

from __future__ import annotations

import asyncio
import sqlite3

import httpx
from api_ground import NOW, SHOPPERS, build

from homing.api.limits import Limits
from homing.services.keys import CreateKey
from homing.services.shopper_token import ShopperToken
from homing.wiring import read_settings

__all__ = ["TABLE"]

SITE = "https://homes.example"
VIEW = {"event_type": "page_view"}


def keyed(scope, method, path, *, origin=SITE, token=None, rate=None, key=None, before=(), **more):
    """A request to the API with a key of the scope, after those of `before`."""

    def act(ground):
        served = build(ground.new(), limits=None if rate is None else Limits(rate=rate))
        made = CreateKey(served.keys, "default", lambda: NOW)(scope, [SITE] if scope == "site" else []).text
        headers = {"Authorization": f"Bearer {key or made}", "Origin": origin}
        if token is not None:
            headers["Homing-Token"] = token
        for how, where, body in before:
            served.client.request(how, where, json=body, headers=headers)
        return served.client.request(method, path, headers=headers, **more)

    return act


def token(tenant="default", expires_at=NOW + 1):
    return ShopperToken(tenant=tenant, lead_id="ann", expires_at=expires_at).text(SHOPPERS)


def of_a_merged_visitor(ground):
    served = build(ground.new())
    served.store.identities.merge("default", "v", "ann", NOW)
    key = CreateKey(served.keys, "default", lambda: NOW)("site").text
    return served.client.get("/v1/visitors/v/recommendations", headers={"Authorization": f"Bearer {key}"})


def preflight(ground):
    headers = {"Origin": SITE, "Access-Control-Request-Method": "POST"}
    return ground.served.client.request("OPTIONS", "/v1/events", headers=headers)


def keys_gone(ground):
    """A request while the table of keys cannot be read."""
    folder = ground.new()
    served = build(folder)
    with sqlite3.connect(folder / "homing.sqlite3") as connection:
        connection.execute("DROP TABLE keys")
    return served.client.get("/v1/keys")


async def endlessly():
    for _ in range(12):
        yield bytes(1_000_000)


def cut_off(path):
    """An act: a body of which the second piece never comes."""

    def act(ground):
        app = build(ground.new(), limits=Limits(body_seconds=0.01)).app
        said = {}
        pieces = [{"type": "http.request", "body": b"[", "more_body": True}]

        async def receive():
            return pieces.pop() if pieces else await asyncio.Event().wait()

        async def send(message):
            said["status" if "status" in message else "body"] = message.get("status") or message["body"]

        scope = {
            "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
            "headers": [], "scheme": "http", "server": ("testserver", 80), "http_version": "1.1", "root_path": "",
        }  # fmt: skip
        asyncio.run(app(scope, receive, send))
        return httpx.Response(said["status"], content=said["body"])

    return act


def create(scope, *origins):
    return lambda ground: CreateKey(ground.served.keys, "default", lambda: NOW)(scope, origins)


TABLE = {
    "This needs a key that counts.": keyed("site", "GET", "/v1/events", key="homing_site_guess"),
    "This key may be used by pages of the sites it is bound to only.": keyed(
        "site", "POST", "/v1/events", origin="https://evil.example", json=VIEW
    ),
    "Pages of this origin may not call: no key is bound to it.": preflight,
    "Keys cannot be read now. Send this again in a second.": keys_gone,
    "This key asks too often.": keyed("read", "GET", "/healthz", rate=0.5, before=[("GET", "/healthz", None)]),
    "The body took longer than 0.01 seconds.": cut_off("/v1/events"),
    "The body took longer than 0.01": cut_off("/v1/track"),
    "Other requests' bodies take all the memory that bodies may. Send this again in a second.": lambda ground: build(
        ground.new(), limits=Limits(body_bytes=1)
    ).client.post("/v1/events", content=b"[]"),
    "The body must be at most 10,000,000 bytes.": lambda ground: ground.served.client.post(
        "/v1/properties", content=endlessly()
    ),
    "This needs a key of the scope admin or more; yours is write.": keyed("write", "GET", "/v1/keys"),
    "A site key asks of a lead only with that lead's token as Homing-Token.": keyed(
        "site", "GET", "/v1/leads/ann/recommendations"
    ),
    "A site key asks of a known visitor only with its token as Homing-Token.": of_a_merged_visitor,
    "A site key tells of shoppers only: an event needs an anonymous_id.": keyed(
        "site", "POST", "/v1/events", json={"event_type": "agent_action", "agent_id": "bob"}
    ),
    "A site key tells of a lead only with that lead's token as Homing-Token.": keyed(
        "site", "POST", "/v1/events", json={**VIEW, "lead_id": "ann"}
    ),
    "This visitor is known already. A key of the scope write may give its token.": keyed(
        "site",
        "POST",
        "/v1/visitors",
        json={"anonymous_id": "v"},
        before=[("POST", "/v1/events", {**VIEW, "anonymous_id": "v"})],
    ),
    "Homing-Token must be one that this service gave out, unchanged": keyed(
        "site", "GET", "/v1/visitors/v/recommendations", token=token(tenant="other")
    ),
    "Homing-Token must be one that has not expired": keyed(
        "site", "GET", "/v1/visitors/v/recommendations", token=token(expires_at=NOW)
    ),
    "scope must be one of site, read, write, admin; got 'root'": create("root"),
    "origins[0] must be an origin such as https://homes.example, in small letters; got '*'": create("site", "*"),
    "origins must be left out unless the scope is site": create("read", SITE),
    "key_id must be the id of a key that counts (see homing keys list); got 'zoe'": lambda ground: ground.homing(
        "keys", "revoke", "zoe"
    ),
    "HOMING_RATE_LIMIT must be a number above 0; got 'many'": lambda _ground: read_settings(
        {"HOMING_RATE_LIMIT": "many"}
    ),
    "HOMING_HEAD_SECONDS must be a number above 0, at most 60; got '61'": lambda _ground: read_settings(
        {"HOMING_HEAD_SECONDS": "61"}
    ),
}
