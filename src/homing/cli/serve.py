"""`homing serve`: the API and the pages."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Callable
from typing import Annotated

import typer

from homing.cli.measured import measured_folder
from homing.cli.terminal import Terminal
from homing.core.errors import BadInput, NotReady
from homing.core.settings import MEASURED_TOGETHER

__all__ = ["check_address", "serve", "start_server"]


def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="Address to listen on; a loopback one until there are keys.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="Port to listen on.", min=1, max=65535)] = 8080,
    workers: Annotated[int, typer.Option(metavar="N", help="Processes that answer.", min=1)] = 1,
) -> None:
    """Serve API and pages until stopped."""
    start_server(context.obj, host, port, workers)


def start_server(terminal: Terminal, host: str, port: int, workers: int) -> None:
    """Hand the settings to the workers by environment and serve."""
    check_address(host, port, locked=lambda: terminal.homing.keys.find(b"").any)
    settings = terminal.homing.settings
    os.environ["HOMING_DATA_DIR"] = str(settings.data_dir.resolve())
    os.environ["HOMING_TENANT"] = settings.tenant
    if settings.database is not None:
        os.environ["HOMING_DATABASE"] = settings.database
    terminal.homing.database.close()
    terminal.say(f"homing serves on http://{host}:{port} (pages at /, API at /docs); stop with Ctrl-C")
    with measured_folder() as measured:
        os.environ[MEASURED_TOGETHER] = str(measured)
        from homing.api.server import serve as serve_forever  # what measures asks for the folder when it is loaded

        serve_forever(
            "homing.wiring:application", host=host, port=port, workers=workers, head_seconds=settings.head_seconds
        )


def check_address(host: str, port: int, locked: Callable[[], bool] = lambda: False) -> None:
    """Refuse, before any work is done, an address that is taken, or that others reach while nobody needs a key."""
    if not _is_loopback(host) and not locked():
        raise BadInput.of("--host", "be a loopback address such as 127.0.0.1 as long as there are no keys", host)
    try:
        with socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET):
            pass
    except OSError as error:
        why = error.strerror or str(error)
        raise NotReady(f"Nobody can listen on {host} port {port}: {why}. Choose another --port.") from error


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
