"""A ranker takes what so many examples can bear, adds up over families, and does not mistake the place for the home."""

import sys
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import spearmanr

from homing.core.errors import BadInput
from homing.models.grouped_logit import grouped_logit, log_chances
from homing.models.labelled import Labelled
from homing.models.ranker import Ranker, RankerConfig, fit_ranker

NAMES, FAMILY = ("fit", "gap", "age", "views", "old"), ("price", "price", "fresh", "home", "home")
QUICK = RankerConfig(trees=40, least_in_leaf=20)
SIZE = 10


def shown(lists, seed=0, *, bends=True, steepness=0.0, monotone=(1, 0, 0, 0, 0), rate=-1.5):
    """Lists with what was engaged with, and the true utility: it bends in the gap and does not know `old`.

    Homes stand about in the order of `old`; with `steepness`, the lower one stands, the less it is seen.
    """
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(lists * SIZE, 5))
    utility = x[:, 0] + 0.5 * x[:, 2] + (2.0 * (np.abs(x[:, 1]) < 0.7) if bends else x[:, 1])
    group = np.repeat(np.arange(lists), SIZE)
    position = np.empty(group.size)
    position[np.lexsort((-x[:, 4] - 0.5 * rng.normal(size=group.size), group))] = np.tile(np.arange(1, SIZE + 1), lists)
    seen = np.log2(1.0 + position) ** -steepness
    engaged = rng.random(group.size) < expit(utility + rate) * seen
    x[rng.random(x.shape) < 0.05] = np.nan
    return Labelled(x, NAMES, FAMILY, monotone, group, engaged, position), utility


def asked(rows=400, seed=7):
    return shown(rows // SIZE, seed)


@pytest.fixture(scope="module")
def by_trees():
    return fit_ranker(shown(400)[0], {}, QUICK)


@pytest.mark.parametrize(("lists", "kind"), [(1, "prior"), (40, "linear"), (400, "trees")])
def test_the_kind_goes_by_how_much_there_is_to_learn_from(lists, kind):
    ranker = fit_ranker(shown(lists)[0], {"fit": 0.5}, QUICK)
    assert ranker.kind == kind
    assert {"prior": "Constant weights: ", "linear": "Weights learned", "trees": "Weights refined by "}[
        kind
    ] in ranker.says


def engaged_with(count):
    """As many homes engaged with, each in a list of ten of its own, that its fit makes the best."""
    x = np.random.default_rng(3).normal(size=(count * SIZE, 5))
    best = x[:, 0] == np.repeat(x[:, 0].reshape(count, SIZE).max(axis=1), SIZE)
    return Labelled(x, NAMES, FAMILY, (1, 0, 0, 0, 0), np.repeat(np.arange(count), SIZE), best)


@pytest.mark.parametrize(
    ("count", "says"),
    [(29, "29 homes engaged with"), (30, "trees need 500"), (499, "trees need 500"), (500, "lists held out")],
)
def test_thirty_are_enough_for_weights_and_five_hundred_for_trying_trees(count, says):
    ranker = fit_ranker(engaged_with(count), {}, QUICK)
    assert says in ranker.says
    assert (ranker.kind == "prior") is (count < 30)


def test_the_prior_is_the_weights_given_on_standardised_features():
    data, _ = shown(1)
    ranker = fit_ranker(data, {"fit": 0.5, "age": -0.25})
    fit, age = data.features[:, 0], data.features[:, 2]
    expected = 0.5 * (fit - np.nanmean(fit)) / np.nanstd(fit) - 0.25 * (age - np.nanmean(age)) / np.nanstd(age)
    known = np.isfinite(expected)
    assert np.allclose(ranker.scores_and_parts(data.features)[0][known], expected[known])


def test_a_prior_against_the_direction_of_a_feature_counts_as_nothing():
    assert fit_ranker(shown(1)[0], {"fit": -1.0}).weights[0] == 0.0


def test_without_any_rows_there_is_the_prior():
    data = shown(1)[0].rows(np.zeros(0, dtype=np.int64))
    ranker = fit_ranker(data, {"fit": 2.0})
    assert (ranker.kind, ranker.weights[0]) == ("prior", 2.0)
    assert ranker.scores_and_parts(np.full((1, 5), np.nan))[0].tolist() == [0.0]


def test_weights_move_from_the_prior_to_what_was_chosen():
    ranks = [fit_ranker(shown(lists, bends=False)[0], {}).weights[0] for lists in (1, 30, 150)]
    assert ranks[0] == 0.0
    assert ranks == sorted(ranks)
    assert ranks[-1] == pytest.approx(1.0, abs=0.25)


def test_lists_in_which_all_or_nothing_was_engaged_with_say_nothing():
    data, _ = shown(60)
    every = np.repeat(np.arange(60) % 2 == 0, SIZE)
    ranker = fit_ranker(replace(data, label=every.astype(float)), {"fit": 1.0})
    assert ranker.kind == "prior"
    assert ranker.says == "Constant weights: 0 homes engaged with to learn from, 30 are needed."


def test_where_the_truth_bends_trees_rank_better_than_weights(by_trees):
    data, utility = asked()
    by_weights = replace(by_trees, forest=None)
    trees, weights = (ranker.scores_and_parts(data.features)[0] for ranker in (by_trees, by_weights))
    assert spearmanr(trees, utility)[0] > spearmanr(weights, utility)[0] + 0.1


def test_where_the_truth_is_a_line_trees_give_way():
    ranker = fit_ranker(shown(400, 2, bends=False)[0], {"fit": 1.0, "gap": 1.0, "age": 0.5}, QUICK)
    assert ranker.kind == "linear"
    assert "trees did not do better" in ranker.says


def test_the_score_is_the_constant_and_the_parts_of_the_families(by_trees):
    data, _ = asked()
    scores, parts = by_trees.scores_and_parts(data.features)
    assert by_trees.families == ("price", "fresh", "home")
    assert np.allclose(scores, by_trees.constant + parts.sum(axis=1), atol=1e-12, rtol=0)


def test_the_part_of_a_family_depends_on_its_own_features_alone(by_trees):
    data, _ = asked()
    changed = data.features.copy()
    changed[:, :2] = np.random.default_rng(1).normal(size=(400, 2))
    before, after = (by_trees.scores_and_parts(rows)[1] for rows in (data.features, changed))
    assert np.array_equal(before[:, 1:], after[:, 1:])
    assert not np.array_equal(before[:, 0], after[:, 0])


def test_a_home_scores_the_same_alone_and_among_others(by_trees):
    data, _ = asked()
    scores, parts = by_trees.scores_and_parts(data.features)
    for row in range(0, 400, 37):
        alone = by_trees.scores_and_parts(data.features[row : row + 1])
        assert alone[0][0] == scores[row]
        assert np.array_equal(alone[1][0], parts[row])


def test_parts_are_zero_on_average_over_what_was_learned_from(by_trees):
    assert np.allclose(by_trees.scores_and_parts(shown(400)[0].features)[1].mean(axis=0), 0.0, atol=0.02)


def test_the_score_is_the_log_odds_of_being_engaged_with():
    data, utility = shown(3_000, bends=False, rate=-1.0)
    scores, _ = fit_ranker(data, {}, QUICK).scores_and_parts(data.features)
    known = np.isfinite(data.features).all(axis=1)
    assert np.abs(expit(scores) - expit(utility - 1.0))[known].mean() < 0.02


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_score_never_moves_against_the_direction_of_a_feature(sign):
    data, _ = shown(400, monotone=(sign, 0, sign, 0, 0))
    ranker = fit_ranker(data, {}, QUICK)
    ladder = np.linspace(-4.0, 4.0, 200)
    for column in (0, 2):
        rows = np.repeat(asked()[0].features[:1], 200, axis=0)
        rows[:, column] = ladder
        assert (sign * np.diff(ranker.scores_and_parts(rows)[0]) >= -1e-12).all()


def test_the_place_in_the_list_does_not_pass_for_the_home():
    """Homes stood about in the order of `old`, which nobody cares for, and low ones were hardly seen."""
    data, _ = shown(600, steepness=2.0, rate=-1.0)
    other, utility = asked(2_000)
    blind = fit_ranker(replace(data, position=None), {}, QUICK)
    ours = fit_ranker(data, {}, QUICK)
    fooled, true = (spearmanr(one.scores_and_parts(other.features)[0], utility)[0] for one in (blind, ours))
    assert blind.weights[4] > 0.8
    assert abs(ours.weights[4]) < 0.2
    assert true > 0.85
    assert true > fooled + 0.2


def test_the_place_in_the_list_is_no_reason_and_needs_not_be_known(by_trees):
    assert "position" not in by_trees.families
    data, _ = shown(400)
    position = np.where(np.arange(len(data)) % 2, data.position, np.nan)
    assert np.isfinite(fit_ranker(replace(data, position=position), {}, QUICK).constant)


def test_strong_and_heavy_rows_count_for_more():
    data, _ = shown(40, bends=False)
    liked = data.features[:, 3] > 0
    strong = replace(data, label=data.label * np.where(liked, 5.0, 1.0))
    heavy = replace(data, weight=np.where(liked, 5.0, 1.0))
    plain, *more = (fit_ranker(one, {}).weights[3] for one in (data, strong, heavy))
    assert min(more) > plain


@pytest.mark.parametrize("lists", [1, 40, 400])
def test_saved_as_arrays_and_restored_it_says_the_same_to_the_bit(lists):
    ranker = fit_ranker(shown(lists)[0], {"fit": 0.5}, QUICK)
    again = Ranker.from_arrays(ranker.arrays())
    data, _ = asked()
    assert (again.kind, again.says, again.families) == (ranker.kind, ranker.says, ranker.families)
    for one, other in zip(*(each.scores_and_parts(data.features) for each in (ranker, again)), strict=True):
        assert np.array_equal(one, other)


def test_the_same_examples_give_the_same_ranker_to_the_bit(by_trees):
    again = fit_ranker(shown(400)[0], {}, QUICK)
    assert all(np.array_equal(array, again.arrays()[name]) for name, array in by_trees.arrays().items())


def test_the_order_of_the_lists_does_not_matter_for_weights():
    data, _ = shown(40)
    order = np.random.default_rng(2).permutation(len(data))
    one, other = (fit_ranker(rows, {}).weights for rows in (data, data.rows(order)))
    assert np.allclose(one, other, atol=1e-5)


def test_without_lightgbm_weights_rank_and_say_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    ranker = fit_ranker(shown(400)[0], {}, QUICK)
    assert ranker.kind == "linear"
    assert "trees are left out, because LightGBM cannot be loaded: import of lightgbm halted" in ranker.says


def test_without_the_library_of_threads_that_lightgbm_needs_weights_rank_and_say_so(monkeypatch, tmp_path):
    (tmp_path / "lightgbm.py").write_text("raise OSError('libgomp.so.1: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
    assert "cannot be loaded: libgomp.so.1: cannot open shared object file." in fit_ranker(shown(400)[0], {}).says


def test_few_lists_are_not_enough_to_judge_trees_by():
    data, _ = shown(400)
    ranker = fit_ranker(replace(data, group=data.group // 10), {}, QUICK)
    assert "trees need 20 lists held out to be judged by, there are 8." in ranker.says


def test_features_that_say_nothing_do_no_harm():
    data, _ = shown(400)
    features = data.features.copy()
    features[:, 3], features[:, 4] = np.nan, 7.0
    ranker = fit_ranker(replace(data, features=features), {}, QUICK)
    assert np.isfinite(ranker.scores_and_parts(features)[0]).all()


def test_what_is_unknown_for_the_first_time_counts_as_the_mean():
    data, _ = shown(400)
    features = np.where(np.isnan(data.features), 0.3, data.features)
    ranker = fit_ranker(replace(data, features=features), {}, QUICK)
    rows = np.vstack([np.full((1, 5), np.nan), features.mean(axis=0)[None]])
    assert np.allclose(*ranker.scores_and_parts(rows)[0], atol=1e-9)


def test_nothing_is_changed_by_learning():
    data, _ = shown(400)
    before = [data.features.copy(), data.label.copy(), data.position.copy()]
    fit_ranker(data, {}, QUICK)
    for one, other in zip(before, (data.features, data.label, data.position), strict=True):
        assert np.array_equal(one, other, equal_nan=True)


def test_the_chance_of_what_was_taken_is_against_what_was_left():
    engaged = np.array([True, True, False, True, False])
    found = log_chances(np.array([1.0, 3.0, 0.0, 2.0, 900.0]), engaged, np.array([0, 3]))
    assert found[0] == pytest.approx(1.0 - np.log(np.exp(1.0) + 1.0))
    assert found[1] == pytest.approx(3.0 - np.log(np.exp(3.0) + 1.0))
    assert found[[2, 4]].tolist() == [0.0, 0.0]
    assert found[3] == -700.0


def test_the_weights_of_a_logit_with_a_level_for_each_list_are_recovered():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(20_000, 2))
    level = np.repeat(rng.normal(size=2_000), 10)
    engaged = rng.random(20_000) < expit(x @ np.array([1.2, -0.6]) + level)
    weights = grouped_logit(x, engaged.astype(float), np.arange(0, 20_000, 10), np.zeros(2), 0.01)
    assert np.allclose(weights, [1.2, -0.6], atol=0.06)


REFUSED = {
    "labelled.features must have a row for each of the labels, (2,); got (1, 1)": {"features": [[1.0]]},
    "labelled.features must be finite, or NaN where unknown; got inf": {"features": [[np.inf], [0.0]]},
    "labelled.names must have one entry for each of the 1 features; got 2": {"names": ("a", "b")},
    "labelled.names must differ from each other": {"names": ("a", "a"), "features": np.zeros((2, 2))},
    "labelled.family must not be 'position'": {"family": ("position",)},
    "labelled.monotone must be -1, 0 or 1 for each feature; got (2,)": {"monotone": (2,)},
    "labelled.group must have one entry for each of the 2 rows; got (1,)": {"group": [1]},
    "labelled.label must be False or True, or finite strengths of at least 0": {"label": [1.0, -1.0]},
    "labelled.position must be places from 0 or 1 on": {"position": [-1.0, 1.0]},
    "labelled.weight must be finite numbers above 0": {"weight": [0.0, 1.0]},
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_examples_that_make_no_sense_are_refused(sentence):
    plain = {
        "features": [[1.0], [0.0]], "names": ("a",), "family": ("b",), "monotone": (0,), "group": [1, 1],
        "label": [True, False],
    }  # fmt: skip
    with pytest.raises(BadInput) as told:
        Labelled(**plain | REFUSED[sentence])
    assert sentence in str(told.value)


@pytest.mark.parametrize(
    "options", [{"trees": 0}, {"leaves": 1}, {"leaves": 32}, {"least_in_leaf": 0}, {"learning_rate": 0.0}]
)
def test_settings_that_make_no_sense_are_refused(options):
    with pytest.raises(BadInput):
        RankerConfig(**options)


def test_names_and_rows_of_other_features_are_refused(by_trees):
    with pytest.raises(BadInput, match=r"prior must name features that there are; got \['zebra'\]"):
        fit_ranker(shown(1)[0], {"zebra": 1.0})
    for rows in (np.zeros((3, 4)), np.zeros(5)):
        with pytest.raises(BadInput, match="features must have the 5 columns learned from"):
            by_trees.scores_and_parts(rows)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("means", lambda a: a[1:]),
        ("shifts", lambda a: a[1:]),
        ("of_family", lambda a: a + 1),
        ("forest.width", lambda a: a + 1),
    ],
)
def test_arrays_that_do_not_fit_each_other_are_refused(by_trees, name, change):
    arrays = by_trees.arrays()
    with pytest.raises(ValueError, match="not those of"):
        Ranker.from_arrays(arrays | {name: change(arrays[name])})


def test_a_ranker_like_another_has_as_many_trees_or_none(by_trees):
    fewer = shown(300, seed=3)[0]
    alike = fit_ranker(fewer, {}, QUICK, like=by_trees)
    assert (alike.kind, alike.trees) == ("trees", by_trees.trees)
    assert "did better" not in alike.says
    assert fit_ranker(fewer, {}, QUICK, like=fit_ranker(shown(40)[0], {})).kind == "linear"


def test_the_weight_of_what_examples_say_nothing_of_stays_and_the_others_are_learned_without_it():
    draw = np.random.default_rng(4)
    fit, insists = draw.normal(size=(2, 2_000))
    lists = np.repeat(np.arange(200), 10)
    best = fit == np.repeat(fit.reshape(200, 10).max(axis=1), 10)
    names, families = ("fit", "insists:baths"), ("size", "baths")

    def learned(column, **options):
        rows = Labelled(np.column_stack((fit, column)), names, families, (1, 1), lists, best)
        return fit_ranker(rows, {"fit": 1.0, "insists:baths": 0.7}, RankerConfig(**options))

    fixed = learned(insists, fixed=("insists:",))
    assert fixed.weights[1] == 0.7
    assert learned(insists).weights[1] < 0.3
    assert fixed.weights[0] == learned(np.flip(insists), fixed=("insists:",)).weights[0] > 2.0
