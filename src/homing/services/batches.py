"""The loop of every import: read rows, turn them into things, store them in batches, keep what is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from homing.core.errors import BadInput
from homing.integrations.files import RowFile
from homing.services.import_report import Advance, Progress, Refusals

__all__ = ["Taken", "take_in"]

T = TypeVar("T")
_BATCH: Final = 10_000


class Taken(Generic[T]):
    """What was read and what was refused."""

    def __init__(self) -> None:
        self.read = 0
        self.refused = Refusals()


def take_in(
    file: RowFile,
    read: Callable[[Mapping[str, Any]], T],
    store: Callable[[Sequence[T]], None],
    progress: Progress | None,
) -> Taken[T]:
    """Give `store` what `read` makes of the rows, a batch at a time; each batch is durable when the next one starts."""
    taken: Taken[T] = Taken()
    batch: list[T] = []
    for row in file.rows():
        taken.read += 1
        try:
            if row.faults:
                raise BadInput(row.faults)
            batch.append(read(row.values))
        except BadInput as error:
            taken.refused.add(row.number, error)
        if len(batch) >= _BATCH:
            store(batch)
            batch = []
        if progress is not None and taken.read % _BATCH == 0:
            progress(Advance(taken.read, file.bytes_read, file.bytes_total))
    if batch:
        store(batch)
    if progress is not None:
        progress(Advance(taken.read, file.bytes_total, file.bytes_total))
    return taken
