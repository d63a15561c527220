"""Whether reasons are true, on a simulated market: `.venv/bin/python benchmarks/reason_quality.py [--ledger]`.

Simulates 200 shoppers (seed 7, 60 days) over the real King County homes, trains, and puts the answers to some of the
shoppers, drawn by chance, through every check of `homing.evaluation.fidelity`: of each the share of cases in which it
held, with its 95 % interval by bootstrap over leads, beside its goal. These are full answers; the last row is
`cited_act_counts` of usual ones, which only estimate which act counts most, and has no goal. The engine's clock stands
still meanwhile.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from recommender_quality import Row, about_now, keep

from homing.evaluation.fidelity import GOALS, Grounds, fidelity
from homing.wiring import build, read_settings

LEADS, DAYS, SEED = 200, 60, 7
DATA = f"{LEADS} shoppers simulated with seed {SEED}, over real King County homes"
USUAL = "cited_act_counts, usual"
HOMES = Path(__file__).parent.parent / "src/homing/data/kc_house_data.csv.gz"


def market(folder):
    """A data folder with simulated shoppers and a trained model; made once if the folder stays."""
    data = folder / "homing"
    if (data / "models").exists():
        return data
    run = [sys.executable, "-m", "homing", "--data-dir", str(data)]
    size = ["--leads", str(LEADS), "--days", str(DAYS), "--seed", str(SEED)]
    steps = [["simulate", *size, "--listings", str(HOMES), "--out", str(folder)]]
    steps += [["import", what, str(folder / f"{what}.jsonl.gz")] for what in ("listings", "leads", "agents", "events")]
    for step in [*steps, ["train"]]:
        subprocess.run([*run, *step], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return data


def checked(data, count):
    """The findings over some of the shoppers, by check."""
    now = time.time_ns() // 1_000
    homing = build(read_settings({}, data_dir=data), lambda: now)
    grounds = Grounds(
        homing.engine.answer, homing.tracker.store, homing.tracker.tenant, homing.catalogue, homing.text_guard
    )
    leads = random.Random(SEED).sample(sorted(homing.directory.leads()), count)
    usual = fidelity(grounds, leads, seed=SEED, full=False, checks=["cited_act_counts"])
    return fidelity(grounds, leads, seed=SEED) | {USUAL: usual["cited_act_counts"]}


def main(arguments):
    """Print every check, and with --ledger append them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--leads", type=int, default=60)
    parser.add_argument("--folder", type=Path, help="keep the simulated market here, for the next run")
    parser.add_argument("--ledger", action="store_true")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as passing:
        found = checked(market(asked.folder or Path(passing)), asked.leads)
    print(f"{DATA}; answers of ten to {asked.leads} of them")
    for name, one in found.items():
        low, high = one.share.bounds
        print(f"{name:<26}{one.held:>6} of {one.cases:>6}  {one.share.value:.4f} [{low:.4f}, {high:.4f}]  "
              f"{'' if name == USUAL else f'goal {GOALS.get(name, 1.0):g}'}")  # fmt: skip
    if asked.ledger:
        about = about_now(arguments) | {
            "command": f"benchmarks/reason_quality.py --leads {asked.leads} --ledger",
            "seed": SEED,
        }
        keep(
            Row(**about, data=DATA, protocol="fidelity of reasons", model="hybrid", measure=name,
                value=round(one.share.value, 4), low=round(one.share.low, 4), high=round(one.share.high, 4),
                published=None, leads=one.share.n, fit_seconds=None)
            for name, one in found.items()
        )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])
