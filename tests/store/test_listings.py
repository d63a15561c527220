"""What homes were said to be at any moment, as known by any moment, against a model that keeps everything."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from homing.store.listings import ListingStore, ListingVersion
from homing.store.sqlite import _MIGRATIONS, SqliteDatabase

MOMENTS = range(9)
Told = tuple[int, int, str]  # at, known at, fields
Batch = tuple[int, Sequence[Told]]  # received at, what was given

A1, A3, LATE_B2 = (1, 1, "A"), (3, 3, "A"), (2, 4, "B")
BETWEEN_SIGHTINGS: Sequence[Batch] = [(1, [A1]), (3, [A3]), (4, [LATE_B2])]
CORRECTED: Sequence[Batch] = [(2, [(1, 2, "A")]), (6, [(1, 6, "B")])]
CORRECTED_BY_A_FILE: Sequence[Batch] = [(2, [(1, 1, "A")]), (6, [(1, 1, "B")])]


class KeepsEverything:
    """Every receipt, and the rule; no thought of space."""

    def __init__(self) -> None:
        self.receipts: list[tuple[int, int, int, str]] = []

    def put(self, received_at: int, told: Sequence[Told]) -> None:
        last = {(at, known_at): fields for at, known_at, fields in told}
        for (at, known_at), fields in sorted(last.items()):
            of_then = max((receipt for receipt in self.receipts if receipt[0] == at), default=None)
            if of_then is not None and of_then[3] == fields:
                continue
            known = max(of_then[1], received_at) if of_then is not None and known_at <= of_then[1] else known_at
            self.receipts.append((at, known, len(self.receipts), fields))

    def believed(self, at: int, known_by: int) -> str | None:
        found = max((row for row in self.receipts if row[0] <= at and row[1] <= known_by), default=None)
        return None if found is None else found[3]


class DropsWhatSaysNothingNew(ListingStore):
    """The mutant of late versions: what says the same as the version in force is forgotten."""

    def put(self, tenant, versions, received_at=None):
        news = [v for v in versions if (now := self.newest(tenant, "h", v.at)) is None or now.fields != v.fields]
        return super().put(tenant, news, received_at)


class Overwrites(ListingStore):
    """The mutant of corrections: one takes the place of what it corrects."""

    def put(self, tenant, versions, received_at=None):
        with self._database.write() as connection:
            for version in versions:
                connection.execute("DELETE FROM listings WHERE at = ? AND fields <> ?", (version.at, version.fields))
        return super().put(tenant, versions, received_at)


class BelievesFilesOfThePast(ListingStore):
    """The mutant of backdating: a correction in a file counts as known from the moment it is about."""

    def put(self, tenant, versions, received_at=None):
        return super().put(tenant, versions, min((version.known_at for version in versions), default=None))


def beliefs(store: ListingStore, tmp_path, batches: Sequence[Batch]) -> tuple[object, object]:
    """What the store and the model tell of every moment as known by every moment."""
    model = KeepsEverything()
    for received_at, told in batches:
        store.put("t", [ListingVersion("h", *times) for times in told], received_at)
        model.put(received_at, told)
    pairs = [(at, known) for at in MOMENTS for known in MOMENTS]
    found = [store.newest("t", "h", at, known) for at, known in pairs]
    return [None if one is None else one.fields for one in found], [model.believed(*pair) for pair in pairs]


def fresh(tmp_path, kind: type[ListingStore] = ListingStore) -> ListingStore:
    database = SqliteDatabase(tmp_path / "homes.sqlite3")
    with database.write() as connection:
        connection.execute("DELETE FROM listings")
        connection.execute("DELETE FROM sightings")
    return kind(database)


TOLD = st.tuples(st.integers(0, 7), st.integers(0, 8), st.sampled_from("AAB"))
BATCHES = st.lists(st.lists(TOLD, min_size=1, max_size=3), max_size=7).map(
    lambda some: [(received_at + 2, told) for received_at, told in enumerate(some)]
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("homes")


@settings(max_examples=400)
@given(BATCHES)
@example(BETWEEN_SIGHTINGS)
@example(CORRECTED)
@example(CORRECTED_BY_A_FILE)
def test_the_store_tells_of_every_moment_what_a_model_that_keeps_everything_tells(folder, batches):
    told, should = beliefs(fresh(folder), folder, batches)
    assert told == should


@pytest.mark.parametrize(
    ("mutant", "bites", "spares"),
    [
        (DropsWhatSaysNothingNew, BETWEEN_SIGHTINGS, CORRECTED),
        (Overwrites, CORRECTED, BETWEEN_SIGHTINGS),
        (BelievesFilesOfThePast, CORRECTED_BY_A_FILE, BETWEEN_SIGHTINGS),
    ],
)
def test_a_store_that_forgets_is_found_out(tmp_path, mutant, bites, spares):
    told, should = beliefs(fresh(tmp_path, mutant), tmp_path, bites)
    assert told != should
    told, should = beliefs(fresh(tmp_path, mutant), tmp_path, spares)
    assert told == should


@settings(max_examples=100)
@given(BATCHES)
def test_what_was_given_once_changes_nothing_when_it_is_given_again(folder, batches):
    store = fresh(folder)
    for received_at, told in batches:
        versions = [ListingVersion("h", *times) for times in told]
        for _ in range(2):
            store.put("t", versions, received_at)
        rows = _rows(store)
        counts = store.put("t", versions, received_at)
        one_word_a_moment = len({at for at, _, _ in told}) == len(told)
        if one_word_a_moment:
            assert (counts["unchanged"], _rows(store)) == (len(told), rows)


def test_a_late_version_holds_only_until_the_home_was_seen_again(tmp_path):
    store = fresh(tmp_path)
    for received_at, told in BETWEEN_SIGHTINGS:
        store.put("t", [ListingVersion("h", *told[0])], received_at)
    assert [store.newest("t", "h", at, 9).fields for at in (1, 2, 3, 4)] == ["A", "B", "A", "A"]
    assert [store.newest("t", "h", at, 3).fields for at in (1, 2, 3, 4)] == ["A", "A", "A", "A"]


def test_a_corrected_version_is_still_told_as_known_before_the_correction(tmp_path):
    store = fresh(tmp_path)
    for received_at, told in CORRECTED:
        store.put("t", [ListingVersion("h", *told[0])], received_at)
    assert [store.newest("t", "h", 8, known).fields for known in (2, 5, 6)] == ["A", "A", "B"]
    assert [(one.known_at, one.fields) for one in store.versions_of("t", ["h"])] == [(2, "A"), (6, "B")]
    assert [one.fields for one in store.versions_of("t", ["h"], 5)] == ["A"]


def test_a_feed_that_says_the_same_every_day_takes_next_to_no_room(tmp_path):
    store = fresh(tmp_path)
    homes = [f"h{number:04d}" for number in range(2_000)]
    for day in range(30):
        store.put("t", [ListingVersion(home, day, day, "{}") for home in homes], day)
    rows, sightings, packed = _rows(store)
    assert (rows, sightings) == (2_000, 29 * 2_000)
    assert packed < 29 * 2_000 // 4


def test_homes_sent_one_at_a_time_leave_few_rows_of_sightings(tmp_path):
    store = fresh(tmp_path)
    for at in range(200):
        store.put("t", [ListingVersion("h", at, at, "{}")], at)
    (count,) = next(store._database.rows("SELECT count(*) FROM sightings"))
    assert count <= 8
    store.put("t", [ListingVersion("h", 100, 300, "other")], 300)
    assert [store.newest("t", "h", at, 400).fields for at in (99, 100, 101)] == ["{}", "other", "{}"]


def test_sightings_of_one_tenant_are_not_those_of_another(tmp_path):
    store = fresh(tmp_path)
    for tenant in ("t", "u"):
        store.put(tenant, [ListingVersion("h", 1, 1, "A")], 1)
    store.put("u", [ListingVersion("h", 3, 3, "A")], 3)
    for tenant in ("t", "u"):
        store.put(tenant, [ListingVersion("h", 2, 4, "B")], 4)
    assert [store.newest(tenant, "h", 5, 5).fields for tenant in ("t", "u")] == ["B", "A"]


def test_a_database_of_an_older_schema_keeps_its_homes_and_their_revisions(tmp_path):
    path = tmp_path / "homing.sqlite3"
    with closing(sqlite3.connect(path)) as old, old:
        old.create_function("new_secret", 0, lambda: b"secret")
        for script in _MIGRATIONS[:4]:
            old.executescript(script)
        old.execute("INSERT INTO listings VALUES (7, 'default', 'h', 10, 12, '{}')")
        old.execute("PRAGMA user_version = 4")
    store = ListingStore(SqliteDatabase(path))
    assert store.newest("default", "h", 11, 12) == ListingVersion("h", 10, 12, "{}", 7)
    store.put("default", [ListingVersion("h", 10, 20, "[]")], 20)
    assert [(one.revision, one.fields) for one in store.versions_of("default", ["h"])] == [(7, "{}"), (8, "[]")]


def _rows(store: ListingStore) -> tuple[int, int, int]:
    """How many versions and sightings there are, and in how many bytes the sightings."""
    (versions,) = next(store._database.rows("SELECT count(*) FROM listings"))
    sightings, size = next(store._database.rows("SELECT total(count), total(length(body)) FROM sightings"))
    return versions, int(sightings), int(size)
