"""Leads whose taste is known by construction: what one act says, what many say, and when a taste has changed."""

from __future__ import annotations

import numpy as np
import pytest

from homing.core.errors import BadInput
from homing.models import Interactions, OnlineLearningModel, Query
from homing.models.validation import gain

HOMES = 2_000
RNG = np.random.default_rng(11)
PRICES, SIZES, YEARS, LOTS = RNG.uniform(0.0, 1.0, (4, HOMES))
PLACES = RNG.integers(0, 4, HOMES)


@pytest.fixture(scope="module")
def homes():
    """Two thousand homes; price, size, age, lot and kind have nothing to do with each other."""
    return [
        {
            "ListingKey": f"h{n:04}", "ListPrice": 200_000 * np.exp(1.5 * PRICES[n]),
            "LivingArea": 800 * np.exp(1.2 * SIZES[n]), "YearBuilt": 1920 + 100 * YEARS[n],
            "LotSizeSquareFeet": 2_000 * np.exp(3.0 * LOTS[n]), "PropertySubType": f"kind {PLACES[n]}",
        }
        for n in range(HOMES)
    ]  # fmt: skip


def named(home):
    return f"h{home:04}"


def chosen(wealth, kind, count, rng):
    """Homes that a lead turns to: price and size both near its wealth, mostly of one kind; age and lot are all one."""
    utility = -40.0 * (PRICES - wealth) ** 2 - 40.0 * (SIZES - wealth) ** 2 + 2.0 * (kind == PLACES)
    chance = np.exp(utility - utility.max())
    return rng.choice(HOMES, count, p=chance / chance.sum())


EVERY = [named(home) for home in range(HOMES)]


def told(leads):
    """Interactions of leads given as lists of homes, in that order."""
    pairs = [(f"l{lead:03}", named(home)) for lead, homes in enumerate(leads) for home in homes]
    return Interactions.from_columns(*map(list, zip(*pairs, strict=True)))


@pytest.fixture(scope="module")
def crowd():
    """Two hundred leads: who wants it dear wants it large."""
    rng = np.random.default_rng(3)
    return told([chosen(rng.random(), rng.integers(4), 12, rng) for _ in range(200)])


@pytest.fixture(scope="module")
def model(crowd, homes):
    return OnlineLearningModel(tune=False).fit(crowd, homes=homes)


def after_one_click(model, seed, leads=200):
    """NDCG at 10 of new leads after their first act, against the homes they turn to next."""
    rng, found = np.random.default_rng(seed), []
    for _ in range(leads):
        wanted = chosen(rng.random(), rng.integers(4), 40, rng)
        scores = model.score(Query("new", [named(wanted[0])]), EVERY).astype(np.float64)
        scores[wanted[0]] = np.nan
        found.append(gain(scores, np.setdiff1d(wanted[1:], wanted[0])))
    return np.array(found)


def test_the_population_makes_the_first_click_count(crowd, homes, model):
    alike = OnlineLearningModel(tune=False, population=False).fit(crowd, homes=homes)
    better = after_one_click(model, 5) - after_one_click(alike, 5)
    assert better.mean() > 3 * better.std() / np.sqrt(better.size)


def test_a_dear_home_says_that_the_next_should_be_large(model):
    dear = int(np.argmax(PRICES - 10.0 * (np.abs(SIZES - 0.5) > 0.05)))
    large, small = (np.argmin(np.abs(SIZES - size) + np.abs(PRICES - 0.5)) for size in (0.95, 0.05))
    parts = model.explain_many(Query("new", [named(dear)]), [named(large), named(small)])
    assert parts[0]["size"] > parts[1]["size"]


def test_acts_one_by_one_are_all_acts_together(model):
    rng = np.random.default_rng(8)
    homes = [named(home) for home in rng.integers(0, 60, 80)]
    weights = rng.choice([1.0, 2.0, 20.0, -10.0], 80)
    taste = model.taste("nobody")
    for home, weight in zip(homes, weights, strict=True):
        taste = model.updated(taste, home, weight)
    whole = model.taste(Query("x", homes, weights))
    assert np.allclose(taste.mean, whole.mean, rtol=0, atol=1e-9)
    assert np.allclose(taste.covariance, whole.covariance, rtol=0, atol=1e-9)
    assert taste.changes == whole.changes
    assert taste.ahead == pytest.approx(whole.ahead)


def test_the_posterior_is_that_of_the_normal_equations(crowd, homes):
    model = OnlineLearningModel(tune=False, false_alarms=0).fit(crowd, homes=homes)
    acts, weights = ["h0010", "h0020", "h0010", "h0030"], np.array([1.0, 5.0, 2.0, -10.0])
    taste = model.taste(Query("x", acts, weights))
    vectors = model.vectors_[model.items.codes(["h0010", "h0020", "h0030"])].astype(np.float64)
    precision = model.prior_.rules[0] * np.log2(1.0 + np.array([3.0, 5.0, 10.0]))
    before = np.linalg.inv(model.prior_.covariance)
    after = before + (vectors.T * precision) @ vectors
    pull = before @ model.prior_.mean + vectors.T @ (precision * np.array([1.0, 1.0, -0.5]))
    assert np.allclose(taste.mean, np.linalg.solve(after, pull), rtol=0, atol=1e-8)
    assert np.allclose(taste.covariance, np.linalg.inv(after), rtol=0, atol=1e-8)


def test_an_update_leaves_the_taste_before_it(model):
    taste = model.taste("l000")
    kept = taste.mean.copy(), taste.covariance.copy(), taste.counted.copy()
    model.updated(taste, "h0399", 80.0)
    assert all(np.array_equal(*pair) for pair in zip(kept, (taste.mean, taste.covariance, taste.counted), strict=True))


def test_a_rare_kind_says_more_than_an_average_home(homes):
    rare = [*homes, *({**homes[n], "ListingKey": f"r{n}", "PropertySubType": "boat"} for n in range(8))]
    model = OnlineLearningModel(tune=False).fit(Interactions.from_columns([], []), homes=rare)
    kinds = [model.explain(Query("x", [home]), home)["type"] for home in ("r0", "h0000")]
    assert kinds[0] > 2 * kinds[1]


def test_steady_leads_are_rarely_taken_to_have_changed(model):
    rng = np.random.default_rng(21)
    changed = [
        model.taste(Query("x", [named(home) for home in chosen(rng.random(), rng.integers(4), 100, rng)])).changes > 0
        for _ in range(300)
    ]
    assert np.mean(changed) <= 0.02


def test_a_change_of_mind_is_found_within_eight_acts(model):
    rng, delays = np.random.default_rng(22), []
    for _ in range(100):
        taste = model.taste(Query("x", [named(home) for home in chosen(0.15, 0, 30, rng)]))
        assert not taste.changes
        acts = 0
        for home in chosen(0.85, 2, 20, rng):
            taste = model.updated(taste, named(home), 1.0)
            acts += 1
            if taste.changes:
                break
        delays.append(acts)
    assert np.quantile(delays, 0.9) <= 8


def test_after_a_change_the_old_acts_no_longer_count(model):
    rng = np.random.default_rng(23)
    before, after = ([named(home) for home in chosen(*wish, 30, rng)] for wish in ((0.15, 0), (0.85, 2)))
    mixed, alone = model.taste(Query("x", before + after)), model.taste(Query("x", after))
    assert (mixed.changes, alone.changes) == (1, 0)
    assert np.corrcoef(model.score_by(mixed, EVERY), model.score_by(alone, EVERY))[0, 1] > 0.95


def test_draws_are_seeded_and_spread_as_the_uncertainty_says(model):
    homes = ["h0001", "h0002", "h0003"]
    draws = model.draws("l000", 4_000, seed=1)
    assert np.array_equal(draws, model.draws("l000", 4_000, seed=1))
    scores = model.score_by(draws, homes)
    assert np.array_equal(scores[7], model.score_by(draws[7], homes))
    assert np.allclose(scores.std(axis=0), model.uncertainty("l000", homes), rtol=0.06)
    assert np.allclose(scores.mean(axis=0), model.score("l000", homes), atol=4 * scores.std(axis=0).max() / 60)


def test_an_act_lessens_uncertainty_about_homes_like_it(model):
    before = model.taste("nobody")
    after = model.updated(before, "h0007", 20.0)
    assert model.uncertainty(after, ["h0007"])[0] < model.uncertainty(before, ["h0007"])[0]
    assert np.isnan(model.uncertainty(before, ["nowhere"])[0])


def test_what_is_not_known_changes_no_taste(model):
    taste = model.taste("l000")
    assert model.updated(taste, "nowhere", 5.0) is taste


def test_a_taste_scores_as_its_lead_does(model):
    homes = ["h0001", "nowhere", "h0003"]
    assert np.array_equal(model.score_by(model.taste("l004"), homes), model.score("l004", homes), equal_nan=True)


def test_acts_taken_in_count_as_if_known_from_the_start(crowd, homes, model):
    updated = OnlineLearningModel(tune=False).fit(crowd, homes=homes)
    updated.partial_fit(Interactions.from_columns(["l000", "new"], ["h0005", "h0006"]))
    acts = [updated.items.ids[item] for item in updated.pasts.past("l000").items.tolist()]
    assert acts[-1] == "h0005"
    assert np.array_equal(updated.score_all("l000"), model.score_all(Query("x", acts)))
    assert np.array_equal(updated.score_all("new"), model.score_all(Query("x", ["h0006"])))


def test_settings_are_chosen_the_same_way_twice(crowd, homes):
    models = [OnlineLearningModel().fit(crowd, homes=homes) for _ in range(2)]
    assert models[0].trials_ == models[1].trials_
    assert len(models[0].trials_) > 1
    assert {(one.noise_, one.absent_) for one in models} == {(models[0].noise_, models[0].absent_)}


def test_without_homes_it_is_silent(crowd):
    model = OnlineLearningModel().fit(crowd)
    assert np.isnan(model.score_all("l000")).all()
    assert model.recommend("l000", k=3)[0]


@pytest.mark.parametrize("options", [{"noise": 0}, {"absent": float("inf")}, {"false_alarms": -0.1}])
def test_settings_that_make_no_sense_are_refused(options):
    with pytest.raises(BadInput, match=next(iter(options))):
        OnlineLearningModel(**options)
