"""A ranking score learned from candidates and what came of them, as a sum over families of reasons."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from homing.core.errors import BadInput
from homing.core.jit import kernel
from homing.models.artifact import packed_text, text_from
from homing.models.boosting import Boosting, boosted, lightgbm_or_why
from homing.models.grouped_logit import group_starts, grouped_logit, log_chances
from homing.models.labelled import POSITION, Labelled
from homing.models.trees import Forest

__all__ = ["FEWEST_FOR_TREES", "FEWEST_FOR_WEIGHTS", "Kind", "Ranker", "RankerConfig", "fit_ranker"]

FEWEST_FOR_WEIGHTS: Final = 30
FEWEST_FOR_TREES: Final = 500
"""Rows engaged with, in lists where others were not, from which weights and trees are learned."""

_PULL: Final = 3.0
_FIRM_PULL: Final = 100.0
_HELD_SHARE: Final = 0.2
_FEWEST_HELD: Final = 20
_SURE: Final = 2.0
_FARTHEST: Final = 60.0

Floats = NDArray[np.float64]
Kind = Literal["prior", "linear", "trees"]


@dataclass(frozen=True, slots=True)
class RankerConfig:
    """How a ranker learns: `seed` draws the lists held out; at most `trees` trees of at most `leaves` leaves.

    `firm`: what features are named by the beginning of whose weights hardly move, as they are in units of utility;
    `fixed` those of which examples say nothing: their weights stay as they are, and the others are learned without.
    """

    seed: int = 0
    trees: int = 150
    leaves: int = 15
    firm: tuple[str, ...] = ()
    fixed: tuple[str, ...] = ()
    learning_rate: float = 0.1
    least_in_leaf: int = 50

    def __post_init__(self) -> None:
        if self.trees < 1 or not 2 <= self.leaves <= 31 or self.least_in_leaf < 1:
            sizes = (self.trees, self.leaves, self.least_in_leaf)
            raise BadInput.of("trees, leaves and least_in_leaf", "be at least 1, 2 to 31, and at least 1", sizes)
        if not 0.0 < self.learning_rate <= 1.0:
            raise BadInput.of("learning_rate", "lie above 0 and up to 1", self.learning_rate)


@dataclass(frozen=True, slots=True, eq=False)
class Ranker:
    """A score that is a constant and one part a family, so that its reasons need no approximation.

        score(x) = constant + sum over families of part(x)
        part(x) = sum over its features of w z + (leaves that z reaches in its trees - their mean),
        z = (x - mean) / spread

    What is unknown counts as the mean, unless trees saw what came of the unknown. The score is the log-odds of
    being engaged with, at the usual place of a list, among rows like those learned from; of a prior it only ranks.
    `says` tells what it was learned from.

    `means`, `spreads` and `weights` float64 (f,), `of_family` int64 (f,) the place of each feature's family, `shifts`
    (families,) the means of the leaves; `trees` is how many were learned, those of the place in the list among them.
    """

    kind: Kind
    names: tuple[str, ...]
    families: tuple[str, ...]
    says: str
    constant: float
    means: Floats
    spreads: Floats
    weights: Floats
    of_family: NDArray[np.int64]
    shifts: Floats
    forest: Forest | None = None
    trees: int = 0

    def scores_and_parts(self, features: Floats) -> tuple[Floats, Floats]:
        """The scores (n,) and the parts (n, families) of rows (n, f); scores are the constant and their parts' sum."""
        rows = np.ascontiguousarray(features, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self.names):
            raise BadInput.of("features", f"have the {len(self.names)} columns learned from", f"shape {rows.shape}")
        rows = (rows - self.means) / self.spreads
        if self.forest is None:
            parts = np.zeros((rows.shape[0], len(self.families)))
        else:
            parts = self.forest.scores_and_parts(rows)[1] - self.shifts
        scores = np.full(rows.shape[0], self.constant)
        _add_weights(rows, self.weights, self.of_family, scores, parts)
        return scores, parts

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays to be saved."""
        about = {name: getattr(self, name) for name in ("kind", "names", "families", "says", "trees")}
        own = {name: getattr(self, name) for name in _ARRAYS}
        trees = {} if self.forest is None else self.forest.arrays()
        return (
            own
            | {f"forest.{name}": array for name, array in trees.items()}
            | {"about": packed_text(json.dumps(about)), "constant": np.array([self.constant])}
        )

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `arrays`; arrays that do not fit each other are a `ValueError`."""
        about = json.loads(text_from(arrays["about"]))
        names, families = tuple(about["names"]), tuple(about["families"])
        own = {name: arrays[name] for name in _ARRAYS}
        nodes = {name.removeprefix("forest."): array for name, array in arrays.items() if name.startswith("forest.")}
        forest = Forest.from_arrays(nodes) if nodes else None
        of_family = own["of_family"]
        shapes = {own[name].shape for name in _ARRAYS if name != "shifts"}
        fits = shapes == {(len(names),)} and own["shifts"].shape == (len(families),)
        if not fits or not ((of_family >= 0) & (of_family < len(families))).all():
            raise ValueError("the arrays are not those of a ranker.")
        if forest is not None and (forest.families != families or forest.width != len(names)):
            raise ValueError("the trees are not those of the ranker.")
        constant, trees = float(arrays["constant"][0]), int(about["trees"])
        return cls(about["kind"], names, families, about["says"], constant, **own, forest=forest, trees=trees)


_ARRAYS: Final = ("means", "spreads", "weights", "of_family", "shifts")


def fit_ranker(
    data: Labelled, prior: Mapping[str, float], config: RankerConfig | None = None, *, like: Ranker | None = None
) -> Ranker:
    """The ranker that so many examples can bear.

    `prior` holds the weights, by name of feature, that count before anything is learned, on features divided by their
    spread; left out: 0. Rows engaged with count where their list has others: fewer than 30 keep the prior; fewer than
    500 move it (a conditional logit, pulled to the prior, weights at least 0 where the score must rise and at most 0
    where it must fall); more refine the linear score by trees, if these explain better, by more than two standard
    errors, what was engaged with in a fifth of the lists, held out.

    With `like`, whether there are trees, and how many, is taken from a ranker of more data, and not tried anew.

    The place in the list is learned from as a family of its own that can only fall, and left out of the score.

    >>> rng = np.random.default_rng(0)
    >>> x, lists = rng.normal(size=(2_000, 2)), np.repeat(np.arange(200), 10)
    >>> best = x[:, 0] == np.repeat(x[:, 0].reshape(200, 10).max(axis=1), 10)
    >>> ranker = fit_ranker(Labelled(x, ("fit", "age"), ("price", "fresh"), (1, 0), lists, best), {"fit": 1.0})
    >>> ranker.kind, bool(ranker.weights[0] > 3 * abs(ranker.weights[1]))
    ('linear', True)
    """
    config = config or RankerConfig()
    unknown = sorted(set(prior) - set(data.names))
    if unknown:
        raise BadInput.of("prior", "name features that there are", unknown)
    rows = data.by_group()
    weights = np.array([float(prior.get(name, 0.0)) for name in data.names])
    count = int(rows.contrasts.sum())
    if count < FEWEST_FOR_WEIGHTS:
        says = f"Constant weights: {count} homes engaged with to learn from, {FEWEST_FOR_WEIGHTS} are needed."
        return _linear_ranker("prior", data, _Linear.untrained(rows, weights), says)
    whole = _Linear.learned(rows, weights, config)
    lists = np.unique(rows.group[rows.contrasts]).size
    learned = f"learned from {count:,} homes engaged with in {lists:,} lists"
    if count < FEWEST_FOR_TREES:
        return _linear_ranker("linear", data, whole, f"Weights {learned}; trees need {FEWEST_FOR_TREES}.")
    if like is not None and like.forest is None:
        return _linear_ranker("linear", data, whole, f"Weights {learned}.")
    return _with_trees(rows, weights, whole, learned, config, like)


class _Linear(NamedTuple):
    """Weights on standardised features, the last of the place in the list where there is one."""

    means: Floats
    spreads: Floats
    weights: Floats
    constant: float

    @classmethod
    def untrained(cls, data: Labelled, prior: Floats) -> Self:
        """The prior, as far as the directions of the features allow it."""
        columns = _columns(data)
        start, low, high = _bounds(data, prior)
        return cls(*_means_and_spreads(columns), np.clip(start, low, high), 0.0)

    @classmethod
    def learned(cls, data: Labelled, prior: Floats, config: RankerConfig) -> Self:
        """From rows sorted by group; the constant makes as many likely as there were, all told."""
        start = cls.untrained(data, prior)
        rows = start.known(_columns(data))
        _, low, high = _bounds(data, prior)
        pull = np.full(start.weights.size, _PULL)
        pull[: len(data.names)][[name.startswith(config.firm or (" ",)) for name in data.names]] = _FIRM_PULL
        held = np.zeros(start.weights.size, dtype=np.bool_)
        held[: len(data.names)] = [name.startswith(config.fixed or (" ",)) for name in data.names]
        low, high = np.where(held, start.weights, low), np.where(held, start.weights, high)
        weights = grouped_logit(
            np.where(held, 0.0, rows), data.strengths, group_starts(data.group), start.weights, pull, (low, high)
        )
        utility, counted, engaged = rows @ weights, _counted(data), data.label > 0

        def surplus(level: float) -> float:
            return float(counted @ (expit(level + utility) - engaged))

        reach = _FARTHEST + float(np.abs(utility).max())
        return cls(start.means, start.spreads, weights, float(brentq(surplus, -reach, reach)))

    def rows(self, columns: Floats) -> Floats:
        """Columns less their means, divided by their spreads."""
        return (columns - self.means) / self.spreads

    def known(self, columns: Floats) -> Floats:
        """The same, 0 for NaN."""
        rows = self.rows(columns)
        return np.where(np.isnan(rows), 0.0, rows)

    def utility(self, columns: Floats) -> Floats:
        """The score of rows, place in the list included, (n,)."""
        return self.constant + self.known(columns) @ self.weights


def _with_trees(
    rows: Labelled, prior: Floats, whole: _Linear, learned: str, config: RankerConfig, like: Ranker | None
) -> Ranker:
    lightgbm = lightgbm_or_why()
    if isinstance(lightgbm, str):
        says = f"Weights {learned}; trees are left out, because LightGBM cannot be loaded: {lightgbm}."
        return _linear_ranker("linear", rows, whole, says)
    options = {
        "seed": config.seed,
        "num_leaves": config.leaves,
        "learning_rate": config.learning_rate,
        "min_data_in_leaf": config.least_in_leaf,
    }
    if like is not None:
        forest, count = boosted(lightgbm, _boosting(rows, whole), options, like.trees)
        return _tree_ranker(rows, whole, forest, count, f"Weights refined by {count} trees, {learned}.")
    held, lists = _held_out(rows, config.seed)
    if lists < _FEWEST_HELD:
        says = f"Weights {learned}; trees need {_FEWEST_HELD} lists held out to be judged by, there are {lists}."
        return _linear_ranker("linear", rows, whole, says)
    part = _Linear.learned(rows.rows(~held), prior, config)
    trial, count = boosted(lightgbm, _boosting(rows, part), options, config.trees, held)
    gain, error = _gain(rows.rows(held), part, trial)
    told = f"{gain:+.3f} in log chance of each home engaged with, standard error {error:.3f}, on {lists} lists held out"
    if gain <= _SURE * error:
        return _linear_ranker("linear", rows, whole, f"Weights {learned}; trees did not do better ({told}).")
    forest, count = boosted(lightgbm, _boosting(rows, whole), options, count)
    says = f"Weights refined by {count} trees, {learned}; trees did better ({told})."
    return _tree_ranker(rows, whole, forest, count, says)


def _held_out(data: Labelled, seed: int) -> tuple[NDArray[np.bool_], int]:
    """The rows of a fifth of the lists, drawn by chance, and how many of these say what is preferred."""
    lists = np.unique(data.group)
    drawn = np.random.default_rng(seed).permutation(lists)[: round(_HELD_SHARE * lists.size)]
    held = np.isin(data.group, drawn)
    return held, np.unique(data.group[held & data.contrasts]).size


def _gain(held: Labelled, linear: _Linear, forest: Forest) -> tuple[float, float]:
    """By how much trees raise the mean log chance of what was engaged with, and the standard error over lists."""
    columns = _columns(held)
    before = linear.utility(columns)
    after = before + forest.scores_and_parts(linear.rows(columns))[0]
    starts, engaged = group_starts(held.group), held.label > 0
    gained = held.strengths * (log_chances(after, engaged, starts) - log_chances(before, engaged, starts))
    of_list, sizes = np.add.reduceat(gained, starts), np.add.reduceat(held.strengths, starts)
    mean = float(of_list.sum() / sizes.sum())
    error = math.sqrt(float(np.square(of_list - mean * sizes).sum())) / float(sizes.sum())
    return mean, error


def _boosting(data: Labelled, linear: _Linear) -> Boosting:
    columns = _columns(data)
    own = columns.shape[1] - len(data.names)
    return Boosting(
        linear.rows(columns),
        data.label > 0,
        _counted(data),
        linear.utility(columns),
        data.family + (POSITION,) * own,
        data.monotone + (-1,) * own,
    )


def _linear_ranker(kind: Kind, data: Labelled, linear: _Linear, says: str) -> Ranker:
    families, size = data.families, len(data.names)
    of_family = np.array([families.index(name) for name in data.family], dtype=np.int64)
    own = (linear.means[:size], linear.spreads[:size], linear.weights[:size])
    return Ranker(kind, data.names, families, says, linear.constant, *own, of_family, np.zeros(len(families)))


def _tree_ranker(data: Labelled, linear: _Linear, forest: Forest, count: int, says: str) -> Ranker:
    """The ranker of both, in which the parts of a family are 0 on average and the place in the list is at its mean."""
    plain = _linear_ranker("trees", data, linear, says)
    means = forest.scores_and_parts(linear.rows(_columns(data)))[1].mean(axis=0)
    size = len(plain.families)
    own = forest if data.position is None else forest.without(POSITION)
    return Ranker(
        "trees",
        plain.names,
        plain.families,
        says,
        plain.constant + forest.base + float(means.sum()),
        plain.means,
        plain.spreads,
        plain.weights,
        plain.of_family,
        means[:size],
        own,
        count,
    )


def _columns(data: Labelled) -> Floats:
    """The features, and after them log2(1 + place in the list) where there is one, (n, f) or (n, f + 1)."""
    return data.features if data.position is None else np.column_stack((data.features, np.log2(1.0 + data.position)))


def _means_and_spreads(columns: Floats) -> tuple[Floats, Floats]:
    """Of each column the mean of what is known, 0 where nothing is, and its standard deviation, 1 where it is 0."""
    known = ~np.isnan(columns)
    counts = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, columns, 0.0).sum(axis=0) / counts
    away = np.where(known, columns - means, 0.0)
    spreads = np.sqrt(np.square(away).sum(axis=0) / counts)
    return means, np.where(spreads > 1e-9 * np.maximum(1.0, np.abs(means)), spreads, 1.0)


def _bounds(data: Labelled, prior: Floats) -> tuple[Floats, Floats, Floats]:
    """The prior of each column, and its least and largest weight; the place in the list has 0 and can only fall."""
    own = (-1,) * (data.position is not None)
    directions = np.array(data.monotone + own)
    low, high = np.where(directions > 0, 0.0, -np.inf), np.where(directions < 0, 0.0, np.inf)
    return np.append(prior, np.zeros(len(own))), low, high


def _counted(data: Labelled) -> Floats:
    """How much each row counts in a log loss, (n,)."""
    plain = np.ones(len(data)) if data.weight is None else data.weight / data.weight.mean()
    return np.where(data.label > 0, data.strengths, plain)


@kernel
def _add_weights(rows: Floats, weights: Floats, of_family: NDArray[np.int64], scores: Floats, parts: Floats) -> None:
    """Add the weighed features of each row to the parts of their families, and then all parts to its score."""
    for row in range(rows.shape[0]):
        for column in range(rows.shape[1]):
            if np.isfinite(rows[row, column]):
                parts[row, of_family[column]] += weights[column] * rows[row, column]
        for family in range(parts.shape[1]):
            scores[row] += parts[row, family]
