"""Worlds in which what a factor model must answer is known, and pairs of ways to the same answer."""

from __future__ import annotations

import time

import numpy as np
import pytest

from homing.core.clock import DAY
from homing.models import CollaborativeFilteringModel, Interactions, Query
from homing.models.base import LearningModel
from homing.models.collaborative_filtering import prior_of
from homing.models.folding import inverse
from homing.models.top import top

CF = {"factors": 8, "iterations": 12, "tune": False}
KINDS = 4


def homes(count=80):
    """Homes of four kinds, told apart by price and size; the kind of home n is n % 4."""
    return [
        {"ListingKey": n, "ListPrice": 200_000.0 * (1 + n % KINDS) + 500 * n, "LivingArea": 800.0 * (1 + n % KINDS)}
        for n in range(count)
    ]


def acts(leads=60, count=80, each=10, seed=1, homes_met=None):
    """Each lead acts on homes of its own kind, lead % 4; the homes met are all, or the first so many."""
    rng = np.random.default_rng(seed)
    pairs = {
        (lead, int(home))
        for lead in range(leads)
        for home in rng.choice(
            np.arange(lead % KINDS, homes_met or count, KINDS), min(each, (homes_met or count) // KINDS), replace=False
        )
    }
    lead, home = zip(*sorted(pairs), strict=True)
    return Interactions.from_columns(list(lead), list(home), None, np.arange(len(lead)) * DAY)


def kinds(ids):
    return {home % KINDS for home in ids}


@pytest.fixture(scope="module")
def described():
    """Only the first 60 of 80 homes have acts."""
    return CollaborativeFilteringModel(**CF).fit(acts(homes_met=60), homes=homes())


@pytest.mark.parametrize("method", ["ials", "svd", "nmf"])
def test_each_method_finds_the_kind_of_a_lead(method):
    model = CollaborativeFilteringModel(method=method, **CF).fit(acts())
    assert kinds(model.recommend(6, k=5)[0]) == {2}


def test_pure_svd_is_the_row_times_the_right_singular_vectors():
    data = acts()
    model = CollaborativeFilteringModel(method="svd", factors=3, tune=False).fit(data)
    matrix = data.net().toarray().astype(np.float64)
    right = np.linalg.svd(matrix)[2][:3]
    np.testing.assert_allclose(model.score_all(7), matrix[7] @ right.T @ right, atol=1e-5)


def test_the_explanation_of_pure_svd_is_what_each_home_adds():
    model = CollaborativeFilteringModel(method="svd", factors=3, tune=False).fit(acts())
    matrix = acts().net().toarray().astype(np.float64)
    between = np.linalg.svd(matrix)[2][:3].T @ np.linalg.svd(matrix)[2][:3]
    parts = model.explain(7, 11)
    assert parts == pytest.approx(
        {str(home): between[home, 11] for home in np.flatnonzero(matrix[7]).tolist()}, abs=1e-5
    )


def test_an_exact_solution_satisfies_its_normal_equations():
    model = CollaborativeFilteringModel(**CF).fit(acts())
    for past in (model.pasts.past(3), model._past(Query("x", list(range(3, 80, 4))))):
        row, vectors = model._row(past), model.fixed_.vectors.astype(np.float64)
        near = vectors[row.items]
        matrix = np.diag(model.fixed_.diagonal + row.penalty) + (near.T * row.confidence) @ near
        np.testing.assert_allclose(matrix @ model._vector(past), row.pull @ near, atol=1e-9)
        np.testing.assert_allclose(model.fixed_.reach(row) @ matrix, np.eye(8), atol=1e-9)


def test_a_home_nobody_acted_on_is_known_by_its_attributes(described):
    new = list(range(60, 80))
    for lead in range(8):
        scores = described.score(lead, new)
        assert np.isfinite(scores).all()
        assert kinds([new[place] for place in top(scores, 4).tolist()]) == {lead % KINDS}
    assert set(described.explain(5, 61)) >= {"attributes"}


def test_without_attributes_a_home_nobody_acted_on_has_no_score():
    model = CollaborativeFilteringModel(**CF).fit(acts(homes_met=60), homes=[*homes(70), {"ListingKey": 79}])
    assert np.isfinite(model.score(5, [61, 69])).all()
    assert np.isnan(model.score(5, [79])).all()
    assert np.isnan(CollaborativeFilteringModel(**CF).fit(acts(homes_met=60)).score(5, [61])).all()


def test_a_home_listed_a_minute_ago_counts_at_once(described):
    new = [{"ListingKey": 1001, "ListPrice": 420_000.0, "LivingArea": 1_600.0}]
    other = described.with_homes([*homes(), *new])
    assert other.score(1, [1001])[0] > other.score(0, [1001])[0] + 0.1
    assert 1001 not in described.items


def test_a_home_that_is_described_anew_is_another_home(described):
    changed = [
        {**row, "ListPrice": 200_000.0, "LivingArea": 800.0} if row["ListingKey"] == 61 else row for row in homes()
    ]
    other = described.with_homes(changed)
    assert other.score(0, [61])[0] > described.score(0, [61])[0] + 0.1
    np.testing.assert_allclose(other.score(0, [62, 3]), described.score(0, [62, 3]), atol=1e-5)


@pytest.mark.parametrize("method", ["ials", "svd", "nmf"])
def test_a_lead_who_only_stated_limits_gets_homes_like_those_that_pass(method):
    model = CollaborativeFilteringModel(method=method, **CF).fit(acts(homes_met=60), homes=homes())
    stated = Query("new", [], within=list(range(1, 40, KINDS)))
    assert kinds(model.recommend(stated, k=5)[0]) == {1}
    assert set(model.explain(stated, 41)) == {"stated_limits"} or "stated_limits" in model.explain(stated, 41)
    assert prior_of(model, model.items.codes(list(range(1, 40, KINDS)))).any()


def test_what_was_stated_fades_as_a_lead_acts(described):
    stated = list(range(1, 40, KINDS))
    alone = described.explain(Query("x", [], within=stated), 41)["stated_limits"]
    few = described.explain(Query("x", [0, 4], within=stated), 41)["stated_limits"]
    many = described.explain(Query("x", list(range(0, 40, 4)), within=stated), 41)["stated_limits"]
    assert alone > few > many > 0.0
    assert kinds(described.recommend(Query("x", list(range(0, 40, 4)), within=stated), k=3)[0]) == {0}


@pytest.mark.parametrize("method", ["ials", "svd", "nmf"])
def test_parts_with_attributes_and_stated_limits_add_up(method):
    model = CollaborativeFilteringModel(method=method, **CF).fit(acts(homes_met=60), homes=homes())
    for query in (Query("x", [2, 5, 9], [5.0, -10.0, 1.0], within=[1, 5, 61]), Query("x", [], within=[3])):
        for home, score in zip(range(80), model.score(query, list(range(80))).tolist(), strict=True):
            parts = model.explain(query, home)
            assert sum(parts.values()) == pytest.approx(score, abs=1e-6 * sum(map(abs, parts.values())) + 1e-30)


def test_old_acts_fade():
    data = acts()
    fading = CollaborativeFilteringModel(half_life_days=30.0, **CF).fit(data)
    turned = Query("x", [1, 5, 9, 0, 4, 8], at=np.array([0, 0, 0, 365, 365, 365]) * DAY, as_of=365 * DAY)
    assert kinds(fading.recommend(turned, k=5)[0]) == {0}
    lasting = CollaborativeFilteringModel(**CF).fit(data)
    assert lasting.explain(turned, 13)["1"] > 2 * fading.explain(turned, 13)["1"] > 0.0


def test_a_half_life_is_found_where_tastes_change():
    rng = np.random.default_rng(0)
    leads, met, at = [], [], []
    for lead in range(150):
        kind = 0
        for step in range(12):
            kind = int(rng.integers(KINDS)) if step % 4 == 0 else kind
            (
                leads.append(lead),
                met.append(KINDS * int(rng.integers(30)) + kind),
                at.append((step * 60 + rng.integers(9)) * DAY),
            )
    model = CollaborativeFilteringModel(factors=8, iterations=8).fit(Interactions.from_columns(leads, met, None, at))
    assert model.settings_.half_life_days <= 90.0


def test_factors_left_open_are_chosen():
    model = CollaborativeFilteringModel(method="svd", factors=None).fit(acts(leads=120))
    assert {trial.settings.get("factors") for trial in model.trials_} >= {64, 32}


def test_the_posterior_is_the_inverse_of_what_was_solved_times_the_noise(described):
    mean, covariance = described.posterior(6)
    assert mean.shape == (8,)
    assert covariance.shape == (8, 8)
    np.testing.assert_allclose(described.fixed_.vectors.astype(np.float64) @ mean, described.score_all(6), atol=1e-6)
    assert (np.linalg.eigvalsh(covariance) > 0).all()


def test_draws_have_the_mean_and_covariance_of_the_posterior(described):
    mean, covariance = described.posterior(6)
    drawn = described.draws(6, 40_000, seed=2)
    np.testing.assert_allclose(drawn.mean(axis=0), mean, atol=5 * np.sqrt(covariance.max() / 40_000))
    np.testing.assert_allclose(np.cov(drawn.T), covariance, atol=0.05 * covariance.max())
    assert (described.draws(6, 3, seed=2) == described.draws(6, 3, seed=2)).all()


def test_the_more_a_lead_does_the_surer_its_factors(described):
    known = [np.trace(described.posterior(Query("x", list(range(0, n, 4))))[1]) for n in (4, 20, 60)]
    assert known[0] > known[1] > known[2]


def test_twenty_events_are_folded_in_with_covariance_in_a_tenth_of_a_millisecond_or_so():
    model = CollaborativeFilteringModel(factors=64, iterations=2, tune=False).fit(acts(leads=200, each=20))
    row = model._row(model.pasts.past(3))
    took = []
    for _ in range(30):
        started = time.process_time()
        for _ in range(20):
            model.fixed_.evidence(row), model.fixed_.reach(row)
        took.append((time.process_time() - started) / 20)
    assert min(took) < 0.5e-3  # a fifth of this where nothing else runs; benchmarks/bench_recommend.py measures it


@pytest.mark.parametrize("k", [1, 7, 40])
def test_a_short_list_is_the_beginning_of_all_homes_in_order(k, described):
    for lead in [*range(12), Query("x", [1, 2, 3], [1.0, -5.0, 2.0])]:
        allowed = np.arange(80) % 5 != 0
        quick = described._best(described._past(lead), allowed, k)
        plain = LearningModel._best(described, described._past(lead), allowed, k)
        assert quick[0].tolist() == plain[0].tolist()
        assert quick[1].tolist() == plain[1].tolist()


def test_a_replayed_day_leaves_lists_as_good_as_a_refit():
    rng = np.random.default_rng(4)
    lead = rng.integers(0, 400, 9_000)
    home = (rng.zipf(1.3, lead.size) - 1) % 60 * KINDS + np.where(
        rng.random(lead.size) < 0.9, lead % KINDS, rng.integers(KINDS)
    )
    at = np.sort(rng.integers(0, 60 * DAY, lead.size))
    data = Interactions.from_columns(lead, home, None, at)
    shown, last = data.select(np.arange(7_000)), data.select(np.arange(7_000, 9_000))
    day = shown.at >= shown.at.max() - DAY
    refit, updated = (
        CollaborativeFilteringModel(factors=16, tune=False).fit(part) for part in (shown, shown.select(~day))
    )
    updated.partial_fit(shown.select(day))
    wanted = {}
    for who, which in zip(last.lead.tolist(), last.property.tolist(), strict=True):
        wanted.setdefault(data.leads.ids[who], set()).add(data.properties.ids[which])
    assert _ndcg(updated, wanted) >= 0.99 * _ndcg(refit, wanted) > 0.1


def _ndcg(model, wanted):
    discount = 1.0 / np.log2(np.arange(2, 12))
    gains = []
    for lead, homes_wanted in wanted.items():
        found = [name in homes_wanted for name in model.recommend(lead, k=10)[0]]
        gains.append(discount[: len(found)][found].sum() / discount[: min(10, len(homes_wanted))].sum())
    return np.mean(gains)


def test_an_update_moves_only_the_homes_acted_on(described):
    before = described.score(Query("x", [0, 4]), [8, 12])
    model = CollaborativeFilteringModel(**CF).fit(acts(homes_met=60), homes=homes())
    model.partial_fit(Interactions.from_columns([0, 4, 8, 12], [61] * 4, None, np.full(4, 10_000 * DAY)))
    kept = np.array([home not in (61,) for home in model.items.ids])
    first, second = described.score_all(Query("x", [0, 4])), model.score_all(Query("x", [0, 4]))
    np.testing.assert_allclose(first[kept], second[kept], atol=0.05)
    np.testing.assert_allclose(before, model.score(Query("x", [0, 4]), [8, 12]), atol=0.05)
    assert model.score(0, [61])[0] > described.score(0, [61])[0]


@pytest.mark.parametrize("acts", [0, 1, 15, 16, 17, 300])
def test_the_inverse_is_that_of_the_whole_matrix_with_few_acts_and_with_many(acts):
    rng = np.random.default_rng(acts)
    vectors = rng.standard_normal((400, 16)).astype(np.float32)
    base, confidence, items = 1.0 + rng.random(16), rng.random(acts), rng.permutation(400)[:acts]
    near = vectors[items].astype(np.float64)
    whole = np.linalg.inv(np.diag(base) + (near.T * confidence) @ near)
    assert np.allclose(inverse(vectors, base, items, confidence), whole, rtol=1e-9, atol=1e-12)
