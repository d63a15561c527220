"""Look at everything an installation stands on, and say of each part whether it is well and what to do if not."""

from __future__ import annotations

import errno
import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from homing.core.clock import MINUTE, Clock, format_moment
from homing.core.errors import DamagedArtifact, StorageError
from homing.core.settings import Settings
from homing.models.registry import ModelRegistry
from homing.store.sqlite import SCHEMA, SqliteDatabase, faults_of

if TYPE_CHECKING:
    from homing.store.postgres import PostgresDatabase

__all__ = ["Examine", "Finding"]

_ROOM: Final = 2**30
_LONGEST_LOG: Final = 2**30
_AHEAD: Final = 5 * MINUTE
_PACKAGES: Final = ("numpy", "numba", "scipy", "safetensors", "granian")
_PG_RESTORE: Final = "Bring a dump back: pg_restore."
_RESTORE: Final = "Stop what uses it and bring a backup back: homing restore FILE --replace."


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether it is well, what was found, and what to do (also where all is well but a step is next)."""

    name: str
    ok: bool
    found: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Examine:
    """`homing doctor`. Changes nothing but a file that it writes into the data folder and removes again."""

    settings: Settings
    database: SqliteDatabase | PostgresDatabase
    clock: Clock

    def __call__(self) -> list[Finding]:
        """Every check in the order in which one builds on the other; none is left out because another failed."""
        checks = (
            self._software,
            self._time_zones,
            self._folder,
            self._room,
            self._database,
            self._writing,
            self._log,
            self._clock,
            self._data,
            self._models,
            self._left_over,
        )
        return [_found(check) for check in checks]

    def _software(self) -> Finding:
        packages = [f"{name} {version(name)}" for name in _PACKAGES]
        about = [f"Python {platform.python_version()}", f"SQLite {sqlite3.sqlite_version}", *packages]
        return Finding("software", True, ", ".join(about))

    def _time_zones(self) -> Finding:
        try:
            ZoneInfo("America/Los_Angeles")
        except ZoneInfoNotFoundError as error:
            return Finding("time zones", False, str(error), "Install the package tzdata.")
        return Finding("time zones", True, "known")

    def _folder(self) -> Finding:
        folder = self.settings.data_dir
        if not folder.exists():
            return Finding("data folder", True, f"{folder} does not exist yet", "It is made at the first write.")
        try:
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as file:
                file.write(b"homing")
                file.flush()
        except OSError as error:
            return Finding("data folder", False, f"{folder} cannot be written to: {error}", _way_out(error))
        return Finding("data folder", True, f"{folder.absolute()} can be written to")

    def _room(self) -> Finding:
        folder = self.settings.data_dir.absolute()
        there = next(place for place in (folder, *folder.parents) if place.exists())
        free = shutil.disk_usage(there).free
        found = f"{free / 2**30:,.1f} GiB free"
        return Finding("disk", free >= _ROOM, found, "" if free >= _ROOM else "Make room: at least 1 GiB.")

    def _database(self) -> Finding:
        database = self.database
        if not database.exists():
            return Finding("database", True, f"{database.name} holds nothing yet", "It is made at the first write.")
        return _of_file(database.path) if isinstance(database, SqliteDatabase) else _of_server(database)

    def _writing(self) -> Finding:
        if not self.database.exists():
            return Finding("writing", True, "nothing to write to yet")
        try:
            with self.database.write():
                pass
        except StorageError as error:
            return Finding("writing", False, str(error), "Events cannot be stored until that is mended.")
        return Finding("writing", True, "a transaction was begun and committed")

    def _log(self) -> Finding:
        if not isinstance(self.database, SqliteDatabase):
            return Finding("write-ahead log", True, "the server keeps it")
        path = self.database.path
        log = path.with_name(f"{path.name}-wal")
        size = log.stat().st_size if log.exists() else 0
        if size and not path.exists():
            hint = f"Put {path.name} back beside it, or move it away before anything is stored."
            return Finding("write-ahead log", False, f"{log} is there, the database is not", hint)
        hint = "Restart what has the database open: a reader that never ends keeps the log from being folded in."
        enough = size <= _LONGEST_LOG
        return Finding("write-ahead log", enough, f"{size / 2**20:,.1f} MiB", "" if enough else hint)

    def _clock(self) -> Finding:
        now, newest = self.clock(), self.database.newest_receipt()
        if newest is None or newest <= now + _AHEAD:
            return Finding("clock", True, format_moment(now))
        found = f"it is {format_moment(now)}, but an event was received at {format_moment(newest)}"
        hint = "The clock was ahead, or is behind now. Set it right; until then those events do not count in answers."
        return Finding("clock", False, found, hint)

    def _data(self) -> Finding:
        counts = self.database.counts()
        found = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        hint = "" if counts["homes"] else "Bring homes in: homing import listings FILE."
        return Finding("data", True, f"{found} (all tenants)", hint)

    def _models(self) -> Finding:
        checked = [(registry, number) for registry in self._registries() for number in registry.versions()]
        damaged = list(_damages(checked))
        if damaged:
            hint = "The newest whole version answers until homing train has made a new one."
            return Finding("models", False, "; ".join(damaged), hint)
        if not checked:
            return Finding("models", True, "none yet", "Train once there are events: homing train.")
        return Finding("models", True, f"every byte of the {len(checked):,} trained is as it was written")

    def _left_over(self) -> Finding:
        paths = [path for registry in self._registries() for path in registry.left_over()]
        if not paths:
            return Finding("left over", True, "nothing")
        found = ", ".join(map(str, paths))
        hint = "Of a training that was cut off or is at work; the next training clears it away."
        return Finding("left over", True, found, hint)

    def _registries(self) -> list[ModelRegistry]:
        return ModelRegistry.all_in(self.settings.models_dir)


def _found(check: Callable[[], Finding]) -> Finding:
    """What a check found; that it could not look is a finding too."""
    try:
        return check()
    except (StorageError, OSError) as error:
        return Finding(check.__name__.strip("_").replace("_", " "), False, str(error))


def _of_file(path: Path) -> Finding:
    """What a SQLite file is like."""
    if faults := faults_of(path):
        return Finding("database", False, "; ".join(faults), _RESTORE)
    size = path.stat().st_size
    return Finding("database", True, f"{size / 2**20:,.1f} MiB, schema {SCHEMA}, every page and index is whole")


def _of_server(database: PostgresDatabase) -> Finding:
    """What a PostgreSQL database is like, and whether its server keeps what it acknowledges."""
    about = database.about()
    unsafe = [name for name in ("fsync", "full_page_writes") if about[name] != "on"]
    found = f"PostgreSQL {about['version']}, {about['size'] / 2**20:,.1f} MiB, schema {about['schema']}"
    if unsafe:
        hint = f"Switch {' and '.join(unsafe)} on in the server: without it a crash may lose what was acknowledged."
        return Finding("database", False, f"{found}, {' and '.join(unsafe)} off", hint)
    if faults := database.faults():
        return Finding("database", False, f"{found}; {'; '.join(faults)}", _PG_RESTORE)
    return Finding("database", True, f"{found}, every event has its id")


def _way_out(error: OSError) -> str:
    """What to do when the data folder cannot be written to.

    >>> _way_out(OSError(errno.ENOSPC, "No space left on device"))
    'Make room on the disk.'
    """
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "Make room on the disk."
    return "Give the user that runs homing the right to write there, or name another --data-dir."


def _damages(versions: list[tuple[ModelRegistry, str]]) -> Iterator[str]:
    for registry, number in versions:
        try:
            registry.check(number)
        except DamagedArtifact as damage:
            yield str(damage)
