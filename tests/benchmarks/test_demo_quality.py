"""The demo's ledger says what its answer says, and that its shoppers are simulated."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from demo_quality import rows_of

ABOUT = {"command": "c", "date": "d", "version": "v", "seed": 99}


def test_every_row_and_measure_is_kept_with_its_interval():
    row = {"model": "hybrid", "ci": {}}
    for value, measure in enumerate(("ndcg", "recall", "precision"), 1):
        row |= {measure: value / 10}
        row["ci"][measure] = [value / 20, value / 5]
    found = {"seed": 3, "protocol": "temporal", "cut": "2026-11-16T00:00:00Z", "k": 10, "leads": 7, "rows": [row]}
    rows = list(rows_of({"evaluation": found}, ABOUT))
    assert [(one.measure, one.value, one.low, one.high) for one in rows] == [
        ("ndcg@10", 0.1, 0.05, 0.2), ("recall@10", 0.2, 0.1, 0.4), ("precision@10", 0.3, 0.15, 0.6),
    ]  # fmt: skip
    assert all((one.leads, one.seed, "simulated" in one.data) == (7, 3, True) for one in rows)
