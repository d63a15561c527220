"""Two sides measured in turn in one run, and the one table in which all benchmarks are told.

Machines are shared and their speed drifts, so the sides take turns (A B A B …), CPU time is what is compared, and the
figure to quote is the ratio: the median over the rounds, with the 95 % interval of that median by bootstrap.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

LEDGER = Path(__file__).with_name("ledger.csv")


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: what was measured, by whom, both medians in `unit`, ours / theirs, and what to know of it."""

    what: str
    peer: str
    unit: str
    ours: float
    theirs: float
    ratio: float
    low: float
    high: float
    rounds: int
    note: str


@dataclass(frozen=True, slots=True)
class About:
    """Where and when rows were measured, and what else the machine was doing (load of the last minute)."""

    version: str
    day: str
    machine: str
    load_before: float
    load_after: float


def cpu(work: Callable[[], object], calls: int = 1) -> float:
    """CPU seconds of this process for one call, from so many calls in a row."""
    started = time.process_time()
    for _ in range(calls):
        work()
    return (time.process_time() - started) / calls


def in_turn(ours: Callable[[], float], theirs: Callable[[], float], rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """What both sides took, round by round; one round before that is not counted."""
    taken = np.array([(ours(), theirs()) for _ in range(rounds + 1)][1:])
    return taken[:, 0], taken[:, 1]


def row(what: str, peer: str, unit: str, taken: tuple[np.ndarray, np.ndarray], note: str) -> Row:
    """The comparison of what two sides took; seconds become `unit` (s, ms or µs)."""
    scale = {"s": 1.0, "ms": 1e3, "µs": 1e6}[unit]
    ours, theirs = taken
    ratios = ours / theirs
    rng = np.random.default_rng(0)
    drawn = np.median(rng.choice(ratios, (2_000, len(ratios))), axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    middle = (float(np.median(ours)) * scale, float(np.median(theirs)) * scale)
    return Row(what, peer, unit, *middle, float(np.median(ratios)), float(low), float(high), len(ratios), note)


def about(load_before: float) -> About:
    """This run's version of the code, day, machine and load."""
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False, cwd=LEDGER.parent
    )
    machine = f"{os.cpu_count()} CPUs {platform.machine()}, Python {platform.python_version()}"
    return About(
        described.stdout.strip() or "unknown", time.strftime("%Y-%m-%d"), machine, load_before, os.getloadavg()[0]
    )


def show(rows: Sequence[Row], run: About) -> None:
    """Print the table."""
    print(
        f"homing {run.version}, {run.day}, {run.machine}; load {run.load_before:.1f} before, {run.load_after:.1f} after"
    )
    print(f"{'CPU time of':<46}{'peer':<34}{'ours':>10}{'peer':>10}{'unit':>5}{'ratio':>7}{'95 % of it':>15}{'n':>4}")
    for one in rows:
        interval = f"[{one.low:.2f}, {one.high:.2f}]"
        print(
            f"{one.what:<46}{one.peer:<34}{one.ours:>10.3g}{one.theirs:>10.3g}{one.unit:>5}{one.ratio:>7.2f}"
            f"{interval:>15}{one.rounds:>4}"
        )
        print(f"    {one.note}")


def keep(rows: Sequence[Row], run: About, ledger: Path = LEDGER) -> None:
    """Append the rows to the ledger."""
    names = [field.name for kind in (About, Row) for field in fields(kind)]
    is_new = not ledger.exists()
    with ledger.open("a", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerows(asdict(run) | asdict(one) for one in rows)


def main(measure: Callable[[bool], Sequence[Row]], doc: str) -> None:
    """Measure, print, and with `--ledger` keep; `--quick` takes fewer rounds over smaller data."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rounds over smaller data")
    parser.add_argument("--ledger", action="store_true", help=f"append the rows to {LEDGER.name}")
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    rows = measure(asked.quick)
    run = about(load)
    show(rows, run)
    if asked.ledger:
        keep(rows, run)
