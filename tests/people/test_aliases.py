"""A lead is found again by a keyed hash of its e-mail address or telephone number; the text itself is kept nowhere."""

from __future__ import annotations

import sqlite3

import pytest

from homing.people.directory import Directory
from homing.people.lead import lead_from
from homing.store.aliases import Aliases
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase


def directory(folder, tenant="default"):
    database = SqliteDatabase(folder / "homing.sqlite3")
    return Directory(ProfileStore(database), tenant, clock=lambda: 100, aliases=Aliases(database))


@pytest.fixture
def people(tmp_path):
    made = directory(tmp_path)
    made.put_leads([
        lead_from({"lead_id": "l1", "Email": "Ann@Example.com", "mobile": "(206) 555-0142"}),
        lead_from({"lead_id": "l2", "phone": 12065550142}),
        lead_from({"lead_id": "l3", "email": None, "phone": "n/a"}),
    ])  # fmt: skip
    return made


def test_a_lead_is_found_by_any_spelling(people):
    assert people.leads_reached_by("email", " ann@example.COM") == ("l1",)
    assert people.leads_reached_by("phone", "+1 206.555.0142") == ("l1", "l2")


def test_what_nobody_gave_finds_nobody(people):
    assert people.leads_reached_by("email", "bob@example.com") == ()
    assert people.leads_reached_by("phone", "n/a") == ()


def test_before_it_was_known_nobody_is_found(people):
    assert people.leads_reached_by("email", "ann@example.com", as_of=99) == ()


def test_no_file_holds_the_text(people, tmp_path):
    content = b"".join(path.read_bytes() for path in tmp_path.rglob("*")).lower()
    assert b"example.com" not in content
    assert b"5550142" not in content
    assert b"l1" in content


def test_another_tenant_or_installation_has_another_hash(people, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    for folder, tenant in ((tmp_path, "other"), (tmp_path / "elsewhere", "default")):
        directory(folder, tenant).put_leads([lead_from({"lead_id": "l1", "email": "ann@example.com"})])
    rows = [
        row
        for folder in (tmp_path, tmp_path / "elsewhere")
        for row in sqlite3.connect(folder / "homing.sqlite3").execute("SELECT hash FROM aliases WHERE kind = 'email'")
    ]
    assert len(rows) == len(set(rows)) == 3


def test_a_directory_without_aliases_keeps_none(tmp_path):
    database = SqliteDatabase(tmp_path / "homing.sqlite3")
    made = Directory(ProfileStore(database))
    made.put_leads([lead_from({"lead_id": "l1", "email": "ann@example.com"})])
    assert made.leads_reached_by("email", "ann@example.com") == ()
