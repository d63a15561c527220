"""A forest of arrays says what LightGBM says, to the bit, and where each number comes from."""

import lightgbm
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homing.core.errors import BadInput
from homing.models.trees import Forest

EDGES = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1e-36, -1e-35, 1.1e-35, 1e300, -1e300]
STUMP = {
    "num_leaves": "2", "num_cat": "0", "split_feature": "0", "threshold": "0.5", "decision_type": "8",
    "left_child": "-1", "right_child": "-2", "leaf_value": "-1 2",
}  # fmt: skip


def table(seed=0, rows=2_000, columns=12):
    """Numbers with gaps, some on a coarse grid, and whether something came of them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    x[:, : columns // 3] = np.round(x[:, : columns // 3])
    said = x[:, 0] + x[:, columns // 2] * x[:, -1] + rng.normal(size=rows)
    x[rng.random(x.shape) < 0.15] = np.nan
    return x, (said > 0).astype(float)


def boosted(x, y, trees=30, **options):
    quiet = {"verbosity": -1, "num_threads": 1, "seed": 1, "objective": "binary", "min_data_in_leaf": 3}
    return lightgbm.train(quiet | options, lightgbm.Dataset(x, y), trees)


def asked(x, forest, seed=0):
    """Rows of the table, rows of edges, and rows that lie on thresholds."""
    rng = np.random.default_rng(seed)
    rows = np.vstack([x[:200], np.array([np.full(x.shape[1], edge) for edge in EDGES]), x[:50]])
    rows[150:200] = rng.choice(EDGES, (50, x.shape[1]))
    feature, threshold = forest.nodes.feature, forest.nodes.threshold
    for row in rows[-50:]:
        for node in rng.integers(0, feature.size, 8):
            row[feature[node]] = threshold[node] if rng.random() < 0.5 else np.nextafter(threshold[node], np.inf)
    return rows


def same_as_lightgbm(booster, x, seed=0):
    forest = Forest.from_text(booster.model_to_string())
    rows = asked(x, forest, seed)
    assert np.array_equal(forest.scores_and_parts(rows)[0], booster.predict(rows, raw_score=True))


@pytest.mark.parametrize(
    "options",
    [
        {"num_leaves": 15},
        {"num_leaves": 31},
        {"num_leaves": 64, "min_data_in_leaf": 1},
        {"num_leaves": 2},
        {"zero_as_missing": True},
        {"use_missing": False},
        {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6},
        {"boosting": "dart"},
        {"objective": "regression"},
        {"num_leaves": 64, "min_data_in_leaf": 1, "learning_rate": 1.0, "path_smooth": 1.0},
    ],
    ids=str,
)
def test_scores_are_those_of_lightgbm_to_the_bit(options):
    x, y = table()
    same_as_lightgbm(boosted(x, y, **options), x)


def test_a_deep_tree_gives_what_lightgbm_gives():
    x = np.arange(150.0)[:, None]
    booster = boosted(x, 1.6 ** np.arange(150), 3, objective="regression", num_leaves=64, min_data_in_leaf=1)
    assert booster.trees_to_dataframe()["node_depth"].max() > 15
    same_as_lightgbm(booster, x)


def chain(leans_left):
    """A tree of one path over 64 leaves: x goes to the leaf of its number, from either end."""
    nodes = np.arange(63)
    deeper = np.where(nodes < 62, nodes + 1, -64)
    ends = -(nodes + 1)
    threshold, leaf = (62.5 - nodes, 63.0 - np.arange(64)) if leans_left else (nodes + 0.5, np.arange(64.0))
    left, right = (deeper, ends) if leans_left else (ends, deeper)
    columns = {
        "split_feature": 0 * nodes, "decision_type": 0 * nodes + 8, "threshold": threshold, "left_child": left,
        "right_child": right, "leaf_value": leaf,
    }  # fmt: skip
    return {name: " ".join(map(str, values.tolist())) for name, values in columns.items()}


@pytest.mark.parametrize("leans_left", [False, True])
def test_a_tree_that_is_one_path_of_64_leaves_finds_each(leans_left):
    scores, _ = Forest.of([chain(leans_left)], ["price"]).scores_and_parts(np.arange(64.0)[:, None])
    assert scores.tolist() == list(range(64))


@settings(max_examples=25)
@given(
    seed=st.integers(0, 10**6),
    leaves=st.integers(2, 64),
    trees=st.integers(1, 12),
    columns=st.integers(1, 9),
    zero=st.booleans(),
    missing=st.booleans(),
)
def test_any_forest_of_lightgbm_is_the_same_here(seed, leaves, trees, columns, zero, missing):
    x, y = table(seed, 300, columns)
    options = {"num_leaves": leaves, "zero_as_missing": zero, "use_missing": missing, "min_data_in_leaf": 1}
    same_as_lightgbm(boosted(x, y, trees, **options), x, seed)


def by_three(columns):
    return [f"f{column // 3}" for column in range(columns)]


def apart(columns):
    return [list(range(start, start + 3)) for start in range(0, columns, 3)]


def test_parts_of_families_add_up_to_the_score():
    x, y = table()
    booster = boosted(x, y, interaction_constraints=apart(12), boost_from_average=False)
    forest = Forest.from_text(booster.model_to_string(), by_three(12))
    scores, parts = forest.scores_and_parts(x)
    assert parts.shape == (2_000, 4)
    assert np.allclose(forest.base + parts.sum(axis=1), scores, atol=1e-12, rtol=0)


def test_the_part_of_a_family_depends_on_its_own_features_alone():
    x, y = table()
    forest = Forest.from_text(boosted(x, y, interaction_constraints=apart(12)).model_to_string(), by_three(12))
    changed = x.copy()
    changed[:, 6:9] = np.nan
    before, after = forest.scores_and_parts(x)[1], forest.scores_and_parts(changed)[1]
    assert np.array_equal(np.delete(before, 2, axis=1), np.delete(after, 2, axis=1))
    assert not np.array_equal(before[:, 2], after[:, 2])


def test_a_forest_without_a_family_says_the_same_of_the_others():
    x, y = table()
    forest = Forest.from_text(
        boosted(x, y, interaction_constraints=[[*range(11)], [11]]).model_to_string(), ["own"] * 11 + ["place"]
    )
    fewer = forest.without("place")
    scores, parts = forest.scores_and_parts(x)
    left, own = fewer.scores_and_parts(x[:, :11])
    assert fewer.families == ("own",)
    assert np.array_equal(own[:, 0], parts[:, 0])
    assert np.allclose(left, scores - parts[:, 1], atol=1e-12)


def test_trees_of_a_single_leaf_are_the_base():
    booster = boosted(np.zeros((50, 2)), np.arange(50.0), 4, objective="regression")
    forest = Forest.from_text(booster.model_to_string())
    assert len(forest) == 0
    assert forest.base == pytest.approx(24.5)
    assert forest.scores_and_parts(np.zeros((3, 2)))[0].tolist() == booster.predict(np.zeros((3, 2))).tolist()


def test_rows_are_scored_alike_alone_and_among_many():
    x, y = table(rows=1_500)
    forest = Forest.from_text(boosted(x, y).model_to_string())
    scores, _ = forest.scores_and_parts(x)
    alone = [forest.scores_and_parts(x[row : row + 1])[0][0] for row in (0, 511, 512, 1_024, 1_499)]
    assert alone == scores[[0, 511, 512, 1_024, 1_499]].tolist()
    assert forest.scores_and_parts(x[:0])[0].size == 0


def test_saved_as_arrays_and_restored_it_is_the_same():
    x, y = table()
    forest = Forest.from_text(boosted(x, y).model_to_string())
    again = Forest.from_arrays(forest.arrays())
    for one, other in zip(forest.scores_and_parts(x), again.scores_and_parts(x), strict=True):
        assert np.array_equal(one, other)
    assert again.families == forest.families


def broken(name, change):
    arrays = Forest.of([STUMP, STUMP], ["price"]).arrays()
    return arrays | {name: change(arrays[name].copy())}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("feature", lambda a: a + 1),
        ("feature", lambda a: a - 1),
        ("threshold", lambda a: a[1:]),
        ("missing", lambda a: a[1:]),
        ("words", lambda a: a & ~np.uint64(2)),
        ("leaves", lambda a: a[1:]),
        ("nodes_of", lambda a: a + 1),
        ("nodes_of", lambda a: a[[0, 2, 1]]),
        ("leaves_of", lambda a: a[:2]),
        ("leaves_of", lambda a: a[:0]),
        ("family_of", lambda a: a + 1),
    ],
)
def test_arrays_that_would_lead_outside_of_themselves_are_refused(name, change):
    with pytest.raises(ValueError, match="not those of a forest"):
        Forest.from_arrays(broken(name, change))


REFUSED = {
    "split on numbers only; got 'a split on categories'": STUMP | {"num_cat": "1"},
    "have a number in each leaf; got 'linear leaves'": STUMP | {"is_linear": "1"},
    "have 1 to 64 leaves; got 0": STUMP | {"leaf_value": ""},
    "have 2 splits for 3 leaves; got '1 features'": STUMP | {"leaf_value": "1 2 3"},
    "lead to each of its leaves once; got": STUMP | {"right_child": "-1"},
    "threshold must be numbers; got 'x'": STUMP | {"threshold": "x"},
    "split_feature must lie between 0 and 0; got [1]": STUMP | {"split_feature": "1"},
    "split_feature must lie between 0 and 0; got [-1]": STUMP | {"split_feature": "-1"},
}


@pytest.mark.parametrize("sentence", REFUSED)
def test_a_tree_that_cannot_be_read_is_refused(sentence):
    with pytest.raises(BadInput, match=r"model\.tree\[1\]") as told:
        Forest.of([STUMP, REFUSED[sentence]], ["price"])
    assert sentence in str(told.value)


@pytest.mark.parametrize("children", [("0", "1"), ("1", "7"), ("7", "-9"), ("-1", "-1")])
def test_children_that_lead_nowhere_or_in_circles_are_refused(children):
    with pytest.raises(BadInput, match="lead to each of its leaves once"):
        Forest.of([STUMP | {"left_child": children[0], "right_child": children[1]}], ["price"])


def test_categories_of_lightgbm_are_refused():
    x, y = table()
    x[:, 0] = np.arange(2_000) % 7
    y = (x[:, 0] % 2 == 0).astype(float)
    quiet = {"verbosity": -1, "num_threads": 1, "objective": "binary", "min_data_per_group": 1, "cat_smooth": 1}
    booster = lightgbm.train(quiet, lightgbm.Dataset(x, y, categorical_feature=[0]), 20)
    with pytest.raises(BadInput, match="split on numbers only"):
        Forest.from_text(booster.model_to_string())


def test_half_a_model_is_refused():
    x, y = table()
    text = boosted(x, y).model_to_string()
    for part in (text[: len(text) // 2], "", "tree\n", text[1:]):
        with pytest.raises(BadInput, match="the whole of a LightGBM model"):
            Forest.from_text(part)


def test_several_scores_at_once_and_families_that_do_not_fit_are_refused():
    x, y = table()
    with pytest.raises(BadInput, match="one score; got '3 trees a round'"):
        Forest.from_text(boosted(x, np.arange(2_000) % 3, objective="multiclass", num_class=3).model_to_string())
    text = boosted(x, y).model_to_string()
    with pytest.raises(BadInput, match="each of the 12 features; got '1 names'"):
        Forest.from_text(text, ["price"])
    with pytest.raises(BadInput, match="keep to the features of one family"):
        Forest.from_text(text, by_three(12))


def test_rows_of_another_width_are_refused():
    forest = Forest.of([STUMP], ["price"])
    for rows in (np.zeros((2, 3)), np.zeros(1)):
        with pytest.raises(BadInput, match="features must have 1 columns"):
            forest.scores_and_parts(rows)
