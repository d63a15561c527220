"""What importing costs: 21,613 real homes and 100,000 simulated events, beside a plain load of the same rows.

The peer reads the same file with the standard `json`/`csv` module and inserts the raw text of each row into an SQLite
table with one index, without checking anything. Both sides in turn, in one run; CPU and wall seconds, the ratio of CPU.
"""

from __future__ import annotations

import csv
import gzip
import json
import sqlite3
import tempfile
import time
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path

from homing.core.settings import Settings
from homing.services.import_events import ImportEvents
from homing.services.import_listings import ImportListings
from homing.wiring import build

ROUNDS = 2
EVENTS = 100_000


def main() -> None:
    with tempfile.TemporaryDirectory() as name, as_file(files("homing.data") / "kc_house_data.csv.gz") as homes:
        folder = Path(name)
        events = _events(folder / "events.jsonl.gz")
        print(f"{'what':<16}{'side':<10}{'CPU s':>8}{'wall s':>8}{'x peer':>8}")
        for number in range(ROUNDS):
            own, plain = folder / f"own-{number}", folder / f"plain-{number}.sqlite3"
            _compare("21,613 homes", lambda own=own: _homes(own, homes), lambda plain=plain: _plain_homes(plain, homes))
            _compare(
                f"{EVENTS:,} events",
                lambda own=own: _import_events(own, events),
                lambda plain=plain: _plain_events(plain, events),
            )


def _compare(what: str, own: Callable[[], None], peer: Callable[[], None]) -> None:
    theirs = _timed(peer)
    ours = _timed(own)
    print(f"{what:<16}{'plain':<10}{theirs[0]:>8.2f}{theirs[1]:>8.2f}{1:>8.2f}")
    print(f"{what:<16}{'homing':<10}{ours[0]:>8.2f}{ours[1]:>8.2f}{ours[0] / theirs[0]:>8.2f}")


def _timed(work: Callable[[], None]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return time.process_time() - cpu, time.perf_counter() - wall


def _homes(folder: Path, homes: Path) -> None:
    ImportListings(build(Settings(data_dir=folder)).catalogue)(homes)


def _import_events(folder: Path, events: Path) -> None:
    homing = build(Settings(data_dir=folder))
    ImportEvents(homing.tracker.store, homing.settings.tenant, homing.catalogue)(events)


def _plain_homes(database: Path, homes: Path) -> None:
    with gzip.open(homes, "rt", newline="") as text:
        rows = [(row["id"], json.dumps(row)) for row in csv.DictReader(text)]
    _plain(database, rows)


def _plain_events(database: Path, events: Path) -> None:
    with gzip.open(events, "rt") as lines:
        rows = [(json.loads(line)["event_id"], line) for line in lines]
    _plain(database, rows)


def _plain(database: Path, rows: list[tuple[str, str]]) -> None:
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE IF NOT EXISTS rows (id TEXT, body TEXT)")
    connection.execute("CREATE INDEX IF NOT EXISTS rows_by_id ON rows (id)")
    with connection:
        connection.executemany("INSERT INTO rows VALUES (?, ?)", rows)
    connection.close()


def _events(path: Path) -> Path:
    """Views and saves of 1,000 made-up leads, spread over 60 days."""
    with gzip.open(path, "wt", compresslevel=1) as file:
        for number in range(EVENTS):
            minute = number * 60 * 24 * 60 // EVENTS
            day, rest = divmod(minute, 24 * 60)
            row = {
                "event_id": f"evt-{number}",
                "event_type": "property_save" if number % 9 == 0 else "property_view",
                "timestamp": f"2026-{1 + day // 28:02}-{1 + day % 28:02}T{rest // 60:02}:{rest % 60:02}:00Z",
                "lead_id": f"lead-{number * 7919 % 1000}",
                "property_id": f"home-{number * 104729 % 20000}",
                "session_id": f"visit-{number // 12}",
                "event_data": {} if number % 9 == 0 else {"view_duration_seconds": number % 200},
            }
            file.write(json.dumps(row) + "\n")
    return path


if __name__ == "__main__":
    main()
