"""Whether an act is in the next answer of every worker: the share of trials in which it was, which has to be 100 %.

Run: python benchmarks/freshness.py [--trials 10000] [--workers 2] [--store sqlite|postgres] [--replica-lag SECONDS].
A trial stores one act at one worker and asks every worker for an answer, over connections that stay with one worker
each. With a replica, which follows PostgreSQL so much later, answers are asked for with `after`, the act's sequence.
Exit code 1 if any answer had not seen the act.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path

_TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path[:0] = [str(_TESTS / "faults"), str(_TESTS / "postgres")]

from every_worker import all_tried
from loading import homes
from postgres_ground import PostgresServer
from scipy.stats import beta
from serving import Server
from side_by_side import LEDGER, Row, about, keep


def settings(stack: ExitStack, store: str, lag: float) -> dict[str, str]:
    """What tells a server where its events are, over servers that end with the stack."""
    if store == "sqlite":
        return {}
    primary = stack.enter_context(closing(PostgresServer()))
    name = primary.new()
    found = {"HOMING_DATABASE": primary.url(name)}
    if lag:
        late = f"recovery_min_apply_delay={1_000 * lag:.0f}ms"
        replica = stack.enter_context(closing(PostgresServer("fsync=off", late, of=primary)))
        found["HOMING_REPLICA"] = replica.url(name)
    return found


def share(seen: int, trials: int, workers: int, over: str, took: float) -> Row:
    """The share of trials in which the act was seen, with the 95 % interval of Clopper and Pearson."""
    low = beta.ppf(0.025, seen, trials - seen + 1) if seen else 0.0
    high = beta.ppf(0.975, seen + 1, trials - seen) if seen < trials else 1.0
    return Row(
        f"an act is in the next answer of each of {workers} workers", "all trials", "", seen, trials, seen / trials,
        float(low), float(high), 1, f"{over}; {took:.0f} s",
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--clients", type=int, default=8, help="trials at the same time, each of leads of its own")
    parser.add_argument("--store", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--replica-lag", type=float, default=0.0, help="seconds a replica of PostgreSQL is late")
    parser.add_argument("--ledger", action="store_true", help=f"append the share to {LEDGER.name}")
    asked = parser.parse_args()
    load = os.getloadavg()[0]
    if asked.replica_lag and asked.store == "sqlite":
        parser.error("a replica is one of PostgreSQL: --store postgres")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="homing-fresh-")))
        where = settings(stack, asked.store, asked.replica_lag)
        server = stack.enter_context(closing(Server(folder / "data", asked.workers, **where)))
        server.ready()
        server.ask("/v1/properties", homes())
        began = time.monotonic()
        missed = all_tried(server, asked.trials, asked.clients, after=bool(asked.replica_lag))
        took = time.monotonic() - began
    seen = asked.trials - len({(one.lead, one.trial) for one in missed})
    over = f"{asked.store}{f', replica {asked.replica_lag:g} s late, after' if asked.replica_lag else ''}"
    print(
        f"{over}: in {seen:,} of {asked.trials:,} trials ({seen / asked.trials:.2%}) the act was in the next answer of "
        f"each of {asked.workers} workers; {took:.0f} s, {asked.clients} at a time"
    )
    for one in missed[:10]:
        print(one)
    if asked.ledger:
        keep([share(seen, asked.trials, asked.workers, over, took)], about(load))
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
