"""CPU time of scoring homes with reasons: a forest as arrays against LightGBM's `predict` and `pred_contrib`.

300 homes with 60 features in 8 families, a tenth of the values unknown, 150 trees of 15 leaves, each over one family.
Ours gives the scores and what each family adds, in one pass; LightGBM gives the scores by `predict`, and reasons by
`predict(pred_contrib=True)` (TreeSHAP). One thread on both sides. Before anything is timed both are held equal: ours
to LightGBM's raw scores, and the parts to their sum.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from functools import partial
from importlib.metadata import version

import lightgbm
import numpy as np
from side_by_side import cpu, in_turn, main, row

from homing.models.trees import Forest

HOMES, FEATURES, TREES, LEAVES = 300, 60, 150, 15
FAMILY = [f"f{feature % 8}" for feature in range(FEATURES)]


def learned():
    """A model of LightGBM's, and rows to ask about."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(20_000, FEATURES))
    bent = np.maximum(x[:, :16], 0.0) @ rng.normal(size=16) + x[:, 16] * x[:, 24] + np.sin(2 * x[:, 30])
    x[rng.random(x.shape) < 0.1] = np.nan
    apart = [[place for place, one in enumerate(FAMILY) if one == name] for name in dict.fromkeys(FAMILY)]
    settings = {
        "objective": "binary", "num_leaves": LEAVES, "verbosity": -1, "num_threads": 1, "seed": 0,
        "deterministic": True, "force_row_wise": True, "interaction_constraints": apart,
    }  # fmt: skip
    booster = lightgbm.train(settings, lightgbm.Dataset(x, bent + rng.normal(size=20_000) > 0.0), TREES)
    return booster, np.ascontiguousarray(x[:HOMES])


def measure(quick=False):
    booster, rows = learned()
    forest = Forest.from_text(booster.model_to_string(), FAMILY)
    scores, parts = forest.scores_and_parts(rows)
    away = np.abs(scores - booster.predict(rows, raw_score=True)).max()
    rest = np.abs(scores - forest.base - parts.sum(axis=1)).max()
    if away > 1e-12 or rest > 1e-12:
        raise SystemExit(f"the scores differ by {away:g}, the parts by {rest:g}")
    ours = partial(cpu, partial(forest.scores_and_parts, rows), 20)
    plain = partial(cpu, partial(booster.predict, rows, raw_score=True, num_threads=1), 5)
    shap = partial(booster.predict, rows, pred_contrib=True, num_threads=1)
    rounds = 5 if quick else 15
    peer = f"LightGBM {version('lightgbm')}"
    note = (
        f"{HOMES} x {FEATURES}, {len(forest)} trees of {LEAVES} leaves, {len(forest.families)} families; largest "
        f"difference of scores {away:.1g}, of scores and parts {rest:.1g}"
    )
    return [
        row("scores and reasons; peer: scores", f"{peer} predict", "ms", in_turn(ours, plain, rounds), note),
        row(
            "scores and reasons",
            f"{peer} predict, pred_contrib",
            "ms",
            in_turn(ours, lambda: plain() + cpu(shap), rounds),
            note,
        ),
    ]


if __name__ == "__main__":
    main(measure, __doc__)
