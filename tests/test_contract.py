"""The calls that others rely on, written as they write them."""

import asyncio

import numpy as np
import pytest

from homing import BadInput, EventCollector, InMemoryBehaviorTracker, StandardFeatureEngineer
from homing.models import CollaborativeFilteringModel, ContentBasedModel, HybridRecommendationModel, Interactions

LEADS = [f"lead-{n % 20}" for n in range(200)]
HOMES = [f"home-{(n * 7 + n % 20 // 10 * 30) % 60}" for n in range(200)]
LISTED = [{"ListingKey": f"home-{n}", "ListPrice": 300_000 + 9_000 * n, "PublicRemarks": "light"} for n in range(60)]


async def snippet():
    tracker = InMemoryBehaviorTracker()
    lead_id, property_id, session_id = "lead-1", "home-7", "session-1"
    collector = EventCollector(tracker)
    event_id = await collector.track_property_view(lead_id, property_id, session_id)
    lead_events = await tracker.get_events(entity_id=lead_id, entity_type="lead")
    feature_engineer = StandardFeatureEngineer(tracker)
    features = await feature_engineer.extract_features(lead_id, "lead", lead_events)
    return event_id, lead_events, features


def test_the_snippet_of_the_platform_runs_as_written():
    event_id, events, features = asyncio.run(snippet())
    assert [event.event_id for event in events] == [event_id]
    assert len(features.numerical_features) >= 100
    assert len(features.categorical_features) == 3
    assert features.numerical_features["property_view_count"] == 1.0


@pytest.fixture(scope="module")
def data():
    return Interactions.from_columns(LEADS, HOMES, weights=None, timestamps=None)


MODELS = [
    CollaborativeFilteringModel(method="ials", factors=8, iterations=5, reg=None, alpha=None, seed=0, tune=True),
    CollaborativeFilteringModel(method="svd", factors=8),
    CollaborativeFilteringModel(method="nmf", factors=8),
    ContentBasedModel(),
    HybridRecommendationModel(),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_every_call_of_a_model_works_as_written(model, data, tmp_path):
    fitted = model.fit(data, homes=LISTED)
    assert fitted is model
    ids, scores = model.recommend("lead-1", k=10, exclude_seen=True)
    assert scores.dtype == np.float32
    assert len(ids) == 10
    assert all(isinstance(name, str) for name in ids)
    assert model.recommend_many(["lead-1", "lead-2"], k=10)[0] == ids
    asked = model.score("lead-1", ["home-7", "home-9", "no-such-home"])
    assert asked.dtype == np.float32
    assert np.isnan(asked[2])
    among, _ = model.recommend("lead-1", k=5, candidates=["home-7", "home-9"], exclude_seen=False)
    assert set(among) <= {"home-7", "home-9"}
    parts = model.explain("lead-1", "home-7")
    size = sum(abs(part) for part in parts.values())
    assert sum(parts.values()) == pytest.approx(float(asked[0]), abs=1e-6 * size)
    if model.can_update:
        model.partial_fit(Interactions.from_columns(["lead-1"], ["home-9"]))
        asked = model.score("lead-1", ["home-7", "home-9", "no-such-home"])
    model.save(tmp_path / "model")
    same = type(model).load(tmp_path / "model")
    assert np.array_equal(same.score("lead-1", ["home-7", "home-9", "no-such-home"]), asked, equal_nan=True)


def test_whole_numbers_are_ids_too():
    model = CollaborativeFilteringModel(factors=4, iterations=3, tune=False)
    ids, _ = model.fit(Interactions.from_columns([1, 1, 2, 2, 3], [7, 8, 7, 9, 8])).recommend(1, k=3)
    assert ids == [9]
    assert type(ids[0]) is int


def test_methods_that_are_not_built_are_refused_by_name():
    with pytest.raises(BadInput, match="magic"):
        CollaborativeFilteringModel(method="magic")
