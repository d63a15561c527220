"""`homing serve`: the API and the pages."""

from __future__ import annotations

import ipaddress
import os
from typing import Annotated

import typer

from homing.cli.terminal import Terminal
from homing.core.errors import BadInput

__all__ = ["serve", "start_server"]


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8080,
    workers: Annotated[int, typer.Option(help="Processes that answer.", min=1)] = 1,
) -> None:
    """Serve API and pages until stopped."""
    start_server(context.obj, host, port, workers)


def start_server(terminal: Terminal, host: str, port: int, workers: int) -> None:
    """Hand the settings to the workers by environment and serve."""
    from homing.api.server import serve as serve_forever  # granian loads only when something is served

    if not _is_loopback(host):
        raise BadInput.of("--host", "be a loopback address such as 127.0.0.1 as long as there are no keys", host)
    settings = terminal.homing.settings
    os.environ["HOMING_DATA_DIR"] = str(settings.data_dir.resolve())
    os.environ["HOMING_TENANT"] = settings.tenant
    if settings.database is not None:
        os.environ["HOMING_DATABASE"] = settings.database
    terminal.homing.database.close()
    terminal.say(f"homing serves on http://{host}:{port} (pages at /, API at /docs); stop with Ctrl-C")
    serve_forever("homing.wiring:application", host=host, port=port, workers=workers)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
