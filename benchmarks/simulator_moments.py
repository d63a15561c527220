"""The simulation beside what is published: `.venv/bin/python benchmarks/simulator_moments.py [--quick] [--ledger]`.

Lets 1,500 leads shop for 180 days among the homes of King County (300 and 60 with --quick), prints every published
moment beside the simulated one and its band, and how far a logit refitted on the pages of a few households is from
their tastes. Fails if a moment is shown to lie outside its band. Three minutes of computing.
"""

from __future__ import annotations

import sys
import time
from importlib.resources import as_file, files

import numpy as np
from recommender_quality import Row, about_now, keep

from homing.services.simulate import homes_of
from homing.simulation.constants import fingerprint
from homing.simulation.moments import moments
from homing.simulation.recovered import opened_on_pages, refitted, taste_error
from homing.simulation.shopping import standing_still
from homing.simulation.simulate import lived, tables

END = 1_795_305_600_000_000  # 2026-11-22T00:00:00Z
HOUSEHOLDS, PAGES = 5, 8_000


def main(arguments):
    """Simulate, print, and with --ledger append; exit status 1 if a moment does not hold."""
    quick = "--quick" in arguments
    leads, days, seed = (300, 60, 7) if quick else (1_500, 180, 7)
    with as_file(files("homing.data") / "kc_house_data.csv.gz") as path:
        homes = [home.row() for home in homes_of(path, "auto", END)[0]]
    started = time.process_time()
    world = lived(homes, leads, days, seed=seed, end_at=END)
    found = moments(tables(world, seed=seed))
    print(f"{leads} simulated leads, {days} days, seed {seed}, constants {fingerprint()}, "
          f"{time.process_time() - started:.0f} s CPU")  # fmt: skip
    for one in found:
        value = "–" if one.value is None else f"{one.value:.3g} [{one.interval[0]:.3g}, {one.interval[1]:.3g}]"
        holds = {True: "holds", False: "DOES NOT HOLD", None: "too few cases"}[one.holds]
        print(f"{one.name:<40}{one.low:>6g} to {one.high:<6g}{value:<24}{one.n:>7,}  {holds:<14}{one.source}")
    errors = refitted_errors(world, 800 if quick else PAGES)
    print(f"refitted logit, difference to the true tastes: {', '.join(f'{error:.3f}' for error in errors)}; "
          f"mean {np.mean(errors):.3f}")  # fmt: skip
    if "--ledger" in arguments:
        about = about_now(arguments) | {"command": " ".join(["benchmarks/simulator_moments.py", *arguments])}
        keep(ledger_rows(found, {**about, "seed": seed}, f"{leads} simulated leads, {days} days"))
    return int(any(one.holds is False for one in found))


def refitted_errors(world, pages):
    """The error of the tastes refitted on so many pages, of the first households with one account."""
    still = standing_still(world.world)
    errors = []
    for search in world.searches[:HOUSEHOLDS]:
        seen, opened = opened_on_pages(still, search, pages)
        errors.append(taste_error(search, refitted(seen, opened), seen[opened]))
    return errors


def ledger_rows(found, about, data):
    """A row for each moment with a value; its published figure is the middle of the band."""
    for one in found:
        if one.value is not None:
            low, high = one.interval
            yield Row(**about, data=f"{data}, constants {fingerprint()}", protocol=f"{one.low:g} to {one.high:g}",
                      model="simulation", measure=one.name, value=round(one.value, 4), low=round(low, 4),
                      high=round(high, 4), published=round((one.low + one.high) / 2, 4), leads=one.n,
                      fit_seconds=None)  # fmt: skip


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
