"""CPU time of the server for one request, over a real server and a real SQLite file, beside the floor of its framework.

The peer is the least that FastAPI under the same server (granian) can do: a route that returns bytes made beforehand,
as many as our answer has. So the ratio says what finding, reading, ranking and explaining cost on top of answering.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import FastAPI, Request, Response
from side_by_side import Row, in_turn, main, row

HOMES = 2_000
LEADS = 50
TICK = os.sysconf("SC_CLK_TCK")
OURS = "from homing.api.server import serve; serve('homing.wiring:application', port={port})"
FLOOR = "from homing.api.server import serve; serve('bench_http:floor', port={port})"


def floor():
    """The peer's application: constant bytes, as long as `HOMING_BENCH_BYTES` says, whatever is asked."""
    body = b'"' + b"a" * (int(os.environ["HOMING_BENCH_BYTES"]) - 2) + b'"'
    app = FastAPI()

    @app.get("/{path:path}")
    async def get(path: str) -> Response:
        return Response(body, media_type="application/json")

    @app.post("/{path:path}")
    async def post(path: str, request: Request) -> Response:
        await request.body()
        return Response(body, media_type="application/json")

    return app


class Served:
    """A server in a process of its own."""

    def __init__(self, source: str, **environment: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        path = os.pathsep.join(filter(None, (str(Path(__file__).parent), os.environ.get("PYTHONPATH"))))
        self.process = subprocess.Popen(
            [sys.executable, "-c", source.format(port=self.port)], env={**os.environ, "PYTHONPATH": path, **environment}
        )
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def ask(self, method: str, path: str, body: object = None) -> bytes:
        """The answer to one request; anything but 200 ends the run."""
        payload = None if body is None else json.dumps(body)
        self.connection.request(method, path, payload, {"Content-Type": "application/json"})
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path} was answered {answer.status}: {content[:300]!r}")
        return content

    def ready(self) -> None:
        for _ in range(300):
            try:
                self.connection.request("GET", "/readyz")
                self.connection.getresponse().read()
                return
            except OSError:
                self.connection.close()
                time.sleep(0.1)
        raise SystemExit("The server did not start.")

    def cpu(self) -> float:
        """CPU seconds of the server and its workers so far."""
        family = [self.process.pid, *_children(self.process.pid)]
        return sum(map(_cpu_of, family))


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


@contextmanager
def served(source: str, **environment: str) -> Iterator[Served]:
    """A server that is ready, and gone afterwards."""
    server = Served(source, **environment)
    try:
        server.ready()
        yield server
    finally:
        server.process.terminate()
        server.process.wait()


def stocked(server: Served) -> None:
    """2,000 homes, 50 leads with 20 acts each."""
    homes = [
        {"ListingKey": f"home-{n}", "ListPrice": 300_000 + 500 * n, "LivingArea": 900 + n, "BedroomsTotal": 1 + n % 5}
        for n in range(HOMES)
    ]
    for start in range(0, HOMES, 1_000):
        server.ask("POST", "/v1/properties", homes[start : start + 1_000])
    server.ask("POST", "/v1/events", [event(n, n) for n in range(20 * LEADS)])


def event(number: int, nonce: object) -> dict[str, object]:
    home = (number * 37 + 500 * (number % LEADS)) % HOMES
    data = {"view_duration_seconds": number % 100, "nonce": nonce}
    return {
        "event_type": "property_view", "lead_id": f"lead-{number % LEADS}", "property_id": f"home-{home}",
        "event_data": data,
    }  # fmt: skip


def compared(
    ours: Served, what: str, request: Callable[[int], tuple[str, str, object]], rounds: int, calls: int
) -> Row:
    numbers = iter(range(1, 10**9))
    size = len(ours.ask(*request(next(numbers))))
    with served(FLOOR, HOMING_BENCH_BYTES=str(size)) as peer:

        def taken(server: Served) -> float:
            before = server.cpu()
            for _ in range(calls):
                server.ask(*request(next(numbers)))
            return max(server.cpu() - before, 1 / TICK) / calls

        times = in_turn(lambda: taken(ours), lambda: taken(peer), rounds)
    return row(what, "FastAPI + granian, constant bytes", "ms", times, f"{size:,} bytes an answer, one client")


def recommendations(number: int) -> tuple[str, str, object]:
    return "GET", f"/v1/leads/lead-{number % LEADS}/recommendations", None


def one_more(number: int) -> tuple[str, str, object]:
    return "POST", "/v1/events", event(number, os.urandom(6).hex())


def measure(quick: bool = False) -> list[Row]:
    rounds, calls = (5, 40) if quick else (15, 150)
    with tempfile.TemporaryDirectory() as folder, served(OURS, HOMING_DATA_DIR=folder) as ours:
        stocked(ours)
        asked = {
            f"GET recommendations, {HOMES:,} homes": recommendations,
            "POST one event, durable when acknowledged": one_more,
        }
        return [compared(ours, what, request, rounds, calls) for what, request in asked.items()]


if __name__ == "__main__":
    main(measure, __doc__)
