"""What it costs that a ranker's score is a sum over families of reasons: AUC with and without that rule.

Both sides are `fit_ranker` on the same rows: once with the families as they are, so that no tree may use features of
two of them, and once with all features in one family, so that a tree may use any. Beside them the linear stage alone.

Simulated lists (seeded): 40 features in 8 families, a tenth of the values unknown; the true utility bends, steps and
crosses inside families, and in the second world also across them, by the same order of size. Lists were shown by an old
order that knows a little of the utility, and the lower a home stood, the less it was seen. Judged on other lists by
what would be engaged with if all were seen (AUC), and by the rank correlation with the true utility within lists.

RentHop (49,352 rental listings of April to June 2016 and how much interest each met), where HOMING_BENCH_DATA names the
folder: learned from the first four fifths of the days, judged on the last; engaged with is medium or high interest;
lists are 20 listings of one day. The second row has, in the family of price, what one expects an engine to know: the
price against the median of homes with as many bedrooms in the same neighbourhood, of the days learned from.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import expit
from scipy.stats import rankdata

from homing.models.labelled import Labelled
from homing.models.ranker import fit_ranker

SIZE, FAMILIES, EACH = 20, 8, 5
NAMES = tuple(f"f{family}.{number}" for family in range(FAMILIES) for number in range(EACH))


def lists(count, seed, across=0.0):
    """Lists shown, the true utility of their homes, and whether each would be engaged with if it were seen."""
    rng, fixed = np.random.default_rng(seed), np.random.default_rng(99)
    rows, columns = count * SIZE, FAMILIES * EACH
    x = rng.normal(size=(rows, columns))
    utility = x @ (0.25 * fixed.normal(size=columns) * (fixed.random(columns) < 0.6))
    a, b, c = (x[:, start::EACH].T for start in range(3))
    utility += 0.7 * np.maximum(a[0], 0.0) * (b[0] > 0) - 0.4 * np.abs(a[1]) + 0.5 * np.tanh(3 * b[2])
    utility += 0.5 * (a[3] * b[3] > 0) + 0.5 * (c[5] > 1) - 0.5 * (np.abs(a[6] - 0.5) < 0.5) + 0.3 * np.sin(2 * a[7])
    utility += across * (a[0] * b[1] + 2.0 * (b[2] > 0) * (b[3] > 0))
    old = 0.3 * utility + rng.normal(size=rows)
    group = np.repeat(np.arange(count), SIZE)
    position = np.empty(rows)
    position[np.lexsort((-old, group))] = np.tile(np.arange(1, SIZE + 1), count)
    keen = np.repeat(0.7 * rng.normal(size=count), SIZE)
    chance = expit(utility - utility.mean() - 2.0 + keen)
    engaged = rng.random(rows) < chance / np.log2(1 + position)
    x[rng.random(x.shape) < 0.1] = np.nan
    family = tuple(name.split(".")[0] for name in NAMES)
    shown = Labelled(x, NAMES, family, (0,) * columns, group, engaged, position)
    return shown, utility, rng.random(rows) < chance


def auc(engaged, scores):
    """How often a home engaged with stands above one that is not."""
    ranks, count = rankdata(scores), engaged.sum()
    return (ranks[engaged].sum() - count * (count + 1) / 2) / (count * (engaged.size - count))


def within(utility, scores):
    """The rank correlation inside lists."""
    ranks = [rankdata(values.reshape(-1, SIZE), axis=1) - (SIZE + 1) / 2 for values in (utility, scores)]
    return (ranks[0] * ranks[1]).sum() / (ranks[0] ** 2).sum()


FAMILY = {
    "price": ("price", "fee"),
    "size": ("bedrooms", "bathrooms"),
    "place": ("lat", "long", "distance_city", "subway_dist"),
    "time": ("created_hour", "weekend"),
    "photos": ("numPh",),
    "amenities": (
        "numFeat", "cats", "dogs", "dishwasher", "doorman", "elevator", "fitness", "hardwoods", "laundry", "war",
    ),
    "text": (
        "clean_wordcount", "senti_anger", "senti_anticipation", "senti_disgust", "senti_fear", "senti_joy",
        "senti_sadness", "senti_surprise", "senti_trust", "senti_negative", "senti_positive",
    ),
}  # fmt: skip


def renthop(folder, against_peers):
    """Listings of the first four fifths of the days, and of the last, in lists of 20 of one day."""
    table = pl.read_csv(folder / "renthop" / "renthop_49352.csv.gz").sort("created_date", "listing_id")
    days = table["created_date"].unique().sort()
    cut = days[int(0.8 * len(days))]
    early = table.filter(pl.col("created_date") < cut)
    family = dict(FAMILY)
    if against_peers:
        peers = ["bedrooms", "neighborhood"]
        medians = early.group_by(peers).agg(pl.col("price").median().alias("median"))
        table = table.join(medians, peers, how="left", maintain_order="left").with_columns(
            (pl.col("price") / pl.col("median")).log().alias("against_peers")
        )
        family["price"] = (*family["price"], "against_peers")
    names = tuple(name for columns in family.values() for name in columns)
    of = tuple(one for one, columns in family.items() for _ in columns)
    day = table["created_date"].rank("dense").to_numpy().astype(np.int64)
    place = np.random.default_rng(0).permutation(len(table))
    order = np.lexsort((place, day))
    count = np.arange(len(table)) - np.searchsorted(day, day)
    group = np.empty(len(table), np.int64)
    group[order] = day[order] * 10_000 + count // SIZE
    x = table.select(pl.col(name).cast(pl.Float64) for name in names).to_numpy()
    whole = Labelled(x, names, of, (0,) * len(names), group, (table["interest_level_num"] > 1).to_numpy())
    late = (table["created_date"] >= cut).to_numpy()
    return whole.rows(~late), whole.rows(late)


def compared(name, train, test, engaged, utility=None):
    """Print a row for each side, and what it was learned from."""
    free = fit_ranker(replace(train, family=("all",) * len(train.names)), {})
    additive = fit_ranker(train, {})
    sides = {"linear": replace(additive, forest=None), "additive": additive, "any": free}
    for side, ranker in sides.items():
        scores, _ = ranker.scores_and_parts(test.features)
        truth = "" if utility is None else f"   correlation with the truth {within(utility, scores):.4f}"
        print(f"{name:<46}{side:<10}AUC {auc(engaged, scores):.4f}{truth}")
    print(f"    additive: {additive.says}\n    any: {free.says}", flush=True)


def main():
    for name, across in (("simulated, families apart", 0.0), ("simulated, also across families", 0.4)):
        for count in (1_500, 6_000):
            train, _, _ = lists(count, 1, across)
            test, utility, engaged = lists(2_000, 2, across)
            compared(f"{name}, {count:,} lists", train, test, engaged, utility)
    data = os.environ.get("HOMING_BENCH_DATA")
    for name, peers in (("RentHop", False), ("RentHop, price against peers", True)) if data else ():
        train, test = renthop(Path(data), peers)
        compared(name, train, test, test.label > 0)


if __name__ == "__main__":
    main()
