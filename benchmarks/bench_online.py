"""CPU time of one act on a lead's taste, of the taste of a whole past, and of scoring a market by it, in turn.

Ours is `OnlineLearningModel` on synthetic homes and leads (seeded). One act is `updated`: change detection, a new value
that leaves the old one as it is, and the look-up of the home by its id. Its peers do less: numpy's Sherman-Morrison
updates one mean and covariance of the same width in place; scikit-learn's SGDRegressor learns a mean without any
uncertainty. A past of 50 acts is compared with BayesianRidge, which fits the same vectors with a posterior of its own.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

from functools import partial
from importlib.metadata import version

import numpy as np
from side_by_side import cpu, in_turn, main, row

from homing.models import Codes, Interactions, OnlineLearningModel, Query

ACTS = 50


def learned(homes, leads, seed=0):
    """A model of so many homes with the usual attributes, and leads with thirty acts each near a price they want."""
    rng = np.random.default_rng(seed)
    price = rng.lognormal(13.0, 0.5, homes)
    rows = [
        {
            "ListingKey": f"h{n}", "ListPrice": round(price[n]), "LivingArea": round(price[n] / rng.uniform(200, 400)),
            "BedroomsTotal": int(rng.integers(1, 7)), "BathroomsTotalInteger": int(rng.integers(1, 5)),
            "YearBuilt": int(rng.integers(1900, 2025)), "LotSizeSquareFeet": round(rng.lognormal(9.0, 0.8)),
            "Latitude": 47.2 + 0.5 * rng.random(), "Longitude": -122.4 + 0.6 * rng.random(),
            "PropertySubType": str(rng.choice(["Condominium", "Townhouse", "Single Family Residence"])),
        }
        for n in range(homes)
    ]  # fmt: skip
    order = np.argsort(price)
    wanted = np.clip(
        rng.integers(0, homes, (leads, 1)) + rng.integers(-homes // 20, homes // 20, (leads, 30)), 0, homes - 1
    )
    ids = [f"h{n}" for n in order[wanted].ravel()]
    data = Interactions.from_columns(np.repeat(np.arange(leads), 30), ids)
    return OnlineLearningModel(tune=False).fit(data, homes=rows)


def sherman_morrison(mean, covariance, x, noise):
    """One observation of utility 1, in place."""
    reach = covariance @ x
    gain = reach / (noise + x @ reach)
    mean += gain * (1.0 - x @ mean)
    covariance -= np.outer(gain, reach)


def one_act(model, rounds, calls):
    """`updated` against numpy, and against `partial_fit` of a linear model without uncertainty."""
    from sklearn.linear_model import SGDRegressor

    taste, vectors = model.taste(0), model.vectors_.astype(np.float64)
    width, x = vectors.shape[1], vectors[7]
    name, mean, covariance = model.items.ids[7], taste.mean.copy(), taste.covariance.copy()
    sgd = SGDRegressor(fit_intercept=False).partial_fit(vectors[:1], [1.0])
    ours = partial(cpu, lambda: model.updated(taste, name, 1.0), calls)
    note = f"{width} attributes; ours watches for change and leaves the old value; peer: one Gaussian in place"
    theirs = partial(cpu, lambda: sherman_morrison(mean, covariance, x, 0.1), calls)
    first = row("one act on a taste", f"numpy {version('numpy')}", "µs", in_turn(ours, theirs, rounds), note)
    theirs = partial(cpu, lambda: sgd.partial_fit(x[None], [1.0]), calls)
    note = f"{width} attributes; peer: SGDRegressor.partial_fit, a mean without uncertainty"
    return [
        first,
        row("one act on a taste", f"scikit-learn {version('scikit-learn')}", "µs", in_turn(ours, theirs, rounds), note),
    ]


def whole_past(model, rounds, calls):
    """The taste after fifty acts, from nothing."""
    from sklearn.linear_model import BayesianRidge

    rng = np.random.default_rng(1)
    codes = rng.choice(len(model.items), ACTS, replace=False)
    query = Query("new", [model.items.ids[code] for code in codes.tolist()])
    absent = rng.choice(len(model.items), ACTS, replace=False)
    x = model.vectors_[np.concatenate((codes, absent))].astype(np.float64)
    y = np.repeat([1.0, 0.0], ACTS)
    ours = partial(cpu, lambda: model.taste(query), calls)
    theirs = partial(cpu, lambda: BayesianRidge().fit(x, y), calls)
    note = f"{ACTS} acts, {x.shape[1]} attributes; peer: BayesianRidge on these homes and as many others"
    return [
        row("taste of a past", f"scikit-learn {version('scikit-learn')}", "ms", in_turn(ours, theirs, rounds), note)
    ]


def scoring(model, rounds, calls):
    """All homes by one taste."""
    taste, codes = model.taste(0), Codes(np.arange(len(model.items)))
    mean = taste.mean.astype(np.float32)
    ours = partial(cpu, lambda: model.score_by(taste, codes), calls)
    theirs = partial(cpu, lambda: model.vectors_ @ mean, calls)
    note = (
        f"{len(model.items):,} homes, {mean.size} attributes; ours sums in float64 and knows which homes have no score"
    )
    return [
        row(
            "market scored by a taste", f"numpy {version('numpy')} (float32)", "ms", in_turn(ours, theirs, rounds), note
        )
    ]


def measure(quick=False):
    homes, rounds = (5_000, 5) if quick else (20_000, 15)
    model = learned(homes, 300)
    return [
        *one_act(model, rounds, 500),
        *whole_past(model, rounds, 20),
        *scoring(model, rounds, 20),
    ]


if __name__ == "__main__":
    main(measure, __doc__)
