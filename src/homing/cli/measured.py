"""The folder where the workers of one server keep what they measure, for as long as the server runs."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

__all__ = ["measured_folder"]

_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108  # a file system in memory, which Linux has
_NAME: Final = "homing-measured-"
_LOCK: Final = "lock"


@contextmanager
def measured_folder(place: Path | None = None) -> Iterator[Path]:
    """A new folder, gone afterwards: in memory if the system has a file system there, else among temporary files.

    What workers measure is mapped into their memory, and a mapped file that finds the disk full kills its process.
    Folders of servers that were killed are removed; those of servers that run are locked.
    """
    where = place or (_IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else Path(tempfile.gettempdir()))
    for folder in where.glob(f"{_NAME}*"):
        with suppress(OSError):  # of another user, or of a server that runs
            _take(folder)
            shutil.rmtree(folder)
    made = Path(tempfile.mkdtemp(prefix="homing-new-", dir=where))
    held = os.open(made / _LOCK, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o600)
    fcntl.flock(held, fcntl.LOCK_EX)
    folder = made.rename(where / made.name.replace("homing-new-", _NAME, 1))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def _take(folder: Path) -> None:
    """Raise `BlockingIOError` if a server holds the folder."""
    file = os.open(folder / _LOCK, os.O_WRONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(file)
