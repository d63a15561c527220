"""Hot routes pass the framework by, and nothing else: the same refusals, limits, headers, logs and measurements."""

from __future__ import annotations

import asyncio
import re
import threading
from concurrent.futures import Future

import pytest
from starlette.routing import Route

from homing.api.limits import Limits
from homing.api.scopes import NEEDS
from homing.api.segment_addresses import ADDRESSES
from homing.api.settled import settled
from homing.core.telemetry import listen
from homing.services.keys import CreateKey

from api_ground import NOW, TENANT  # isort: skip

VIEW = {"event_type": "page_view", "anonymous_id": "v"}


def bearer(served, scope, **more):
    return {"Authorization": f"Bearer {CreateKey(served.keys, TENANT, lambda: NOW)(scope).text}", **more}


def test_hot_routes_and_no_others_are_answered_directly(served):
    found = set()
    for route in served.app.routes:
        for method in route.methods if isinstance(route, Route) else ():
            path = re.sub(r"{[^}]*}", "x", route.path)
            if served.app.direct.of({"type": "http", "method": method, "path": path}) is not None:
                found.add(f"{method} {route.path}")
    shoppers = {f"{method} /v1/{who}/recommendations" for method in ("GET", "HEAD")
                for who in ("leads/{lead_id:path}", "visitors/{anonymous_id:path}")}  # fmt: skip
    assert found == {"POST /v1/events", "POST /v1/rank", *shoppers, *(f"POST /v1/{name}" for name in ADDRESSES)}


def by_the_framework(served):
    served.app.direct = None
    return served


ASKED = {
    "stored": ("POST", "/v1/events", {"json": VIEW}),
    "refused": ("POST", "/v1/events", {"json": {"event_type": "teleport"}}),
    "no json": ("POST", "/v1/events", {"content": b"{"}),
    "packed": ("POST", "/v1/events", {"content": b"{", "headers": {"Content-Encoding": "gzip"}}),
    "too many": ("POST", "/v1/events", {"json": [VIEW] * 1_001}),
    "no batch": ("POST", "/v1/batch", {"json": []}),
    "homes": ("GET", "/v1/leads/lead-1/recommendations?k=2", {}),
    "homes of an id with a slash": ("GET", "/v1/leads/a/b/recommendations", {}),
    "homes of a visitor": ("GET", "/v1/visitors/v/recommendations", {}),
    "homes of nobody": ("GET", "/v1/leads//recommendations", {}),
    "no number": ("GET", "/v1/leads/lead-1/recommendations?k=many", {}),
    "ranked": ("POST", "/v1/rank", {"json": {"lead_id": "lead-1", "property_ids": []}}),
    "another method": ("DELETE", "/v1/events", {}),
    "another site": ("POST", "/v1/events", {"json": VIEW, "headers": {"Sec-Fetch-Site": "cross-site"}}),
}


@pytest.mark.parametrize("asked", list(ASKED))
def test_it_is_answered_as_by_the_framework(built, asked):
    method, path, more = ASKED[asked]
    more = {**more, "headers": {"X-Request-Id": "r1", **more.get("headers", {})}}
    direct, framed = (one.client.request(method, path, **more) for one in (built(), by_the_framework(built())))
    assert (direct.status_code, sorted(direct.headers.items())) == (framed.status_code, sorted(framed.headers.items()))
    assert set(direct.json()) == set(framed.json())
    assert direct.headers["x-request-id"] == "r1"
    assert direct.headers["x-content-type-options"] == "nosniff"


def test_a_key_that_does_not_reach_and_none_are_refused(served, monkeypatch):
    reads = bearer(served, "read")
    assert served.client.post("/v1/events", json=VIEW).status_code == 401
    monkeypatch.setitem(NEEDS, "POST /v1/events", "write")
    assert served.client.post("/v1/events", json=VIEW, headers=reads).status_code == 403


def test_one_limit_holds_for_hot_routes_and_others_together(built):
    served = built(limits=Limits(rate=0.5))
    key = bearer(served, "write")
    assert served.client.get("/v1/leads/lead-1", headers=key).status_code == 200
    assert served.client.post("/v1/events", json=VIEW, headers=key).status_code == 429


def test_what_fails_inside_is_500_and_reaches_the_log_of_the_server(served, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(type(served.store), "submit", broken)
    answer = served.client.post("/v1/events", json=VIEW)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    scope = {"type": "http", "method": "POST", "path": "/v1/events", "headers": []}
    body = [{"type": "http.request", "body": b'{"event_type": "page_view", "anonymous_id": "v"}', "more_body": False}]

    async def receive():
        return body.pop()

    async def send(_):
        """Nobody listens."""

    with pytest.raises(ZeroDivisionError):
        asyncio.run(served.app(scope, receive, send))


class Heard:
    """A sink that keeps what counters were told."""

    def __init__(self):
        self.told = []

    def add(self, name, amount, labels):
        self.told.append((name, dict(labels)))

    def move(self, name, by, labels):
        """Not of interest."""

    def timed(self, name, labels):
        return threading.Lock()


def test_it_is_measured_under_its_route(served, monkeypatch):
    sinks, heard = [], Heard()
    monkeypatch.setattr("homing.core.telemetry._sinks", sinks)
    listen(heard)
    served.client.post("/v1/events", json=VIEW)
    assert ("http_requests", {"method": "POST", "route": "/v1/events", "status": "200"}) in heard.told


def test_what_threads_finish_together_wakes_the_loop_once_and_reaches_each():
    async def asked():
        loop = asyncio.get_running_loop()
        woken, wake = [], loop.call_soon_threadsafe
        loop.call_soon_threadsafe = lambda *what: (woken.append(what), wake(*what))[1]
        futures = [Future() for _ in range(50)]
        waiting = [asyncio.ensure_future(settled(one)) for one in futures]
        await asyncio.sleep(0)

        def finish():
            for number, one in enumerate(futures):
                one.set_exception(KeyError(number)) if number == 7 else one.set_result(number)

        thread = threading.Thread(target=finish)
        thread.start()
        thread.join()
        return await asyncio.gather(*waiting, return_exceptions=True), len(woken)

    answers, woken = asyncio.run(asked())
    assert isinstance(answers.pop(7), KeyError)
    assert answers == [number for number in range(50) if number != 7]
    assert woken == 1


def test_who_gives_up_calls_off_what_has_not_begun():
    async def asked():
        future = Future()
        waiting = asyncio.ensure_future(settled(future))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        return future.cancelled()

    assert asyncio.run(asked())
