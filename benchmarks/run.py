"""All comparisons in one table: `make bench`, `make bench k=als` for some, `ARGS="--quick --ledger"` for options."""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

import bench_als
import bench_batch
import bench_features
import bench_http
import bench_intake_http
import bench_online
import bench_ranker
import bench_recommend
import bench_serving
import bench_start
from side_by_side import Row, main

MEASURED = {
    "features": bench_features.measure,
    "batch": bench_batch.measure,
    "start": bench_start.measure,
    "als": bench_als.measure,
    "ranker": bench_ranker.measure,
    "online": bench_online.measure,
    "recommend": bench_recommend.measure,
    "http": bench_http.measure,
    "serving": bench_serving.measure,
    "intake_http": bench_intake_http.measure,
}


def measure(quick: bool = False) -> list[Row]:
    """The rows of those whose name holds what HOMING_BENCH_ONLY says, left out: of all."""
    only = os.environ.get("HOMING_BENCH_ONLY", "")
    return [one for name, rows in MEASURED.items() if only in name for one in rows(quick)]


if __name__ == "__main__":
    main(measure, __doc__)
