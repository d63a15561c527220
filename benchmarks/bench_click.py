"""How long one act and the next answer take through HTTP: `.venv/bin/python benchmarks/bench_click.py [--rounds 200]`.

One client, one connection, a server in a process of its own over the simulated market of `reason_quality.py` (200
shoppers over real King County homes, trained hybrid, answers of ten with reasons). Each round posts a like, or a pass
with a reason, of a home of the last answer, durable when acknowledged, and asks again at once; the time is that of both
requests together, as the client sees it, beside the CPU time of the server. The last row is the answer in full.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from bench_http import OURS, served
from reason_quality import DATA, market

REASONS = ("price_too_high", "location", "style", "size_too_small")


def main():
    """Print the middle and the slowest hundredth."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="keep the simulated market here, for the next run")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as passing:
        data = market(asked.folder or Path(passing))
        with served(OURS, HOMING_DATA_DIR=str(data)) as server:
            clicks, full, busy = measured(server, asked.rounds)
    print(f"{DATA}; {asked.rounds} rounds, one client, milliseconds")
    for name, taken, cpu in (("act and next answer", clicks, busy[0]), ("answer, explain=full", full, busy[1])):
        middle, slow = np.percentile(taken, [50, 99])
        print(f"{name:<24}p50 {middle:6.1f}   p99 {slow:6.1f}   server CPU {cpu:6.1f}")


def measured(server, rounds):
    """Milliseconds of every click, of every answer in full, and of the server's CPU for one of each."""
    clicks, full, busy = [], [], np.zeros(2)
    leads = [f"lead-{n:05}" for n in range(0, 200, 10)]
    for round_ in range(-len(leads), rounds):
        lead = leads[round_ % len(leads)]
        path = f"/v1/leads/{lead}/recommendations"
        home = json.loads(server.ask("GET", path))["items"][round_ % 3]["property_id"]
        act = {"event_type": "property_like", "lead_id": lead, "property_id": home, "event_data": {}}
        if round_ % 2:
            act |= {"event_type": "property_dislike", "event_data": {"reason": REASONS[round_ // 2 % len(REASONS)]}}
        before, started = server.cpu(), time.perf_counter()
        server.ask("POST", "/v1/events", act)
        server.ask("GET", path)
        clicked, between = time.perf_counter(), server.cpu()
        server.ask("GET", f"{path}?explain=full")
        if round_ >= 0:  # the first answer to each lead is to warm up
            clicks.append(1_000 * (clicked - started))
            full.append(1_000 * (time.perf_counter() - clicked))
            busy += between - before, server.cpu() - between
    return clicks, full, 1_000 * busy / rounds


if __name__ == "__main__":
    main()
