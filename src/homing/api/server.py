"""The server process: granian over an application that each worker makes for itself."""

from __future__ import annotations

import time
from collections import deque
from typing import Any, Final

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.mp import MPServer, WorkerProcess

__all__ = ["serve"]

_MOST_CONNECTIONS: Final = 16_384
"""So many requests, of which a stream is one as long as it lasts, a worker works on at a time."""

_LARGEST_HEAD: Final = 65_536
"""So many bytes a connection keeps of what has come and was not asked for yet; a longer head is refused (431)."""

_RESPAWN_S: Final = 0.2
_DRAIN_S: Final = 10
_MOST_DEATHS: Final = 10
_WITHIN_S: Final = 60.0
"""A server whose workers die more often than this within so long is beyond help, and ends."""


class _Patient(MPServer):
    """Granian ends when a worker dies within seconds of having been replaced; this one when many die in a minute.

    Granian also misses a worker that dies at the very moment at which it turns to another's death; here it is replaced
    together with that one.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._deaths: deque[float] = deque(maxlen=_MOST_DEATHS)

    def _respawn_workers(self, workers: list[int], *args: Any, **settings: Any) -> None:
        gone = {place for place, worker in enumerate(self.wrks) if not _lives(worker)}
        super()._respawn_workers(sorted({*workers, *gone}), *args, **settings)
        now = time.monotonic()
        self._deaths.extend(now for _ in gone)
        if len(self._deaths) < _MOST_DEATHS or now - self._deaths[0] > _WITHIN_S:
            self.respawned_wrks.clear()
        self.interrupt_children[:] = [place for place in self.interrupt_children if not _lives(self.wrks[place])]
        if self.interrupt_children:
            self.main_loop_interrupt.set()


def _lives(worker: WorkerProcess) -> bool:
    return bool(worker.is_alive())  # type: ignore[no-untyped-call]  # granian leaves it without types


def serve(
    target: str, *, host: str = "127.0.0.1", port: int = 8080, workers: int = 1, head_seconds: float = 60.0
) -> None:
    """Serve until told to stop. `target` is `module:function`; each worker calls the function for its application.

    Workers are processes of their own, so the function reads its settings from the environment. One that dies is
    replaced. Told to stop, each ends its streams and answers what it has begun; what takes longer is cut off.
    A connection on which no head of a request has come within `head_seconds` is closed, be it new or kept.
    HTTP/1 only: where the protocol is guessed from its first bytes, who sends none is waited for without end.
    """
    server = _Patient(
        target,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        factory=True,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(
            header_read_timeout=max(1, round(1_000 * head_seconds)), max_buffer_size=_LARGEST_HEAD
        ),
        websockets=False,
        backlog=_MOST_CONNECTIONS,
        backpressure=_MOST_CONNECTIONS,
        respawn_failed_workers=True,
        respawn_interval=_RESPAWN_S,
        workers_kill_timeout=_DRAIN_S,
        log_level=LogLevels.warning,
    )
    server.serve()
