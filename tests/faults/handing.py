"""One of several processes that write to one file: `handing.py FOLDER NAME COUNT` prints each batch that is durable."""

from __future__ import annotations

import sys
from pathlib import Path

from homing.store.checks import event
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore

BATCH = 5


def main(folder: str, name: str, count: str) -> None:
    store = SqliteEventStore(SqliteDatabase(Path(folder) / "homing.sqlite3"), one_of_many=True)
    for number in range(int(count)):
        batch = [event(f"{name}-{number}-{place}") for place in range(BATCH)] + [event(f"shared-{number}")]
        appended = store.append("default", batch)
        print(number, appended.count, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(*sys.argv[1:])
