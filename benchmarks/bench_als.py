"""CPU time of implicit ALS against `implicit`, both sides in turn in one process and one thread, with NDCG at 10.

    python benchmarks/bench_als.py [--leads 20000] [--homes 10000] [--acts 1000000] [--rounds 3]

Data: a power law of the stated size (seeded, said to be synthetic), and MovieLens 100k (MCRec split) where
HOMING_BENCH_DATA names the folder of measuring data. Both sides: 64 factors, 15 iterations. `implicit` runs with its
own defaults and with settings chosen by hand; ours with its documented constants, and with what it chooses by itself.
"""

from __future__ import annotations

import argparse
import gzip
import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import statistics
import time
import warnings
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from homing.models import CollaborativeFilteringModel, Interactions

FACTORS, ITERATIONS = 64, 15


def power_law(leads, homes, acts, seed=0):
    """Leads of 20 kinds; homes liked by kind and by popularity (Zipf 0.8); a fifth of the pairs held out."""
    rng = np.random.default_rng(seed)
    kinds = 20
    popularity = (np.arange(homes) + 5.0) ** -0.8
    taste = rng.gamma(0.3, size=(kinds, 40))
    of_home = rng.integers(0, 40, homes)
    activity = rng.lognormal(0.0, 1.0, leads)
    activity /= activity.sum()
    lead = np.sort(rng.choice(leads, acts, p=activity))
    kind = rng.integers(0, kinds, leads)[lead]
    home = np.empty(acts, dtype=np.int64)
    for number in range(kinds):
        chance = np.cumsum(popularity * taste[number][of_home])
        rows = np.flatnonzero(kind == number)
        home[rows] = np.searchsorted(chance / chance[-1], rng.random(rows.size))
    pairs = np.unique(lead * homes + home)
    held = rng.random(pairs.size) < 0.2
    cells = [np.divmod(pairs[part], homes) for part in (~held, held)]
    return [
        sp.csr_array((np.ones(rows.size, np.float32), (rows, columns)), shape=(leads, homes)) for rows, columns in cells
    ]


def movielens(folder):
    """The two sides of the MCRec split, as they are published."""

    def pairs(name):
        with gzip.open(folder / "ml_100k_mcrec" / name, "rt") as lines:
            return [line.split() for line in lines]

    train = [(int(row[0]) - 1, int(row[1]) - 1) for row in pairs("ml-100k.train.rating.gz")]
    test = [(int(row[0]) - 1, int(item) - 1) for row in pairs("ml-100k.test.rating.gz") for item in row[1:]]
    return [
        sp.csr_array((np.ones(len(cells), np.float32), tuple(np.array(cells).T)), shape=(943, 1682))
        for cells in (train, test)
    ]


def ndcg(score_of, train, test, most=2_000):
    """Mean NDCG at 10 (ideal list cut at 10) and the same with the whole ideal list, over leads with something held."""
    discount = 1.0 / np.log2(np.arange(2, 2_000))
    leads = np.flatnonzero(np.diff(test.indptr))
    leads = leads if leads.size <= most else np.sort(np.random.default_rng(1).choice(leads, most, replace=False))
    cut, whole = [], []
    for lead in leads.tolist():
        scores = score_of(lead)
        scores[train.indices[train.indptr[lead] : train.indptr[lead + 1]]] = -np.inf
        held = test.indices[test.indptr[lead] : test.indptr[lead + 1]]
        best = np.argsort(-scores, kind="stable")[:10]
        gain = discount[:10][np.isin(best, held)].sum()
        cut.append(gain / discount[: min(10, held.size)].sum())
        whole.append(gain / discount[: held.size].sum())
    return float(np.mean(cut)), float(np.mean(whole))


def theirs(train, **options):
    from implicit.cpu.als import AlternatingLeastSquares

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = AlternatingLeastSquares(
            factors=FACTORS, iterations=ITERATIONS, num_threads=1, random_state=0, **options
        )
        matrix = sp.csr_matrix(train)
        started = time.process_time()
        model.fit(matrix, show_progress=False)
    seconds = time.process_time() - started
    return seconds, lambda lead: model.item_factors @ model.user_factors[lead]


def ours(train, **options):
    """The whole `fit`, from interactions on."""
    rows = np.repeat(np.arange(train.shape[0]), np.diff(train.indptr))
    data = Interactions.from_columns(rows, train.indices)
    started = time.process_time()
    model = CollaborativeFilteringModel(factors=FACTORS, iterations=ITERATIONS, **options).fit(data)
    seconds = time.process_time() - started
    codes = np.array(model.items.ids)

    def score_of(lead):
        scores = np.full(train.shape[1], -1e9, dtype=np.float64)
        found = model.score_all(lead)
        scores[codes] = np.where(np.isnan(found), -1e9, found)
        return scores

    return seconds, score_of


def compare(name, train, test, sides, rounds):
    print(f"\n{name}: {train.shape[0]} x {train.shape[1]}, {train.nnz} to learn from, {test.nnz} held out")
    times = {side: [] for side in sides}
    quality = {}
    for round_ in range(rounds):
        for side, run in sides.items():
            if "tune=True" in side and round_:
                continue
            seconds, score_of = run(train)
            times[side].append(seconds)
            if side not in quality:
                quality[side] = ndcg(score_of, train, test)
    base = statistics.median(times["implicit, its defaults"])
    print(f"{'':42}{'CPU s':>8}{'ratio':>8}{'NDCG@10':>10}{'untrunc.':>10}")
    for side in sides:
        middle = statistics.median(times[side])
        print(f"{side:42}{middle:8.2f}{middle / base:8.2f}{quality[side][0]:10.4f}{quality[side][1]:10.4f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=20_000)
    parser.add_argument("--homes", type=int, default=10_000)
    parser.add_argument("--acts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    sides = {
        "implicit, its defaults": theirs,
        "implicit, alpha=5 reg=40": lambda train: theirs(train, alpha=5.0, regularization=40.0),
        "ours, tune=False": lambda train: ours(train, tune=False),
        "ours, tune=True (trials included)": ours,
    }
    ours(power_law(200, 100, 3_000)[0], tune=False)
    data = os.environ.get("HOMING_BENCH_DATA")
    if data:
        compare("MovieLens 100k, MCRec split", *movielens(Path(data)), sides, given.rounds)
    else:
        print("HOMING_BENCH_DATA is not set: MovieLens 100k is left out.")
    compare("synthetic power law", *power_law(given.leads, given.homes, given.acts), sides, given.rounds)


if __name__ == "__main__":
    main()
