"""How long a request takes, over a real server and a real SQLite file, alone and with 16 clients at once."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

HOMES = 2_000
SERVER = "from homing.api.server import serve; serve('homing.wiring:application', port={port})"


def main() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "HOMING_DATA_DIR": folder}
        server = subprocess.Popen([sys.executable, "-c", SERVER.format(port=port)], env=environment)
        try:
            ready(port)
            report(port)
        finally:
            server.terminate()
            server.wait()


def ready(port: int) -> None:
    for _ in range(200):
        try:
            if ask(http.client.HTTPConnection("127.0.0.1", port), "GET", "/readyz") == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("The server did not start.")


def report(port: int) -> None:
    homes = [
        {"ListingKey": f"home-{n}", "ListPrice": 300_000 + 500 * n, "LivingArea": 900 + n, "BedroomsTotal": 1 + n % 5}
        for n in range(HOMES)
    ]
    for start in range(0, HOMES, 1_000):
        ask(http.client.HTTPConnection("127.0.0.1", port), "POST", "/v1/properties", homes[start : start + 1_000])
    print(f"{'request':<34}{'clients':>8}{'per second':>12}{'median ms':>11}{'p99 ms':>9}")
    for clients in (1, 16):
        row(port, clients, "POST /v1/events, one event", 1_000, lambda n: ("POST", "/v1/events", event(n)))
        row(
            port,
            clients,
            "POST /v1/events, 1,000 events",
            20,
            lambda n: ("POST", "/v1/events", [event(n) for _ in range(1_000)]),
        )
        row(
            port,
            clients,
            "GET recommendations",
            300,
            lambda n: ("GET", f"/v1/leads/lead-{n % 50}/recommendations", None),
        )
        row(port, clients, "GET /leads/{id} (page)", 100, lambda n: ("GET", f"/leads/lead-{n % 50}", None))


def event(n: int) -> dict[str, object]:
    data = {"view_duration_seconds": n % 100, "nonce": os.urandom(6).hex()}
    return {
        "event_type": "property_view",
        "lead_id": f"lead-{n % 50}",
        "property_id": f"home-{n % HOMES}",
        "event_data": data,
    }


def row(port: int, clients: int, name: str, requests: int, made) -> None:
    asked = [made(n) for n in range(requests)]

    def client(number: int) -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", port)
        times = []
        for method, path, body in asked[number::clients]:
            start = time.perf_counter()
            status = ask(connection, method, path, body)
            times.append(time.perf_counter() - start)
            assert status == 200, status
        return times

    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        times = sorted(one for many in pool.map(client, range(clients)) for one in many)
    seconds = time.perf_counter() - start
    middle, slow = times[len(times) // 2] * 1_000, times[int(len(times) * 0.99)] * 1_000
    print(f"{name:<34}{clients:>8}{requests / seconds:>12,.0f}{middle:>11.2f}{slow:>9.2f}")


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: object = None) -> int:
    payload = None if body is None else json.dumps(body)
    connection.request(method, path, payload, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    answer.read()
    return answer.status


if __name__ == "__main__":
    main()
