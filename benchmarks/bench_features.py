"""The features of one lead, compiled and warm: all of them, and twenty of them against the same in numpy and polars.

Both sides have the events as columns in memory. What the peers give is held equal to ours to 1e-9 before anything
is timed.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
from feature_data import NOW, TWENTY, agree, by_numpy, columns, frame_of, places_of, polars_query
from side_by_side import Row, cpu, in_turn, main, row

from homing.feature_engineering import FEATURES
from homing.feature_engineering.kernel import LoadedKernel, compile_kernel, loaded_kernel
from homing.feature_engineering.plan import needs_of
from homing.tracking.history import histories

CACHE = Path("~/.cache/homing/features").expanduser()


def kernel(names: Sequence[str] | None = None) -> LoadedKernel:
    """These features of a lead, or all of them, compiled before or now."""
    features = [one for one in FEATURES["lead"] if names is None or one.name in names]
    features.sort(key=lambda one: 0 if names is None else names.index(one.name))
    compile_kernel("lead", features, CACHE)
    return loaded_kernel("lead", features, CACHE)


def sides(events: int) -> dict[str, Callable[[int], object]]:
    """Ours and the peers over the same lead: each is given the moment, and gives the features."""
    held = columns(1, events)
    of = histories(held, "lead", held.leads.ids, derived=needs_of(FEATURES["lead"]).derived)
    frame, everything, twenty = frame_of(held), kernel(), kernel(TWENTY)
    made: dict[str, Callable[[int], object]] = {
        "all": lambda now: everything(of, np.array([now])),
        "twenty": lambda now: twenty(of, np.array([now])),
        "by hand in numpy": lambda now: by_numpy(held, now),
        "polars, lazy": lambda now: polars_query(frame, now).collect(),  # type: ignore[attr-defined]
    }
    by_hand = made["by hand in numpy"](NOW)
    tables = {
        "all": np.asarray(made["all"](NOW))[:, places_of(TWENTY)],
        "numpy": np.array([[by_hand[name] for name in TWENTY]], dtype=np.float64),  # type: ignore[index]
        "polars": made["polars, lazy"](NOW).to_numpy().astype(np.float64),  # type: ignore[attr-defined]
    }
    agree(np.asarray(made["twenty"](NOW)), tables)
    return made


def measure(quick: bool = False) -> list[Row]:
    moments, rows = count(NOW), []
    rounds, calls = (7, 10) if quick else (31, 40)
    pairs = [("all", "by hand in numpy"), ("twenty", "by hand in numpy"), ("twenty", "polars, lazy")]
    notes = {
        "all": f"ours: all {len(FEATURES['lead'])} features; the peer: {len(TWENTY)} of them, equal to 1e-9",
        "twenty": f"the same {len(TWENTY)} features, equal to 1e-9",
    }
    for events in (100, 1_000):
        made = sides(events)
        for ours, theirs in pairs:
            taken = in_turn(
                partial(cpu, lambda of=made[ours]: of(next(moments)), calls),
                partial(cpu, lambda of=made[theirs]: of(next(moments)), calls),
                rounds,
            )
            rows.append(row(f"{ours} features of one lead, {events:,} events", theirs, "µs", taken, notes[ours]))
    return rows


if __name__ == "__main__":
    main(measure, __doc__)
