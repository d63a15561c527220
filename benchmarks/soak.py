"""Breaks a server under load again and again, and counts: events acknowledged = events stored, every time.

Run: make soak [minutes=30]. Two servers of two workers each, one over a SQLite file, one over PostgreSQL, take events
and answer while a worker, the writer, the server or the database is killed with -9, the disk is full, a model comes
damaged, or 10,000 duplicates come in random order. After each round the store is read past the server. At the end both
are checked as a whole and one table is printed; exit code 1 if anything is wrong. Every fault is tried at least once.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(_TESTS / "faults"), str(_TESTS / "postgres")]

from breaking import FAULTS, Ground, Round, tried
from postgres_ground import PostgresServer
from side_by_side import LEDGER, Row, about, keep

from homing.store.events import EventQuery

HEAD = ("fault", "store", "rounds", "acknowledged", "stored", "sent again", "answers", "kills", "restarts", "verdict")
WIDTHS = (20, 11, 7, 13, 11, 11, 8, 6, 9, 8)


def rounds(grounds: Sequence[Ground], minutes: float, seed: int) -> Iterator[Round]:
    """All faults in random order, then all again, until the time is over; each of them at least once."""
    drawn, end, number = random.Random(seed), time.monotonic() + 60 * minutes, 0
    places = [(name, ground) for name, (_, where) in FAULTS.items() for ground in grounds if ground.name in where]
    while True:
        drawn.shuffle(places)
        for name, ground in places:
            if number >= len(places) and time.monotonic() > end:
                return
            yield tried(name, ground, f"lead-{number}", drawn)
            number += 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--ledger", action="store_true", help=f"append the sums to {LEDGER.name}")
    asked = parser.parse_args()
    began, load = time.monotonic(), os.getloadavg()[0]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="homing-soak-")))
        postgres = stack.enter_context(closing(PostgresServer()))
        grounds = [
            stack.enter_context(closing(Ground(folder / "sqlite"))),
            stack.enter_context(closing(Ground(folder / "postgresql", postgres))),
        ]
        done = []
        for one in rounds(grounds, asked.minutes, asked.seed):
            done.append(one)
            print(f"{time.monotonic() - began:7.0f} s  {told(one)}", flush=True)
        wrong = [f"{one.fault}, {one.ground}: {why}" for one in done for why in one.wrong]
        wrong += [why for ground in grounds for why in whole(ground, done)]
        print(f"\n{time.monotonic() - began:.0f} s, seed {asked.seed}\n{table(done)}")
    if asked.ledger:
        keep([summary(done, asked.minutes, asked.seed)], about(load))
    print("\n".join(wrong))
    sys.exit(bool(wrong))


def told(one: Round) -> str:
    """A round as a line."""
    verdict = "; ".join(one.wrong) or "all stored once"
    return f"{one.fault}, {one.ground}: {one.acknowledged:,} acknowledged, {one.stored:,} stored: {verdict}"


def whole(ground: Ground, done: Sequence[Round]) -> list[str]:
    """What is wrong with a store as a whole: its damage, and events of no round."""
    with ground.store() as store:
        stored = store.count("default", EventQuery())
    acknowledged = sum(one.acknowledged for one in done if one.ground == ground.name)
    unequal = [] if stored == acknowledged else [f"{acknowledged:,} events were acknowledged, {stored:,} are stored"]
    return [f"{ground.name}: {why}" for why in (*unequal, *ground.damage())]


def table(done: Sequence[Round]) -> str:
    """A row for each fault and store, and one for all of them."""
    kinds = sorted({(one.fault, one.ground) for one in done})
    rows = [(*kind, *_summed([one for one in done if (one.fault, one.ground) == kind])) for kind in kinds]
    return "\n".join(
        "  ".join(map(_aligned, line, WIDTHS, HEAD)) for line in (HEAD, *rows, ("all", "", *_summed(done)))
    )


def _aligned(cell: str, width: int, column: str) -> str:
    return f"{cell:<{width}}" if column in HEAD[:2] else f"{cell:>{width}}"


def summary(done: Sequence[Round], minutes: float, seed: int) -> Row:
    """All rounds as one comparison."""
    acknowledged, stored, kills = (
        sum(getattr(one, name) for one in done) for name in ("acknowledged", "stored", "kills")
    )
    ratio = stored / acknowledged
    note = f"{len(done)} rounds of {len(FAULTS)} faults in {minutes:g} minutes, {kills} kills, seed {seed}"
    return Row(
        "events stored under faults",
        "events acknowledged",
        "",
        stored,
        acknowledged,
        ratio,
        ratio,
        ratio,
        len(done),
        note,
    )


def _summed(done: Sequence[Round]) -> tuple[str, ...]:
    counted = ("acknowledged", "stored", "again", "answers", "kills", "restarts")
    sums = [sum(getattr(one, name) for one in done) for name in counted]
    bad = sum(bool(one.wrong) for one in done)
    return (f"{len(done):,}", *(f"{one:,}" for one in sums), f"{bad:,} wrong" if bad else "ok")


if __name__ == "__main__":
    main()
