"""How far probabilities hold on a market whose truth is known: `.venv/bin/python benchmarks/simulated_calibration.py`.

Simulated leads shop among the real King County homes. The engine learns from the first `--days`; judged is the
`confidence` of each home on the pages of results logged in the 14 days after, with what was known at each page, against
whether the lead engaged with it within 14 days. Each household also goes on from each page `--tries` times: the share
in which it engages is what an oracle says that knows its taste, its temper and all it has seen. Of several `--seeds`,
each a market of its own, the pages are judged together.

Printed are the debiased error with its 95 % interval by lead, slope, intercept, Brier skill, that of the oracle and the
share of it, for all homes and slice by slice; the bins of the reliability diagram; and the coverage of conformal sets
of 90 % that learn from the first half of the pages and are judged on the second, and the same of one half of the leads
and the other: only these are alike, as such sets presume. `--ledger` appends the rows.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import sys
import tempfile
import time
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
from calibration_quality import LEVEL, RESAMPLES, kept_measures
from recommender_quality import Row, about_now, keep

from homing.evaluation.kept_promises import FEWEST_SHOWN
from homing.measures.calibration import brier_skill, calibration_error_by_lead, reliability, skill_of_tries
from homing.measures.conformal import conformal_sets, conformal_threshold, covered
from homing.measures.intervals import bootstrap_by_lead, bootstrap_statistic
from homing.services.measure_calibration import MeasureCalibration
from homing.services.simulate import homes_of
from homing.simulation import constants

END = 1_795_305_600_000_000  # 2026-11-22T00:00:00Z
MANY_LEADS = 1_000_000


def measured(asked):
    """Of all seeds what was said, seen, the oracle's rate, whose each home is, when it was shown, and the slices."""
    parts = []
    with as_file(files("homing.data") / "kc_house_data.csv.gz") as path:
        homes = [home.row() for home in homes_of(path, "auto", END)[0]]
    for seed in asked.seeds:
        with tempfile.TemporaryDirectory() as folder:
            measure = MeasureCalibration(asked.leads, asked.days, seed, END, asked.tries)
            parts.append(measure(homes, Path(folder)))
        print(f"seed {seed}: {len(parts[-1].at):,} homes shown; {parts[-1].says}", flush=True)

    def joined(of):
        return np.concatenate([of(part) for part in parts])

    lead = np.concatenate([part.promised.lead + MANY_LEADS * place for place, part in enumerate(parts)])
    slices = {name: joined(lambda part, name=name: part.promised.slices[name]) for name in parts[0].promised.slices}
    said, seen = joined(lambda part: part.promised.said), joined(lambda part: part.promised.seen)
    return said, seen, joined(lambda part: part.rate), lead, joined(lambda part: part.at), slices


def against_the_oracle(said, seen, rate, tries, lead):
    """The oracle's Brier skill, and the share of it that was had, each with its interval by lead."""
    _, lead = np.unique(lead, return_inverse=True)
    members = np.split(np.argsort(lead, kind="stable"), np.cumsum(np.bincount(lead))[:-1])

    def of(measure):
        def over(leads):
            rows = np.concatenate([members[one] for one in leads])
            return measure(rows)

        found = bootstrap_statistic(over, len(members), resamples=RESAMPLES)
        return found.value, found.low, found.high

    yield "oracle's brier skill", *of(lambda rows: skill_of_tries(rate[rows], tries, seen[rows]))
    yield (
        "share of the oracle's skill",
        *of(lambda rows: brier_skill(said[rows], seen[rows]) / skill_of_tries(rate[rows], tries, seen[rows])),
    )


def coverage(said, seen, lead, judged):
    """How often sets of 90 % that learn from the other homes hold what came of those judged."""
    chances, truth = np.column_stack([1.0 - said, said]), seen.astype(np.int64)
    threshold = conformal_threshold(chances[~judged], truth[~judged], LEVEL)
    held = covered(conformal_sets(chances[judged], threshold), truth[judged])
    found = bootstrap_by_lead(held.astype(np.float64), np.unique(lead[judged], return_inverse=True)[1])
    return found.value, found.low, found.high


def half_of(lead):
    """Which homes were shown to a half of the leads, drawn by chance."""
    leads, which = np.unique(lead, return_inverse=True)
    return (np.random.default_rng(0).permutation(leads.size) % 2 == 1)[which]


def rows_of(found, tries):
    """What is printed and kept: (what, measure, value, low, high, leads)."""
    said, seen, rate, lead, at, slices = found
    leads = np.unique(lead).size
    for one in kept_measures(said, seen, np.unique(lead, return_inverse=True)[1]):
        yield "all homes shown", *one, leads
    for one in against_the_oracle(said, seen, rate, tries, lead):
        yield "all homes shown", *one, leads
    yield "all homes shown", "coverage of sets of .90", *coverage(said, seen, lead, at > np.median(at)), leads
    yield "all homes shown", "coverage of sets of .90, other leads", *coverage(said, seen, lead, half_of(lead)), leads
    for name, rows in slices.items():
        if rows.sum() < FEWEST_SHOWN:
            continue
        error = calibration_error_by_lead(said[rows], seen[rows], lead[rows])
        yield name, "ece", error.value, error.low, error.high, np.unique(lead[rows]).size


def main(arguments):
    """Measure, print, and with --ledger keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--leads", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--tries", type=int, default=6)
    parser.add_argument("--seeds", type=int, nargs="+", default=[21, 22])
    parser.add_argument("--ledger", action="store_true", help="append the rows to the quality ledger")
    asked = parser.parse_args(arguments)
    started = time.process_time()
    found = measured(asked)
    said, seen, *_ = found
    print(f"simulated leads over real homes, constants {constants.fingerprint()}: {said.size:,} homes shown, "
          f"{int(seen.sum())} engaged with; {time.process_time() - started:.0f} s CPU")  # fmt: skip
    bins = reliability(said, seen)
    for count, one, other in zip(bins.count.tolist(), bins.said.tolist(), bins.seen.tolist(), strict=True):
        print(f"    bin of {count:>6,}: said {one:.4f}, seen {other:.4f}")
    about = about_now(arguments) | {"command": " ".join(["benchmarks/simulated_calibration.py", *arguments])}
    about["seed"] = asked.seeds[0]
    data = f"{asked.leads:,} simulated leads a market over real King County homes, {len(asked.seeds)} markets"
    kept = []
    for what, measure, *figures, leads in rows_of(found, asked.tries):
        value, low, high = (round(float(one), 4) for one in figures)
        print(f"    {what:<30}{measure:<38}{value:8.4f} [{low:.4f}, {high:.4f}]", flush=True)
        kept.append(Row(**about, data=data, protocol=f"pages of 14 days after, constants {constants.fingerprint()}",
                        model=f"confidence, {what}", measure=measure, value=value, low=low, high=high, published=None,
                        leads=leads, fit_seconds=None))  # fmt: skip
    if asked.ledger:
        keep(kept)


if __name__ == "__main__":
    main(sys.argv[1:])
