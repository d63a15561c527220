"""Models of homes on homes: worlds built so that the right answer is known, and the same answers as other libraries."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import scipy.sparse as sp

from homing.core.errors import BadInput
from homing.models import EASEModel, Interactions, ItemKNNModel, Query, RP3betaModel, SequenceRulesModel, SLIMModel
from homing.models.ease import ease_weights
from homing.models.neighbours import Walk, affected
from homing.models.pasts import joined

MODELS = {
    "ease": lambda: EASEModel(reg=2.0),
    "slim": lambda: SLIMModel(alpha=0.05, l1_ratio=0.01),
    "item_knn": lambda: ItemKNNModel(neighbours=20, shrink=1.0),
    "rp3beta": lambda: RP3betaModel(alpha=0.9, beta=0.3, neighbours=20),
}
COUNTING = ("item_knn", "rp3beta")


@pytest.fixture(params=MODELS)
def make(request):
    return MODELS[request.param]


@pytest.fixture(scope="module")
def clubs():
    """Leads and homes are of one of three clubs; each lead has acted on most of its club's homes."""
    pairs = [(f"l{u:02}", f"h{i:02}") for u in range(30) for i in range(18) if u % 3 == i % 3 and (u + i) % 7]
    return Interactions.from_columns(*map(list, zip(*pairs, strict=True)))


def random_data(seed=1, leads=60, homes=30, acts=700):
    rng = np.random.default_rng(seed)
    lead, home = rng.integers(0, leads, acts), (homes * rng.random(acts) ** 1.5).astype(int)
    return Interactions.from_columns(lead.tolist(), home.tolist(), rng.choice([1.0, 3.0, -2.0], acts))


def irspack():
    """The other library, whose import warns about its own foundations."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import irspack
    return irspack


def signed(data):
    """The values of leads on homes, in full."""
    net = data.net().toarray()
    return np.log2(1 + np.abs(net)) * np.where(net < 0, -0.5, 1.0)


def table(model, data):
    return np.array([model.score_all(lead) for lead in data.leads.ids])


def test_a_lead_is_recommended_the_homes_of_its_club(make, clubs):
    model = make().fit(clubs)
    ids, _ = model.recommend(Query("new", ["h01", "h04"]), k=4)
    assert {int(name[1:]) % 3 for name in ids} == {1}


def test_twins_are_each_others_reason(make):
    """Two homes that the same leads like, and one that somebody else likes."""
    data = Interactions.from_columns(list("aabbccd"), ["left", "right"] * 3 + ["other"])
    model = make().fit(data)
    assert model.recommend(Query("x", ["left"]), k=1)[0] == ["right"]
    assert model.explain(Query("x", ["left", "other"]), "right")["left"] > 0
    assert model.explain(Query("x", ["left", "other"]), "right")["other"] == pytest.approx(0, abs=1e-9)


def test_a_dislike_counts_against_what_the_same_leads_like(make, clubs):
    model = make().fit(clubs)
    alone, passed = (model.score(Query("x", *acts), ["h07"])[0] for acts in ((["h01"],), (["h01", "h04"], [1, -1])))
    assert passed < alone


def test_a_home_nobody_acted_on_has_no_score(make, clubs):
    model = make().fit(clubs, homes=[{"ListingKey": "new"}])
    assert np.isnan(model.score("l01", ["new"])).all()
    assert np.isnan(model.score(Query("x", ["new"]), ["h01"])).all()


def test_acts_that_cancel_are_no_acts(make):
    data = Interactions.from_columns(list("aaab"), ["h1", "h2", "h2", "h1"], [1.0, 2.0, -2.0, 1.0])
    model = make().fit(data)
    assert np.isnan(model.score("b", ["h2"])).all()
    assert list(model.explain("a", "h1")) == ["h1"]


def test_ease_of_three_homes_by_hand():
    """G = [[2, 1, 1], [1, 2, 1], [1, 1, 2]] + 1 on the diagonal has the inverse ([[4, -1, -1], ...]) / 10."""
    data = Interactions.from_columns(list("aabbcc"), ["h1", "h2", "h1", "h3", "h2", "h3"])
    model = EASEModel(reg=1.0).fit(data)
    assert model.score(Query("x", ["h1"]), ["h1", "h2", "h3"]) == pytest.approx([0.0, 0.25, 0.25])
    assert model.explain("a", "h3") == pytest.approx({"h1": 0.25, "h2": 0.25})


def test_ease_is_the_ridge_regression_of_each_home_on_the_others():
    from sklearn.linear_model import Ridge

    data = random_data()
    values = signed(data)
    scores = table(EASEModel(reg=7.0).fit(data), data)
    for home in (0, 11):
        others = np.delete(values, home, axis=1)
        fitted = Ridge(alpha=7.0, fit_intercept=False).fit(others, values[:, home])
        assert scores[:, home] == pytest.approx(others @ fitted.coef_, abs=1e-5)


def test_where_single_precision_does_not_suffice_the_weights_are_those_of_double():
    products = np.full((3, 3), 1e6)
    single = ease_weights(products.astype(np.float32), 1e-3)
    assert single == pytest.approx(ease_weights(products, 1e-3), abs=1e-6)
    assert single[0, 1] == pytest.approx(0.5)


def test_ease_chooses_its_regularisation_on_a_cut():
    rng = np.random.default_rng(2)
    lead, step = np.divmod(np.arange(1_500), 15)
    home = np.where(rng.random(lead.size) < 0.7, (lead % 5) * 12 + step, rng.integers(0, 60, lead.size))
    model = EASEModel().fit(Interactions.from_columns(lead.tolist(), home.tolist()))
    assert 3 <= len(model.trials_) <= 12
    assert model.reg_ == max(model.trials_, key=lambda trial: trial.ndcg).settings["reg"]


@pytest.mark.parametrize(("alpha", "l1_ratio"), [(0.02, 0.5), (0.2, 1e-3), (0.05, 1.0)])
def test_slim_is_the_elastic_net_of_each_home_on_the_others(alpha, l1_ratio):
    from sklearn.linear_model import ElasticNet

    data = random_data()
    values = signed(data)
    found = SLIMModel(alpha=alpha, l1_ratio=l1_ratio).fit(data).links_.matrix().toarray()
    theirs = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, fit_intercept=False, positive=True, tol=1e-9, max_iter=10_000)
    for home in range(values.shape[1]):
        others = values.copy()
        others[:, home] = 0.0
        assert found[:, home] == pytest.approx(theirs.fit(others, values[:, home]).coef_, abs=2e-4)


def test_slim_keeps_the_largest_weights_of_each_home():
    data = random_data()
    full = SLIMModel(alpha=0.02, l1_ratio=1e-3).fit(data).links_.matrix().toarray()
    kept = SLIMModel(alpha=0.02, l1_ratio=1e-3, neighbours=3).fit(data).links_.matrix().toarray()
    assert ((kept > 0).sum(axis=0) <= 3).all()
    assert kept.max(axis=0) == pytest.approx(full.max(axis=0))


@pytest.mark.parametrize("kind", [EASEModel, SLIMModel, ItemKNNModel, RP3betaModel, SequenceRulesModel])
def test_a_twin_is_given_what_its_model_chose(kind):
    data = random_data(acts=1_500)
    model = kind().fit(data)
    assert model.trials_
    assert table(model.twin().fit(data), data) == pytest.approx(table(model, data), abs=1e-9, nan_ok=True)


def test_cosine_neighbours_are_those_of_irspack():
    """It counts a home among its own neighbours, and then leaves it out: nine there are eight here."""
    data, ones = zeros_and_ones()
    mine = ItemKNNModel(weighting="cosine", neighbours=8, shrink=5.0).fit(data)
    theirs = irspack().CosineKNNRecommender(ones, shrinkage=5.0, normalize=True, top_k=9).learn()
    assert mine.links_.matrix().T.toarray() == pytest.approx(theirs.W.toarray(), abs=1e-5)


def test_walks_are_those_of_irspack():
    """Its alpha is a power of the weights, not of the probabilities, so that both agree where alpha is 1."""
    data, ones = zeros_and_ones()
    mine = RP3betaModel(alpha=1.0, beta=0.4, neighbours=30, normalised=False).fit(data)
    theirs = irspack().RP3betaRecommender(ones, alpha=1.0, beta=0.4, normalize_weight=False).learn().W.toarray()
    np.fill_diagonal(theirs, 0.0)
    assert mine.links_.matrix().toarray() == pytest.approx(theirs, abs=1e-6)


def zeros_and_ones():
    """Interactions of weight 1, no pair twice, and the same as the other library takes them."""
    net = random_data().net()
    lead, home = net.nonzero()
    data = Interactions.from_columns(lead.tolist(), home.tolist())
    return data, sp.csr_matrix(data.net())


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        (RP3betaModel, {}),
        (RP3betaModel, {"normalised": False}),
        *((ItemKNNModel, {"weighting": name}) for name in ("bm25", "tfidf", "cosine")),
    ],
)
def test_an_update_is_a_fit_on_everything(kind, more, clubs):
    """Also where homes have fewer neighbours than there are, and where what changed touches few of them."""
    options = {"neighbours": 3, "tune": False, **more}
    early, late = clubs.select(np.arange(80)), clubs.select(np.arange(80, len(clubs)))
    one_by_one = kind(**options).fit(early)
    for row in range(len(late)):
        one_by_one.partial_fit(late.select(np.array([row])))
    assert table(one_by_one, clubs) == pytest.approx(table(kind(**options).fit(clubs), clubs), abs=1e-6)


@pytest.mark.parametrize("name", COUNTING)
def test_an_update_of_a_model_that_learned_nothing_is_a_fit(name, clubs):
    empty = MODELS[name]().fit(Interactions.from_columns([], []))
    assert empty.partial_fit(clubs).recommend("l04", k=3)[0] == MODELS[name]().fit(clubs).recommend("l04", k=3)[0]


def test_an_update_works_out_the_rows_of_homes_that_share_leads_with_what_changed(clubs):
    """Three clubs that share no lead: an act in one leaves the others alone."""
    again = Interactions.from_columns(["l01"], ["h04"])
    both = joined(clubs, again)
    for by_lead in (False, True):
        rows = affected(both.net(), both.select(np.array([len(clubs)])), by_lead=by_lead)
        assert {both.properties.ids[row] for row in rows} == {f"h{i:02}" for i in range(1, 18, 3)}


@pytest.mark.parametrize("k", [1, 2, 3, 50, 199, 200, 300])
def test_the_nearest_are_those_of_a_full_sort(k):
    """Values with many ties, of which the first in order of code are taken."""
    rng = np.random.default_rng(4)
    full = rng.integers(0, 30, (200, 200)) * rng.choice([1e-9, 1.0, 1e9], (200, 200))
    np.fill_diagonal(full, 7.0)
    walk = Walk(sp.csr_array(np.eye(200)), sp.csr_array(full), np.ones(200), np.ones(200))
    found = walk.nearest(k).toarray()
    np.fill_diagonal(full, 0.0)
    order = np.argsort(-full, axis=1, kind="stable")[:, :k]
    wanted = np.zeros_like(full)
    np.put_along_axis(wanted, order, np.take_along_axis(full, order, axis=1), axis=1)
    assert found == pytest.approx(wanted, rel=1e-6)


def test_more_homes_than_a_full_matrix_holds_are_refused():
    data = Interactions.from_columns(["a"] * 20_001, list(range(20_001)))
    with pytest.raises(BadInput, match="RP3betaModel and ItemKNNModel take any number"):
        EASEModel(reg=1).fit(data)
