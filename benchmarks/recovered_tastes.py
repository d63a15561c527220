"""Whether choices give tastes back: `.venv/bin/python benchmarks/recovered_tastes.py [--pages 8000] [--ledger]`.

A logit is refitted on the pages of results that each of a few simulated households saw, over real King County homes;
beside its error stands what chance in so many choices lets expect, if the logit is right.
"""

from __future__ import annotations

import argparse
import sys
from importlib.resources import as_file, files

import numpy as np
from recommender_quality import Row, about_now, keep

from homing.services.simulate import homes_of
from homing.simulation.constants import fingerprint
from homing.simulation.recovered import opened_on_pages, refitted, sampling_error, taste_error
from homing.simulation.shopping import standing_still
from homing.simulation.simulate import lived

END = 1_795_305_600_000_000  # 2026-11-22T00:00:00Z
HOUSEHOLDS, LEADS, DAYS, SEED = 5, 20, 2, 7


def main(arguments):
    """Measure, print, and with --ledger append a row for each size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, nargs="+", default=[8_000, 32_000])
    parser.add_argument("--ledger", action="store_true")
    asked = parser.parse_args(arguments)
    with as_file(files("homing.data") / "kc_house_data.csv.gz") as path:
        world = lived([home.row() for home in homes_of(path, "auto", END)[0]], LEADS, DAYS, seed=SEED, end_at=END)
    still, rows = standing_still(world.world), []
    about = about_now(arguments) | {"command": " ".join(["benchmarks/recovered_tastes.py", *arguments]), "seed": SEED}
    for pages in asked.pages:
        errors, expected = [], []
        for search in world.searches[:HOUSEHOLDS]:
            seen, opened = opened_on_pages(still, search, pages)
            errors.append(taste_error(search, refitted(seen, opened), seen[opened]))
            expected.append(sampling_error(search, seen, opened))
        print(f"{HOUSEHOLDS} simulated households, {pages:,} pages each, constants {fingerprint()}")
        for name, found in (("error", errors), ("expected of chance alone", expected)):
            print(f"  {name:<25}", *(f"{one:.3f}" for one in found), f"  mean {np.mean(found):.3f}")
            rows.append(Row(**about, data=f"{pages:,} pages of each of {HOUSEHOLDS} simulated households",
                            protocol=f"logit refitted, constants {fingerprint()}", model="logit", measure=name,
                            value=round(float(np.mean(found)), 4), low=round(min(found), 4), high=round(max(found), 4),
                            published=None, leads=HOUSEHOLDS, fit_seconds=None))  # fmt: skip
    if asked.ledger:
        keep(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
