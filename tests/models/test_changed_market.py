"""After any change of the market a model is what it would be if everything were worked out anew, to the bit."""

import numpy as np
import pytest

from homing.core.errors import DamagedArtifact
from homing.models import (
    CollaborativeFilteringModel,
    ContentBasedModel,
    HybridRecommendationModel,
    OnlineLearningModel,
    PopularityModel,
    RecencyModel,
)
from homing.models.axes import encoded
from homing.models.checks import market, world
from homing.models.homes import homes_of, some_of
from homing.models.query import Query

MAKERS = {
    "content": lambda: ContentBasedModel(tune=False),
    "content_cosine": lambda: ContentBasedModel(similarity="cosine", tune=False),
    "recency": RecencyModel,
    "popularity": PopularityModel,
    "online": lambda: OnlineLearningModel(tune=False),
    "collaborative": lambda: CollaborativeFilteringModel(tune=False),
    "hybrid": lambda: HybridRecommendationModel(tune=False),
}
VALUES = {
    "ListPrice": [None, 0, 5_000, 210_000, 333_333, 751_000, 9_000_000],
    "BedroomsTotal": [None, 1, 3, 5, 40],
    "Latitude": [None, 47.501, 47.51, 47.519, 48.9],
    "Longitude": [None, -122.299, -122.28, -122.251, -120.0],
    "PropertySubType": [None, "Condominium", "Single Family Residence", "Castle", "Houseboat"],
    "PublicRemarks": [None, "Big deck. Quiet street", "New roof and a garden", "Adults only", "unheard of"],
    "ListingContractDate": [None, "2026-01-05", "2026-02-01", "2027-02-01"],
}
LIVING = Query("x", ["h01", "h05", "h07"], [3.0, 1.0, -2.0], prices=[200_000.0, np.nan, 400_000.0])


def changes(seed, steps=12):
    """The market again and again, each time with a few homes changed, sometimes a new one among them."""
    rng = np.random.default_rng(seed)
    rows = market()
    for step in range(steps):
        rows = [dict(row) for row in rows]
        if rng.random() < 0.3:
            rows.insert(int(rng.integers(len(rows))), {**rows[3], "ListingKey": f"new{step}"})
        for row in rng.choice(len(rows), int(rng.integers(0, 3)), replace=False):
            for name in rng.choice(list(VALUES), int(rng.integers(1, 4)), replace=False):
                rows[row][str(name)] = VALUES[name][rng.integers(len(VALUES[name]))]
        yield rows


def contents(encoding):
    arrays = [encoding.bins, encoding.parts, encoding.axis, encoding.starts, encoding.ordered, encoding.shares]
    return [(array.dtype, array.shape, array.tobytes()) for array in [*arrays, *encoding.marks]]


def everything(model):
    return {name: array.tobytes() for name, array in model.packed().items()}, model.score_all(LIVING).tobytes()


@pytest.mark.parametrize("seed", range(40))
def test_homes_rewritten_in_place_are_encoded_as_if_all_were_encoded_anew(seed):
    model = MAKERS["content"]().fit(world(), homes=market())
    for rows in changes(seed):
        model = model.with_homes(rows)
        assert contents(model.encoding_) == contents(encoded(model.axes_, model.values_))


@pytest.mark.parametrize("price", [None, 400_000.0, 150_000.0, 2_000_000.0])
@pytest.mark.parametrize("home", [0, 22])
def test_the_cheapest_and_the_dearest_home_may_get_another_price(home, price):
    rows = market()
    rows[0]["ListPrice"], rows[22]["ListPrice"] = 50_000.0, 3_000_000.0
    model = MAKERS["content"]().fit(world(), homes=rows)
    rows[home]["ListPrice"] = price
    model = model.with_homes(rows)
    assert contents(model.encoding_) == contents(encoded(model.axes_, model.values_))


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("seed", range(4))
def test_a_model_told_of_changes_answers_like_the_same_model_loaded_from_disk(name, seed, tmp_path):
    model = MAKERS[name]().fit(world(), homes=market())
    for rows in changes(seed):
        model = model.with_homes(rows)
    model.save(tmp_path / "model")
    fresh = type(model).load(tmp_path / "model")
    assert everything(model) == everything(fresh)
    assert model.explain_many(LIVING, model.items.ids) == fresh.explain_many(LIVING, fresh.items.ids)


@pytest.mark.parametrize("name", MAKERS)
def test_told_step_by_step_or_at_once_it_answers_the_same(name):
    first = MAKERS[name]().fit(world(), homes=market())
    steps = first
    for rows in changes(seed=7):
        steps = steps.with_homes(rows)
    at_once = first.with_homes(rows)
    ids = [row["ListingKey"] for row in rows]
    np.testing.assert_allclose(steps.score(LIVING, ids), at_once.score(LIVING, ids), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("seed", range(4))
def test_told_only_of_homes_that_changed_it_is_the_same(name, seed):
    told_all = told_some = MAKERS[name]().fit(world(), homes=market()).with_homes(market())
    before = {row["ListingKey"]: row for row in market()}
    for rows in changes(seed):
        differ = [place for place, row in enumerate(rows) if before.get(row["ListingKey"]) != row]
        told_all = told_all.with_homes(rows)
        told_some = told_some.with_homes(some_of(homes_of(rows), np.array(differ, dtype=np.int64)))
        before = {row["ListingKey"]: row for row in rows}
        assert everything(told_some) == everything(told_all)


@pytest.mark.parametrize("name", MAKERS)
def test_a_model_in_use_is_not_touched_by_a_change(name):
    model = MAKERS[name]().fit(world(), homes=market())
    before = everything(model)
    for rows in changes(seed=3):
        model.with_homes(rows).with_homes(market())
    assert everything(model) == before


def test_one_changed_price_rewrites_one_home_only():
    model = MAKERS["content"]().fit(world(), homes=market())
    rows = market()
    rows[4]["ListPrice"] = 330_000
    changed = model.with_homes(rows)
    differ = (changed.encoding_.parts != model.encoding_.parts).any(axis=1)
    assert np.flatnonzero(differ).tolist() == [model.items.code("h04")]


def test_parts_that_know_other_homes_than_the_whole_are_refused(tmp_path):
    model = MAKERS["hybrid"]().fit(world(), homes=market())
    arrays = model.packed()
    other = MAKERS["content"]().fit(world(), homes=[*market(), {"ListingKey": "h99"}])
    arrays |= {f"own.part.content.{name}": array for name, array in other.packed().items()}
    with pytest.raises(DamagedArtifact, match="content"):
        HybridRecommendationModel.unpacked(model.options(), arrays)
