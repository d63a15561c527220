"""A saved model is whole, unchanged and runs nothing."""

from __future__ import annotations

import json

import pytest

from homing.core.errors import BadInput, DamagedArtifact, StorageError
from homing.models import CollaborativeFilteringModel, Interactions, PopularityModel, load_model


@pytest.fixture
def saved(tmp_path):
    model = PopularityModel().fit(Interactions.from_columns(["a", "b"], ["h", "i"]))
    return tmp_path / "model", model.save(tmp_path / "model"), model


def test_the_class_is_found_from_the_folder(saved):
    folder, _, model = saved
    assert load_model(folder).recommend("x")[0] == model.recommend("x")[0]


def test_saving_twice_gives_the_same_checksum_and_replaces(saved):
    folder, checksum, model = saved
    assert model.save(folder) == checksum
    assert sorted(entry.name for entry in folder.parent.iterdir()) == ["model"]


@pytest.mark.parametrize("name", ["arrays.safetensors", "manifest.json"])
def test_a_changed_byte_is_found_and_the_file_named(saved, name):
    folder, checksum, _ = saved
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(bytes(content))
    with pytest.raises(DamagedArtifact, match=name):
        PopularityModel.load(folder, checksum=checksum)


@pytest.mark.parametrize("name", ["arrays.safetensors", "manifest.json"])
def test_a_missing_file_is_named(saved, name):
    folder, _, _ = saved
    (folder / name).unlink()
    with pytest.raises(DamagedArtifact, match=name):
        load_model(folder)


def test_only_listed_classes_are_made(saved):
    folder, _, _ = saved
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "model": "os.system"}))
    with pytest.raises(BadInput, match=r"must hold one of .* got 'os.system'"):
        load_model(folder)


def test_a_manifest_cannot_reach_outside_its_folder(saved):
    folder, _, _ = saved
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "files": {"../secret": "0"}}))
    with pytest.raises(DamagedArtifact, match="outside its folder"):
        load_model(folder)


def test_another_class_is_refused(saved):
    with pytest.raises(BadInput, match="hold a CollaborativeFilteringModel; got 'PopularityModel'"):
        CollaborativeFilteringModel.load(saved[0])


def test_a_folder_of_something_else_is_not_overwritten(saved, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match="be new, empty, or hold a saved model"):
        saved[2].save(tmp_path / "mine")
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_a_place_that_cannot_be_written_is_a_storage_error(saved, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="could not be written"):
        saved[2].save(tmp_path / "file" / "model")


def test_whole_number_ids_come_back_as_numbers(tmp_path):
    PopularityModel().fit(Interactions.from_columns([1, 2], [30, 40])).save(tmp_path / "m")
    assert load_model(tmp_path / "m").recommend(9)[0] == [30, 40]
