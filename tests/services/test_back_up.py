"""A backup is whole and a restore all or nothing; what is wrong with an archive is said before anything changes."""

import hashlib
import io
import json
import tarfile

import pytest
from installation import NOW, Installation, damage, files

from homing.core.errors import BadInput, DamagedArtifact, NotReady, StorageError
from homing.core.settings import SIMULATED_MARK, Settings
from homing.models.registry import ModelRegistry
from homing.services.back_up import BackUp
from homing.services.restore import Restore, finish_restore
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase


@pytest.fixture
def full(tmp_path):
    return Installation(tmp_path / "full")


@pytest.fixture
def archive(full, tmp_path):
    full.back_up(tmp_path / "backup.tar.gz")
    return tmp_path / "backup.tar.gz"


def changed(archive, to, alter):
    """The archive with its members put through `alter`, which gets and gives a list of (name, bytes)."""
    with tarfile.open(archive) as old:
        members = [(entry, old.extractfile(entry).read()) for entry in old]
    with tarfile.open(to, "w") as new:
        for name, content in alter([(entry.name, content) for entry, content in members]):
            entry = name if isinstance(name, tarfile.TarInfo) else tarfile.TarInfo(name)
            entry.size = len(content)
            new.addfile(entry, io.BytesIO(content))
    return to


@pytest.mark.parametrize("name", ["backup.tar", "backup.tar.gz"])
def test_what_was_backed_up_comes_back_for_every_tenant(full, tmp_path, name):
    made = full.back_up(tmp_path / name)
    assert made.counts == {"events": 0, "homes": 0, "leads": 6, "agents": 0, "models": 2}
    other = Installation(tmp_path / "other", people=0)
    assert other.restore(tmp_path / name) == made
    assert other.leads() == other.leads("a/b") == ("lead-0", "lead-1", "lead-2")
    assert ModelRegistry(other.settings.models_dir, "a/b").load("1").items.ids == ("h1",)
    assert SqliteDatabase(other.settings.sqlite_path).signing_key() == full.database.signing_key()
    assert {name.partition("/")[0] for name in files(other.settings.data_dir)} == {"homing.sqlite3", "models"}


def test_a_backup_is_for_its_owner_alone_and_leaves_nothing_beside_it(archive, tmp_path):
    assert archive.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.tar.gz", "full"]


def test_that_leads_are_simulated_is_not_forgotten(full, tmp_path):
    (full.settings.data_dir / SIMULATED_MARK).touch()
    full.back_up(tmp_path / "simulated.tar")
    other = Installation(tmp_path / "other", people=0)
    other.restore(tmp_path / "simulated.tar")
    assert (other.settings.data_dir / SIMULATED_MARK).is_file()


def test_restoring_real_leads_takes_the_mark_of_simulated_ones_away(archive, tmp_path):
    other = Installation(tmp_path / "other", people=1)
    (other.settings.data_dir / SIMULATED_MARK).touch()
    other.restore(archive, replace=True)
    assert not (other.settings.data_dir / SIMULATED_MARK).exists()


def test_writers_go_on_while_a_backup_is_made(full, tmp_path):
    with full.database.write() as connection:
        connection.execute("INSERT INTO profile_versions VALUES (NULL, 'default', 'lead', 'zoe', 1, '{}')")
        Installation(full.settings.data_dir, people=0).back_up(tmp_path / "meanwhile.tar")
    other = Installation(tmp_path / "other", people=0)
    other.restore(tmp_path / "meanwhile.tar")
    assert "zoe" not in other.leads()
    assert "zoe" in full.leads()


def test_a_backup_is_never_overwritten(full, archive):
    before = archive.read_bytes()
    with pytest.raises(BadInput, match="FILE must be new"):
        full.back_up(archive)
    assert archive.read_bytes() == before


def test_nothing_to_back_up_is_said(tmp_path):
    with pytest.raises(NotReady, match=r"nothing to back up: .*homing\.sqlite3 does not exist"):
        Installation(tmp_path / "none", people=0).back_up(tmp_path / "backup.tar")


def test_a_folder_that_is_not_there_is_refused(full, tmp_path):
    with pytest.raises(BadInput, match="FILE must lie in a folder that exists"):
        full.back_up(tmp_path / "none" / "backup.tar")


def test_a_damaged_model_is_not_backed_up(full, tmp_path):
    arrays = next(full.settings.models_dir.rglob("arrays.safetensors"))
    arrays.write_bytes(arrays.read_bytes() + b"?")
    with pytest.raises(DamagedArtifact, match=r"arrays\.safetensors has SHA-256"):
        full.back_up(tmp_path / "backup.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_a_damaged_database_is_not_backed_up(full, tmp_path):
    full.database.close()
    damage(full.settings.sqlite_path)
    with pytest.raises(StorageError, match=r"damaged .*(no backup was made|homing restore)"):
        full.back_up(tmp_path / "backup.tar")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]


def test_two_backups_to_one_file_at_once_are_one_too_many(full, tmp_path):
    with pytest.raises(StorageError, match="Another backup"):
        BackUp(Again(full.settings, tmp_path / "b.tar", full), full.database, lambda: NOW, "9.9")(tmp_path / "b.tar")


class Again(Settings):
    """Settings that, when the models are asked for, start a second backup to the same file."""

    def __init__(self, settings, file, full):
        super().__init__(settings.data_dir)
        object.__setattr__(self, "second", lambda: full.back_up(file))

    __slots__ = ("second",)

    @property
    def models_dir(self):
        self.second()
        return self.data_dir / "models"


def test_data_are_not_given_up_unless_it_is_said(full, archive):
    full.database.close()
    before = files(full.settings.data_dir)
    with pytest.raises(BadInput, match="--data-dir must be a folder without data unless --replace gives that up"):
        full.restore(archive)
    assert files(full.settings.data_dir) == before


def test_with_replace_the_old_is_gone_and_the_new_is_there(archive, tmp_path):
    other = Installation(tmp_path / "other", people=5, tenants=("c",))
    ProfileStore(other.database).put("c", "lead", [("only in the log", "{}")], NOW)
    other.restore(archive, replace=True)
    assert other.leads("c") == ()
    assert len(other.leads()) == 3
    assert {registry.folder.name for registry in ModelRegistry.all_in(other.settings.models_dir)} == {
        "default",
        "a%2Fb",
    }


def test_a_database_elsewhere_is_restored_there(archive, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "mine.sqlite3"
    Restore(Settings(tmp_path / "data", database=f"sqlite:///{elsewhere}"))(archive)
    assert len(ProfileStore(SqliteDatabase(elsewhere)).ids("default", "lead")) == 3


def test_a_restore_that_was_decided_is_finished_by_whoever_comes_next(archive, tmp_path):
    other = Installation(tmp_path / "other", people=5)
    other.database.close()
    Restore(other.settings)._decide(archive, other.settings.data_dir / "restoring")
    assert len(other.leads()) == 5
    for _ in range(2):
        finish_restore(other.settings.data_dir)
    assert len(other.leads()) == 3
    assert not (other.settings.data_dir / "restored").exists()


def without_the_models(members):
    return members[:2]


def not_the_manifest(members):
    return members[1:]


def with_a_stranger(members):
    return [*members, ("models/x", b"1")]


def twice(members):
    return [*members, members[1]]


def another_letter(members):
    return [*members[:-1], (members[-1][0], members[-1][1][:-1] + b"?")]


def another_size(members):
    return [*members[:-1], (members[-1][0], members[-1][1] + b"?")]


def no_json(members):
    return [("manifest.json", b"{"), *members[1:]]


def deep(members):
    return [("manifest.json", b"[" * 100_000), *members[1:]]


def another_form(members):
    return [("manifest.json", members[0][1].replace(b"homing backup 1", b"homing backup 2")), *members[1:]]


def naming(name):
    def alter(members):
        told = json.loads(members[0][1])
        told["files"][name] = {"sha256": hashlib.sha256(b"1").hexdigest(), "size": 1}
        return [("manifest.json", json.dumps(told).encode()), *members[1:], (name, b"1")]

    return alter


def a_link(members):
    entry = tarfile.TarInfo(members[-1][0])
    entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return [*members[:-1], (entry, b"")]


def no_database(members):
    told = json.loads(members[0][1])
    content = b"no database" * 200
    told["files"]["homing.sqlite3"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return [("manifest.json", json.dumps(told).encode()), ("homing.sqlite3", content), *members[2:]]


def of_the_future(members):
    told = json.loads(members[0][1])
    content = bytearray(members[1][1])
    content[60:64] = (99).to_bytes(4, "big")  # where SQLite keeps user_version
    told["files"]["homing.sqlite3"]["sha256"] = hashlib.sha256(content).hexdigest()
    return [("manifest.json", json.dumps(told).encode()), ("homing.sqlite3", bytes(content)), *members[2:]]


@pytest.mark.parametrize(
    ("alter", "said"),
    [
        (without_the_models, r"FILE must hold every file that its manifest names; got 'none of models/"),
        (not_the_manifest, r"FILE must begin with manifest\.json"),
        (with_a_stranger, r"FILE must hold the files of its manifest and nothing else; got 'models/x'"),
        (twice, r"FILE must hold the files of its manifest and nothing else, once; got 'homing\.sqlite3'"),
        (another_letter, r"FILE must hold models/.* with SHA-256"),
        (another_size, r"FILE must hold the files of its manifest and nothing else"),
        (no_json, r"manifest\.json must hold a manifest that homing backup wrote"),
        (deep, r"manifest\.json must hold a manifest that homing backup wrote"),
        (another_form, r"manifest\.json must be of the form 'homing backup 1'; got 'homing backup 2'"),
        (naming("../outside"), r"manifest\.json must hold homing\.sqlite3 and files below models/, and no other"),
        (naming("/tmp/outside"), r"and no other"),
        (naming("models/../../outside"), r"and no other"),
        (naming("plan.json"), r"and no other"),
        (a_link, r"FILE must hold the files of its manifest and nothing else"),
        (no_database, r"FILE must hold a whole database .*file is not a database"),
        (of_the_future, r"FILE must hold a whole database .*newer homing"),
    ],
)
def test_an_archive_that_is_not_whole_changes_nothing(archive, tmp_path, alter, said):
    other = Installation(tmp_path / "other", people=5)
    other.database.close()
    before = files(tmp_path / "other")
    with pytest.raises(BadInput, match=said):
        other.restore(changed(archive, tmp_path / "changed.tar", alter), replace=True)
    assert files(tmp_path / "other") == before
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("content", [b"", b"no archive", b"\x1f\x8b\x08\x00"])
def test_what_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "backup").write_bytes(content)
    with pytest.raises(BadInput, match=r"FILE must be(gin with|) "):
        Restore(Settings(tmp_path / "data"))(tmp_path / "backup")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_cut_archive_is_refused(archive, tmp_path, share):
    archive.write_bytes(archive.read_bytes()[: int(share * archive.stat().st_size)])
    with pytest.raises(BadInput, match=r"FILE must be a whole backup"):
        Restore(Settings(tmp_path / "data"))(archive)
    assert list((tmp_path / "data").iterdir()) == []


def test_a_folder_is_no_backup(tmp_path):
    with pytest.raises(BadInput, match="FILE must be a backup that homing wrote"):
        Restore(Settings(tmp_path / "data"))(tmp_path)


def test_an_archive_larger_than_the_disk_is_refused_before_it_is_unpacked(archive, tmp_path):
    def huge(members):
        told = json.loads(members[0][1])
        told["files"]["homing.sqlite3"]["size"] = 2**60
        return [("manifest.json", json.dumps(told).encode()), *members[1:]]

    with pytest.raises(StorageError, match=r"The backup needs 1,152,921,5.* are free\. Nothing changed"):
        Restore(Settings(tmp_path / "data"))(changed(archive, tmp_path / "huge.tar", huge))
