"""Clients that post events and ask for answers while something is broken, and know what they were told is stored."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Protocol

from serving import BROKEN, PATIENCE, Server

HOMES = 60
PER_BATCH = 20
CLIENTS = 3

Row = dict[str, Any]


def homes() -> list[Row]:
    """Enough of a market to answer from."""
    return [
        {"ListingKey": f"home-{n}", "ListPrice": 300_000 + 5_000 * n, "BedroomsTotal": 1 + n % 5, "City": "Kent"}
        for n in range(HOMES)
    ]


def act(lead: str, number: int) -> Row:
    """An event of a lead whose id follows from its number."""
    return {
        "event_id": f"{lead}-{number}", "event_type": "property_view", "lead_id": lead,
        "property_id": f"home-{number % HOMES}",
    }  # fmt: skip


class Served(Protocol):
    """Where a server is, perhaps another one later."""

    server: Server


class Load:
    """Clients of one lead's events against whatever server there is at the moment.

    Each posts a batch again until it is acknowledged, then the next, and asks for an answer after each. Everything that
    was acknowledged is in `acknowledged`, so when all clients have come to an end, the store holds this and no more.
    `new` counts the events that were told to be stored, not to have been there, `again` the requests that were refused
    or not answered, `answers` the answers to the lead.
    """

    def __init__(self, lead: str, ground: Served, batches: Sequence[Sequence[Row]] | None = None) -> None:
        self.lead, self._ground = lead, ground
        self.acknowledged: list[str] = []
        self.new = self.again = self.answers = 0
        self._lock, self._ended = threading.Lock(), threading.Event()
        self._batches = iter(self._endless() if batches is None else batches)
        self.arrived = threading.Semaphore(0)

    def _endless(self) -> Iterator[list[Row]]:
        for number in itertools.count():
            yield [act(self.lead, number * PER_BATCH + n) for n in range(PER_BATCH)]

    def wait(self, batches: int = 1) -> None:
        """Wait until so many more batches were acknowledged."""
        for _ in range(batches):
            if not self.arrived.acquire(timeout=PATIENCE):
                raise TimeoutError(f"Nothing of {self.lead} was acknowledged for {PATIENCE:.0f} seconds.")

    def wait_fresh(self, batches: int = 1) -> None:
        """Wait until so many batches are acknowledged from now on."""
        while self.arrived.acquire(blocking=False):
            pass
        self.wait(batches)

    @contextmanager
    def running(self, clients: int = CLIENTS) -> Iterator[Load]:
        """Clients at work; at the end all of what they have begun is acknowledged."""
        with ThreadPoolExecutor(clients, thread_name_prefix="client") as pool:
            working = [pool.submit(self._post) for _ in range(clients)]
            try:
                yield self
            finally:
                self._ended.set()
                for one in working:
                    one.result()

    def all_of(self, clients: int = CLIENTS) -> None:
        """Post every batch there is."""
        with ThreadPoolExecutor(clients, thread_name_prefix="client") as pool:
            for one in [pool.submit(self._post) for _ in range(clients)]:
                one.result()

    def _post(self) -> None:
        while not self._ended.is_set():
            with self._lock:
                rows = next(self._batches, None)
            if rows is None:
                return
            told = self._until_told("/v1/events", rows)
            if told["stored"] + told["duplicates"] != len(rows) or told["refused"]:
                raise AssertionError(f"{len(rows)} events were sent, and the answer was {told}")
            with self._lock:
                self.acknowledged += [row["event_id"] for row in rows]
                self.new += told["stored"]
            self.arrived.release()
            self._until_told(f"/v1/leads/{self.lead}/recommendations?k=3")
            with self._lock:
                self.answers += 1

    def _until_told(self, path: str, body: object = None) -> Any:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                return self._ground.server.ask(path, body)
            except BROKEN as error:
                if getattr(error, "code", 503) not in (429, 503):
                    raise AssertionError(f"{path} was answered {error}") from error
                if time.monotonic() > end:
                    raise TimeoutError(f"{path} had no answer for {PATIENCE:.0f} seconds.") from error
                with self._lock:
                    self.again += 1
                time.sleep(0.02)  # another process is being replaced
