"""The server process: granian over an application that each worker makes for itself."""

from __future__ import annotations

import os
import tempfile

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from homing.api.metrics import SHARED

__all__ = ["serve"]


def serve(target: str, *, host: str = "127.0.0.1", port: int = 8080, workers: int = 1) -> None:
    """Serve until told to stop. `target` is `module:function`; each worker calls the function for its application.

    Workers are processes of their own, so the function reads its settings from the environment.
    """
    server = Granian(
        target,
        address=host,
        port=port,
        workers=workers,
        interface=Interfaces.ASGI,
        factory=True,
        websockets=False,
        log_level=LogLevels.warning,
    )
    with tempfile.TemporaryDirectory(prefix="homing-metrics-") as measured:
        os.environ[SHARED] = measured
        server.serve()
