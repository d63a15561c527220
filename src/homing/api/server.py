"""The server process: granian over an application that each worker makes for itself."""

from __future__ import annotations

from typing import Final

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

__all__ = ["serve"]

_MOST_CONNECTIONS: Final = 16_384
"""So many requests, of which a stream is one as long as it lasts, a worker works on at a time."""

_RESPAWN_S: Final = 0.2
_DRAIN_S: Final = 10


def serve(target: str, *, host: str = "127.0.0.1", port: int = 8080, workers: int = 1) -> None:
    """Serve until told to stop. `target` is `module:function`; each worker calls the function for its application.

    Workers are processes of their own, so the function reads its settings from the environment. One that dies is
    replaced. Told to stop, each ends its streams and answers what it has begun; what takes longer is cut off.
    """
    server = Granian(
        target,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        factory=True,
        websockets=False,
        backlog=_MOST_CONNECTIONS,
        backpressure=_MOST_CONNECTIONS,
        respawn_failed_workers=True,
        respawn_interval=_RESPAWN_S,
        workers_kill_timeout=_DRAIN_S,
        log_level=LogLevels.warning,
    )
    server.serve()
