"""Files that are on disk, whole, once the call returns: also after a loss of power."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

__all__ = ["sync_folder", "write_file", "write_through"]


def write_file(path: Path, content: bytes) -> None:
    """Put one file in its place, whole or not at all."""
    fresh = path.parent / f".{path.name}.{secrets.token_hex(6)}"
    try:
        write_through(fresh, content)
        fresh.replace(path)
        sync_folder(path.parent)
    finally:
        fresh.unlink(missing_ok=True)


def write_through(path: Path, content: bytes) -> None:
    """Write a file; its bytes are on disk, its name only after `sync_folder`."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last, as they now are."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
