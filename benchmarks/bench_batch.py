"""The features of many leads with 50 events each, on one core, against the same twenty in DuckDB and in polars.

All sides have the events as columns in memory. Ours begins with the columns, so grouping them by lead is part of it.
What the peers give is held equal to ours to 1e-9 before anything is timed. Memory is the most that a process of its own
held while it computed all features, less what it held before it had any data, beside the size of the columns.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import duckdb
import numpy as np
from bench_features import kernel
from feature_data import NOW, TWENTY, agree, columns, duckdb_query, frame_of, places_of, polars_query
from numpy.typing import NDArray
from side_by_side import Row, cpu, in_turn, main, row

from homing.feature_engineering.kernel import LoadedKernel
from homing.feature_engineering.plan import needs_of
from homing.store.columns import EventColumns
from homing.tracking.history import histories

EACH = 50


def features(compiled: LoadedKernel, events: EventColumns) -> NDArray[np.float64]:
    """Columns to features of every lead."""
    needs = needs_of(compiled.source.features)
    of = histories(events, "lead", events.leads.ids, derived=needs.derived)
    return compiled(of, np.full(len(of), NOW))


def sides(events: EventColumns) -> dict[str, Callable[[], object]]:
    """Ours and the peers over the same events."""
    database = duckdb.connect(config={"threads": 1})
    frame = frame_of(events)
    database.register("events", frame.to_arrow())  # type: ignore[attr-defined]
    made: dict[str, Callable[[], object]] = {
        "all": partial(features, kernel(), events),
        "twenty": partial(features, kernel(TWENTY), events),
        "polars, group_by": lambda: polars_query(frame, NOW).collect().to_numpy(),  # type: ignore[attr-defined]
        "DuckDB, SQL": lambda: database.sql(duckdb_query(NOW)).fetchnumpy(),
    }
    tables = {
        "all": np.asarray(made["all"]())[:, places_of(TWENTY)],
        "polars": np.asarray(made["polars, group_by"]()),
        "DuckDB": np.array(database.sql(duckdb_query(NOW)).fetchall(), dtype=np.float64),
    }
    agree(np.asarray(made["twenty"]()), tables)
    return made


def measure(quick: bool = False) -> list[Row]:
    leads, rounds = (5_000, 3) if quick else (100_000, 5)
    made = sides(columns(leads, EACH))
    rows = []
    for ours, theirs in (("all", "polars, group_by"), ("twenty", "polars, group_by"), ("twenty", "DuckDB, SQL")):
        taken = in_turn(partial(cpu, made[ours]), partial(cpu, made[theirs]), rounds)
        note = f"{leads:,} leads; a lead each figure; the peer: twenty features, equal to 1e-9"
        each = (taken[0] / leads, taken[1] / leads)
        rows.append(row(f"{ours} features of a lead of many, {EACH} events", theirs, "µs", each, note))
    del made
    return [*rows, memory(leads)]


def memory(leads: int) -> Row:
    """The most held, beside the columns."""
    done = subprocess.run(
        [sys.executable, __file__, "--memory", str(leads)], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )  # fmt: skip
    told = json.loads(done.stdout)
    ratio = told["held"] / told["raw"]
    note = f"{leads:,} leads, {EACH} events each; the columns are in it"
    return Row(
        "memory of all features of many leads",
        "the columns",
        "MB",
        told["held"],
        told["raw"],
        ratio,
        ratio,
        ratio,
        1,
        note,
    )


def weighed(leads: int) -> dict[str, float]:
    """Megabytes held at most while all features are computed, and those of the columns."""
    compiled = kernel()
    features(compiled, columns(10, EACH))
    before = _megabytes("VmRSS")
    events = columns(leads, EACH)
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    features(compiled, events)
    arrays = [getattr(events, name) for name in events.__slots__ if isinstance(getattr(events, name), np.ndarray)]
    arrays += [*events.numbers.values(), *{id(one.codes): one.codes for one in events.labels.values()}.values()]
    return {"held": _megabytes("VmHWM") - before, "raw": sum({id(one): one.nbytes for one in arrays}.values()) / 1e6}


def _megabytes(name: str) -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
    return int(line.split()[1]) * 1024 / 1e6


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        print(json.dumps(weighed(int(sys.argv[2]))))
    else:
        main(measure, __doc__)
