"""Leads connected to a running server: each listens to its stream, and now and then acts and asks.

    python benchmarks/load.py --url http://127.0.0.1:8080 [--leads 1000] [--seconds 600] [--every 5] [--knee 10000]

Every lead posts one event and asks for one recommendation each `every` seconds, spread evenly. Printed are the errors,
the time of each kind of request (p50, p99), of a new answer on the stream after its act, and the memory of the server's
workers over time (with --pid, the server's process). With `--knee` the same with 1,000, 2,000, 4,000, ... leads
connected, up to so many. It runs in a process of its own, on sockets of its own, and takes CPU from a server beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from collections import defaultdict
from pathlib import Path
from urllib.parse import urlsplit

MEGABYTE = 1 << 20


class Load:
    """What was asked and how long it took, in seconds by kind; `acted` says since when an answer is awaited."""

    def __init__(self, host: str, port: int, homes: list[str], every: float) -> None:
        self.host, self.port, self.homes, self.every = host, port, homes, every
        self.times, self.errors = defaultdict(list), defaultdict(int)
        self.acted: dict[str, float] = {}

    async def lead(self, number: int, of: int, end: float) -> None:
        """One lead from its first request to the end."""
        name = f"load-{number}"
        await asyncio.sleep(self.every * number / of)
        listening = asyncio.create_task(self.listen(name, end))
        acts = 0
        try:
            while time.monotonic() < end:
                started = time.monotonic()
                home = self.homes[(number * 7 + acts * 13) % len(self.homes)]
                event = {"event_type": "property_view", "lead_id": name, "property_id": home}
                acts += 1
                self.acted[name] = time.monotonic()
                await self.timed("event", "POST", "/v1/events", event)
                await self.timed("recommendation", "GET", f"/v1/leads/{name}/recommendations")
                await asyncio.sleep(max(0.0, self.every - (time.monotonic() - started)))
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    async def timed(self, kind: str, method: str, path: str, body: object = None) -> None:
        """One request on a connection of its own."""
        started = time.monotonic()
        try:
            status = await asyncio.wait_for(self.ask(method, path, body), 30)
            if status != 200:
                self.errors[f"{kind} {status}"] += 1
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            self.errors[f"{kind} {type(error).__name__}"] += 1
        self.times[kind].append(time.monotonic() - started)

    async def ask(self, method: str, path: str, body: object) -> int:
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(request(method, path, body, close=True))
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.read()
            return int(head.split()[1])
        finally:
            writer.close()

    async def listen(self, name: str, end: float) -> None:
        """The stream of one lead; an end before the end is an error."""
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
            try:
                writer.write(request("GET", f"/v1/leads/{name}/stream?k=3&explain=false", None, close=False))
                while line := await reader.readline():
                    if line.startswith(b"id: ") and (since := self.acted.pop(name, None)) is not None:
                        self.times["answer on the stream"].append(time.monotonic() - since)
            finally:
                writer.close()
        except OSError as error:
            self.errors[f"stream {type(error).__name__}"] += 1
        if time.monotonic() < end:
            self.errors["stream ended"] += 1


def request(method: str, path: str, body: object, *, close: bool) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: load\r\nContent-Length: {len(content)}\r\n"
    head += "Content-Type: application/json\r\n" if content else ""
    return f"{head}{'Connection: close' if close else 'Connection: keep-alive'}\r\n\r\n".encode() + content


def memory(pid: int | None) -> float:
    """The resident megabytes of the children of a process; 0 where none is named."""
    if pid is None:
        return 0.0
    children = {child for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()}
    return sum(int(Path(f"/proc/{child}/statm").read_text().split()[1]) * 4096 for child in children) / MEGABYTE


async def run(asked: argparse.Namespace, leads: int, homes: list[str]) -> None:
    place = urlsplit(asked.url)
    load = Load(place.hostname or "127.0.0.1", place.port or 80, homes, asked.every)
    start = time.monotonic()
    end = start + asked.every + asked.seconds
    before = memory(asked.pid)
    tasks = [asyncio.create_task(load.lead(number, leads, end)) for number in range(leads)]
    marks = []
    for _ in range(10):
        await asyncio.sleep((end - start) / 10)
        marks.append(memory(asked.pid))
    await asyncio.gather(*tasks)
    took = time.monotonic() - start
    print(f"{leads:,} leads connected, {took:.0f} s, errors: {dict(load.errors) or 'none'}")
    for kind, times in sorted(load.times.items()):
        ordered = sorted(times)
        middle, slow = (1_000 * ordered[int(share * (len(ordered) - 1))] for share in (0.5, 0.99))
        print(f"  {kind:<24}{len(times):>9,} ({len(times) / took:,.0f}/s){middle:>10.1f} ms p50{slow:>10.1f} ms p99")
    if asked.pid is not None:
        print(f"  memory of the workers, MB: {before:.0f} before, then {', '.join(f'{mark:.0f}' for mark in marks)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="http://127.0.0.1:8080")
    parser.add_argument("--homes", required=True, help="file of ids of homes that the leads look at")
    parser.add_argument("--leads", type=int, default=1_000)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--knee", type=int, help="connect more and more leads, up to so many")
    parser.add_argument("--pid", type=int, help="process of the server, whose workers' memory is told")
    asked = parser.parse_args()
    counts = [asked.leads]
    while asked.knee and counts[-1] < asked.knee:
        counts.append(min(2 * counts[-1], asked.knee))
    for leads in counts:
        asyncio.run(run(asked, leads, Path(asked.homes).read_text().split()))


if __name__ == "__main__":
    main()
