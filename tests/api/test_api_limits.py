"""What bounds every request: bodies, time, how often; and a corpus of what attackers send, all of it answered 4xx."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from urllib.parse import quote

import pytest
from starlette.routing import Route

from homing.api.limits import Bodies, Buckets, Limits, RateLimit
from homing.services.keys import CreateKey

from api_ground import NOW, build  # isort: skip


def test_a_bucket_fills_again_and_buckets_are_bounded():
    now = [0.0]
    buckets = Buckets(2, lambda: now[0])
    assert [buckets.wait("a") for _ in range(5)] == [0, 0, 0, 0, 0.5]
    now[0] = 100.0
    assert [buckets.wait("a") for _ in range(5)] == [0, 0, 0, 0, 0.5]
    for number in range(10_500):
        buckets.wait(f"key-{number}")
    assert len(buckets) == 10_000


def asked(app, **scope):
    """The messages that an ASGI application sends for a request."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request"}

    asyncio.run(app({"type": "http", "method": "GET", "path": "/", "headers": [], **scope}, receive, send))
    return sent


def test_a_key_that_asks_too_often_is_429_and_told_when_to_come_back(served):
    async def inner(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})

    caller = CreateKey(served.keys, "default", lambda: NOW)("read").kept
    limit = RateLimit(inner, Buckets(1))
    statuses = [asked(limit, state={"caller": caller})[0] for _ in range(3)]
    assert [one["status"] for one in statuses] == [200, 200, 429]
    assert dict(statuses[2]["headers"])[b"retry-after"] == b"1"
    assert asked(limit, state={"caller": caller._replace(key_id="key_other")})[0]["status"] == 200


def test_a_body_that_comes_too_slowly_is_408(built):
    """Over the route of events: the first piece comes, the next never does."""
    sent = []
    first = [{"type": "http.request", "body": b"[", "more_body": True}]

    async def receive():
        return first.pop() if first else await asyncio.Event().wait()

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/v1/events", "raw_path": b"/v1/events", "query_string": b"",
        "headers": [], "scheme": "http", "server": ("testserver", 80), "http_version": "1.1", "root_path": "",
    }  # fmt: skip
    asyncio.run(built(limits=Limits(body_seconds=0.05)).app(scope, receive, send))
    assert sent[0]["status"] == 408
    assert (b"connection", b"close") in sent[0]["headers"]


def test_no_route_reads_more_than_ten_megabytes():
    async def reads_all(_scope, receive, _send):
        while (await receive())["more_body"]:
            pass

    pieces = [{"type": "http.request", "body": bytes(1_000_000), "more_body": True}] * 12

    async def receive():
        return pieces.pop()

    with pytest.raises(Exception, match="413"):
        asyncio.run(Bodies(reads_all, 5)({"type": "http"}, receive, None))
    assert len(pieces) == 1


DEEP = 100_000
BODIES = {
    "nothing": b"",
    "deep lists": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep and open": b"[" * DEEP,
    "not a number": b'{"event_type": "page_view", "lead_id": "a", "event_data": {"x": NaN}}',
    "infinity": b'{"event_type": "page_view", "lead_id": "a", "event_data": {"x": Infinity}}',
    "beyond a double": b'{"event_type": "page_view", "lead_id": "a", "outcome_value": 1e999}',
    "a huge integer": b'{"event_type": "page_view", "lead_id": ' + b"9" * 10_000 + b"}",
    "invalid utf-8": b'{"event_type": "page_view", "lead_id": "\xff\xfe"}',
    "a lone surrogate": rb'{"event_type": "page_view", "lead_id": "\ud800"}',
    "a null byte": rb'{"event_type": "page_view", "lead_id": "a\u0000b", "ListingKey": "a\u0000b"}',
    "a raw null byte": b'{"event_type": "page_view", "lead_id": "a\x00b"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "utf-16": '{"event_type": "page_view"}'.encode("utf-16"),
    "a line end in an id": rb'{"event_type": "page_view", "lead_id": "a\r\nX-Evil: 1", "ListingKey": "a\r\n"}',
    "a gzip bomb": gzip.compress(bytes(20_000_000)),
    "a form": b"event_type=page_view&lead_id=a",
    "xml": b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    "pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94.",
    "a number": b"7",
    "a text": b'"event"',
    "null": b"null",
    "too large": b'"' + b"a" * 11_000_000 + b'"',
}
GZIPPED = {"Content-Encoding": "gzip"}
HEADERS = {
    "as json": {"Content-Type": "application/json"},
    "as a form": {"Content-Type": "application/x-www-form-urlencoded"},
    "as gzip": GZIPPED,
    "as what nobody knows": {"Content-Encoding": "zstd", "Content-Type": "text/html; charset=utf-7"},
}


def writing_routes(app):
    there = [route for route in app.routes if isinstance(route, Route)]
    return sorted(
        (method, re.sub(r"{[^}]*}", "x", route.path))
        for route in there
        for method in route.methods & {"POST", "PUT"}
        if not route.path.endswith("/token")  # it takes no body
    )


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    return build(tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize("name", BODIES)
def test_a_hostile_body_is_4xx_at_every_route_that_reads_one(shared, name):
    for method, path in writing_routes(shared.app):
        for told, headers in HEADERS.items():
            answer = shared.client.request(method, path, content=BODIES[name], headers=headers)
            assert 400 <= answer.status_code < 500, (method, path, told, answer.text[:200])
            assert answer.headers["content-type"] == "application/problem+json"


async def in_pieces(body):
    for place in range(0, len(body), 7):
        yield body[place : place + 7]


@pytest.mark.parametrize("name", ["not a number", "a lone surrogate", "a form", "utf-16"])
def test_a_hostile_body_in_pieces_is_4xx_too(shared, name):
    assert 400 <= shared.client.post("/v1/events", content=in_pieces(BODIES[name])).status_code < 500


IDS = {
    "a way up": "../../etc/passwd", "an encoded way up": "..%2f..%2fetc%2fpasswd", "a null byte": "a\x00b",
    "a line end": "a\r\nX-Evil: 1", "too long": "a" * 300, "an escape": "\x1b[31m", "a tab": "a\tb",
    "overlong utf-8": b"\xc0\xaf", "half a surrogate": b"\xed\xa0\x80", "invalid utf-8": b"\xff",
}  # fmt: skip


@pytest.mark.parametrize("name", IDS)
def test_a_hostile_id_leads_nowhere_and_into_no_header(shared, name):
    own = quote(IDS[name], safe="")
    for path in ("/v1/leads/{}", "/v1/properties/{}", "/v1/agents/{}", "/assets/{}", "/v1/keys/{}"):
        how = "DELETE" if "keys" in path else "GET"
        answer = shared.client.request(how, path.format(own))
        assert 400 <= answer.status_code < 500, (path, answer.text[:200])
        assert "x-evil" not in answer.headers
        assert "root:" not in answer.text


QUERIES = [
    "k=NaN", "k=999" + "9" * 5_000, "k=-1", "k=1e9", "k=%00", "where=%ff", "where=" + "a" * 3_000, "explain=%f0%9f",
    "limit=1", "%00=1", "where=" + quote("(" * 1_900), "where=" + quote("'; DROP TABLE events; --"),
    "where=" + quote("not " * 400 + "ListPrice le 1"),
]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_a_hostile_query_is_4xx(shared, query):
    assert 400 <= shared.client.get(f"/v1/leads/a/recommendations?{query}").status_code < 500


def test_the_corpus_is_sent_with_a_key_too(tmp_path):
    served = build(tmp_path)
    text = CreateKey(served.keys, "default", lambda: NOW)("admin").text
    key = {"Authorization": f"Bearer {text}"}
    for body in BODIES.values():
        for method, path in writing_routes(served.app):
            answer = served.client.request(method, path, content=body, headers=key)
            assert 400 <= answer.status_code < 500, (method, path, answer.text[:200])


def test_no_secret_is_in_any_answer_log_or_file(tmp_path, capfd):
    """Keys and tokens are sent in every way, right and wrong, to every route; then all that was said is searched."""
    served = build(tmp_path)
    keys = {scope: CreateKey(served.keys, "default", lambda: NOW)(scope).text for scope in ("site", "read", "admin")}
    secrets = [text.split("_", 2)[2] for text in keys.values()] + ["a-wrong-password"]
    token = served.client.post("/v1/leads/a/token", headers={"Authorization": f"Bearer {keys['admin']}"}).json()
    secrets.append(token["token"])
    said = []
    for text in [*keys.values(), "a-wrong-password"]:
        for route in (route for route in served.app.routes if isinstance(route, Route)):
            for method in route.methods:
                headers = {"Authorization": f"Bearer {text}", "Homing-Token": token["token"]}
                path = re.sub(r"{[^}]*}", "x", route.path)
                answer = served.client.request(method, path, headers=headers, content=b"{")
                said += [answer.text, json.dumps(dict(answer.headers))]
    said += capfd.readouterr()
    said += [path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()]
    assert [secret for secret in secrets if secret in "".join(said)] == []
