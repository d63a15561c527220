"""A million recommendations and the limits they break: `.venv/bin/python benchmarks/kept_limits.py [--ledger]`.

Simulated leads over real King County homes, and strangers who stated limits of all kinds; each home recommended is
checked against what its lead stated by a check of its own, not that of the engine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from importlib.resources import as_file, files
from pathlib import Path

from recommender_quality import Row, about_now, keep

from homing.services.measure_limits import MeasureLimits
from homing.services.simulate import homes_of

END = 1_795_305_600_000_000  # 2026-11-22T00:00:00Z
WANTED, LEADS, DAYS, STRANGERS, SEED = 1_000_000, 300, 30, 2_000, 7


def main(arguments):
    """Count, print, and with --ledger append a row a kind of limit."""
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder, as_file(files("homing.data") / "kc_house_data.csv.gz") as path:
        homes = [home.row() for home in homes_of(path, "auto", END)[0]]
        measure = MeasureLimits(LEADS, DAYS, STRANGERS, SEED, END)
        found = measure(homes, Path(folder), WANTED, progress=said)
    print(file=sys.stderr)
    total = sum(found["broken"].values())
    print(f"simulated leads over real homes; constants {found['constants']}; seed {SEED}; {found['leads']:,} leads "
          f"with limits, {found['answers']:,} answers, {found['recommendations']:,} homes recommended; "
          f"{time.process_time() - started:.0f} s CPU")  # fmt: skip
    print(f"limits broken: {total}", *(f"{name} {count}" for name, count in found["broken"].items()))
    if "--ledger" in arguments:
        about = about_now(arguments) | {"command": " ".join(["benchmarks/kept_limits.py", *arguments]), "seed": SEED}
        data = f"{LEADS} leads simulated with seed {SEED} and {STRANGERS:,} strangers, over real King County homes"
        protocol = f"{found['recommendations']:,} homes recommended, constants {found['constants']}"
        keep([Row(**about, data=data, protocol=protocol, model="engine", measure=f"limits broken: {name}", value=count,
                  low=None, high=None, published=None, leads=found["leads"], fit_seconds=None)
              for name, count in {"all": total, **found["broken"]}.items()])  # fmt: skip
    return total


def said(done, wanted):
    """How far it is."""
    print(f"\r{done:,}/{wanted:,}", end="", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(1 if main(sys.argv[1:]) else 0)
