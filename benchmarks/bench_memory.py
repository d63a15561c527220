"""How much a worker's memory grows with the leads in the store: 10,000 of them, then 1,000,000.

Run: python benchmarks/bench_memory.py [--leads 10000 1000000] [--asked 500] [--ledger].
Drawn leads, each with a profile and a few acts on real homes of King County, are imported into a SQLite file.
A model is trained on the first of them and serves every time. For each number of leads a server with one worker is
started over the file and asked for answers and timelines of so many leads, spread over all; then its memory is read.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from importlib.resources import as_file, files
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "faults"))

from serving import Server
from side_by_side import LEDGER, Row, about, keep

from homing.core.clock import DAY, format_moment, system_clock
from homing.core.settings import Settings
from homing.services.import_events import ImportEvents
from homing.services.import_listings import ImportListings
from homing.services.import_people import ImportLeads
from homing.services.train_models import TrainModels
from homing.wiring import Homing, build

ACTS = 4
TOGETHER = 50_000
KINDS = ("property_view", "property_view", "property_view", "property_save")
MEGABYTE = 1 << 20
TOLD = ("Rss", "Pss", "Anonymous")
"""Kinds of memory of a process, as Linux tells them: all that is in it, its own share of it, what no file backs."""


def profile(number: int) -> dict[str, object]:
    return {
        "lead_id": f"lead-{number}",
        "time_zone": "America/Los_Angeles",
        "limits": {"price_max": 400_000 + 1_000 * (number % 900)},
    }


def acts(number: int, homes: Sequence[str], now: int) -> Iterator[dict[str, object]]:
    drawn = random.Random(number)
    for place in range(ACTS):
        yield {
            "event_id": f"e{number}-{place}", "event_type": drawn.choice(KINDS), "lead_id": f"lead-{number}",
            "property_id": homes[int(drawn.random() ** 2 * len(homes))], "session_id": f"s{number}",
            "timestamp": format_moment(now - int(drawn.random() * 90 * DAY)),
        }  # fmt: skip


def filled(homing: Homing, folder: Path, first: int, upto: int) -> None:
    """Import the leads of these numbers and what they did."""
    homes, now = homing.catalogue.snapshot().ids.ids, system_clock()
    for start in range(first, upto, TOGETHER):
        numbers = range(start, min(start + TOGETHER, upto))
        leads, events = folder / "leads.jsonl", folder / "events.jsonl"
        leads.write_text("".join(json.dumps(profile(number)) + "\n" for number in numbers))
        events.write_text("".join(json.dumps(act) + "\n" for number in numbers for act in acts(number, homes, now)))
        people = ImportLeads(homing.directory)(leads)
        report = ImportEvents(homing.tracker.store, "default", homing.catalogue)(events)
        if people.created != len(numbers) or report.stored != ACTS * len(numbers):
            raise SystemExit(f"Not all was stored: {people.created:,} leads, {report.stored:,} events")
        leads.unlink()
        events.unlink()
        print(f"  {numbers[-1] + 1:,} leads are in the store", file=sys.stderr, flush=True)


def memory(pid: int) -> dict[str, int]:
    """The bytes of a process by kind."""
    lines = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    found = {words[0].rstrip(":"): 1_024 * int(words[1]) for words in lines}
    return {kind: found[kind] for kind in TOLD}


def served(data: Path, leads: int, asked: int) -> dict[str, int]:
    """The memory of a worker that has answered so many of the leads."""
    with closing(Server(data)) as server:
        server.ready()
        for place in range(asked):
            lead = f"lead-{place * leads // asked}"
            answer = server.ask(f"/v1/leads/{lead}/recommendations")
            if answer["event_count"] != ACTS or "hybrid" not in answer["models"]:
                raise SystemExit(f"{lead} was answered with {answer['event_count']} events by {answer['models']}")
            server.ask(f"/v1/leads/{lead}/timeline")
        (worker,) = server.workers()
        return memory(worker)


def told(found: dict[str, int], before: dict[str, int] | None) -> str:
    """Each kind of memory, and how it is to what it was before."""
    ratios = {kind: "" if before is None else f" (x {found[kind] / before[kind]:.3f})" for kind in TOLD}
    return ", ".join(f"{kind} {found[kind] / MEGABYTE:,.1f} MB{ratios[kind]}" for kind in TOLD)


def grown(kind: str, leads: Sequence[int], asked: int, found: dict[str, int], before: dict[str, int]) -> Row:
    """The comparison of the last number of leads with the first."""
    ratio = found[kind] / before[kind]
    return Row(
        f"memory ({kind}) of a worker, {leads[-1]:,} leads", f"{leads[0]:,} leads", "MB", found[kind] / MEGABYTE,
        before[kind] / MEGABYTE, ratio, ratio, ratio, 1, f"{ACTS} acts a lead, SQLite, {asked:,} drawn leads answered",
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--leads", type=int, nargs="+", default=[10_000, 1_000_000])
    parser.add_argument("--asked", type=int, default=500)
    parser.add_argument("--ledger", action="store_true", help=f"append the growth to {LEDGER.name}")
    asked = parser.parse_args()
    began, load, before = time.monotonic(), os.getloadavg()[0], None
    with tempfile.TemporaryDirectory(prefix="homing-memory-") as name:
        folder, there = Path(name), 0
        homing = build(Settings(data_dir=folder / "data"))
        with as_file(files("homing.data") / "kc_house_data.csv.gz") as homes:
            ImportListings(homing.catalogue)(homes)
        for leads in asked.leads:
            filled(homing, folder, there, leads)
            if not there:
                TrainModels(homing.tracker, homing.catalogue, homing.registry, homing.directory)(system_clock())
            there = leads
            found = served(folder / "data", leads, asked.asked)
            size = (folder / "data" / "homing.sqlite3").stat().st_size / MEGABYTE
            print(
                f"{leads:>9,} leads, {ACTS * leads:,} events in {size:,.0f} MB, {asked.asked:,} of them answered: "
                f"{told(found, before)}",
                flush=True,
            )
            before = before or found
    if asked.ledger:
        keep([grown(kind, asked.leads, asked.asked, found, before) for kind in TOLD], about(load))
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
