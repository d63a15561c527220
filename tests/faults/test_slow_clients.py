"""Clients that send slowly, much or nothing: they are cut off in time, memory has a bound, others are answered."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from serving import PATIENCE, Server

HEAD_SECONDS = 1.0
HALF_A_HEAD = b"POST /v1/events HTTP/1.1\r\nHost: x\r\n"
CONNECTIONS = 64
MEGABYTE = 1_000_000
MOST_GROWTH = 170 * MEGABYTE
"""Bodies and what is made of them, the caches of SQLite's connections, and what the allocator keeps."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    data = tmp_path_factory.mktemp("slow")
    with closing(Server(data, HOMING_HEAD_SECONDS=str(HEAD_SECONDS))) as made:
        made.ready()
        yield made


def ended_after(server, first, again):
    """The seconds until the server hung up on who sends this, and then a piece again and again."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.1) as line:
        began = time.monotonic()
        line.sendall(first)
        while time.monotonic() - began < PATIENCE:
            try:
                if not line.recv(65_536):
                    break
            except TimeoutError:
                line.sendall(again)
            except ConnectionError:
                break
        return time.monotonic() - began


@pytest.mark.parametrize(
    ("first", "again"),
    [
        pytest.param(b"", b"", id="who sends nothing"),
        pytest.param(b"P", b"", id="a letter and no more"),
        pytest.param(HALF_A_HEAD, b"", id="half a head"),
        pytest.param(HALF_A_HEAD, b"X: y\r\n", id="a head without end"),
        pytest.param(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"", id="an answer and no next request"),
    ],
)
def test_a_connection_without_a_head_is_closed_in_time(server, first, again):
    with ThreadPoolExecutor(20) as pool:
        slow = [pool.submit(ended_after, server, first, again) for _ in range(20)]
        assert server.ask("/healthz"), "others are answered meanwhile"
        for one in slow:
            assert 0.9 * HEAD_SECONDS <= one.result() < 10 * HEAD_SECONDS


def test_a_stream_outlives_the_time_for_a_head(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.1) as line:
        began, said = time.monotonic(), b""
        line.sendall(b"GET /v1/leads/zoe/stream HTTP/1.1\r\nHost: x\r\n\r\n")
        while time.monotonic() - began < 3 * HEAD_SECONDS:
            with contextlib.suppress(TimeoutError):
                assert line.recv(65_536)
        server.ask("/v1/events", {"event_type": "page_view", "lead_id": "zoe", "event_id": "after a while"})
        line.settimeout(PATIENCE)
        while b"id: " not in said:
            said += line.recv(65_536)
            assert said


def test_a_head_that_is_too_large_is_refused(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as line:
        line.sendall(b"GET /healthz HTTP/1.1\r\nX-A: " + b"a" * 140_000 + b"\r\n\r\n")
        assert line.recv(100).startswith(b"HTTP/1.1 431")


def body(name):
    """Almost a megabyte of events."""
    view = {"event_type": "property_view", "lead_id": name, "property_id": "h", "event_data": {"note": "x" * 800}}
    return json.dumps([view | {"event_id": f"{name}-{n}"} for n in range(1_000)]).encode()


def status_of(server, content):
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as line:
        try:
            line.request("POST", "/v1/events", content, {"Content-Type": "application/json"})
            return line.getresponse().status
        except ConnectionError:
            return 429  # it hung up before all was sent, and the answer was lost on the way


def anonymous_memory(pid):
    """The bytes that a process holds and no file backs."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(1_024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon"))


@pytest.mark.skipif(sys.platform != "linux", reason="it reads a worker's memory in /proc")
def test_many_large_bodies_at_once_take_bounded_memory_and_the_next_is_taken_in(server):
    server.ask("/v1/leads/ann/recommendations")
    (worker,) = server.workers()
    before, statuses = anonymous_memory(worker), Counter()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        for number in range(3):
            bodies = [body(f"l{number}-{connection}") for connection in range(CONNECTIONS)]
            statuses.update(pool.map(lambda content: status_of(server, content), bodies))
            assert anonymous_memory(worker) - before < MOST_GROWTH
    assert statuses[200] > 0
    assert statuses[429] > 0, "so few bodies at once are no load"
    assert statuses.keys() <= {200, 429}
    assert status_of(server, body("after")) == 200
    assert server.workers() == {worker}
