"""Values that others published, computed by our code: `make reproduce`.

A table with each published value, its source, ours and the difference. A value agrees if it differs by at most .0005,
or by at most half of the last digit that was printed where this is more. Exit 1 if any does not agree.

The rows of MovieLens 100K (split of MCRec; hyper-parameters as published; all homes not seen ranked, cut at 10, NDCG's
ideal list not cut) need the folder that `HOMING_BENCH_DATA` names, those of CDNOW the data in the package `lifetimes`,
of which no code is used. What is not there is said, and not counted. All data are real.

PureSVD is printed and not counted: its authors draw the subspace by chance without a seed, ours is exact. Eight draws
of their procedure (scikit-learn's `randomized_svd`, seeds 0 to 7) have precision .3530 to .3556, recall .2220 to .2262,
NDCG .2696 to .2721, so that the row as printed is one draw among others.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import csv
import gzip
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from homing.measures.ranking import measured
from homing.measures.shrinkage import shrunk_to_mean
from homing.models import (
    CollaborativeFilteringModel,
    EASEModel,
    Interactions,
    ItemKNNModel,
    PopularityModel,
    SLIMModel,
)
from homing.models.still_active import still_active

CLOSE = 0.0005
K, HOMES = 10, 1_682
FERRARI = "Ferrari Dacrema et al., TOIS 2021, appendix table 46"
EFRON = "Efron and Morris, Scientific American, May 1977"
FADER = "Fader, Hardie and Lee, Marketing Science 24, 2005"

MOVIES: dict[str, tuple[Callable[[], object], tuple[str, str, str]]] = {
    "popularity": (PopularityModel, (".1907", ".1180", ".1361")),
    "ItemKNN BM25": (lambda: ItemKNNModel(neighbours=886, shrink=403.0), (".3293", ".2152", ".2571")),
    "PureSVD": (
        lambda: CollaborativeFilteringModel(method="svd", factors=13, tune=False),
        (".3545", ".2247", ".2719"),
    ),
    "EASE": (lambda: EASEModel(reg=458.0), (".3739", ".2430", ".2905")),
    "SLIM": (
        lambda: SLIMModel(alpha=0.2225, l1_ratio=1.13e-4, neighbours=605),
        (".3770", ".2441", ".2957"),
    ),
}
"""What fits each published row, and its precision, recall and NDCG as printed."""

DRAWN = ("PureSVD",)

HITS_OF_45 = (18, 17, 16, 15, 14, 14, 13, 12, 11, 11, 10, 10, 10, 10, 10, 9, 8, 7)
"""Of 18 batters of 1970, Clemente first, in their first 45 at bats."""

BATTERS = {"shrinking factor c": ".212", "mean of all": ".265", "Clemente": ".294", "Alvis": ".242"}
CDNOW = {"r": ".243", "alpha": "4.414", "a": ".793", "b": "2.426", "log-likelihood": "-9582.4"}


@dataclass(frozen=True, slots=True)
class Row:
    """A published value as it was printed, and ours; `is_drawn` if the published one depends on chance."""

    data: str
    what: str
    printed: str
    ours: float
    source: str
    is_drawn: bool = False

    @property
    def difference(self) -> float:
        return self.ours - float(self.printed)

    @property
    def agrees(self) -> bool:
        """Whether it is as close as printing allows, at least .0005."""
        return abs(self.difference) <= max(CLOSE, 0.5 * 10.0 ** -len(self.printed.partition(".")[2])) + 1e-12


class Missing(Exception):
    """Data that are not on this machine; the message says which."""


def movies(base: str | None) -> Iterator[Row]:
    """Precision, recall and NDCG of each row of MovieLens 100K."""
    folder = Path(base or "") / "ml_100k_mcrec"
    if base is None or not folder.is_dir():
        raise Missing("MovieLens 100K: HOMING_BENCH_DATA names no folder with ml_100k_mcrec")
    train = _numbers(folder / "ml-100k.train.rating.gz")
    test = {row[0]: set(row[1:]) for row in _numbers(folder / "ml-100k.test.rating.gz") if len(row) > 1}
    data = Interactions.from_columns([row[0] for row in train], [row[1] for row in train])
    every = [{"ListingKey": number} for number in range(1, HOMES + 1)]
    for name, (fresh, printed) in MOVIES.items():
        model = fresh().fit(data, homes=every if name in {"EASE", "SLIM", "ItemKNN BM25"} else None)
        values = measured(model.recommend_many(list(test), k=K), list(test.values()), K)
        for measure, known in zip(("precision", "recall", "ndcg_full_ideal"), printed, strict=True):
            yield Row(
                "MovieLens 100K", f"{name} {measure}@{K}", known, float(values[measure].mean()), FERRARI, name in DRAWN
            )


def batters(_base: str | None) -> Iterator[Row]:
    """Efron and Morris's batters: batting averages pulled towards their mean."""
    average = np.array(HITS_OF_45) / 45
    found = shrunk_to_mean(average, float(average.mean() * (1 - average.mean()) / 45))
    ours = (found.factor, found.centre, found.value[0], found.value[-1])
    for (what, printed), value in zip(BATTERS.items(), ours, strict=True):
        yield Row("batters of 1970", what, printed, float(value), EFRON)


def cdnow(_base: str | None) -> Iterator[Row]:
    """The BG/NBD model of 2,357 customers of CDNOW."""
    found = find_spec("lifetimes")
    places = () if found is None else tuple(found.submodule_search_locations or ())
    paths = [path for place in places if (path := Path(place) / "datasets" / "cdnow_customers_summary.csv").is_file()]
    if not paths:
        raise Missing("CDNOW: the package lifetimes, which holds the data, is not installed")
    with paths[0].open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    columns = [np.array([float(row[name]) for row in rows]) for name in ("frequency", "recency", "T")]
    model = still_active(*columns)
    ours = (model.r, model.alpha, model.a, model.b, model.log_likelihood(*columns))
    for (what, printed), value in zip(CDNOW.items(), ours, strict=True):
        yield Row("CDNOW", f"BG/NBD {what}", printed, value, FADER)


WALL = (batters, cdnow, movies)


def _numbers(path: Path) -> list[list[int]]:
    with gzip.open(path, "rt") as lines:
        return [[int(number) for number in line.split()] for line in lines]


def show(row: Row) -> None:
    """One line of the table."""
    verdict = "drawn" if row.is_drawn else "agrees" if row.agrees else "DIFFERS"
    digits = 4 if abs(row.ours) < 100 else 2
    print(
        f"{verdict:<8} {row.data:<16} {row.what:<30} {row.printed:>8} {row.ours:>10.{digits}f} "
        f"{row.difference:>+9.{digits}f}  {row.source}",
        flush=True,
    )


def main(base: str | None, wall: Sequence[Callable[[str | None], Iterator[Row]]] = WALL) -> int:
    """Print the table; the exit code."""
    started = time.perf_counter()
    print(f"{'':<8} {'data':<16} {'what':<30} {'printed':>8} {'ours':>10} {'less':>9}  source")
    rows: list[Row] = []
    for part in wall:
        try:
            for row in part(base):
                show(row)
                rows.append(row)
        except Missing as reason:
            print(f"not measured: {reason}.")
    counted = [row for row in rows if not row.is_drawn]
    differ = sum(not row.agrees for row in counted)
    seconds = time.perf_counter() - started
    print(f"{len(counted) - differ} of {len(counted)} published values agree (real data, {seconds:.0f} s).")
    return 1 if differ or not counted else 0


if __name__ == "__main__":
    sys.exit(main(os.environ.get("HOMING_BENCH_DATA") or None))
