"""Versions of models on disk: whole or not there, and never somebody else's."""

import pytest

from homing.core.clock import DAY
from homing.core.errors import DamagedArtifact
from homing.models import HybridRecommendationModel, Interactions
from homing.models.registry import ModelRegistry, sealed

NOW = 1_780_000_000_000_000


@pytest.fixture(scope="module")
def model():
    data = Interactions.from_columns(["a", "a", "b"], ["h1", "h2", "h1"])
    return HybridRecommendationModel(tune=False).fit(data)


def test_versions_count_up_and_the_newest_serves(tmp_path, model):
    registry = ModelRegistry(tmp_path)
    assert registry.newest() is None
    assert [registry.publish(model, NOW + n, {}) for n in range(2)] == ["1", "2"]
    assert registry.newest() == "2"
    assert registry.load("2").weights == model.weights


def test_each_version_says_whose_knowledge_it_was_trained_on(tmp_path, model):
    registry = ModelRegistry(tmp_path)
    for n in range(3):
        registry.publish(model, NOW + n * DAY, {})
    assert [registry.trained_as_of(version) for version in registry.versions()] == [NOW, NOW + DAY, NOW + 2 * DAY]


def test_a_training_that_was_cut_off_never_serves_and_its_number_is_not_reused(tmp_path, model):
    registry = ModelRegistry(tmp_path)
    model.save(registry.folder / "1" / "hybrid")
    assert registry.newest() is None
    assert registry.publish(model, NOW, {}) == "2"
    assert registry.left_over() == []


def test_a_version_whose_bytes_changed_is_found_without_loading_it(tmp_path, model):
    registry = ModelRegistry(tmp_path)
    registry.publish(model, NOW, {})
    registry.check("1")
    arrays = registry.folder / "1" / "hybrid" / "arrays.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:-1] + b"?")
    with pytest.raises(DamagedArtifact, match=r"arrays\.safetensors has SHA-256"):
        registry.check("1")


def test_the_registries_of_a_folder_are_those_of_its_tenants(tmp_path, model):
    for tenant in ("b.c", "a/b"):
        ModelRegistry(tmp_path, tenant).publish(model, NOW, {})
    assert {registry.folder for registry in ModelRegistry.all_in(tmp_path)} == set(tmp_path.iterdir())
    assert ModelRegistry.all_in(tmp_path / "none") == []


def test_models_of_tenants_are_apart_whatever_their_names(tmp_path, model):
    ModelRegistry(tmp_path, "../x").publish(model, NOW, {})
    assert ModelRegistry(tmp_path, "x").newest() is None
    assert [entry.name for entry in tmp_path.iterdir()] == ["%2E%2E%2Fx"]


def test_a_manifest_that_is_not_the_one_of_the_card_is_refused(tmp_path, model):
    registry = ModelRegistry(tmp_path)
    registry.publish(model, NOW, {})
    card = registry.folder / "1" / "card.json"
    card.write_bytes(sealed(registry.card("1") | {"checksum": "0" * 64}))
    with pytest.raises(DamagedArtifact, match="its card says 0000"):
        registry.load("1")


def test_a_card_changed_by_hand_is_refused_with_the_checksums_named(tmp_path, model):
    registry = ModelRegistry(tmp_path)
    registry.publish(model, NOW, {"event_weights": {"property_view": 1.0}})
    card = registry.folder / "1" / "card.json"
    card.write_text(card.read_text().replace("1.0", "1e9"))
    for asked in (registry.load, registry.card, registry.trained_as_of, registry.check):
        with pytest.raises(DamagedArtifact, match=r"card\.json has SHA-256 [0-9a-f]{64}, its seal is [0-9a-f]{64}"):
            asked("1")


def test_a_card_that_cannot_be_read_is_named(tmp_path, model):
    registry = ModelRegistry(tmp_path)
    registry.publish(model, NOW, {})
    (registry.folder / "1" / "card.json").write_text("{")
    with pytest.raises(DamagedArtifact, match=r"card\.json is not a readable card"):
        registry.trained_as_of("1")
