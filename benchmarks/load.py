"""Leads connected to a server: each acts now and then, and gets a recommendation of ten homes with their reasons.

    python benchmarks/load.py [--leads 1000] [--seconds 600] [--every 5] [--workers 2] [--by stream]
    python benchmarks/load.py --sweep 100,500,1000,2000,5000,10000 [--seconds 30]
    python benchmarks/load.py --url http://127.0.0.1:8080 --homes FILE [--pid PID]

Every lead holds a connection of its own, posts one event each `every` seconds, spread evenly, and gets one
recommendation that has seen it: `--by stream` on the stream to which it listens all the time (a second connection),
`--by request` by asking as soon as the event is acknowledged. First all connect, over twice `every` seconds; then they
begin to act, and what is printed is of that time: how many recommendations came a second, the errors, how many requests
were answered without reasons because the server was behind, the time from the act to the answer on the stream (of the
request, with `--by request`; p50 and p99), the time of an event, the memory of the server's workers at its end, and how
busy this process was: it runs on one core, takes CPU from a server beside it, and near 100 % it is what is measured.
`--sweep` connects more and more leads, to find the knee. Without `--url` it starts a server of its own over the real
homes of King County; its model learns of drawn leads.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import resource
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "faults"))

from bench_memory import filled
from serving import Server

from homing.core.clock import system_clock
from homing.core.settings import Settings
from homing.services.import_listings import ImportListings
from homing.services.train_models import TrainModels
from homing.wiring import build

MEGABYTE = 1 << 20
LEADS_LEARNED_FROM = 2_000
COLUMNS = ("leads", "answers/s", "errors", "no reasons", "p50 ms", "p99 ms", "event p99", "workers MB", "client CPU")
PATIENCE = 30
LEFT_OUT = b'"reasons: left out'
RAMP = 2  # over so many times `every` all connect
GOLDEN = (5**0.5 - 1) / 2  # its multiples are spread evenly: leads that connected one after the other act far apart


@dataclass(frozen=True)
class Place:
    """Where a server is, its homes, and the process whose children are its workers."""

    host: str
    port: int
    homes: list[str]
    pid: int | None


class Line:
    """One kept connection to the server; one that the server has closed is replaced by a new one."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        """Status and body of an answer."""
        if self._ends is not None:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                return await self._ask(method, path, body)
        self._ends = await asyncio.open_connection(self.place.host, self.place.port)
        return await self._ask(method, path, body)

    async def _ask(self, method: str, path: str, body: object) -> tuple[int, bytes]:
        reader, writer = self._ends
        try:
            writer.write(request(method, path, body))
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            answer = await reader.readexactly(int(head.partition(b"content-length:")[2].partition(b"\r\n")[0]))
        except BaseException:  # also when it was given up: what comes late is not the answer to the next
            self.close()
            raise
        return int(head.split()[1]), answer

    def close(self) -> None:
        if self._ends is not None:
            self._ends[1].close()
            self._ends = None


class Load:
    """What was asked and how long it took, in seconds by kind.

    `heard` is set by an answer on a lead's stream, which has seen what happened `upto` a sequence number.
    """

    def __init__(self, place: Place, every: float, by: str) -> None:
        self.place, self.every, self.by = place, every, by
        self.times, self.errors = defaultdict(list), defaultdict(int)
        self.without_reasons = 0
        self.heard: dict[str, asyncio.Event] = defaultdict(asyncio.Event)
        self.upto: dict[str, int] = defaultdict(int)

    async def lead(self, number: int, of: int, begin: float, end: float) -> None:
        """One lead: connects some time before all begin to act, and acts to the end."""
        name, line = f"load-{number}", Line(self.place)
        await asyncio.sleep(begin - RAMP * self.every * (1 - number / of) - time.monotonic())
        listening = asyncio.create_task(self.listen(name, end)) if self.by == "stream" else None
        if listening is not None:
            await self.told(name, None, 1)  # the answer that is there without an act
        else:
            await self.timed("connection", line, "GET", "/healthz")
        await asyncio.sleep(max(0.0, begin + self.every * (GOLDEN * number % 1) - time.monotonic()))
        acts = 0
        try:
            while time.monotonic() < end:
                started = time.monotonic()
                home = self.place.homes[(number * 7 + acts * 13) % len(self.place.homes)]
                event = {"event_type": "property_view", "lead_id": name, "property_id": home}
                acts += 1
                stored = await self.timed("event", line, "POST", "/v1/events", event)
                if listening is not None and stored is not None:
                    await self.told(name, started, json.loads(stored)["sequence"])
                elif listening is None:
                    await self.timed("recommendation", line, "GET", f"/v1/leads/{name}/recommendations")
                await asyncio.sleep(max(0.0, self.every - (time.monotonic() - started)))
        finally:
            line.close()
            if listening is not None:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)

    async def told(self, name: str, since: float | None, sequence: int) -> None:
        """Wait for an answer on the stream that has seen the act of a moment, stored under a sequence number."""
        try:
            async with asyncio.timeout(PATIENCE):
                while self.upto[name] < sequence:
                    await self.heard[name].wait()
                    self.heard[name].clear()
        except TimeoutError:
            self.errors["no answer on the stream"] += 1
            return
        if since is not None:
            self.times["recommendation"].append(time.monotonic() - since)

    async def timed(self, kind: str, line: Line, method: str, path: str, body: object = None) -> bytes | None:
        """What one request is answered; None after an error."""
        started = time.monotonic()
        try:
            status, answer = await asyncio.wait_for(line.ask(method, path, body), PATIENCE)
            if status != 200:
                self.errors[f"{kind} {status}"] += 1
                return None
        except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            self.errors[f"{kind} {type(error).__name__}"] += 1
            return None
        self.times[kind].append(time.monotonic() - started)
        self.without_reasons += LEFT_OUT in answer
        return answer

    async def listen(self, name: str, end: float) -> None:
        """The stream of one lead; an end before the end is an error."""
        upto = None
        try:
            reader, writer = await asyncio.open_connection(self.place.host, self.place.port, limit=MEGABYTE)
            try:
                writer.write(request("GET", f"/v1/leads/{name}/stream", None))
                while line := await reader.readline():
                    if line.startswith(b"id: "):
                        upto = int(line[4:])
                    elif line == b"\n" and upto is not None:  # the end of an event; comments have no id
                        self.upto[name], upto = upto, None
                        self.heard[name].set()
            finally:
                writer.close()
        except OSError as error:
            self.errors[f"stream {type(error).__name__}"] += 1
        if time.monotonic() < end:
            self.errors["stream ended"] += 1


def request(method: str, path: str, body: object) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    head = f"{method} {path} HTTP/1.1\r\nHost: load\r\nContent-Length: {len(content)}\r\n"
    head += "Content-Type: application/json\r\n" if content else ""
    return f"{head}\r\n".encode() + content


def memory(pid: int | None) -> float:
    """The resident megabytes of the children of a process; NaN where none is named."""
    if pid is None:
        return float("nan")
    children = {child for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()}
    return sum(int(Path(f"/proc/{child}/statm").read_text().split()[1]) * 4096 for child in children) / MEGABYTE


async def step(place: Place, leads: int, every: float, seconds: float, by: str) -> str:
    """So many leads that act for so long after all are connected; the row of the table."""
    load = Load(place, every, by)
    begin = time.monotonic() + RAMP * every
    end = begin + seconds
    tasks = [asyncio.create_task(load.lead(number, leads, begin, end)) for number in range(leads)]
    await asyncio.sleep(begin - time.monotonic())
    busy = time.process_time()
    await asyncio.sleep(end - time.monotonic())
    held = memory(place.pid)
    await asyncio.gather(*tasks)
    busy = (time.process_time() - busy) / (time.monotonic() - begin)
    asked = load.times["recommendation"]
    cells = [
        f"{leads:,}", f"{len(asked) / seconds:,.0f}", f"{sum(load.errors.values()):,}", f"{load.without_reasons:,}",
        slowest(asked, 0.5), slowest(asked, 0.99), slowest(load.times["event"], 0.99), f"{held:,.0f}", f"{busy:.0%}",
    ]  # fmt: skip
    return aligned(cells) + (f"  {dict(load.errors)}" if load.errors else "")


def slowest(times: list[float], share: float) -> str:
    """The milliseconds that this share of them did not exceed."""
    return f"{1_000 * sorted(times)[int(share * (len(times) - 1))]:,.1f}" if times else "none"


def aligned(cells: list[str]) -> str:
    return "".join(f"{cell:>12}" for cell in cells)


def compiling(folder: Path) -> bool:
    """Whether a process is at work on the features of a data folder."""
    own = str(folder / "data" / "cache").encode()
    for words in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            if own in words.read_bytes():
                return True
    return False


@contextmanager
def own_server(workers: int) -> Iterator[Place]:
    """A server over real homes and a model trained on drawn leads."""
    with tempfile.TemporaryDirectory(prefix="homing-load-") as name:
        folder = Path(name)
        homing = build(Settings(data_dir=folder / "data"))
        with as_file(files("homing.data") / "kc_house_data.csv.gz") as homes:
            ImportListings(homing.catalogue)(homes)
        filled(homing, folder, 0, LEADS_LEARNED_FROM)
        TrainModels(homing.tracker, homing.catalogue, homing.registry, homing.directory)(system_clock())
        ids = list(homing.catalogue.snapshot().ids.ids)
        homing.database.close()
        with closing(Server(folder / "data", workers)) as server:
            server.ready()
            for _ in range(10 * workers):
                server.ask("/v1/leads/lead-1/recommendations")  # every worker loads the model
            while compiling(folder):  # what a new data folder compiles beside the first answers
                time.sleep(1)
            yield Place("127.0.0.1", server.port, ids, server.process.pid)


@contextmanager
def server_at(url: str, homes: str, pid: int | None) -> Iterator[Place]:
    place = urlsplit(url)
    yield Place(place.hostname or "127.0.0.1", place.port or 80, Path(homes).read_text().split(), pid)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", help="a running server; left out, one is started")
    parser.add_argument("--homes", help="file of ids of homes of that server, which the leads look at")
    parser.add_argument("--pid", type=int, help="process of that server, whose workers' memory is told")
    parser.add_argument("--workers", type=int, default=2, help="of the server that is started")
    parser.add_argument("--leads", type=int, default=1_000)
    parser.add_argument("--sweep", help="numbers of leads, one step after the other: 100,500,1000")
    parser.add_argument("--seconds", type=float, default=600.0, help="how long a step lasts once all are connected")
    parser.add_argument("--every", type=float, default=5.0)
    parser.add_argument("--by", choices=("stream", "request"), default="stream", help="how recommendations come")
    asked = parser.parse_args()
    if asked.url and not asked.homes:
        parser.error("--url needs --homes")
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    counts = [int(count) for count in asked.sweep.split(",")] if asked.sweep else [asked.leads]
    where = server_at(asked.url, asked.homes, asked.pid) if asked.url else own_server(asked.workers)
    with where as place:
        gc.disable()  # a look through the objects of so many tasks would be measured as the server's time
        print(aligned(list(COLUMNS)), flush=True)
        for leads in counts:
            print(asyncio.run(step(place, leads, asked.every, asked.seconds, asked.by)), flush=True)


if __name__ == "__main__":
    main()
