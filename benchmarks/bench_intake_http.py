"""Events a second over HTTP, each answer durable, beside what the store alone takes in of the same events.

A server with one worker runs in a process of its own; this process is the client, which sends requests made beforehand
over some connections, each the next as soon as the last is answered. The store alone is appended to in this process, as
many batches at a time as there are connections. Both sides take turns, on files or databases of their own.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import asyncio
import json
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import count
from pathlib import Path

from bench_http import OURS, Served, served
from bench_intake import PostgresServer, events
from side_by_side import Row, in_turn, main, row

from homing.core.clock import format_moment
from homing.interfaces import BehavioralEvent
from homing.store.events import EventStore
from homing.store.postgres import PostgresDatabase
from homing.store.postgres_events import PostgresEventStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore

Batches = Sequence[Sequence[BehavioralEvent]]


class Line(asyncio.Protocol):
    """A connection that sends request after request until there are no more."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self._requests, self._done, self._got = requests, done, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def data_received(self, data: bytes) -> None:
        self._got += data
        head, end, body = self._got.partition(b"\r\n\r\n")
        if not end:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        if b" 200 " not in head[:16] or b'"refused":[]' not in body:
            self._done.set_exception(SystemExit(f"It was answered: {self._got[:400]!r}"))
            return
        self._got = b""
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            self._done.set_result(None)
        else:
            self._transport.write(request)  # type: ignore[attr-defined]


def request(batch: Sequence[BehavioralEvent]) -> bytes:
    rows = [
        {"event_id": one.event_id, "event_type": one.event_type.value, "timestamp": format_moment(one.at),
         "lead_id": one.lead_id, "property_id": one.property_id, "session_id": one.session_id,
         "event_data": dict(one.event_data)}
        for one in batch
    ]  # fmt: skip
    body = json.dumps(rows).encode()
    return b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        len(body),
        body,
    )


async def posted(port: int, requests: Sequence[bytes], connections: int) -> None:
    """Send all of them, over so many connections."""
    loop, left = asyncio.get_running_loop(), iter(requests)
    done = [loop.create_future() for _ in range(connections)]
    for one in done:
        await loop.create_connection(lambda one=one: Line(left, one), "127.0.0.1", port)
    await asyncio.gather(*done)


def over_http(server: Served, batches: Batches, connections: int) -> float:
    """Seconds an event."""
    requests = [request(batch) for batch in batches]
    started = time.perf_counter()
    asyncio.run(posted(server.port, requests, connections))
    return (time.perf_counter() - started) / sum(map(len, batches))


def alone(store: EventStore, batches: Batches, together: int) -> float:
    """Seconds an event."""
    started = time.perf_counter()
    waiting: deque = deque()
    for batch in batches:
        if len(waiting) == together:
            waiting.popleft().result()
        waiting.append(store.submit("default", batch))
    for one in waiting:
        one.result()
    return (time.perf_counter() - started) / sum(map(len, batches))


def compared(name: str, server: Served, store: EventStore, quick: bool, how: tuple[int, int, int]) -> Row:
    """`how` many events a request, over how many connections, how many requests a turn."""
    size, connections, requests = how
    numbers = count(10**9 * (size + connections), size)

    def batches() -> Batches:
        return [events(next(numbers), size) for _ in range(requests // 4 if quick else requests)]

    taken = in_turn(
        lambda: over_http(server, batches(), connections),
        lambda: alone(store, batches(), connections),
        3 if quick else 9,
    )
    found = row(
        f"{name}: POST /v1/events, {size} a request, {connections} connections", "the store alone", "µs", taken, ""
    )
    ours, theirs = 1e6 / found.ours, 1e6 / found.theirs
    note = f"wall time an event; over HTTP {ours:,.0f} events/s, alone {theirs:,.0f}, share {ours / theirs:.2f}"
    return replace(found, note=note)


def measure(quick: bool = False) -> list[Row]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        ours = stack.enter_context(served(OURS, HOMING_DATA_DIR=str(folder / "served")))
        store: EventStore = SqliteEventStore(SqliteDatabase(folder / "alone.sqlite3"))
        found = [
            compared("SQLite", ours, store, quick, (100, 8, 200)),
            compared("SQLite", ours, store, quick, (1, 64, 2_000)),
        ]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postgres = stack.enter_context(closing(PostgresServer()))
        url, other = (postgres.url(postgres.new()) for _ in range(2))
        ours = stack.enter_context(served(OURS, HOMING_DATA_DIR=str(folder), HOMING_DATABASE=url))
        database = stack.enter_context(closing(PostgresDatabase(other)))
        store = PostgresEventStore(database)
        found += [
            compared("PostgreSQL", ours, store, quick, (100, 8, 200)),
            compared("PostgreSQL", ours, store, quick, (1, 64, 2_000)),
        ]
    return found


if __name__ == "__main__":
    main(measure, __doc__)
