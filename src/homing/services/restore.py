"""Bring a backup back: checked whole before anything is touched, and then taken over in one step.

The archive is unpacked into `restoring`, checked, and the folder renamed to `restored`. From that rename on the restore
is decided: whoever opens the data folder next finishes it, should this process be killed. Before it, nothing changed.
"""

from __future__ import annotations

import errno
import fcntl
import json
import lzma
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from homing.core.durable import sync_folder, write_through
from homing.core.errors import BadInput, HomingError, NotReady, StorageError
from homing.core.settings import SIMULATED_MARK, Settings
from homing.services.archive import DATABASE, LONGEST_MANIFEST, MANIFEST, MODELS, Contents, copied
from homing.store.sqlite import faults_of, is_open_elsewhere

__all__ = ["Restore", "finish_restore"]

_UNPACKING: Final = "restoring"
_DECIDED: Final = "restored"
_PLAN: Final = "plan.json"
_WITH_PG_RESTORE: Final = (
    "be a SQLite file for homing restore; what pg_dump wrote of PostgreSQL comes back by pg_restore"
)


@dataclass(frozen=True, slots=True)
class Restore:
    """Puts database and models of a backup in the place of what the data folder holds."""

    settings: Settings

    def __call__(self, file: Path, *, replace: bool = False) -> Contents:
        """Restore an archive; a folder that holds data already is refused unless `replace` is said.

        Everything is checked before anything changes: each file's SHA-256, every page of the database, and that no
        other process has the database open.
        """
        if self.settings.postgres_url is not None:
            raise BadInput.of("--database", _WITH_PG_RESTORE, "a PostgreSQL database")
        self._check_free(replace)
        folder = self.settings.data_dir
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with _alone(folder):
                contents = self._decide(file, folder / _UNPACKING)
        except HomingError:
            raise
        except OSError as error:
            raise StorageError(f"The backup could not be unpacked into {folder}: {error}. Nothing changed.") from error
        finish_restore(folder)
        return contents

    def _decide(self, file: Path, staged: Path) -> Contents:
        """Unpack and check; if all is well, rename the folder, after which there is no way back."""
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir()
        try:
            contents = _unpacked(file, staged)
            if faults := faults_of(staged / DATABASE):
                raise BadInput.of("FILE", "hold a whole database of this homing or an older one", "; ".join(faults))
            plan = {
                "database": str(self.settings.sqlite_path.absolute()),
                "simulated": SIMULATED_MARK in contents.files,
            }
            write_through(staged / _PLAN, json.dumps(plan).encode())
            for place, _, _ in os.walk(staged):
                sync_folder(Path(place))
            staged.rename(staged.with_name(_DECIDED))
            sync_folder(staged.parent)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        return contents

    def _check_free(self, replace: bool) -> None:
        path = self.settings.sqlite_path
        full = path.exists() or (self.settings.models_dir.is_dir() and any(self.settings.models_dir.iterdir()))
        if full and not replace:
            where = str(self.settings.data_dir)
            raise BadInput.of("--data-dir", "be a folder without data unless --replace gives that up", where)
        _check_closed(path)


def finish_restore(folder: Path) -> None:
    """Finish a restore that was decided; nothing happens where there is none. Safe to call at any time, and twice."""
    decided = folder / _DECIDED
    if not decided.is_dir():
        return
    try:
        with _alone(folder):
            if (decided / _PLAN).is_file():
                _take_over(folder, decided)
            shutil.rmtree(decided, ignore_errors=True)
    except HomingError:
        raise
    except OSError as error:
        raise StorageError(
            f"The restore in {decided} could not be finished: {error}. Mend that, then try again."
        ) from error


def _take_over(folder: Path, decided: Path) -> None:
    """Move database and models to their places. Whatever has moved is not there any more, so this can be repeated."""
    plan = json.loads((decided / _PLAN).read_text())
    target = Path(plan["database"])
    if (decided / DATABASE).is_file():
        _check_closed(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        for ending in ("-wal", "-shm"):  # they belong to the old file, and would be read into the new one
            target.with_name(target.name + ending).unlink(missing_ok=True)
        _move(decided / DATABASE, target)
    if (decided / MODELS).is_dir():
        shutil.rmtree(folder / MODELS, ignore_errors=True)
        (decided / MODELS).rename(folder / MODELS)
    if (decided / SIMULATED_MARK).is_file():
        (decided / SIMULATED_MARK).replace(folder / SIMULATED_MARK)
    elif plan["simulated"]:
        (folder / SIMULATED_MARK).touch()
    else:
        (folder / SIMULATED_MARK).unlink(missing_ok=True)
    sync_folder(folder)


def _move(file: Path, target: Path) -> None:
    """Put a file in the place of another in one step, also on another disk."""
    try:
        file.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name}.restored")
        shutil.copyfile(file, beside)
        with beside.open("rb+") as written:
            os.fsync(written.fileno())
        beside.replace(target)
        file.unlink()
    sync_folder(target.parent)


def _check_closed(path: Path) -> None:
    if is_open_elsewhere(path):
        raise NotReady(
            f"Another process has {path} open. Stop it (homing serve, an import, a training), then try again."
        )


def _unpacked(file: Path, folder: Path) -> Contents:
    """Every file of an archive, into a folder; refused unless all is there as the manifest says, and nothing else."""
    if not file.is_file():
        raise BadInput.of("FILE", "be a backup that homing wrote", str(file))
    try:
        with tarfile.open(file, "r|*") as archive:
            entries = iter(archive)
            contents = _manifest(archive, next(entries, None), folder)
            found: set[str] = set()
            for entry in entries:
                if entry.name in found:
                    raise BadInput.of("FILE", "hold the files of its manifest and nothing else, once", entry.name)
                _unpack(archive, entry, contents, folder)
                found.add(entry.name)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise BadInput.of("FILE", "be a whole backup that homing wrote", f"{file}: {error}") from error
    if missing := sorted(set(contents.files) - found):
        raise BadInput.of("FILE", "hold every file that its manifest names", f"none of {', '.join(missing[:5])}")
    return contents


def _manifest(archive: tarfile.TarFile, entry: tarfile.TarInfo | None, folder: Path) -> Contents:
    content = archive.extractfile(entry) if entry is not None and entry.name == MANIFEST and entry.isreg() else None
    if entry is None or content is None or entry.size > LONGEST_MANIFEST:
        raise BadInput.of("FILE", f"begin with {MANIFEST}, as a backup that homing wrote does", entry and entry.name)
    contents = Contents.read(content.read(), MANIFEST)
    needed, free = sum(file.size for file in contents.files.values()), shutil.disk_usage(folder).free
    if needed > free:
        raise StorageError(f"The backup needs {needed:,} bytes in {folder}, where {free:,} are free. Nothing changed.")
    (folder / MODELS).mkdir()
    return contents


def _unpack(archive: tarfile.TarFile, entry: tarfile.TarInfo, contents: Contents, folder: Path) -> None:
    """Write one file of an archive below the folder."""
    told, content = contents.files.get(entry.name), archive.extractfile(entry) if entry.isreg() else None
    if told is None or content is None or entry.size != told.size:
        raise BadInput.of("FILE", "hold the files of its manifest and nothing else", entry.name)
    place = folder / entry.name
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.open("xb") as written:
        found = copied(content, written)
        written.flush()
        os.fsync(written.fileno())
    if found != told:
        raise BadInput.of("FILE", f"hold {entry.name} with SHA-256 {told.sha256}", found.sha256)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One restore of a folder at a time; the others wait."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
