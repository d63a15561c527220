"""Write everything of a data folder into one archive, while others go on working."""

from __future__ import annotations

import fcntl
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from homing.core.clock import SECOND, Clock, format_moment
from homing.core.durable import sync_folder
from homing.core.errors import BadInput, NotReady, StorageError
from homing.core.settings import SIMULATED_MARK, Settings
from homing.models.registry import ModelRegistry
from homing.services.archive import DATABASE, MANIFEST, MODELS, Contents, copied
from homing.store.sqlite import SqliteDatabase, faults_of

if TYPE_CHECKING:
    from homing.store.postgres import PostgresDatabase

__all__ = ["BackUp"]

_PRIVATE: Final = 0o600
_WITH_PG_DUMP: Final = (
    "be a SQLite file for homing backup; back PostgreSQL up by pg_dump, and copy the folder of models beside it"
)


@dataclass(frozen=True, slots=True)
class BackUp:
    """One archive of database and models, of all tenants. Nothing has to be stopped for it.

    What is acknowledged before the call is inside. A damaged database or model is never backed up: that is an error,
    so that no good backup is thrown away for a bad one.
    """

    settings: Settings
    database: SqliteDatabase | PostgresDatabase
    clock: Clock
    version: str

    def __call__(self, file: Path) -> Contents:
        """Write the archive (compressed if its name ends in gz); it appears whole or not at all.

        A backup that is killed leaves files that end in `.part`; the next one to the same name removes them.
        """
        if not isinstance(self.database, SqliteDatabase):
            raise BadInput.of("--database", _WITH_PG_DUMP, self.database.name)
        if not self.database.path.exists():
            raise NotReady(f"There is nothing to back up: {self.database.path} does not exist. See --data-dir.")
        if file.exists():
            raise BadInput.of("FILE", "be new, so that no backup is overwritten", str(file))
        if not file.absolute().parent.is_dir():
            raise BadInput.of("FILE", "lie in a folder that exists", str(file))
        draft = file.with_name(f"{file.name}.part")
        try:
            with _snapshot(self.database, file) as snapshot:
                contents = self._write(snapshot, draft)
            draft.rename(file)
            sync_folder(file.absolute().parent)
        except StorageError:
            raise
        except OSError as error:
            why = f"The backup could not be written to {file}: {error}. Nothing was left there."
            raise StorageError(why) from error
        finally:
            draft.unlink(missing_ok=True)
        return contents

    def _write(self, snapshot: Path, draft: Path) -> Contents:
        files = {DATABASE: snapshot, **self._models()}
        if (mark := self.settings.data_dir / SIMULATED_MARK).is_file():
            files[SIMULATED_MARK] = mark
        copy = SqliteDatabase(snapshot)
        counts = copy.counts()
        copy.close()
        written = {}
        for name, path in files.items():
            with path.open("rb") as content:
                written[name] = copied(content)
        versions = sum(len(registry.versions()) for registry in ModelRegistry.all_in(self.settings.models_dir))
        now = self.clock()
        contents = Contents(format_moment(now), self.version, {**counts, "models": versions}, written)
        _archive(draft, contents, files, now // SECOND)
        return contents

    def _models(self) -> dict[str, Path]:
        """Every file of every complete version, once its bytes are found to be those that were written."""
        found: dict[str, Path] = {}
        for registry in ModelRegistry.all_in(self.settings.models_dir):
            for version in registry.versions():
                registry.check(version)
                for path in sorted((registry.folder / version).rglob("*")):
                    if path.is_file():
                        found[f"{MODELS}/{path.relative_to(self.settings.models_dir).as_posix()}"] = path
        return found


@contextmanager
def _snapshot(database: SqliteDatabase, file: Path) -> Iterator[Path]:
    """A copy of the database beside the file, checked page by page; gone afterwards."""
    path = file.with_name(f"{file.name}.database.part")
    with path.open("wb") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StorageError(f"Another backup to {file} is at work. Wait for it, or name another file.") from None
        path.chmod(_PRIVATE)
        try:
            database.copy_to(path)
            if faults := faults_of(path):
                raise StorageError(
                    f"The database {database.path} is damaged ({'; '.join(faults)}): no backup was made of it."
                    " homing doctor says more, homing restore brings an earlier backup back."
                )
            yield path
        finally:
            for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
                path.with_name(name).unlink(missing_ok=True)


def _archive(draft: Path, contents: Contents, files: dict[str, Path], seconds: int) -> None:
    """Write the manifest and then the files, and see that each is still what the manifest says."""
    compressed = draft.name.endswith("gz.part")
    draft.touch(_PRIVATE)
    with draft.open("wb") as raw:
        with tarfile.open(fileobj=raw, mode="w:gz" if compressed else "w:") as archive:
            text = contents.text()
            archive.addfile(_entry(MANIFEST, len(text), seconds), io.BytesIO(text))
            for name, path in files.items():
                with path.open("rb") as content:
                    archive.addfile(_entry(name, contents.files[name].size, seconds), content)
        raw.flush()
        os.fsync(raw.fileno())


def _entry(name: str, size: int, seconds: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mtime, entry.mode = size, seconds, _PRIVATE
    return entry
