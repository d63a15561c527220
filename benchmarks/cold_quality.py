"""How well the next stay is found where most is new: `.venv/bin/python benchmarks/cold_quality.py`.

Reads `inside_airbnb/singapore_2023-09_{listings,reviews}.csv.gz` below the folder that `HOMING_BENCH_DATA` names; a
review stands for a stay. The time is cut four times, at a fifth, two, three and four fifths of all stays. At each cut
the models learn from the stays before it and the homes listed by then; judged are guests with a stay before the cut, on
the first home new to them between it and the next cut. Candidates are all homes on the market at that moment that the
guest has not stayed in. A second table has only homes in which nobody had stayed by the cut, as candidates and as what
is to be found.

When a home came on the market is not in the file. Its id tells: ids are given out in order, so a home was there at the
latest when one with a higher id had its first stay. Prices and texts are those of 2023-09, for every model alike.

Printed are NDCG and recall at 10 with 95 % intervals by bootstrap over guests, and the difference to each other row,
guest by guest. ALS is that of the package `implicit` with its defaults. `--ledger` appends the rows to the committed
table of `recommender_quality.py`; `--cuts N` takes only the last N.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import itertools
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
from content_quality import homes_of, read
from recommender_quality import Row, about_now, keep

from homing.core.clock import format_moment
from homing.evaluation.content_knn import content_knn
from homing.evaluation.grading import Case, judged
from homing.evaluation.implicit_als import implicit_als
from homing.evaluation.rankers import model_ranker
from homing.measures.intervals import bootstrap_by_lead, bootstrap_ratio
from homing.models import HybridRecommendationModel, Interactions
from homing.models.homes import Homes

FILES = "singapore_2023-09_{}.csv.gz"
CUTS = (0.2, 0.4, 0.6, 0.8)
K = 10
MEASURES = ("ndcg", "recall")
PEERS = ("als", "content_knn", "popularity")
PROTOCOLS = {
    "all": "temporal, 4 cuts, next stay among all homes on the market",
    "new": "temporal, 4 cuts, next stay among homes nobody stayed in before",
}


def moment(day):
    """Microseconds of a day, `2023-09-01`."""
    return int(np.datetime64(day, "us").astype(np.int64))


def listed_of(listings, end):
    """When each home was on the market at the latest, by its id: when one with as high an id had its first stay.

    >>> rows = [{"id": "3", "first_review": "2020-01-03"}, {"id": "1", "first_review": "2021-01-01"}]
    >>> [format_moment(at)[:10] for at in listed_of(rows, moment("2022-01-01")).values()]
    ['2020-01-03', '2020-01-03']
    """
    first = [moment(row["first_review"]) if row["first_review"] else end for row in listings]
    order = np.argsort([int(row["id"]) for row in listings])
    least = np.minimum.accumulate(np.minimum(np.array(first)[order], end)[::-1])[::-1]
    return {listings[place]["id"]: int(at) for place, at in zip(order.tolist(), least, strict=True)}


def stays_of(reviews, known):
    """The first stay of each guest in each home, by guest: {home: microseconds}, oldest first."""
    stays = defaultdict(dict)
    for row in sorted(reviews, key=lambda one: (one["date"], one["review_id"])):
        if row["listing_id"] in known:
            stays[row["reviewer_id"]].setdefault(row["listing_id"], moment(row["date"]))
    return dict(stays)


def cases_of(stays, cut, until, homes, listed):
    """The cases of one window, of both tables; `homes` and `listed` are the candidates and their moments."""
    place = {home: number for number, home in enumerate(homes)}
    unseen = np.ones(len(homes), dtype=np.bool_)
    unseen[[place[home] for mine in stays.values() for home, at in mine.items() if at <= cut]] = False
    found = {"all": [], "new": []}
    for guest, mine in stays.items():
        past = [place[home] for home, at in mine.items() if at <= cut]
        later = [(at, place[home]) for home, at in mine.items() if cut < at <= until]
        for name, wanted in (("all", later), ("new", [one for one in later if unseen[one[1]]])):
            if past and wanted:
                at, home = wanted[0]
                free = (listed <= at) & (unseen if name == "new" else True)
                free[past] = False
                found[name].append(Case(guest, free, frozenset((homes[home],))))
    return found


def rankers_of(data, rows, listed, cut):
    """The models, fitted on what was there by the cut, and the seconds of CPU of the hybrid's fit."""
    started = time.process_time()
    hybrid = HybridRecommendationModel().fit(data, homes=[row for row in rows if listed[row["ListingKey"]] <= cut])
    seconds = time.process_time() - started
    print(f"    {len(data)} stays before {format_moment(cut)[:10]}: {hybrid.says}", flush=True)
    hybrid = hybrid.with_homes(rows)
    peers = {"als": implicit_als(data), "content_knn": content_knn(data, Homes.from_rows(rows))}
    parts = {name: model_ranker(part) for name, part in hybrid.parts.items()}
    return {"hybrid": model_ranker(hybrid), **peers, **parts}, seconds


def measured(listings, reviews, cuts):
    """By table, the values of each model by measure, the guests they are of, and the seconds of a fit."""
    stays = stays_of(reviews, {row["id"] for row in listings})
    moments = sorted(at for mine in stays.values() for at in mine.values())
    listed = listed_of(listings, moments[-1])
    rows = [row | {"OnMarketDate": format_moment(listed[row["ListingKey"]])[:10]} for row in homes_of(listings)]
    homes = tuple(row["ListingKey"] for row in rows)
    at = np.array([listed[home] for home in homes])
    ends = [moments[int(share * (len(moments) - 1))] for share in (*cuts, 1.0)]
    found, guests, seconds = {"all": [], "new": []}, {"all": [], "new": []}, []
    for cut, until in itertools.pairwise(ends):
        before = [(guest, home, when) for guest, mine in stays.items() for home, when in mine.items() if when <= cut]
        guest, home, when = map(list, zip(*before, strict=True))
        rankers, taken = rankers_of(Interactions.from_columns(guest, home, None, when), rows, listed, cut)
        seconds.append(taken)
        for name, cases in cases_of(stays, cut, until, homes, at).items():
            found[name].append(judged(rankers, cases, homes, k=K, seed=0).values)
            guests[name] += [case.lead for case in cases]
    joined = {
        name: {
            model: {one: np.concatenate([part[model][one] for part in parts]) for one in MEASURES}
            for model in parts[0]
            if all(model in part for part in parts)
        }
        for name, parts in found.items()
    }
    return joined, guests, float(np.mean(seconds))


def rows_of(about, values, guests, seconds):
    """A row for each measure of each model, and for each difference and ratio of the hybrid to a peer."""
    leads = np.unique(guests, return_inverse=True)[1]

    def row(model, measure, interval, taken=None):
        figures = [round(float(figure), 4) for figure in interval]
        return Row(**about, model=model, measure=f"{measure}@{K}", value=figures[0], low=figures[1], high=figures[2],
                   published=None, leads=int(leads.max()) + 1, fit_seconds=taken)  # fmt: skip

    def mean(of):
        interval = bootstrap_by_lead(of, leads)
        return interval.value, interval.low, interval.high

    for measure in MEASURES:
        ours = values["hybrid"][measure]
        for model, found in values.items():
            yield row(model, measure, mean(found[measure]), round(seconds, 1) if model == "hybrid" else None)
        for peer in PEERS:
            yield row(f"hybrid less {peer}", measure, mean(ours - values[peer][measure]))
        if values["als"][measure].any():
            sums = [np.bincount(leads, weights=one) for one in (ours, values["als"][measure])]
            over = bootstrap_ratio(*sums)
            yield row("hybrid over als", measure, (over.value, over.low, over.high))


def main(arguments):
    """Measure, print, and with --ledger keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ledger", action="store_true", help="append the rows to the quality ledger")
    parser.add_argument("--cuts", type=int, default=len(CUTS), help="only the last so many")
    asked = parser.parse_args(arguments)
    folder = Path(os.environ.get("HOMING_BENCH_DATA", "")) / "inside_airbnb"
    if "HOMING_BENCH_DATA" not in os.environ or not folder.is_dir():
        print("HOMING_BENCH_DATA names no folder with inside_airbnb; nothing measured")
        return
    listings, reviews = (read(folder, FILES.format(name)) for name in ("listings", "reviews"))
    values, guests, seconds = measured(listings, reviews, CUTS[-asked.cuts :])
    about = about_now(arguments) | {"command": " ".join(["benchmarks/cold_quality.py", *arguments])}
    kept = []
    for name, protocol in PROTOCOLS.items():
        print(f"{protocol}: {len(guests[name])} next stays")
        told = {**about, "data": "inside_airbnb, Singapore 2023-09", "protocol": protocol}
        for row in rows_of(told, values[name], guests[name], seconds):
            print(f"    {row.model:<26}{row.measure:<11}{row.value:7.4f} [{row.low:.4f}, {row.high:.4f}]")
            kept.append(row)
    if asked.ledger:
        keep(kept)


if __name__ == "__main__":
    main(sys.argv[1:])
