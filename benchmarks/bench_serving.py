"""What an answer with reasons takes through HTTP with 20,000 homes on the market, one client: `make bench k=serving`.

The market is that of `bench_answer.py`: 20,000 made-up homes, all of them on the market and none beyond a stated limit,
the trained hybrid over SQLite; leads have 20 acts each, one has 1,400. Every request is for another lead than the one
before. The peer is the framework's floor (`bench_http.py`): FastAPI under the same server with constant bytes of the
same length. The note has the wall time as the client sees it, and how many answers a second of CPU the worker gives.
"""

from __future__ import annotations

import asyncio
import itertools
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from bench_answer import NOW, fill
from bench_http import FLOOR, OURS, TICK, Served, served
from side_by_side import Row, in_turn, main, row

from homing.wiring import build, read_settings

HOMES = 20_000
LEADS = 200


def market(folder: Path, homes: int) -> None:
    """The data folder with its trained model."""
    homing = build(read_settings({}, data_dir=folder), lambda: NOW)
    fill(homing, homes)
    asyncio.run(homing.learning.train())


def compared(ours: Served, what: str, leads: Sequence[str], rounds: int, calls: int) -> Row:
    """One row: the same number of requests to either side in turn, for these leads one after the other."""
    paths = itertools.cycle([f"/v1/leads/{lead}/recommendations" for lead in leads])
    size = max([len(ours.ask("GET", next(paths))) for _ in leads])
    wall: dict[Served, list[float]] = {ours: []}
    with served(FLOOR, HOMING_BENCH_BYTES=str(size)) as peer:

        def taken(server: Served) -> float:
            before = server.cpu()
            for _ in range(calls):
                began = time.perf_counter()
                server.ask("GET", next(paths))
                wall.setdefault(server, []).append(1_000 * (time.perf_counter() - began))
            return max(server.cpu() - before, 1 / TICK) / calls

        times = in_turn(lambda: taken(ours), lambda: taken(peer), rounds)
    middle, slow = np.percentile(wall[ours][calls:], [50, 99])
    rate = 1.0 / np.median(times[0])
    note = f"wall p50 {middle:.1f} ms, p99 {slow:.1f} ms; {rate:.0f} answers a second of CPU; up to {size:,} bytes"
    return row(what, "FastAPI + granian, constant bytes", "ms", times, note)


def measure(quick: bool = False) -> list[Row]:
    """The usual lead, and the one with most acts."""
    homes, rounds, calls = (2_000, 5, 40) if quick else (HOMES, 15, 100)
    with tempfile.TemporaryDirectory() as folder:
        market(Path(folder), homes)
        with served(OURS, HOMING_DATA_DIR=folder) as ours:
            usual = [f"lead-{number}" for number in range(1, LEADS + 1)]
            return [
                compared(ours, f"GET recommendations, {homes:,} homes, 20 acts", usual, rounds, calls),
                compared(ours, f"GET recommendations, {homes:,} homes, 1,400 acts", ["lead-0"], rounds, calls),
            ]


if __name__ == "__main__":
    main(measure, __doc__)
