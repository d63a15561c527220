"""The blend learns what each part is worth, explains itself exactly, and says how sure it is."""

import numpy as np
import pytest

from homing.core.clock import DAY
from homing.core.errors import BadInput, DamagedArtifact
from homing.models import HybridRecommendationModel, Impressions, Interactions, Query
from homing.models.parts import PARTS

HOMES = [
    {
        "ListingKey": f"h{n:03d}",
        "ListPrice": 300_000 + 5_000 * n,
        "BedroomsTotal": 2 + n % 4,
        "OnMarketTimestamp": "2026-01-01T00:00:00Z",
    }
    for n in range(120)
]
START = 1_767_225_600_000_000
"""2026-01-01."""


def shoppers(leads=60, acts=12, seed=0):
    """Each lead acts on homes near a price of its own."""
    rng = np.random.default_rng(seed)
    lead = np.repeat(np.arange(leads), acts)
    taste = np.repeat(rng.integers(10, 110, leads), acts)
    home = np.clip(taste + rng.integers(-8, 9, leads * acts), 0, 119)
    at = START + rng.integers(1, 40 * DAY, leads * acts)
    return Interactions.from_columns(
        [f"lead-{n}" for n in lead], [f"h{n:03d}" for n in home], np.ones(leads * acts), at
    )


@pytest.fixture(scope="module")
def model():
    return HybridRecommendationModel().fit(shoppers(), homes=HOMES)


def query(*homes):
    at = np.full(len(homes), START + 41 * DAY)
    return Query("new", [f"h{n:03d}" for n in homes], np.ones(len(homes)), at, as_of=START + 41 * DAY)


def test_weights_are_learned_when_there_are_enough_choices(model):
    assert model.learned
    assert all(weight >= 0 for weight in model.weights.values())
    assert model.weights["content"] > model.weights["popularity"]


def test_with_few_choices_the_weights_are_the_documented_constants():
    few = HybridRecommendationModel().fit(shoppers(leads=2, acts=4), homes=HOMES)
    assert not few.learned
    assert few.weights == {name: PARTS[name].weight for name in few.weights}


def test_without_homes_it_blends_what_needs_none():
    blended = HybridRecommendationModel().fit(shoppers())
    assert blended.learned
    assert not {"content", "online", "recency"} & set(blended.weights)
    assert "held out" in blended.says


def test_a_lead_that_likes_cheap_homes_gets_cheap_ones(model):
    ids, scores = model.recommend(query(10, 12, 14), k=5)
    assert all(int(name[1:]) < 40 for name in ids)
    assert np.all(np.diff(scores) <= 0)


def test_parts_add_up_to_the_score(model):
    asked = query(10, 50, 12)
    for home in ("h011", "h049", "h119"):
        parts = model.explain(asked, home)
        size = sum(abs(part) for part in parts.values())
        assert sum(parts.values()) == pytest.approx(float(model.score(asked, [home])[0]), abs=1e-6 * size + 1e-9)


def test_homes_are_explained_alike_whether_or_not_they_were_scored_before(model):
    asked, some = query(10, 50, 12), ["h119", "h011"]
    model.score(asked, ["h011", "h049", "h119"])
    assert model.explain_many(asked, some) == model.explain_many(query(10, 50, 12), some)
    assert model.explain_many(asked, ["h020"]) == model.explain_many(query(10, 50, 12), ["h020"])


def test_somebody_unknown_gets_what_is_popular_and_fresh_and_the_parts_say_so(model):
    nobody = Query("nobody", [], np.empty(0), as_of=START + 41 * DAY)
    names = [f"h{n:03d}" for n in range(120)]
    scores = model.score(nobody, names)
    own = {name: model.parts[name].score(nobody, names) for name in ("popularity", "recency")}
    z = {name: (said - np.nanmean(said)) / (np.nanstd(said) or 1.0) for name, said in own.items()}
    assert np.unique(scores).size > 20
    assert np.corrcoef(scores, np.nan_to_num(z["popularity"]) + np.nan_to_num(z["recency"]))[0, 1] > 0.5
    best = names[int(np.argmax(scores))]
    parts = model.explain(nobody, best)
    assert set(sorted(parts, key=parts.get)[-1:]) <= {"popularity", "recency"}


def test_a_new_home_counts_at_once(model):
    fresh = model.with_homes([*HOMES, {"ListingKey": "new", "ListPrice": 355_000, "BedroomsTotal": 3}])
    assert "new" not in model.items
    scores = fresh.score_all(query(10, 12, 14, 11))
    assert scores[fresh.items.code("new")] > np.quantile(scores, 0.8)


def test_saved_and_loaded_it_answers_the_same_to_the_bit(model, tmp_path):
    model.save(tmp_path / "hybrid")
    same = HybridRecommendationModel.load(tmp_path / "hybrid")
    asked = query(10, 12)
    assert np.array_equal(model.score_all(asked), same.score_all(asked))
    assert model.explain(asked, "h011") == same.explain(asked, "h011")
    assert model.confidence(np.zeros(1), np.zeros(1)) == pytest.approx(same.confidence(np.zeros(1), np.zeros(1)))


def test_a_changed_byte_is_found(model, tmp_path):
    model.save(tmp_path / "hybrid")
    arrays = tmp_path / "hybrid" / "arrays.safetensors"
    content = bytearray(arrays.read_bytes())
    content[-1] ^= 1
    arrays.write_bytes(bytes(content))
    with pytest.raises(DamagedArtifact, match=r"arrays\.safetensors"):
        HybridRecommendationModel.load(tmp_path / "hybrid")


def test_confidence_follows_what_came_of_being_shown():
    data = shoppers()
    rng = np.random.default_rng(1)
    leads = [f"lead-{n}" for n in rng.integers(0, 60, 4_000)]
    homes = rng.integers(0, 120, 4_000)
    last = {name: int(data.properties.ids[code][1:]) for name, code in zip(
        [data.leads.ids[code] for code in data.lead], data.property, strict=True)}  # fmt: skip
    near = np.array([abs(last[lead] - home) < 15 for lead, home in zip(leads, homes, strict=True)])
    engaged = rng.random(4_000) < np.where(near, 0.4, 0.02)
    at = START + rng.integers(20 * DAY, 40 * DAY, 4_000)
    shown = Impressions.from_columns(leads, [f"h{n:03d}" for n in homes], at, engaged=engaged)
    fitted = HybridRecommendationModel().fit(data, homes=HOMES, impressions=shown)
    asked = query(60, 61, 62, 58, 59, 64)
    likely, unlikely = fitted.confidence(
        fitted.score(asked, ["h060", "h005"]).astype(float), np.full(2, 6.0)
    ).probability
    assert likely > 3 * unlikely
    assert fitted.calibration.samples > 1_000


def test_the_same_seed_gives_the_same_model():
    first, second = (HybridRecommendationModel(seed=3).fit(shoppers(), homes=HOMES) for _ in range(2))
    assert first.weights == second.weights


def test_unknown_parts_are_refused_by_name():
    with pytest.raises(BadInput, match="neural"):
        HybridRecommendationModel(parts=("content", "neural"))


def test_the_stand_in_needs_no_training_and_learns_from_the_lead_itself():
    stand_in = HybridRecommendationModel.untrained(Interactions.from_columns([], []), HOMES)
    ids, _ = stand_in.recommend(query(100, 101, 102), k=5)
    assert all(int(name[1:]) > 70 for name in ids)
