"""Whether an act is in the next answer of every worker: connections that stay with one worker each, and trials."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from loading import act
from serving import PATIENCE, Server

PER_LEAD = 20


@dataclass(frozen=True)
class Missed:
    """An answer that had not seen every act of a lead: which worker's, how many acts it knew of how many."""

    lead: str
    trial: int
    worker: int
    knew: int
    of: int


class Line:
    """A connection that is kept, so that all its requests are answered by one worker."""

    def __init__(self, server: Server) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)
        self.ask("/healthz")
        self.worker = worker_of(server, self._connection.sock.getsockname()[1])

    def ask(self, path: str, body: object = None) -> Any:
        """What is answered; anything but 200 is refused."""
        content = None if body is None else json.dumps(body)
        self._connection.request("GET" if body is None else "POST", path, content, {"Content-Type": "application/json"})
        answer = self._connection.getresponse()
        told = json.load(answer)
        if answer.status != 200:
            raise AssertionError(f"{path} was answered {answer.status}: {told}")
        return told

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def worker_of(server: Server, port: int) -> int:
    """The worker that holds the other end of a connection from this port. Linux only."""
    ends = (line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:])
    ours = (f":{server.port:04X}", f":{port:04X}")
    (inode,) = {end[9] for end in ends if (end[1][-5:], end[2][-5:]) == ours}
    for pid in server.workers():
        if any(_target(file) == f"socket:[{inode}]" for file in Path(f"/proc/{pid}/fd").iterdir()):
            return pid
    raise LookupError(f"No worker holds the connection from port {port}.")


def _target(file: Path) -> str:
    try:
        return str(file.readlink())
    except FileNotFoundError:
        return ""  # closed meanwhile


def lines(server: Server, stack: ExitStack) -> list[Line]:
    """A line to every worker."""
    found: dict[int, Line] = {}
    end = time.monotonic() + PATIENCE
    while len(found) < len(server.workers()):
        if time.monotonic() > end:
            raise TimeoutError(f"Of the workers {sorted(server.workers())} only {sorted(found)} answer.")
        line = Line(server)
        if found.setdefault(line.worker, line) is line:
            stack.callback(line.close)
        else:
            line.close()
    return [found[worker] for worker in sorted(found)]


def tried(to_all: Sequence[Line], trials: int, lead: str, *, after: bool) -> list[Missed]:
    """So many trials over lines to all workers: one of them takes an act in, then each of them is asked for an answer.

    Every `PER_LEAD` acts another lead acts. With `after` the answers are asked for with the act's sequence.
    """
    missed = []
    for trial in range(trials):
        who, acts = f"{lead}-{trial // PER_LEAD}", trial % PER_LEAD + 1
        stored = to_all[trial % len(to_all)].ask("/v1/events", act(who, trial))
        path = f"/v1/leads/{who}/recommendations?k=3&explain=false"
        for line in to_all:
            knew = line.ask(f"{path}&after={stored['sequence']}" if after else path)["event_count"]
            if knew != acts:
                missed.append(Missed(who, trial, line.worker, knew, acts))
    return missed


def all_tried(server: Server, trials: int, clients: int, *, after: bool) -> list[Missed]:
    """All trials, by so many clients at once, each with lines and leads of its own."""
    lock, missed = threading.Lock(), []
    each = -(-trials // clients)

    def one(client: int) -> None:
        with ExitStack() as stack:
            to_all = lines(server, stack)
            found = tried(to_all, min(each, trials - client * each), f"lead-{client}", after=after)
        with lock:
            missed.extend(found)

    with ThreadPoolExecutor(clients) as pool:
        for done in [pool.submit(one, client) for client in range(clients)]:
            done.result()
    return missed
