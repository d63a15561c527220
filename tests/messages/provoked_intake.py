"""What the ways in of events refuse, by the sentence it brings."""

from __future__ import annotations

import threading
from typing import Any

from homing.core.settings import Settings
from homing.store.checks import event
from homing.store.events import Appended
from homing.store.group_commit import GroupCommit
from homing.store.opening import event_store, open_database

__all__ = ["TABLE"]


def flooded(_: Any) -> Any:
    """A queue that nobody empties."""
    let_go = threading.Event()

    def write(batches: Any) -> list[Appended]:
        let_go.wait(30)
        return [Appended((True,) * len(batch.rows), 1) for batch in batches]

    group = GroupCommit(write)
    many = [event(f"{n}") for n in range(20_000)]
    try:
        group.submit("default", many)
        return group.submit("default", many)
    finally:
        let_go.set()


def opened(replica: str, database: str = "postgresql://ann@127.0.0.1:1/homing") -> Any:
    return event_store(open_database(Settings(database=database)), replica=replica)


TABLE = {
    "HOMING_REPLICA must be left out: only a PostgreSQL database has replicas; got an address": lambda _: opened(
        "postgresql://ann@127.0.0.1:1/homing", "sqlite:///x"
    ),
    "HOMING_REPLICA must be postgresql://USER@HOST:PORT/NAME; got another address": lambda _: opened("mysql://ann@x/y"),
    "20,000 events wait to be written. Send these again in a second.": flooded,
}
