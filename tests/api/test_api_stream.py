"""Streams: two real workers over HTTP, and the parts that need a clock of their own in one process."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
import structlog
from api_ground import NOW, ByPrice, home_row

from homing.api.streams import EventStream
from homing.core import telemetry
from homing.core.clock import from_micros
from homing.core.errors import BadInput, Overloaded
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.personalization.ask import Ask
from homing.personalization.realtime_engine import RealtimePersonalization
from homing.personalization.turns import RANKING
from homing.services.keys import CreateKey
from homing.store.replica import Replicated

PATIENCE = 60.0


class Server:
    """`homing serve` with two workers."""

    def __init__(self, data):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.root = f"http://127.0.0.1:{free.getsockname()[1]}"
        port = self.root.rpartition(":")[2]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "homing", "--data-dir", str(data), "serve", "--port", port, "--workers", "2"],
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                self.text("/readyz")
                return
            except OSError:
                time.sleep(0.05)  # another process is starting
        raise TimeoutError

    def text(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.root + path, data, {"Content-Type": "application/json"}, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.read().decode()

    def ask(self, path, body=None, method=None):
        return json.loads(self.text(path, body, method))

    def stream(self, path, **headers):
        """The events of a stream, each as its id and its answer."""
        request = urllib.request.Request(self.root + path, headers=headers)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            name = None
            for line in answer:
                field, _, value = line.decode().strip().partition(": ")
                if field == "id":
                    name = int(value)
                if field == "data":
                    yield name, json.loads(value)


@pytest.fixture
def server(tmp_path):
    started = Server(tmp_path / "data")
    yield started
    if started.process.poll() is None:
        os.killpg(started.process.pid, signal.SIGKILL)
        started.process.wait()


def view(lead, home):
    return {"event_type": "property_view", "lead_id": lead, "property_id": home}


def test_every_worker_tells_of_an_act_and_of_a_price_and_stops_when_told(server):
    server.ask("/v1/properties", [home_row(n) for n in range(6)])
    streams = [server.stream("/v1/leads/ann/stream?k=5") for _ in range(6)]
    with ThreadPoolExecutor(len(streams)) as threads:

        def told():
            return list(threads.map(next, streams))

        assert {answer["event_count"] for _, answer in told()} == {0}
        assert "homing_streams 6.0" in server.text("/metrics").splitlines()
        sequence = server.ask("/v1/events", view("ann", "home-1"))["sequence"]
        after = told()
        assert {(name, answer["event_count"]) for name, answer in after} == {(sequence, 1)}
        shown = after[0][1]["items"][0]["property_id"]
        server.ask(f"/v1/properties/{shown}", home_row(0) | {"ListingKey": shown, "ListPrice": 555_000}, "PUT")
        prices = [{item["home"]["ListPrice"] for item in answer["items"]} for _, answer in told()]
        assert all(555_000 in some for some in prices)
        server.process.send_signal(signal.SIGTERM)
        assert list(threads.map(lambda stream: next(stream, "the end"), streams)) == ["the end"] * len(streams)
    assert server.process.wait(PATIENCE) == 0


@pytest.fixture
def live(served):
    """The served homes with what listens to them, whose answers are counted."""
    served.put(*[home_row(number) for number in range(8)])
    asked = []

    def answer(ask):
        answered = ByPrice(served.store, served.catalogue)(ask)
        asked.append(ask.shopper_id)
        return answered

    return served, RealtimePersonalization(answer, served.store, served.catalogue, every=0.01), asked


def act(served, lead=None, home="home-1", **more):
    event = BehavioralEvent(
        event_type=EventType.PROPERTY_VIEW, timestamp=from_micros(NOW), lead_id=lead, property_id=home, **more
    )
    return served.store.append("default", [event]).sequence


async def soon(updates):
    return await asyncio.wait_for(anext(updates), PATIENCE)


def test_a_stream_goes_on_after_what_was_heard(served):
    served.put(*[home_row(number) for number in range(3)])
    heard = act(served, "ann")

    async def first(query="", **headers):
        """What the application sends first on a stream that then ends."""
        served.app.state.stopping = asyncio.Event()
        stopping, sent = served.app.state.stopping, []

        async def send(message):
            sent.append(message.get("body", b""))
            if b"data: " in sent[-1]:
                stopping.set()

        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http", "method": "GET", "path": "/v1/leads/ann/stream", "query_string": query.encode(),
            "headers": named, "scheme": "http", "server": ("testserver", 80), "root_path": "",
        }  # fmt: skip
        await asyncio.wait_for(served.app(scope, asyncio.Event().wait, send), PATIENCE)
        return next(body for body in sent if b"data: " in body).splitlines()

    for said in ({}, {"query": f"after={heard}"}, {"last_event_id": f"{heard}"}, {"last_event_id": "nonsense"}):
        number, name, data = (line for line in asyncio.run(first(**said)) if line)
        assert (number, name) == (b"id: %d" % heard, b"event: recommendations")
        assert json.loads(data.removeprefix(b"data: "))["event_count"] == 1


def test_only_who_acted_is_answered_again(live):
    served, realtime, asked = live

    async def listen():
        everybody = [realtime.listen(Ask(lead_id=f"lead-{n}", k=3)) for n in range(100)]
        for updates in everybody:
            await soon(updates)
        asked.clear()
        coming = [asyncio.ensure_future(anext(updates)) for updates in everybody]
        sequence = act(served, "lead-7")
        update = await asyncio.wait_for(coming[7], PATIENCE)
        assert (update.sequence, update.answer.event_count, asked) == (sequence, 1, ["lead-7"])
        assert realtime.listening == 100

    asyncio.run(listen())
    assert realtime.listening == 0


def test_a_visitor_hears_of_its_own_acts(live):
    served, realtime, _ = live

    async def listen():
        updates = realtime.listen(Ask(anonymous_id="anon-1", k=3))
        await soon(updates)
        act(served, None, anonymous_id="anon-1")
        assert (await soon(updates)).answer.event_count == 1

    asyncio.run(listen())


def test_acts_that_come_while_nobody_reads_are_in_one_answer(live):
    served, realtime, asked = live

    async def listen():
        updates = realtime.listen(Ask(lead_id="ann", k=3))
        await soon(updates)
        last = [act(served, "ann", f"home-{n}") for n in range(5)][-1]
        while (update := await soon(updates)).sequence < last:
            pass
        assert update.answer.event_count == 5
        assert len(asked) <= 1 + 5

    asyncio.run(listen())


def test_a_price_reaches_those_whose_answer_is_another_by_it_and_nobody_else(live):
    served, realtime, _ = live

    async def listen():
        one, all_of_them = (realtime.listen(Ask(lead_id=name, k=k)) for name, k in (("ann", 1), ("bob", 8)))
        await soon(one), await soon(all_of_them)
        waiting = asyncio.ensure_future(anext(one))
        served.put(home_row(7, ListPrice=600_000))
        assert (await soon(all_of_them)).answer.items[7].home["ListPrice"] == 600_000
        served.put(home_row(0, ListPrice=1_000))
        assert (await asyncio.wait_for(waiting, PATIENCE)).answer.items[0].home["ListPrice"] == 1_000

    asyncio.run(listen())


def test_an_answer_of_which_only_the_order_changed_is_sent(live):
    served, realtime, _ = live

    async def listen():
        updates = realtime.listen(Ask(lead_id="ann", k=8))
        before = [item.property_id for item in (await soon(updates)).answer]
        served.put(home_row(0, ListPrice=900_000))
        after = [item.property_id for item in (await soon(updates)).answer]
        assert after == [*before[1:], before[0]]

    asyncio.run(listen())


def test_a_request_goes_before_the_answers_of_streams_that_wait(live):
    served, _, _ = live
    order, begun, go = [], threading.Event(), threading.Event()

    def answer(ask):
        answered = ByPrice(served.store, served.catalogue)(ask)
        if order:
            begun.set()
            go.wait(PATIENCE)
        order.append("stream")
        return answered

    realtime = RealtimePersonalization(answer, served.store, served.catalogue, every=0.01)

    async def listen():
        everybody = [realtime.listen(Ask(lead_id="ann", k=n)) for n in range(1, 6)]
        order.clear()
        for updates in everybody:
            go.set()
            await soon(updates)
        begun.clear(), go.clear()
        order[:] = ["before"]
        coming = [asyncio.ensure_future(anext(updates)) for updates in everybody]
        act(served, "ann")
        await asyncio.to_thread(begun.wait, PATIENCE)
        RANKING.submit(order.append, "request")
        go.set()
        await asyncio.gather(*coming)

    asyncio.run(listen())
    assert order == ["before", "stream", "request", *["stream"] * 4]


class Late:
    """A store whose replica has not seen what happened."""

    def __init__(self, store):
        self.store, self.asked = store, []

    def __getattr__(self, name):
        return getattr(self.store, name)

    def has_seen(self, _tenant, sequence):
        self.asked.append(sequence)
        return not sequence


class Named:
    """A database whose only row is its name."""

    def __init__(self, name):
        self.name = name

    def rows(self, _sql, _values):
        return iter([self.name])


def test_an_answer_after_an_act_is_read_where_the_act_is(live):
    served, _, _ = live
    late, databases, read = Late(served.store), Replicated(Named("primary"), Named("replica")), []

    def answer(ask):
        answered = ByPrice(served.store, served.catalogue)(ask)
        read.extend(databases.rows(""))
        return answered

    async def listen():
        updates = RealtimePersonalization(answer, late, served.catalogue, every=0.01).listen(Ask(lead_id="ann", k=3))
        await soon(updates)
        sequence = act(served, "ann")
        await soon(updates)
        await updates.aclose()
        assert (late.asked, read) == ([0, sequence], ["replica", "primary"])

    asyncio.run(listen())


def test_whatever_fails_while_looking_for_news_is_logged_and_tried_again(live, capsys):
    served, _, _ = live
    faults = [KeyError("a"), OSError("b"), BadInput.of("x", "be y", 1)]

    class Failing:
        tenant = served.catalogue.tenant
        changed_since = served.catalogue.changed_since

        def revision(self):
            if faults:
                raise faults.pop()
            return served.catalogue.revision()

    telemetry.configure_logs("info", "json")
    answer = ByPrice(served.store, served.catalogue)

    async def listen():
        updates = RealtimePersonalization(answer, served.store, Failing(), every=0.01).listen(Ask(lead_id="ann", k=3))
        await soon(updates)
        await updates.aclose()

    try:
        asyncio.run(listen())
    finally:
        structlog.reset_defaults()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["why"] for line in lines] == ["x must be y; got 1", "b", "'a'"]


def test_beyond_the_most_nobody_is_taken_and_who_leaves_makes_room(live):
    served, _, _ = live
    answer = ByPrice(served.store, served.catalogue)
    realtime = RealtimePersonalization(answer, served.store, served.catalogue, every=0.01, most=1)

    async def listen():
        first = realtime.listen(Ask(lead_id="ann"))
        await soon(first)
        with pytest.raises(Overloaded, match="1 listen"):
            realtime.listen(Ask(lead_id="bob"))
        await first.aclose()
        await soon(realtime.listen(Ask(lead_id="bob")))

    asyncio.run(listen())


def test_who_comes_back_is_answered_from_where_it_was(live):
    served, realtime, _ = live
    sequence = act(served, "ann")

    async def listen():
        for heard in (0, sequence, sequence + 1):
            updates = realtime.listen(Ask(lead_id="ann", k=3), heard)
            assert (await soon(updates)).sequence == sequence
            await updates.aclose()

    asyncio.run(listen())


def sent_by(updates, stopping, *, until, slow=False, **times):
    """What a stream sends until it holds something, to a reader who may take in nothing."""
    sent = []

    async def send(message):
        sent.append(message)
        if slow and message["type"] == "http.response.body":
            await asyncio.Event().wait()
        if until in message.get("body", b""):
            stopping.set()

    async def receive():
        return await asyncio.Event().wait()

    async def allowed():
        return True

    async def run():
        stream = EventStream(updates, Ask(lead_id="ann"), stopping, allowed, **times)
        await asyncio.wait_for(stream({}, receive, send), PATIENCE)

    return run(), sent


def test_silence_is_filled_with_comments_and_the_end_is_said(live):
    _, realtime, _ = live
    stream, sent = sent_by(realtime.listen(Ask(lead_id="ann")), asyncio.Event(), until=b": still here", heartbeat=0.05)
    asyncio.run(stream)
    assert dict(sent[0]["headers"])[b"content-type"].startswith(b"text/event-stream")
    assert sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
    assert realtime.listening == 0


def test_a_reader_who_takes_in_nothing_is_cut_off(live):
    _, realtime, _ = live
    stream, sent = sent_by(
        realtime.listen(Ask(lead_id="ann")), asyncio.Event(), until=b"never", slow=True, slowest=0.05
    )
    asyncio.run(stream)
    assert len(sent) == 2
    assert realtime.listening == 0


def test_a_key_that_was_revoked_hears_nothing_more(served):
    served.put(home_row(1))
    made = CreateKey(served.keys, "default", lambda: NOW)("read")
    sent = []

    async def send(message):
        sent.append(message.get("body", b""))
        if b"data: " in sent[-1]:
            served.keys.revoke("default", made.kept.key_id, NOW)
            act(served, "ann")

    async def listen():
        served.app.state.stopping = asyncio.Event()
        scope = {
            "type": "http", "method": "GET", "path": "/v1/leads/ann/stream", "query_string": b"", "scheme": "http",
            "headers": [(b"authorization", f"Bearer {made.text}".encode())], "server": ("testserver", 80),
            "root_path": "",
        }  # fmt: skip
        await asyncio.wait_for(served.app(scope, asyncio.Event().wait, send), PATIENCE)

    asyncio.run(listen())
    assert [b"data: " in body for body in sent].count(True) == 1
    assert sent[-1] == b""
