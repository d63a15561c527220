"""CPU time of one answer, and of the first one after a home changed, over a market of made-up homes in a SQLite file.

    python benchmarks/bench_answer.py [--homes 20000] [--rounds 60]

In turn with the plainest ranking of the same homes: numpy's matrix times vector (64 float32 factors a home), then the
ten highest by argpartition. That knows no lead, no limits, no reasons and no changes; its ratio says what those cost.
"""

from __future__ import annotations

import argparse
import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import asyncio
import tempfile
import time
from pathlib import Path

import numpy as np

from homing.core.clock import DAY, from_micros
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.market.property import property_from
from homing.wiring import build, read_settings

NOW = 1_780_000_000_000_000
HEAVY = 1_400
KINDS = [EventType.PROPERTY_VIEW] * 6 + [EventType.PROPERTY_SAVE, EventType.PROPERTY_LIKE, EventType.PROPERTY_DISLIKE]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--homes", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=60)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        homing = build(read_settings({}, data_dir=Path(folder)), lambda: NOW)
        fill(homing, asked.homes)
        asyncio.run(homing.learning.train())
        report(homing, asked.homes, asked.rounds)


def fill(homing, homes: int) -> None:
    """Homes of one county, 200 leads with 20 acts each near a price of their own, and one lead with 1,400."""
    rng = np.random.default_rng(0)
    price = np.exp(rng.normal(13.0, 0.5, homes))
    homing.catalogue.put(property_from(row(n, price[n], rng), now=NOW - 60 * DAY) for n in range(homes))
    by_price = np.argsort(price)
    for lead in range(201):
        acts = HEAVY if lead == 0 else 20
        middle = rng.integers(homes)
        near = by_price[np.clip(middle + rng.integers(-homes // 20, homes // 20, acts), 0, homes - 1)]
        events = [event(lead, int(home), rng) for home in near]
        homing.tracker.store.append(homing.tracker.tenant, events)


def row(n: int, price: float, rng) -> dict[str, object]:
    return {
        "ListingKey": f"home-{n:06}",
        "ListPrice": round(price, -3),
        "LivingArea": round(price / 250 * rng.uniform(0.8, 1.2)),
        "BedroomsTotal": int(rng.integers(1, 6)),
        "YearBuilt": int(rng.integers(1920, 2025)),
        "Latitude": 47.2 + 0.6 * rng.random(),
        "Longitude": -122.5 + 0.8 * rng.random(),
        "PropertySubType": str(rng.choice(["Condominium", "Single Family Residence", "Townhouse"])),
        "ListingContractDate": f"2026-0{rng.integers(1, 6)}-{rng.integers(10, 28)}",
    }


def event(lead: int, home: int, rng) -> BehavioralEvent:
    kind = KINDS[rng.integers(len(KINDS))]
    data = {"view_duration_seconds": int(rng.integers(5, 200))} if kind is EventType.PROPERTY_VIEW else {}
    moment = from_micros(NOW - int(rng.integers(DAY, 50 * DAY)))
    return BehavioralEvent(
        event_type=kind, timestamp=moment, lead_id=f"lead-{lead}", property_id=f"home-{home:06}", event_data=data
    )


def report(homing, homes: int, rounds: int) -> None:
    rng = np.random.default_rng(1)
    factors, lead = rng.standard_normal((homes, 64), dtype=np.float32), rng.standard_normal(64, dtype=np.float32)

    def plain():
        scores = factors @ lead
        best = np.argpartition(-scores, 9)[:10]
        return best[np.argsort(-scores[best])]

    def after_a_change(round_: int):
        home = homing.catalogue.get(f"home-{round_:06}").row()
        home["ListPrice"] = 300_000 + 1_000 * round_
        home.pop("ModificationTimestamp", None)
        homing.catalogue.put([property_from(home, now=NOW - DAY + round_)])
        return timed(lambda: homing.engine.recommend("lead-0"))

    rows = {
        f"lead with {HEAVY:,} events": lambda _: timed(lambda: homing.engine.recommend("lead-0")),
        "lead with 20 events": lambda _: timed(lambda: homing.engine.recommend("lead-7")),
        "newcomer": lambda _: timed(lambda: homing.engine.recommend("nobody")),
        "the first, first after a change": after_a_change,
        "plain numpy": lambda _: timed(plain),
    }
    times = {name: [] for name in rows}
    for round_ in range(rounds + 3):
        for name, run in rows.items():
            times[name].append(run(round_))
    base = np.median(times["plain numpy"][3:])
    print(f"{homes:,} homes, CPU time   {'p50 ms':>10}{'p99 ms':>10}{'x plain':>10}")
    for name, taken in times.items():
        middle, slow = np.percentile(taken[3:], [50, 99])
        print(f"{name:<32}{1_000 * middle:>10.2f}{1_000 * slow:>10.2f}{middle / base:>10.1f}")


def timed(run) -> float:
    start = time.thread_time()
    run()
    return time.thread_time() - start


if __name__ == "__main__":
    main()
