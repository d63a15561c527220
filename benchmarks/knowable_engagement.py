"""What share of an oracle's skill can be had from a log: `.venv/bin/python benchmarks/knowable_engagement.py`.

Simulated households of the scenarios shop over the real King County homes until they have done 10 and 30 acts. For the
homes of five more pages, new to them, the chance is worked out that the household opens the home and saves or shares it
there and then: by an oracle that knows the household; by a Bayesian learner that knows how households come about and
by which rules they choose, and reads the log; and by one that also saw every page and what no field of a home holds.
What a learner says is the mean over the households that it holds possible: nobody who knows as much can expect a better
Brier score. Printed is the Brier skill each can expect, 1 - E[(p - q)^2 + q (1 - q)] / (q' (1 - q')), q the oracle's
chance and q' its mean, and the share of the oracle's. Intervals are by bootstrap over households. `--ledger` appends
the rows.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import sys
import time
from collections import defaultdict
from importlib.resources import as_file, files

import numpy as np
from recommender_quality import Row, about_now, keep

from homing.measures.intervals import bootstrap_statistic
from homing.services.measure_relevance import Suite
from homing.services.simulate import homes_of
from homing.simulation import constants
from homing.simulation.bayesian_learner import BayesianLearner
from homing.simulation.evidence import evidence_of
from homing.simulation.knowable import as_known, in_truth
from homing.simulation.results import filters_of, results_page
from homing.simulation.scenarios import SCENARIOS, drawn
from homing.simulation.shopping import shop, standing_still
from homing.simulation.simulate import lived

END = 1_795_305_600_000_000  # 2026-11-22T00:00:00Z
POINTS = (10, 30)
PAGES = 5
FEWEST = 5
LEARNERS = {"reads the log": False, "sees everything": True}


def chances(suite, one, seed, particles):
    """By number of acts, of each further home the chances that the oracle and both learners give, (homes, 3)."""
    world, household = suite.world, one.household
    done = shop(world, one, POINTS, seed)
    for acts, upto in zip(POINTS, done.upto, strict=True):
        world.dawn(world.start)
        events = done.events[:upto]
        draw = np.random.default_rng([seed, upto])
        views = sum(row["event_type"] == "property_view" for row in events)
        met = {str(row["property_id"]) for row in events if "property_id" in row}
        met = set(suite.homes.ids.codes(sorted(met)).tolist())
        evidence = evidence_of(suite.known(household.taste), events, done.looks, suite.homes)
        learners = [BayesianLearner(suite.sale, seed, watched, particles) for watched in LEARNERS.values()]
        learned = [learner.learn(evidence) for learner in learners]
        found = []
        for _ in range(PAGES):
            page = results_page(world, filters_of(household.taste, draw), draw, world.start + 1, met)
            if len(page.rows) < FEWEST:
                continue
            met |= set(page.rows.tolist())
            prices = world.life.price(page.rows, world.start + 1)
            said = [as_known(*both, page, prices, views) for both in zip(learners, learned, strict=True)]
            found.append(np.column_stack([in_truth(household, suite.sale, page, prices, views), *said]))
        if found:
            yield acts, np.concatenate(found)


def skill(said, truth):
    """The Brier skill to be expected of what is said, where the truth is known."""
    mean = truth.mean()
    return 1.0 - float(np.mean((said - truth) ** 2 + truth * (1.0 - truth))) / (mean * (1.0 - mean))


def rows_of(by_acts):
    """What is printed and kept: (who, measure, value, low, high, households)."""
    for acts, households in by_acts.items():

        def over(measure, households=households):
            found = bootstrap_statistic(
                lambda some: measure(np.concatenate([households[one] for one in some])), len(households)
            )
            return found.value, found.low, found.high, len(households)

        yield "oracle", f"skill after {acts} acts", *over(lambda rows: skill(rows[:, 0], rows[:, 0]))
        for place, name in enumerate(LEARNERS, 1):
            yield name, f"skill after {acts} acts", *over(lambda rows, at=place: skill(rows[:, at], rows[:, 0]))
            yield (
                name,
                f"share of the oracle's after {acts} acts",
                *over(lambda rows, at=place: skill(rows[:, at], rows[:, 0]) / skill(rows[:, 0], rows[:, 0])),
            )


def main(arguments):
    """Measure, print, and with --ledger keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--each", type=int, default=3)
    parser.add_argument("--particles", type=int, default=192)
    parser.add_argument("--seed", type=int, default=15)
    parser.add_argument("--ledger", action="store_true", help="append the rows to the quality ledger")
    asked = parser.parse_args(arguments)
    started = time.process_time()
    with as_file(files("homing.data") / "kc_house_data.csv.gz") as path:
        homes = [home.row() for home in homes_of(path, "auto", END)[0]]
    world = standing_still(lived(homes, 50, 60, seed=asked.seed, end_at=END).world)
    suite = Suite(world, asked.seed, asked.particles)
    found = defaultdict(list)
    for scenario in (one for one in SCENARIOS if one.changes is None):
        for number in range(asked.each):
            one = drawn(suite.homes, scenario, number, asked.seed)
            for acts, rows in chances(suite, one, asked.seed, asked.particles):
                found[acts].append(rows)
    print(f"simulated households over real homes, constants {constants.fingerprint()}; "
          f"{time.process_time() - started:.0f} s CPU")  # fmt: skip
    about = about_now(arguments) | {"command": " ".join(["benchmarks/knowable_engagement.py", *arguments])}
    about["seed"] = asked.seed
    kept = []
    for who, measure, *figures, households in rows_of(found):
        value, low, high = (round(float(one), 4) for one in figures)
        print(f"    {who:<18}{measure:<36}{value:8.4f} [{low:.4f}, {high:.4f}]")
        kept.append(Row(**about, data="simulated households over real King County homes",
                        protocol=f"engages at once, {PAGES} pages, constants {constants.fingerprint()}", model=who,
                        measure=measure, value=value, low=low, high=high, published=None, leads=households,
                        fit_seconds=None))  # fmt: skip
    if asked.ledger:
        keep(kept)


if __name__ == "__main__":
    main(sys.argv[1:])
