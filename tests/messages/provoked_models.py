"""What models, measures, evaluation and simulation refuse, by the sentence it brings."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from unittest import mock

import numpy as np

from homing import models
from homing.core.clock import DAY
from homing.evaluation.implicit_als import implicit_als
from homing.evaluation.k_fold import k_fold
from homing.evaluation.leave_last import leave_last
from homing.evaluation.log import evaluation_log
from homing.evaluation.temporal import temporal
from homing.market.snapshot import snapshot_of
from homing.measures.calibration import reliability, skill_of_tries
from homing.measures.conformal import conformal_threshold
from homing.measures.intervals import bootstrap_mean, paired_difference
from homing.measures.ranking import coverage, hit_matrix, recall
from homing.measures.shrinkage import shrunk_to_mean
from homing.measures.variety import novelty
from homing.models import artifact
from homing.models.base import LearningModel
from homing.models.installed import GROUP, installed, model_class
from homing.models.labelled import Labelled
from homing.models.ranker import fit_ranker
from homing.models.recency import RecencyConfig
from homing.models.registry import ModelRegistry, sealed
from homing.models.still_active import StillActive, still_active
from homing.simulation.homes import homes_from
from homing.simulation.simulate import simulate
from homing.store.columns import columns_of

__all__ = ["TABLE"]

Interactions, Impressions = models.Interactions, models.Impressions
PAIRS = (["a", "a", "b"], ["h1", "h2", "h1"])
DIGITS = "0" * 64


class Silent(LearningModel):
    """A model without reasons."""

    Config = RecencyConfig

    def _fit(self, data, homes):
        pass


def data(**more):
    return Interactions.from_columns(*PAIRS, **more)


def popular(**options):
    return models.PopularityModel(**options).fit(data())


def online():
    return models.OnlineLearningModel().fit(data())


def named(*points):
    """What is installed under the entry points given."""
    return installed(models.OURS, [EntryPoint(name, value, GROUP) for name, value in points])


def saved(ground, model=None):
    folder = ground.new("model")
    (model or popular()).save(folder)
    return folder


def rewritten(ground, **changes):
    """The folder of a model whose manifest says something else."""
    folder = saved(ground)
    manifest = json.loads((folder / artifact.MANIFEST).read_text())
    (folder / artifact.MANIFEST).write_text(json.dumps(manifest | changes))
    return folder


def with_file(folder, name, content):
    (folder / name).write_bytes(content)
    return folder


def loaded(folder):
    return models.PopularityModel.load(folder)


def broken_arrays(ground):
    """A model whose arrays are whole and are another model's."""
    content = artifact.read(saved(ground))
    arrays = {name: array for name, array in content.arrays.items() if name != "pasts.offsets"}
    folder = ground.new("model")
    artifact.write(folder, artifact.Artifact("PopularityModel", content.config, dict(list(arrays.items())[:2]), "1"))
    return folder


def other_features(ground):
    """A hybrid whose ranker was told one thing of a home, which is none that a ranker is told."""
    folder = ground.new("model")
    models.HybridRecommendationModel(tune=False).fit(data()).save(folder)
    content = artifact.read(folder)
    told = Labelled([[1.0], [0.0]], ("fit",), ("price",), (0,), [1, 1], [1, 0])
    own = {f"own.ranker.{name}": array for name, array in fit_ranker(told, {}).arrays().items()}
    changed = ground.new("model")
    artifact.write(changed, artifact.Artifact(content.model, content.config, {**content.arrays, **own}, "1"))
    return changed


def other_homes(ground):
    """A hybrid whose part knows fewer homes than the whole."""
    folder = ground.new("model")
    models.HybridRecommendationModel(tune=False).fit(data()).save(folder)
    content = artifact.read(folder)
    fewer = artifact.packed_ids("items", models.PopularityModel().fit(Interactions.from_columns(["a"], ["h1"])).items)
    arrays = {
        name: next((fewer[key] for key in fewer if name.startswith("own.part.") and name.endswith(key)), array)
        for name, array in content.arrays.items()
    }
    changed = ground.new("model")
    artifact.write(changed, artifact.Artifact(content.model, content.config, arrays, "1"))
    return changed


def registry(ground):
    found = ModelRegistry(ground.new(), "default")
    hybrid = models.HybridRecommendationModel(tune=False).fit(data())
    found.publish(hybrid, 0, {})
    return found


def with_card(ground, text):
    found = registry(ground)
    (found.folder / "1" / "card.json").write_text(text)
    return found


def no_log():
    return evaluation_log(columns_of([]), snapshot_of([]))


def without_implicit():
    with mock.patch.dict(sys.modules, {"implicit.cpu.als": None}):
        return implicit_als(Interactions.from_columns(["a"], ["h"]))


def long_log():
    """Three days of acts, none of which is engaged."""
    log = no_log()
    return SimpleNamespace(
        leads=log.leads, homes=log.homes, lead=np.zeros(2, np.int64), home=np.zeros(2, np.int64),
        at=np.array([0, 9 * DAY]), known_at=np.array([0, 9 * DAY]), engaged=np.zeros(2, bool),
        for_sale=lambda first, last: np.zeros(0, bool), by_lead=lambda: iter(()),
    )  # fmt: skip


def fit(*_):
    return {}


ONES = np.ones(2)
HUGE = "be finite numbers up to 1e9 in size"

TABLE = {
    "module 'homing.models' has no name 'Zebra'": lambda _: models.Zebra,
    "half_life_days must be a positive number of days, or None; got 0": lambda _: popular(half_life_days=0),
    "half_life_days must be a positive number of days; got -1": lambda _: models.RecencyModel(half_life_days=-1),
    "PopularityModel(colour=…) must be one of its options": lambda _: models.PopularityModel(colour=1),
    "PopularityModel is not fitted. Call fit(...) before recommend(...).": lambda _: models.PopularityModel().recommend("a"),
    "k must be at least 1; got 0": lambda _: popular().recommend("a", k=0),
    "data must be Interactions, for example of Interactions.from_columns(...); got 5": lambda _: models.PopularityModel().fit(5),
    "data.weight must be finite numbers up to 1e9 in size; got": lambda _: models.PopularityModel().fit(
        replace(data(), weight=np.full(3, np.nan))
    ),
    "must be ids of the kind of the others (str); got 8": lambda _: popular().partial_fit(Interactions.from_columns([7], [8])),
    "partial_fit must be asked of a model that can update; ContentBasedModel must fit": lambda _: models.ContentBasedModel().fit(data()).partial_fit(data()),
    "explain must be asked of a model that can explain": lambda _: Silent().fit(data()).explain("a", "h1"),
    "folder must hold a RecencyModel; got 'PopularityModel'": lambda ground: models.RecencyModel.load(saved(ground)),
    "folder must hold one of [": lambda ground: models.load_model(rewritten(ground, model="Zebra")),
    "must have a name that homing's own models do not have; got 'PopularityModel'": lambda _: named(("PopularityModel", "math:sin")),
    "must have a name that no other installed model has; got 'b:B beside a:A'": lambda _: named(("Mine", "a:A"), ("Mine", "b:B")),
    "the entry point Mine of a package must name a model that can be imported; got ": lambda _: model_class("Mine", named(("Mine", "a_b_c:A"))),
    "must name a subclass of LearningModel with its own name; got 'math:sin'": lambda _: model_class("Mine", named(("Mine", "math:sin"))),
    "The arrays are not those of a PopularityModel": lambda ground: loaded(broken_arrays(ground)),
    "the ranker was told other things of a home than it would be now": lambda ground: models.HybridRecommendationModel.load(other_features(ground)),
    "are not those of the whole": lambda ground: models.HybridRecommendationModel.load(other_homes(ground)),
    "method must be one of ['ials', 'svd', 'nmf']": lambda _: models.CollaborativeFilteringModel(method="magic"),
    "factors must be a whole number from 1 to": lambda _: models.CollaborativeFilteringModel(factors=0),
    "half_life_days must be a positive number of days, or None; got -2": lambda _: models.CollaborativeFilteringModel(half_life_days=-2),
    "attributes must be a number from 0 to 1000, or None; got -1": lambda _: models.CollaborativeFilteringModel(attributes=-1),
    "n must be at least 1; got 0": lambda _: models.CollaborativeFilteringModel(factors=2, tune=False).fit(data()).draws("a", 0),
    "reg must be a positive number, or None; got -1": lambda _: models.CollaborativeFilteringModel(reg=-1),
    "half_life_days must be a positive number, or None; got 0": lambda _: models.ContentBasedModel(half_life_days=0),
    "similarity must be one of ['learned', 'cosine']; got 'magic'": lambda _: models.ContentBasedModel(similarity="magic"),
    "weighting must be one of ['tfidf', 'bm25'], or None; got 'magic'": lambda _: models.ContentBasedModel(weighting="magic"),
    "prior must be a positive number, or None; got 0": lambda _: models.ContentBasedModel(prior=0),
    "dislike must lie between 0 and 10; got 11": lambda _: models.ContentBasedModel(dislike=11),
    "reg must be a number from 0.001 to 1e+09, or None; got 0": lambda _: models.EASEModel(reg=0),
    "at most 20000 homes with acts for EASEModel; RP3betaModel and ItemKNNModel take any number; got 20001": lambda _: models.EASEModel(reg=1).fit(Interactions.from_columns(["a"] * 20_001, list(range(20_001)))),
    "neighbours must be a whole number from 1 to 100000, or None; got 0": lambda _: models.ItemKNNModel(neighbours=0),
    "shrink must be a number from 0 to 1e+06, or None; got -1": lambda _: models.ItemKNNModel(shrink=-1),
    "weighting must be one of ['bm25', 'tfidf', 'cosine']; got 'dice'": lambda _: models.ItemKNNModel(weighting="dice"),
    "l1_ratio must be a number from 0 to 1, or None; got 2": lambda _: models.SLIMModel(l1_ratio=2),
    "decay must be a number from 1e-06 to 1, or None; got 2": lambda _: models.SequenceRulesModel(decay=2),
    "beta must be a number from 0 to 3, or None; got 4": lambda _: models.RP3betaModel(beta=4),
    "noise must be a positive number, or None; got -1": lambda _: models.OnlineLearningModel(noise=-1),
    "false_alarms must lie between 0 and 0.5; got 1": lambda _: models.OnlineLearningModel(false_alarms=1),
    "weight must be a finite number up to 1e9 in size; got nan": lambda _: online().updated(online().taste("a"), "h1", np.nan),
    "n must be at least 1; got -1": lambda _: online().draws("a", -1, 0),
    "weights must be one number for each of the 0 attributes; got (3,)": lambda _: online().score_by(np.zeros(3), ["h1"]),
    "models must be some of": lambda _: models.HybridRecommendationModel(parts=("magic",)),
    "validation_share must lie between 0 and 1; got 1": lambda _: models.HybridRecommendationModel(validation_share=1),
    "negatives and most_validated must be at least 1; got (0, 1)": lambda _: models.HybridRecommendationModel(negatives=0, most_validated=1),
    "homes[0].ListingKey must be text or a whole number; got nothing": lambda _: models.ContentBasedModel().fit(data(), homes=[{}]),
    "homes.ListingKey must be all text or all whole numbers; got both": lambda _: models.ContentBasedModel().fit(data(), homes=[{"ListingKey": "a"}, {"ListingKey": 1}]),
    "homes.ListPrice must hold finite numbers": lambda _: models.ContentBasedModel().fit(data(), homes=[{"ListingKey": "h1", "ListPrice": float("inf")}]),
    "impressions.engaged must have one entry for each of the 1 lead_ids; got 0": lambda _: Impressions.from_columns(["a"], ["h1"], [0]),
    "lead_ids must be a sequence of ids; got 'abc'": lambda _: Interactions.from_columns("abc", ["h1"]),
    "lead_ids must be all text or all whole numbers; got ['int', 'str']": lambda _: Interactions.from_columns(["a", 1], ["h1", "h2"]),
    "lead_ids must not be empty texts; got ''": lambda _: Interactions.from_columns([""], ["h1"]),
    "weights must be numbers; got ['x'": lambda _: data(weights=["x", 1, 2]),
    "weights[1] must be a finite number up to 1e9 in size; got nan": lambda _: data(weights=[1, float("nan"), 2]),
    f"weights must {HUGE}; got 200 that are not": lambda _: Interactions.from_columns(["a"] * 200, ["h"] * 200, weights=[np.inf] * 200),
    "prices must be amounts of USD, or NaN where unknown": lambda _: data(prices=[-1, 1, 1]),
    "timestamps must be int64 microseconds or datetime64; got float64": lambda _: data(timestamps=[0.5, 1, 2]),
    "timestamps must all be there; got 1 NaT": lambda _: data(timestamps=np.array(["2026-01-01", "NaT", "2026-01-01"], "datetime64[us]")),
    "weights must have one entry for each of the 3 lead_ids; got (1,)": lambda _: data(weights=[1]),
    "query.weights must have one entry for each of the 1 properties; got (2,)": lambda _: models.Query("a", ("h1",), ONES),
    f"query.weights must {HUGE}; got [nan]": lambda _: models.Query("a", ("h1",), np.array([np.nan])),
    "is not a manifest of format": lambda ground: loaded(rewritten(ground, format=99)),
    "is not a readable manifest": lambda ground: loaded(ground.new()),
    ", not 000": lambda ground: models.load_model(saved(ground), checksum=DIGITS),
    "names a file outside its folder: '../x'": lambda ground: loaded(rewritten(ground, files={"../x": DIGITS})),
    "its manifest says": lambda ground: loaded(with_file(saved(ground), artifact.ARRAYS, b"other")),
    "cannot be read: ": lambda ground: loaded(rewritten(ground, files={"none": DIGITS})),
    "does not hold arrays": lambda ground: loaded(rewritten(ground, files={})),
    "folder must be new, empty, or hold a saved model; got": lambda ground: popular().save(with_file(ground.new(), "x", b"")),
    "The model could not be written to": lambda ground: popular().save(with_file(ground.new(), "x", b"") / "x" / "y"),
    "is not a card": lambda ground: with_card(ground, "[]").load("1"),
    "is not a readable card": lambda ground: with_card(ground, "{").load("1"),
    "its seal is": lambda ground: with_card(ground, "{}").load("1"),
    "its card says": lambda ground: with_card(ground, sealed({}).decode()).load("1"),
    "The model could not be written to /dev/null": lambda _: ModelRegistry(__import__("pathlib").Path("/dev/null"), "a").publish(popular(), 0, {}),
    "tries must be at least 2; got 1": lambda _: skill_of_tries(ONES, 1, ONES),
    "bins must be at least 1; got 0": lambda _: reliability(ONES, ONES, bins=0),
    "outcome must have the shape of probability, (2,), and not be empty; got (1,)": lambda _: reliability(ONES, np.ones(1)),
    "probability must lie between 0 and 1; got 2.0": lambda _: reliability(2 * ONES, ONES),
    "level must lie between 0 and 1; got 1.0": lambda _: conformal_threshold(np.eye(2), np.arange(2), 1.0),
    "probability must have a row for each of the 2 outcomes": lambda _: conformal_threshold(np.eye(3), np.arange(2)),
    "truth must be numbers of the 2 outcomes, from 0; got 2": lambda _: conformal_threshold(np.eye(2), np.arange(1, 3)),
    "outcome must be 0 or 1; got 2.0": lambda _: reliability(ONES, 2 * ONES),
    "theirs must have one value for each of the 2 leads; got 1": lambda _: paired_difference(ONES, np.ones(1)),
    "level must lie between 0 and 1; got 2": lambda _: bootstrap_mean(ONES, level=2),
    "k must be at least 1; got -1": lambda _: hit_matrix([], [], -1),
    "tests must have one entry a list (1); got 0": lambda _: hit_matrix([["h1"]], [], 1),
    "catalogue_size must be at least 1; got 0": lambda _: coverage([], 1, 0),
    "relevant must be at least 1 for every lead; got 0": lambda _: recall(np.zeros((1, 1), bool), np.zeros(1, np.int64)),
    "k must be at least 1; got -2": lambda _: temporal(no_log(), fit, k=-2),
    "k must be at least 1; got -3": lambda _: leave_last(no_log(), fit, k=-3),
    "share must lie between 0 and 1; got 7": lambda _: temporal(long_log(), fit, share=7),
    "A temporal evaluation needs acts of leads over more than two days. Import more events.": lambda _: temporal(no_log(), fit),
    "A temporal evaluation needs leads that saved, shared": lambda _: temporal(long_log(), fit),
    "A leave-last evaluation needs leads that engaged with a home after acting on another one.": lambda _: leave_last(no_log(), fit),
    "k must be at least 1; got -4": lambda _: k_fold(no_log(), fit, k=-4),
    "folds must be at least 2; got 1": lambda _: k_fold(no_log(), fit, folds=1),
    "A k-fold evaluation needs leads that engaged with a home and acted on another one.": lambda _: k_fold(no_log(), fit),
    "leads must be at least the largest number of leads that acted on one home; got 0": lambda _: novelty([], np.ones(1, np.int64), 0),
    "ALS needs homes that leads liked. Import more events.": lambda _: implicit_als(Interactions.from_columns([], [])),
    "The package implicit is not installed. Run pip install implicit.": lambda _: without_implicit(),
    "means must be at least 4 finite numbers; got [1.0]": lambda _: shrunk_to_mean(np.ones(1), 1.0),
    "variance must be a positive number; got 0": lambda _: shrunk_to_mean(np.ones(4), 0),
    "alpha must be a positive number; got -1": lambda _: StillActive(1, -1, 1, 1),
    "A model of who is still active needs leads that acted more than once.": lambda _: still_active([0], [0], [9]),
    "last and watched must have the shape of acts, (2,); got": lambda _: still_active([0, 1], [0], [9]),
    "acts must be whole numbers of at least 0; got 0.5": lambda _: still_active([0.5], [0], [9]),
    "last must lie between 0 and watched, and be 0 without acts; got '10 of 9 with 1 acts'": lambda _: still_active([1], [10], [9]),
    "listings must hold at least": lambda _: homes_from([], 0),
    "leads must be a whole number of at least 1; got 0": lambda _: simulate([], 0, 1, seed=1, end_at=0),
}  # fmt: skip
