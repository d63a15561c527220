"""How well every model ranks on data that others published on: `.venv/bin/python benchmarks/recommender_quality.py`.

Reads MovieLens 100K below the folder that `HOMING_BENCH_DATA` names. Two protocols, in both of which every rating is a
liked home, no moments are given, and all homes that a lead has not rated in the part learned from are ranked:

`mcrec` (ml_100k_mcrec): the split of MCRec; precision, recall and NDCG at 10, of which the ideal list is not cut off.
Beside ours stand the rows of Ferrari Dacrema et al., TOIS 2021, appendix. A model "as published" has their
hyper-parameters, any other chooses its own on the part learned from.

`gorse` (ml_100k): five random folds, NDCG at 10 with an ideal list of at most 10. Published by Gorse are .4161 for its
best model and .2179 for popularity, on five folds of its own. Whatever is chosen, is chosen inside `fit` on four folds.

The 95 % intervals are by bootstrap over leads, those of `gorse` over the mean of a lead's folds. `--quick` takes one
fold, and of the models the hybrid and those that cost little. `--ledger` appends the rows to a committed table.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import csv
import gzip
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from homing.measures.intervals import bootstrap_mean
from homing.models import (
    CollaborativeFilteringModel,
    EASEModel,
    HybridRecommendationModel,
    Interactions,
    ItemKNNModel,
    PopularityModel,
    RP3betaModel,
    SLIMModel,
)

LEDGER = Path(__file__).with_name("quality_ledger.csv")
K, FOLDS, SEED, HOMES = 10, 5, 0, 1_682
MEASURES = ("precision@10", "recall@10", "ndcg@10")
MCREC = "MCRec split, all homes ranked, ideal list not cut off"
GORSE = "5 random folds, all homes ranked"

AS_PUBLISHED = {
    "EASE, as published": lambda: EASEModel(reg=458.0),
    "SLIM, as published": lambda: SLIMModel(alpha=0.2225, l1_ratio=1.13e-4, neighbours=605),
    "ItemKNN BM25, as published": lambda: ItemKNNModel(neighbours=886, shrink=403.0),
    "RP3beta, as published": lambda: RP3betaModel(alpha=0.8593, beta=0.6574, neighbours=324),
    "PureSVD, as published": lambda: CollaborativeFilteringModel(method="svd", factors=13, tune=False),
}
CHOSEN = {
    "hybrid": HybridRecommendationModel,
    "popularity": PopularityModel,
    "EASE": EASEModel,
    "SLIM": SLIMModel,
    "ItemKNN BM25": ItemKNNModel,
    "RP3beta": RP3betaModel,
    "iALS": CollaborativeFilteringModel,
}
QUICK = ("hybrid", "popularity", "EASE", "EASE, as published", "ItemKNN BM25, as published", "PureSVD, as published")
PUBLISHED = {
    "popularity": (0.1907, 0.1180, 0.1361),
    "EASE": (0.3739, 0.2430, 0.2905),
    "SLIM": (0.3770, 0.2441, 0.2957),
    "ItemKNN BM25": (0.3293, 0.2152, 0.2571),
    "RP3beta": (0.3435, 0.2191, 0.2588),
    "PureSVD": (0.3545, 0.2247, 0.2719),
    "iALS": (0.3596, 0.2283, 0.2759),
    "hybrid": (0.3770, 0.2441, 0.2957),
}
"""Precision, recall and NDCG; beside the hybrid the best published row, which is SLIM's."""

GORSE_PUBLISHED = {"hybrid": 0.4161, "popularity": 0.2179}


@dataclass(frozen=True, slots=True)
class Row:
    """A measure of one model: the mean over `leads` leads, its 95 % interval, and what was published."""

    command: str
    date: str
    version: str
    seed: int
    data: str
    protocol: str
    model: str
    measure: str
    value: float
    low: float
    high: float
    published: float | None
    leads: int
    fit_seconds: float | None


def graded(listed, wanted, *, cut):
    """Precision, recall and NDCG at 10 of one list; the ideal list is `cut` off at 10, or as long as `wanted`.

    >>> [round(value, 4) for value in graded(["a", "b"], {"b", "c"}, cut=True)]
    [0.1, 0.5, 0.3869]
    """
    hits = np.array([home in wanted for home in listed[:K]], dtype=np.float64)
    discount = 1.0 / np.log2(np.arange(2, max(K, len(wanted)) + 2))
    ideal = discount[: min(K, len(wanted)) if cut else len(wanted)].sum()
    return float(hits.sum() / K), float(hits.sum() / len(wanted)), float((hits * discount[: hits.size]).sum() / ideal)


def folds(count, parts=FOLDS, seed=SEED):
    """The rows of each part, drawn by chance, every row in one: a list of int arrays."""
    return np.array_split(np.random.default_rng(seed).permutation(count), parts)


def held_out(leads, homes, rows):
    """The homes in some rows, by lead."""
    found = defaultdict(set)
    for row in rows:
        found[leads[row]].add(homes[row])
    return dict(found)


def measured(model, train, wanted, *, cut, homes=None):
    """The three measures of every lead, by lead, and the CPU seconds of the fit."""
    started = time.process_time()
    model.fit(train, homes=homes)
    seconds = time.process_time() - started
    lists = model.recommend_many(list(wanted), k=K)
    return {lead: graded(listed, wanted[lead], cut=cut) for lead, listed in zip(wanted, lists, strict=True)}, seconds


def means_of(found):
    """The mean of what was found of each lead, float64 (leads, measures): several folds of a lead count as one."""
    by_lead = defaultdict(list)
    for one in found:
        for lead, values in one.items():
            by_lead[lead].append(values)
    return np.array([np.mean(values, axis=0) for values in by_lead.values()])


def rows_of(about, model, values, seconds, published):
    """A row for each measure; `published` has one figure a measure, None where there is none."""
    rows = []
    for place, (measure, known) in enumerate(zip(MEASURES, published, strict=True)):
        mean = bootstrap_mean(values[:, place])
        figures = [round(float(figure), 4) for figure in (mean.value, mean.low, mean.high)]
        rows.append(Row(**about, model=model, measure=measure, value=figures[0], low=figures[1], high=figures[2],
                        published=known, leads=len(values), fit_seconds=round(seconds, 1)))  # fmt: skip
    return rows


def mcrec(folder, about, names):
    """The rows of the first protocol."""
    train = _lines(folder / "ml-100k.train.rating.gz")
    test = {int(line[0]): {int(home) for home in line[1:]} for line in _lines(folder / "ml-100k.test.rating.gz")}
    wanted = {lead: homes for lead, homes in test.items() if homes}
    every = [{"ListingKey": number} for number in range(1, HOMES + 1)]
    data = Interactions.from_columns([int(line[0]) for line in train], [int(line[1]) for line in train])
    for name, fresh in {**AS_PUBLISHED, **CHOSEN}.items():
        if name in names:
            found, seconds = measured(fresh(), data, wanted, cut=False, homes=every if name in AS_PUBLISHED else None)
            known = PUBLISHED[name.removesuffix(", as published")]
            yield from rows_of(
                {**about, "data": folder.name, "protocol": MCREC}, name, means_of([found]), seconds, known
            )


def gorse(folder, about, names, count):
    """The rows of the second protocol, over so many of the folds."""
    read = _lines(folder / "ml-100k.inter.gz")[1:]
    leads, homes = [int(line[0]) for line in read], [int(line[1]) for line in read]
    parts = folds(len(read))
    told = {**about, "data": folder.name, "protocol": f"{GORSE}, {count} of them judged"}
    for name, fresh in CHOSEN.items():
        if name not in names:
            continue
        found, seconds = [], 0.0
        for number, rows in enumerate(parts[:count]):
            kept = np.sort(np.concatenate([other for place, other in enumerate(parts) if place != number])).tolist()
            data = Interactions.from_columns([leads[row] for row in kept], [homes[row] for row in kept])
            one, taken = measured(fresh(), data, held_out(leads, homes, rows.tolist()), cut=True)
            found.append(one)
            seconds += taken / count
            print(f"    {name}, fold {number + 1}: NDCG@10 {means_of([one])[:, 2].mean():.4f}", flush=True)
        yield from rows_of(told, name, means_of(found), seconds, (None, None, GORSE_PUBLISHED.get(name)))


def _lines(path):
    with gzip.open(path, "rt") as lines:
        return [line.split() for line in lines]


def show(row):
    """Print a row."""
    known = "" if row.published is None else f"published {row.published:.4f}"
    interval = f"[{row.low:.4f}, {row.high:.4f}]"
    print(f"{row.model:<28}{row.measure:<14}{row.value:.4f} {interval:<18} {known:<17} fit {row.fit_seconds:.1f} s CPU")


def keep(rows, ledger=LEDGER):
    """Append rows to the ledger."""
    is_new = not ledger.exists()
    with ledger.open("a", newline="") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)], lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


def about_now(arguments):
    """What all rows of this run share."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False, cwd=LEDGER.parent
    )
    command = " ".join(["benchmarks/recommender_quality.py", *arguments])
    version = described.stdout.strip() or "unknown"
    return {"command": command, "date": time.strftime("%Y-%m-%d"), "version": version, "seed": SEED}


def main(arguments):
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one fold, and of the models those that cost little")
    parser.add_argument("--ledger", action="store_true", help=f"append the rows to {LEDGER.name}")
    parser.add_argument("--protocol", choices=("mcrec", "gorse"), help="only this one")
    parser.add_argument("--models", nargs="*", default=None, help="only these, by their names in the table")
    asked = parser.parse_args(arguments)
    names = asked.models or (QUICK if asked.quick else (*AS_PUBLISHED, *CHOSEN))
    base, about, rows = Path(os.environ.get("HOMING_BENCH_DATA", "")), about_now(arguments), []
    sides = {
        "mcrec": ("ml_100k_mcrec", lambda folder: mcrec(folder, about, names)),
        "gorse": ("ml_100k", lambda folder: gorse(folder, about, names, 1 if asked.quick else FOLDS)),
    }
    for protocol, (name, measure) in sides.items():
        if asked.protocol not in (None, protocol):
            continue
        if "HOMING_BENCH_DATA" not in os.environ or not (base / name).is_dir():
            print(f"{protocol}: HOMING_BENCH_DATA names no folder with {name}; nothing measured")
            continue
        print(f"{name}, {protocol}", flush=True)
        for row in measure(base / name):
            show(row)
            rows.append(row)
            sys.stdout.flush()
    if asked.ledger:
        keep(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
