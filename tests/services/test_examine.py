"""The doctor finds what is wrong, says what to do, and leaves everything as it was."""

import os
from pathlib import Path

import pytest
from installation import NOW, Installation, damage, files

from homing.core.clock import DAY, from_micros
from homing.core.settings import Settings
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.services.examine import Examine
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore


def found(installation, now=NOW):
    return {one.name: one for one in Examine(installation.settings, installation.database, lambda: now)()}


@pytest.fixture
def full(tmp_path):
    return Installation(tmp_path / "full")


def test_a_healthy_installation_is_well_and_stays_as_it_was(full):
    before = files(full.settings.data_dir)
    findings = found(full)
    assert [one for one in findings.values() if not one.ok] == []
    assert "every page and index is whole" in findings["database"].found
    assert findings["data"].found == "0 events, 0 homes, 6 leads, 0 agents (all tenants)"
    assert findings["models"].found == "every byte of the 2 trained is as it was written"
    assert files(full.settings.data_dir) == before


def test_before_the_first_write_all_is_well_and_nothing_is_made(tmp_path):
    findings = found(Installation(tmp_path / "none", people=0))
    assert all(one.ok for one in findings.values())
    assert findings["data"].hint == "Bring homes in: homing import listings FILE."
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_page_is_found_and_the_way_out_named(full):
    full.database.close()
    damage(full.settings.sqlite_path)
    database = found(full)["database"]
    assert not database.ok
    assert database.found
    assert "homing restore FILE --replace" in database.hint


def test_what_is_no_database_is_found_by_every_check_that_needs_one(tmp_path):
    (tmp_path / "homing.sqlite3").write_bytes(b"no database at all" * 100)
    findings = found(Installation(tmp_path, people=0))
    assert {name for name, one in findings.items() if not one.ok} == {"database", "writing", "clock", "data"}
    assert "file is not a database" in findings["database"].found
    assert findings["data"].found.endswith("homing restore brings a backup back.")


def test_a_damaged_model_is_found(full):
    next(full.settings.models_dir.rglob("arrays.safetensors")).write_bytes(b"?")
    models = found(full)["models"]
    assert not models.ok
    assert "arrays.safetensors has SHA-256" in models.found


def test_what_a_training_left_is_named(full):
    (full.settings.models_dir / "default" / "7" / "hybrid").mkdir(parents=True)
    left = found(full)["left over"]
    assert left.ok
    assert left.found.endswith("default/7")


def test_a_clock_that_jumped_back_is_found(full):
    event = BehavioralEvent(
        event_type=EventType.PAGE_VIEW, lead_id="ann", timestamp=from_micros(NOW), received_at=from_micros(NOW)
    )
    SqliteEventStore(full.database).append("default", [event])
    assert found(full, NOW - DAY // 24 // 20)["clock"].ok
    clock = found(full, NOW - DAY)["clock"]
    assert not clock.ok
    assert "an event was received at 2026-05-28T20:26:40Z" in clock.found


def test_a_log_without_its_database_is_found(tmp_path):
    (tmp_path / "homing.sqlite3-wal").write_bytes(b"x")
    log = found(Installation(tmp_path, people=0))["write-ahead log"]
    assert not log.ok
    assert "Put homing.sqlite3 back beside it" in log.hint


def test_a_database_of_a_newer_homing_is_found(full):
    with full.database.write() as connection:
        connection.execute("PRAGMA user_version = 99")
    full.database.close()
    findings = found(full)
    assert "newer homing (schema 99" in findings["database"].found
    assert not findings["writing"].ok


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_found(full):
    full.settings.data_dir.chmod(0o500)
    assert not found(full)["data folder"].ok


def test_a_file_in_the_place_of_the_folder_is_found(tmp_path):
    (tmp_path / "data").write_text("")
    settings = Settings(tmp_path / "data", database=f"sqlite:///{tmp_path / 'x.sqlite3'}")
    findings = Examine(settings, SqliteDatabase(Path(settings.sqlite_path)), lambda: NOW)()
    assert [one.name for one in findings if not one.ok] == ["data folder"]
