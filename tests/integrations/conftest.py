from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from homing.market.catalogue import Catalogue
from homing.people.directory import Directory
from homing.store.listings import ListingStore
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore


@pytest.fixture
def database(tmp_path):
    database = SqliteDatabase(tmp_path / "store" / "homing.sqlite3")
    yield database
    database.close()


@pytest.fixture
def catalogue(database):
    return Catalogue(ListingStore(database))


@pytest.fixture
def directory(database):
    return Directory(ProfileStore(database))


@pytest.fixture
def events(database):
    return SqliteEventStore(database)


@pytest.fixture
def write(tmp_path):
    """Write a file: text or bytes as they are, a list as JSON lines; `.gz` names are compressed."""

    def written(name: str, content: object) -> Path:
        if isinstance(content, list):
            content = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in content)
        data = content if isinstance(content, bytes) else str(content).encode()
        path = tmp_path / name
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        return path

    return written
