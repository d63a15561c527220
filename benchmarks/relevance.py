"""How soon homes shown are homes wanted: `.venv/bin/python benchmarks/relevance.py [--each 12] [--ledger]`.

Eight scenarios of simulated households over real King County homes; of each ranker the share of relevant homes in its
ten after 0, 1, 3, 5, 10, 20 and 30 acts. What is relevant is defined in `homing.evaluation.relevance`. Two of the rows
are ceilings: `best_learner` knows how households come about and choose, and has the log; `sees_everything` also saw
every page and what no field of a home holds. What they expected themselves stands below. `--no-learners` leaves these
out, which take most of the time, `--learners-only` all others.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from importlib.resources import as_file, files
from pathlib import Path

from recommender_quality import Row, about_now, keep

from homing.services.measure_relevance import MeasureRelevance
from homing.services.simulate import homes_of
from homing.simulation.bayesian_learner import PARTICLES

END = 1_795_305_600_000_000  # 2026-11-22T00:00:00Z


def main(arguments):
    """Measure, and print one table over all scenarios and one line of the hybrid for each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--leads", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--each", type=int, default=12)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--ledger", action="store_true")
    parser.add_argument("--no-learners", action="store_true")
    parser.add_argument("--learners-only", action="store_true")
    parser.add_argument("--particles", type=int, default=PARTICLES)
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, as_file(files("homing.data") / "kc_house_data.csv.gz") as path:
        homes = [home.row() for home in homes_of(path, "auto", END)[0]]
        started = time.process_time()
        wanted = {"learners": not asked.no_learners, "engine": not asked.learners_only, "particles": asked.particles}
        measure = MeasureRelevance(asked.leads, asked.days, asked.each, asked.seed, END, **wanted)
        report = measure(homes, Path(folder), progress=said)
    print(file=sys.stderr)
    if asked.ledger:
        keep(list(rows_of(report, arguments)))
    if asked.json:
        print(json.dumps(report))
        return
    print(f"simulated households over real homes; constants {report['constants']}; seed {asked.seed}; "
          f"{report['households']} households, {report['few_homes']['households']} with few homes apart; "
          f"{time.process_time() - started:.0f} s CPU")  # fmt: skip
    print("share of relevant homes in ten after so many acts", *report["points"])
    table(report["all"])
    for name, found in report["scenarios"].items():
        print(name)
        table(found)
    if report["few_homes"]["rows"]:
        print("households with few homes")
        table(report["few_homes"])
    print(f"homes shown that break a stated limit: {report['violations']}")


def rows_of(report, arguments):
    """A row for each ranker and number of acts, and of learners also what they expected."""
    about = about_now(arguments) | {
        "command": " ".join(["benchmarks/relevance.py", *arguments]),
        "seed": report["seed"],
    }
    data = f"{report['households']} simulated households over real King County homes"
    shared = {**about, "data": data, "protocol": f"share in ten, constants {report['constants']}"}
    none = {"published": None, "leads": report["households"], "fit_seconds": None}
    for row in report["all"]["rows"]:
        for place, acts in enumerate(report["points"]):
            low, high = (round(float(bound), 4) for bound in row["ci"][place])
            yield Row(**shared, **none, model=row["ranker"], measure=f"relevant after {acts} acts",
                      value=round(row["share"][place], 4), low=low, high=high)  # fmt: skip
            if "expected" in row:
                yield Row(**shared, **none, model=row["ranker"], measure=f"expected after {acts} acts",
                          value=round(row["expected"][place], 4), low=None, high=None)  # fmt: skip


def said(done, households):
    """How far it is."""
    print(f"\r{done}/{households}", end="", file=sys.stderr)


def table(found):
    """One line a ranker, and the way of the hybrid from popularity to the best learner."""
    for row in found["rows"]:
        print(f"  {row['ranker']:<15}", *(f"{value:6.3f}" for value in row["share"]))
        if "expected" in row:
            print(f"  {'  it expected':<15}", *(f"{value:6.3f}" for value in row["expected"]))
    print(f"  {'way':<15}", *("   –  " if value is None else f"{value:6.2f}" for value in found["way"]))


if __name__ == "__main__":
    main(sys.argv[1:])
