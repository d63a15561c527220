"""Faults while a server is at work, each as a function over a ground: `FAULTS` lists them and where they can happen.

After each of them all that was acknowledged is stored, once, and nothing else is; and the server goes on. Linux only.
"""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from acts import NOW, model
from loading import CLIENTS, Load, act, homes
from postgres_ground import PostgresServer
from serving import PATIENCE, Server

from homing.models.registry import ModelRegistry
from homing.store.events import EventQuery, EventStore
from homing.store.postgres import PostgresDatabase
from homing.store.postgres_events import PostgresEventStore
from homing.store.sqlite import SqliteDatabase, faults_of
from homing.store.sqlite_events import SqliteEventStore

WORKERS = 2
DUPLICATES = 10_000
MOST_BEFORE = 40
"""So many batches are acknowledged at the most before something breaks; how many is drawn."""


class Ground:
    """A server with two workers over a store of its own: a SQLite file, or a database of `postgres`."""

    def __init__(self, folder: Path, postgres: PostgresServer | None = None) -> None:
        self.folder, self.postgres = folder, postgres
        self.name = "SQLite" if postgres is None else "PostgreSQL"
        self._url = None if postgres is None else postgres.url(postgres.new())
        self.kills = self.restarts = 0
        self.server = self._started()

    def _started(self) -> Server:
        server = Server(self.folder, WORKERS, **({} if self._url is None else {"HOMING_DATABASE": self._url}))
        try:
            server.ready()
            server.ask("/v1/properties", homes())
        except BaseException:
            server.close()
            raise
        return server

    @contextmanager
    def store(self) -> Iterator[EventStore]:
        """What is stored, read past the server."""
        if self._url is None:
            with closing(SqliteDatabase(self.path)) as file:
                yield SqliteEventStore(file)
        else:
            with closing(PostgresDatabase(self._url)) as database:
                yield PostgresEventStore(database)

    @property
    def path(self) -> Path:
        """The SQLite file."""
        return self.folder / "homing.sqlite3"

    def damage(self) -> list[str]:
        """What a check of the whole database finds wrong."""
        if self._url is None:
            return list(faults_of(self.path))
        with closing(PostgresDatabase(self._url)) as database:
            return list(database.faults())

    def kill_server(self) -> None:
        """Kill the server with all its workers, and start another over the same data."""
        self.server.kill()
        self.kills += 1
        self.server = self._started()
        self.restarts += 1

    def kill_worker(self, pid: int) -> None:
        """Kill a worker and wait until another one has its place."""
        before = self.server.workers()
        os.kill(pid, signal.SIGKILL)
        self.kills += 1
        end = time.monotonic() + PATIENCE
        while len(self.server.workers() - {pid}) < WORKERS or pid in self.server.workers():
            if time.monotonic() > end:
                raise TimeoutError(f"The killed one of the workers {sorted(before)} was not replaced.")
            time.sleep(0.05)  # another process is starting
        self.restarts += 1

    def kill_postgres(self) -> None:
        """Kill the database server with all its processes, and start it."""
        assert self.postgres is not None
        self.postgres.kill()
        self.kills += 1
        self.postgres.start()
        self.restarts += 1

    def close(self) -> None:
        """End the server."""
        self.server.close()


@dataclass(frozen=True)
class Round:
    """What a fault left: how many events were acknowledged and stored, what was killed and started, what is wrong."""

    fault: str
    ground: str
    acknowledged: int
    stored: int
    again: int
    answers: int
    kills: int
    restarts: int
    wrong: tuple[str, ...]


def worker(ground: Ground, load: Load, drawn: random.Random) -> None:
    """kill -9 of a worker, whichever it is."""
    with load.running():
        load.wait(1 + drawn.randrange(MOST_BEFORE))
        ground.kill_worker(drawn.choice(sorted(ground.server.workers())))
        load.wait_fresh(CLIENTS)


def writer(ground: Ground, load: Load, drawn: random.Random) -> None:
    """kill -9 of the worker that writes for all."""
    with load.running():
        load.wait(1 + drawn.randrange(MOST_BEFORE))
        ground.kill_worker(int(ground.path.with_name(f"{ground.path.name}-writer").read_text()))
        load.wait_fresh(CLIENTS)


def server(ground: Ground, load: Load, drawn: random.Random) -> None:
    """kill -9 of the server with all its workers; another is started over the same data."""
    with load.running():
        load.wait(1 + drawn.randrange(MOST_BEFORE))
        ground.kill_server()
        load.wait_fresh(CLIENTS)


def postgres(ground: Ground, load: Load, drawn: random.Random) -> None:
    """kill -9 of the database server; it is started again."""
    with load.running():
        load.wait(1 + drawn.randrange(MOST_BEFORE))
        ground.kill_postgres()
        load.wait_fresh(CLIENTS)


def full(ground: Ground, load: Load, drawn: random.Random) -> None:
    """No file of the workers may grow, as on a full disk, until there is room again."""
    with load.running():
        load.wait(1 + drawn.randrange(MOST_BEFORE))
        for pid in ground.server.workers():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        before, end = load.again, time.monotonic() + PATIENCE
        while load.again < before + 2 * CLIENTS:
            if time.monotonic() > end:
                raise TimeoutError("Nothing was refused although no file could grow.")
            time.sleep(0.02)  # other processes are at work
        for pid in ground.server.workers():
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        load.wait_fresh(CLIENTS)


def damaged(ground: Ground, load: Load, drawn: random.Random) -> None:
    """A version of the model comes with a damaged byte: the one before goes on to answer, and says so."""
    registry = ModelRegistry(ground.folder / "models")
    good = registry.publish(model(f"home-{drawn.randrange(10)}"), NOW, {})
    with load.running():
        _answered_by(ground, good, "")
        bad = str(int(good) + 1)
        shutil.copytree(registry.folder / good, registry.folder / "coming")
        arrays = max((registry.folder / "coming").rglob("*"), key=lambda path: path.is_file() and path.stat().st_size)
        content = bytearray(arrays.read_bytes())
        content[drawn.randrange(len(content))] ^= 0xFF
        arrays.write_bytes(content)
        (registry.folder / "coming").rename(registry.folder / bad)
        _answered_by(ground, good, f"version {bad} is damaged")
        load.wait_fresh(CLIENTS)


def _answered_by(ground: Ground, version: str, saying: str) -> None:
    """Wait until every one of many answers in a row is by this version, and says so much."""
    in_a_row, end = 0, time.monotonic() + PATIENCE
    while in_a_row < 10 * WORKERS:
        told = ground.server.ask("/v1/leads/ann/recommendations?k=3")
        right = told["models"] == {"hybrid": version} and any(saying in why for why in ["", *told["degraded"]])
        in_a_row = in_a_row + 1 if right else 0
        if time.monotonic() > end:
            raise TimeoutError(f"Version {version} does not answer everywhere, saying {saying!r}: {told['degraded']}")


def duplicates(ground: Ground, load: Load, drawn: random.Random) -> None:
    """10,000 duplicates and what they double, all in random order, from several clients at once."""
    once = [act(load.lead, number) for number in range(DUPLICATES // 5)]
    rows = once * 6
    drawn.shuffle(rows)
    many = Load(load.lead, ground, [rows[place : place + 100] for place in range(0, len(rows), 100)])
    many.all_of()
    if many.new != len(once):
        raise AssertionError(f"of {len(once):,} events {many.new:,} were told to be new")
    load.acknowledged += set(many.acknowledged)
    load.again += many.again
    load.answers += many.answers


Fault = Callable[[Ground, Load, random.Random], None]

FAULTS: dict[str, tuple[Fault, tuple[str, ...]]] = {
    "a worker killed": (worker, ("SQLite", "PostgreSQL")),
    "the writer killed": (writer, ("SQLite",)),
    "the server killed": (server, ("SQLite", "PostgreSQL")),
    "the database killed": (postgres, ("PostgreSQL",)),
    "a full disk": (full, ("SQLite",)),
    "a damaged model": (damaged, ("SQLite",)),
    "10,000 duplicates": (duplicates, ("SQLite", "PostgreSQL")),
}
"""What can happen, and over which stores."""


def tried(
    name: str,
    ground: Ground,
    lead: str,
    drawn: random.Random,
    faults: Mapping[str, tuple[Fault, tuple[str, ...]]] = FAULTS,
) -> Round:
    """One fault under the load of a lead that nobody has heard of yet; what it left."""
    load, wrong, kills, restarts = Load(lead, ground), [], ground.kills, ground.restarts
    try:
        faults[name][0](ground, load, drawn)
    except (AssertionError, OSError, TimeoutError) as error:
        wrong.append(f"{type(error).__name__}: {error}")
    with ground.store() as store:
        stored = store.columns("default", EventQuery(lead_id=lead)).event_ids
    if sorted(stored) != sorted(load.acknowledged):
        lost, more = set(load.acknowledged) - set(stored), set(stored) - set(load.acknowledged)
        wrong.append(f"{len(lost)} events were lost, {len(more)} nobody was told of, {len(stored)} are stored")
    return Round(
        name, ground.name, len(load.acknowledged), len(stored), load.again, load.answers, ground.kills - kills,
        ground.restarts - restarts, tuple(wrong),
    )  # fmt: skip
