"""How far probabilities hold on real homes: `.venv/bin/python benchmarks/calibration_quality.py`.

Reads `renthop` and `airbnb_dublin` below the folder that `HOMING_BENCH_DATA` names. Three questions, each answered by
the ranker and the calibration that homing uses: the ranker learns from the first three fifths of the rows in time, the
calibration from the next fifth, and the last fifth is judged.

`renthop`: is the interest in a flat for rent in New York medium or high (and: is it high), told by its price, size,
place, fittings, photos and words as they were listed? `contact`: does somebody who searched for a flat in Dublin
contact a host within 14 days of the day of the first search, told by that day alone? `booking`: does a contact end in a
booking within 14 days, told by what was known when it was made, the host's and guest's record among it? Of contacts
the data have all only for the 14 days of searches: before and after, only those of guests who searched within them, so
that later ones are of the persistent. `booking` keeps to the 14 days, `booking, all months` does not.

Printed are the debiased error with its 95 % interval by lead (by home for `renthop`), slope, intercept, Brier skill,
log loss, and of conformal sets of 90 % the coverage and mean size. Sets are made of the second fifth; the order of
time is no random draw, so their promise is put to the test. `--ledger` appends the rows to the committed table.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from recommender_quality import Row, about_now, keep

from homing.measures.calibration import brier_skill, calibration_error_by_lead, calibration_line, log_loss
from homing.measures.conformal import conformal_sets, conformal_threshold, covered
from homing.measures.intervals import bootstrap_by_lead, bootstrap_statistic
from homing.models.calibration import fit_calibration
from homing.models.labelled import Labelled
from homing.models.ranker import fit_ranker

LEVEL = 0.9
PARTS = (0.6, 0.8)
RESAMPLES = 200
ROWS_A_LIST = 25
"""The ranker asks which of some rows came true; here which of so many that follow each other in time."""
DAY = 86_400.0
WITHIN = 14 * DAY


@dataclass(frozen=True, slots=True)
class Question:
    """Rows in order of time: by family the features (n, f), the outcomes from 0 up (n,), and whose each is."""

    data: str
    name: str
    features: dict[str, np.ndarray]
    outcome: np.ndarray
    lead: np.ndarray


def renthop(folder):
    """Flats by their listing; interest low 0, medium 1, high 2."""
    rows = pl.read_csv(folder / "renthop_49352.csv.gz", infer_schema_length=None)
    rows = rows.filter(pl.col("price").is_between(500, 20_000)).sort("created_date", "listing_id")
    price, beds = rows["price"].to_numpy().astype(float), rows["bedrooms"].to_numpy().astype(float)
    baths, lat, long = (rows[name].to_numpy().astype(float) for name in ("bathrooms", "lat", "long"))
    early = np.arange(len(rows)) < int(PARTS[0] * len(rows))
    areas = rows["neighborhood"].fill_null("").to_numpy()
    asked = np.log(price)
    usual = usual_of(asked, [list(zip(areas, beds, strict=True)), beds], early)
    fittings = [name for name in ("cats", "dogs", "dishwasher", "doorman", "elevator", "fee", "fitness", "hardwoods",
                                  "laundry", "war") if name in rows.columns]  # fmt: skip
    features = {
        "price": np.column_stack([asked, asked - usual, asked - np.log(1 + beds + baths)]),
        "size": np.column_stack([beds, baths]),
        "location": np.column_stack([lat, long, rows["subway_dist"], rows["distance_city"]]).astype(float),
        "fittings": rows.select([*fittings, "numFeat"]).to_numpy().astype(float),
        "remarks": rows.select("clean_wordcount", "numPh").to_numpy().astype(float),
    }
    return features, rows["interest_level_num"].to_numpy() - 1, np.arange(len(rows))


def usual_of(values, keys, early):
    """The median of the early rows alike by the first of some keys that 20 of them share, else by the next, (n,)."""
    usual = np.full(len(values), np.median(values[early]))
    for key in reversed(keys):
        groups = defaultdict(list)
        names = [str(one) for one in key]
        for name, value, is_early in zip(names, values, early, strict=True):
            if is_early:
                groups[name].append(value)
        medians = {name: float(np.median(mine)) for name, mine in groups.items() if len(mine) >= 20}
        usual = np.array([medians.get(name, other) for name, other in zip(names, usual, strict=True)])
    return usual


def seconds(texts):
    """Seconds since 1970, NaN where a text is empty."""
    moments = np.array([one if one else "NaT" for one in texts.fill_null("").to_list()], dtype="datetime64[ms]")
    return np.where(np.isnat(moments), np.nan, moments.astype(np.int64) / 1_000.0)


def contact(folder):
    """Searchers by the day of their first search; those who contacted somebody by the end of it are left out."""
    rows = pl.read_csv(folder / "searches.tsv.gz", separator="\t", infer_schema_length=None, null_values="NULL")
    rows = rows.filter(pl.col("ds") == pl.col("ds").min().over("id_user"))
    users = rows.group_by("id_user").agg(
        pl.col("ds").first(), pl.col("n_searches").sum(), pl.len().alias("rows"), pl.col("n_nights").median(),
        pl.col("n_guests_max").max(), pl.col("ds_checkin").drop_nulls().min().alias("checkin"),
        (pl.col("filter_room_types").fill_null("").str.len_chars() > 0).mean().alias("types"),
        (pl.col("filter_neighborhoods").fill_null("").str.len_chars() > 0).mean().alias("areas"),
        (pl.col("filter_price_max").fill_null(-1) > 0).mean().alias("priced"),
        pl.col("ds_checkin").n_unique().alias("dates"), (pl.col("origin_country") == "IE").mean().alias("local"),
    ).sort("ds", "id_user")  # fmt: skip
    made = pl.read_csv(folder / "contacts.tsv.gz", separator="\t", infer_schema_length=None, null_values="NULL")
    first = dict(made.group_by("id_guest").agg(pl.col("ts_contact_at").min()).iter_rows())
    end = seconds(users["ds"]) + DAY
    at = seconds(pl.Series([first.get(user, "") for user in users["id_user"]]))
    kept = np.flatnonzero(~(at < end))
    ahead = (seconds(users["checkin"]) - end) / DAY
    features = {
        "activity": np.column_stack([np.log1p(users["n_searches"]), np.log1p(users["rows"]), users["dates"]]),
        "plan": np.column_stack([users["n_nights"], users["n_guests_max"], np.log1p(np.maximum(ahead, 0)), ahead]),
        "filters": users.select("types", "areas", "priced").to_numpy(),
        "origin": users.select("local").to_numpy(),
    }
    outcome = (at - end < WITHIN).astype(np.int64)
    return ({name: columns[kept].astype(float) for name, columns in features.items()}, outcome[kept],
            users["id_user"].to_numpy()[kept])  # fmt: skip


SEARCHED = np.array(["2014-10-01", "2014-10-15"], dtype="datetime64[s]").astype(np.int64)


def booking(folder):
    """Contacts of the days of searches, by what was known when each was made."""
    features, outcome, guest, asked = contacts(folder)
    inside = (asked >= SEARCHED[0]) & (asked < SEARCHED[1])
    return {name: columns[inside] for name, columns in features.items()}, outcome[inside], guest[inside]


def booking_of_all_months(folder):
    """All contacts in the data."""
    return contacts(folder)[:3]


def contacts(folder):
    """Contacts in order of time, by what was known when each was made, what came of them, by whom and when."""
    rows = pl.read_csv(folder / "contacts.tsv.gz", separator="\t", infer_schema_length=None, null_values="NULL").sort(
        "ts_contact_at"
    )
    asked, replied, booked = (seconds(rows[f"ts_{name}_at"]) for name in ("contact", "reply", "booking"))
    checkin, checkout = seconds(rows["ds_checkin"]), seconds(rows["ds_checkout"])
    guests, ahead, nights = rows["n_guests"].to_numpy(), (checkin - asked) / DAY, (checkout - checkin) / DAY
    plan = np.column_stack([np.log1p(np.maximum(ahead, 0)), nights, guests])
    features = {
        "plan": plan,
        "hour": ((asked % DAY) / 3_600.0)[:, None],
        "host": record(rows["id_host"], asked, replied, booked),
        "home": record(rows["id_listing"], asked, replied, booked),
        "guest": record(rows["id_guest"], asked, replied, booked),
    }
    return features, (booked - asked <= WITHIN).astype(np.int64), rows["id_guest"].to_numpy(), asked


def record(ids, asked, replied, booked):
    """Of whom each row is: how many contacts came before, and what was known by then to have come of them."""
    before = defaultdict(list)
    told = np.full((len(asked), 4), np.nan)
    for row, name in enumerate(ids.to_list()):
        now = asked[row]
        mine = before[name]
        answers = [replied[other] - asked[other] for other in mine if replied[other] < now]
        sales = sum(booked[other] < now for other in mine)
        told[row, 0] = np.log1p(len(mine))
        if mine:
            told[row, 1:3] = len(answers) / len(mine), (sales + 1) / (len(mine) + 2)
        if answers:
            told[row, 3] = np.log1p(np.median(answers))
        mine.append(row)
    return told


def probabilities(question, at_least):
    """The probability of an outcome of at least so much, for the rows after the first three fifths."""
    columns = np.column_stack(list(question.features.values()))
    family = [name for name, some in question.features.items() for _ in range(some.shape[1])]
    names = [f"{name}:{place}" for place, name in enumerate(family)]
    wanted = question.outcome >= at_least
    first, second = (int(share * len(wanted)) for share in PARTS)
    group = np.arange(len(wanted)) // ROWS_A_LIST
    rows = Labelled(columns[:first], names, family, [0] * len(names), group[:first], wanted[:first])
    ranker = fit_ranker(rows, {})
    scores = ranker.scores_and_parts(columns[first:])[0]
    own = slice(0, second - first)
    nobody = np.zeros(scores.size)
    return fit_calibration(scores[own], nobody[own], wanted[first:second]).of(scores, nobody).probability, ranker.says


def measured(question):
    """What is printed and kept: (what, measure, value, low, high)."""
    first, second = (int(share * len(question.outcome)) for share in PARTS)
    judged = slice(second - first, None)
    lead = np.unique(question.lead[second:], return_inverse=True)[1]
    most = int(question.outcome.max())
    above = []
    for least in range(1, most + 1):
        said, says = probabilities(question, least)
        above.append(said)
        print(f"    {question.name}, at least {least} of {most}: {says}", flush=True)
        seen = (question.outcome[second:] >= least).astype(np.float64)
        what = question.name if most == 1 else f"{question.name}, {('medium or high', 'high')[least - 1]}"
        yield from ((what, *one) for one in kept_measures(said[judged], seen, lead))
    above = np.minimum.accumulate(np.column_stack(above), axis=1)
    edges = np.column_stack([np.ones(len(above)), above, np.zeros(len(above))])
    chances, truth = edges[:, :-1] - edges[:, 1:], question.outcome[first:]
    threshold = conformal_threshold(chances[: second - first], truth[: second - first], LEVEL)
    sets = conformal_sets(chances[judged], threshold)
    for name, values in (("coverage of sets of .90", covered(sets, truth[judged])), ("size of sets", sets.sum(axis=1))):
        interval = bootstrap_by_lead(values.astype(np.float64), lead)
        yield question.name, name, interval.value, interval.low, interval.high
    if most > 1:
        logged = -np.log(np.maximum(chances[judged][np.arange(len(truth[judged])), truth[judged]], 1e-12))
        interval = bootstrap_by_lead(logged, lead)
        yield question.name, "log loss", interval.value, interval.low, interval.high


def kept_measures(said, seen, lead):
    """Of a probability and what came of it, each with its interval."""
    error = calibration_error_by_lead(said, seen, lead)
    yield "ece", error.value, error.low, error.high
    members = np.split(np.argsort(lead, kind="stable"), np.cumsum(np.bincount(lead))[:-1])
    measures = {
        "slope": lambda p, y: calibration_line(p, y)[0],
        "intercept": lambda p, y: calibration_line(p, y)[1],
        "brier skill": brier_skill,
        "log loss": log_loss,
    }
    for name, measure in measures.items():

        def of(leads, measure=measure):
            rows = np.concatenate([members[one] for one in leads])
            return measure(said[rows], seen[rows])

        found = bootstrap_statistic(of, len(members), resamples=RESAMPLES)
        yield name, found.value, found.low, found.high


QUESTIONS = {
    "renthop": ("renthop", renthop),
    "contact": ("airbnb_dublin", contact),
    "booking": ("airbnb_dublin", booking),
    "booking, all months": ("airbnb_dublin", booking_of_all_months),
}


def main(arguments):
    """Measure, print, and with --ledger keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ledger", action="store_true", help="append the rows to the quality ledger")
    parser.add_argument("--only", choices=QUESTIONS, help="only this question")
    asked = parser.parse_args(arguments)
    base = Path(os.environ.get("HOMING_BENCH_DATA", ""))
    about = about_now(arguments) | {"command": " ".join(["benchmarks/calibration_quality.py", *arguments])}
    kept = []
    for name, (folder, read) in QUESTIONS.items():
        if asked.only not in (None, name):
            continue
        if "HOMING_BENCH_DATA" not in os.environ or not (base / folder).is_dir():
            print(f"{name}: HOMING_BENCH_DATA names no folder with {folder}; nothing measured")
            continue
        question = Question(folder, name, *read(base / folder))
        judged = len(question.outcome) - int(PARTS[1] * len(question.outcome))
        print(f"{name}: {len(question.outcome):,} rows, {judged:,} of them judged", flush=True)
        for what, measure, *figures in measured(question):
            value, low, high = (round(float(one), 4) for one in figures)
            print(f"    {what:<26}{measure:<26}{value:8.4f} [{low:.4f}, {high:.4f}]", flush=True)
            kept.append(Row(**about, data=folder, protocol="in order of time: 3/5 learn, 1/5 calibrate, 1/5 judged",
                            model=what, measure=measure, value=value, low=low, high=high, published=None,
                            leads=len(np.unique(question.lead[-judged:])), fit_seconds=None))  # fmt: skip
    if asked.ledger:
        keep(kept)


if __name__ == "__main__":
    main(sys.argv[1:])
