"""What the ways in of events refuse, by the sentence it brings."""

from __future__ import annotations

import threading
from typing import Any

from homing.store.checks import event
from homing.store.events import Appended
from homing.store.group_commit import GroupCommit

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


TABLE = {
    "20,000 events wait to be written. Send these again in a second.": flooded,
}
