"""`homing serve` as a child process that tests ask, look into and kill, and what is posted to it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import Any

BATCH = 40
PATIENCE = 60.0
BROKEN = (OSError, ValueError, http.client.HTTPException)
"""What a client sees whose answer is a refusal, or does not come, or breaks off: it asks again."""


class Server:
    """`homing serve` in a process group of its own, with so many workers; `environment` is added to this one's."""

    def __init__(self, data: Path, workers: int = 1, **environment: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        words = ["--data-dir", str(data), "serve", "--port", str(self.port), "--workers", str(workers)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "homing", *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, **environment},
        )

    def ready(self) -> Any:
        """Wait until it can store events."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                return self.ask("/readyz")
            except OSError:
                time.sleep(0.05)  # another process is starting
        raise TimeoutError

    def ask(self, path: str, body: object = None) -> Any:
        """The answer to one request on a connection of its own."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def workers(self) -> set[int]:
        """The processes that answer: children that are neither gone nor multiprocessing's own. Linux only."""
        children: set[int] = set()
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            with suppress(FileNotFoundError, ProcessLookupError):  # a thread that has ended meanwhile
                children |= {int(child) for child in task.read_text().split()}
        return {pid for pid in children if _answers(pid)}

    def kill(self) -> None:
        """End it at once, with all its workers, as a crash would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def close(self) -> None:
        """End it if it is there."""
        if self.process.poll() is None:
            self.kill()


def _answers(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False  # it has ended meanwhile
    return bool(words) and b"resource_tracker" not in words


def batch(number: int) -> list[dict[str, str]]:
    """A batch of events whose ids follow from its number."""
    return [
        {"event_id": f"e{number * BATCH + n:06d}", "event_type": "property_view", "lead_id": "ann", "property_id": "h"}
        for n in range(BATCH)
    ]
