"""CPU time of one list of ten homes, by id from a fitted model, among 10,000 and 100,000 homes, in one thread.

Ours is `recommend` whole: look up the lead, solve its factors anew, leave out what it has seen, find the best ten, name
them. Against `recommend` of `implicit`, which takes the factors as they are, and against the least that could be done
without looking at fewer homes: the product of all factors with those of the lead, and `argpartition`. How much is
saved by not looking at all homes depends on how differently long their factors are: the data are a power law (seeded,
synthetic), and one row more has homes that are all equally long, the worst case. The last rows: folding in 20 acts with
covariance, against a dense inverse, and what a replayed week is worth against learning anew (needs HOMING_BENCH_DATA).
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import gzip
import itertools
import warnings
from functools import partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from bench_als import power_law
from side_by_side import cpu, in_turn, main, row

from homing.core.clock import DAY
from homing.models import CollaborativeFilteringModel, Interactions
from homing.models.search import Search

K, CALLS = 10, 100


def fitted(homes, leads=5_000):
    """Our model and the peer's, of the same matrix."""
    from implicit.cpu.als import AlternatingLeastSquares

    train = power_law(leads, homes, 50 * leads)[0]
    every = sp.csr_array((np.ones(homes, np.float32), (np.arange(homes) % leads, np.arange(homes))), shape=train.shape)
    train = sp.csr_matrix((train + every) > 0, dtype=np.float32)
    rows = np.repeat(np.arange(leads), np.diff(train.indptr))
    ours = CollaborativeFilteringModel(iterations=5, tune=False).fit(Interactions.from_columns(rows, train.indices))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = AlternatingLeastSquares(factors=64, iterations=3, num_threads=1, random_state=0)
        peer.fit(train, show_progress=False)
    return ours, peer, train


def lists(homes, rounds):
    ours, peer, train = fitted(homes)
    vectors = np.ascontiguousarray(ours.fixed_.vectors)
    leads = [itertools.cycle(range(train.shape[0])) for _ in range(3)]
    x = np.random.default_rng(0).standard_normal(64).astype(np.float32)

    def mine():
        ours.recommend(next(leads[0]), K)

    def theirs():
        lead = next(leads[1])
        peer.recommend(lead, train[lead], K)

    def plain():
        scores = vectors @ x
        best = np.argpartition(scores, -K)[-K:]
        return best[np.argsort(-scores[best])]

    note = f"{homes:,} homes, 64 factors, a list of {K}; {train.nnz:,} pairs of a power law"
    sides = [partial(cpu, side, CALLS) for side in (mine, theirs, plain)]
    what = f"recommend, {homes:,} homes"
    found = [
        row(what, f"implicit {version('implicit')}", "µs", in_turn(sides[0], sides[1], rounds), note),
        row(what, "product and argpartition", "µs", in_turn(sides[0], sides[2], rounds), note),
    ]
    level = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    ours.search_ = Search.of(level, ours.has_)
    note = f"{homes:,} homes whose factors are all equally long"
    return [
        *found,
        row(f"{what}, equally long", "product and argpartition", "µs", in_turn(sides[0], sides[2], rounds), note),
    ]


def folding(rounds):
    ours = fitted(10_000)[0]
    rng = np.random.default_rng(0)
    acts = Interactions.from_columns(["x"] * 20, rng.choice(len(ours.items), 20, replace=False).tolist())
    past = type(ours.pasts).of(acts).past("x")
    row_ = ours._row(past)
    near, base = ours.fixed_.vectors[row_.items].astype(np.float64), ours.fixed_.diagonal + row_.penalty

    def mine():
        return ours.fixed_.evidence(row_), ours.fixed_.reach(row_)

    def dense():
        covariance = np.linalg.inv(np.diag(base) + (near.T * row_.confidence) @ near)
        return covariance @ (row_.pull @ near), covariance

    assert all(np.allclose(one, other, rtol=1e-8) for one, other in zip(mine(), dense(), strict=True))
    taken = in_turn(partial(cpu, mine, CALLS), partial(cpu, dense, CALLS), rounds)
    return [row("fold in 20 acts, with covariance", "numpy, dense inverse", "µs", taken, "64 factors, float64")]


def replayed(folder, days=7):
    """A week of MovieLens 100k replayed by `partial_fit`, one day at a time, against learning anew."""
    with gzip.open(folder / "ml_100k" / "ml-100k.inter.gz", "rt") as lines_:
        rows = [line.split("\t") for line in itertools.islice(lines_, 1, None)]
    lead, home = (np.array([int(one[column]) for one in rows]) for column in (0, 1))
    at = np.array([int(float(one[3])) for one in rows], dtype=np.int64) * 1_000_000
    late = np.lexsort((home, at, lead))
    place = np.arange(late.size) - np.searchsorted(lead[late], lead[late])
    held = np.zeros(late.size, dtype=bool)
    held[late] = place >= 0.8 * np.bincount(lead)[lead[late]]
    end = at[~held].max()
    day = np.where(held, -1, np.clip((end - at) // DAY, 0, days))

    def data(mask):
        return Interactions.from_columns(lead[mask], home[mask], None, at[mask])

    def quality(model):
        discount, gains = 1.0 / np.log2(np.arange(2, K + 2)), []
        for who in np.unique(lead[held]).tolist():
            wanted = set(home[held & (lead == who)].tolist())
            found = np.array([name in wanted for name in model.recommend(who, K)[0]])
            gains.append(discount[: found.size][found].sum() / discount[: min(K, len(wanted))].sum())
        return np.array(gains)

    taken, gaps = [], []
    for seed in (0, 1, 2):
        refit = CollaborativeFilteringModel(tune=False, seed=seed)
        again = cpu(lambda refit=refit: refit.fit(data(~held)))
        model = CollaborativeFilteringModel(tune=False, seed=seed).fit(data(day == days))
        parts = [data(day == number) for number in reversed(range(days)) if (day == number).any()]
        taken.append((cpu(lambda model=model, parts=parts: [model.partial_fit(part) for part in parts]), again))
        gaps.append((quality(model).mean(), quality(refit).mean()))
    update, anew = np.mean(gaps, axis=0)
    note = (
        f"{(day < days).sum() - held.sum():,} of {(~held).sum():,} acts; NDCG@10 updated {update:.4f}, "
        f"anew {anew:.4f}: {update / anew - 1:+.2%}"
    )
    return [row("a week of acts, day by day", "learning anew", "s", tuple(np.array(taken).T), note)]


def measure(quick=False):
    rounds = 5 if quick else 15
    rows = [one for homes in (10_000, 100_000) for one in lists(homes, rounds)] + folding(rounds)
    data = os.environ.get("HOMING_BENCH_DATA")
    return rows + (replayed(Path(data)) if data else [])


if __name__ == "__main__":
    main(measure, __doc__)
