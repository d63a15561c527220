"""What forests, rankers and calibrations refuse, by the sentence it brings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from homing.models.calibration import Calibration
from homing.models.labelled import Labelled
from homing.models.ranker import Ranker, RankerConfig, fit_ranker
from homing.models.trees import Forest

__all__ = ["TABLE"]

STUMP = {
    "num_cat": "0", "split_feature": "0", "threshold": "0.5", "decision_type": "8", "left_child": "-1",
    "right_child": "-2", "leaf_value": "-1 2",
}  # fmt: skip
HEAD = "tree\nnum_tree_per_iteration={}\nmax_feature_idx=1\n\nTree=0\n{}\n\nend of trees\n"


def text(per_round=1):
    return HEAD.format(per_round, "\n".join(f"{name}={value}" for name, value in STUMP.items()))


def forest(**changes):
    return Forest.of([STUMP | changes], ["price"])


def examples(**changes):
    plain = {"names": ("fit",), "family": ("price",), "monotone": (0,), "group": [1, 1], "label": [1, 0]}
    return Labelled([[1.0], [0.0]], **plain | changes)


def ranker():
    return fit_ranker(examples(), {})


def with_trees():
    """A ranker with trees over more features than it has."""
    return replace(ranker(), forest=Forest.of([STUMP], ["price", "price"])).arrays()


TABLE = {
    "model must be the whole of a LightGBM model in its text format; got 'tree'": lambda _: Forest.from_text("tree"),
    "model must be of one score; got '3 trees a round'": lambda _: Forest.from_text(text(3)),
    "family must name the family of each of the 2 features; got '1 names'": lambda _: Forest.from_text(text(), ["price"]),
    "model.tree[0] must keep to the features of one family; got ['price', 'size']": lambda _: Forest.of(
        [STUMP | {"split_feature": "0 1", "threshold": "0 0", "decision_type": "8 8", "left_child": "1 -1", "right_child": "-3 -2", "leaf_value": "1 2 3"}],
        ["price", "size"],
    ),
    "model.tree[0].split_feature must lie between 0 and 0; got [7]": lambda _: forest(split_feature="7"),
    "model.tree[0].threshold must be numbers; got 'x'": lambda _: forest(threshold="x"),
    "model.tree[0] must split on numbers only; got 'a split on categories'": lambda _: forest(num_cat="1"),
    "model.tree[0] must have a number in each leaf; got 'linear leaves'": lambda _: forest(is_linear="1"),
    "model.tree[0] must have 1 to 64 leaves; got 0": lambda _: forest(leaf_value=""),
    "model.tree[0] must have 2 splits for 3 leaves; got '1 features'": lambda _: forest(leaf_value="1 2 3"),
    "model.tree[0] must lead to each of its leaves once; got": lambda _: forest(left_child="0"),
    "features must have 1 columns; got 'shape (2, 3)'": lambda _: forest().scores_and_parts(np.zeros((2, 3))),
    "the arrays are not those of a forest.": lambda _: Forest.from_arrays(forest().arrays() | {"leaves": np.zeros(1)}),
    "labelled.family must not be 'position'": lambda _: examples(family=("position",)),
    "trees, leaves and least_in_leaf must be at least 1, 2 to 31, and at least 1; got (0, 15, 50)": lambda _: RankerConfig(trees=0),
    "learning_rate must lie above 0 and up to 1; got 2": lambda _: RankerConfig(learning_rate=2),
    "prior must name features that there are; got ['zebra']": lambda _: fit_ranker(examples(), {"zebra": 1.0}),
    "features must have the 1 columns learned from; got": lambda _: ranker().scores_and_parts(np.zeros((2, 3))),
    "the arrays are not those of a ranker.": lambda _: Ranker.from_arrays(ranker().arrays() | {"means": np.zeros(9)}),
    "the trees are not those of the ranker.": lambda _: Ranker.from_arrays(with_trees()),
    "the arrays are not those of a calibration.": lambda _: Calibration.from_arrays(Calibration().arrays() | {"mean": np.zeros(2)}),
}  # fmt: skip
