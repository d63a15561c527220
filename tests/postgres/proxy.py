"""Stands between a client and a PostgreSQL server, and breaks the connection where a test says."""

from __future__ import annotations

import socket
import tempfile
import threading
from pathlib import Path
from typing import Literal

__all__ = ["Proxy"]

_SOCKET = ".s.PGSQL.5432"
When = Literal["before", "after", "for good"]


class Proxy:
    """Breaks at the next COMMIT: `before` the server hears of it, `after` it was done, or after it and `for good`."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self.folder = Path(tempfile.mkdtemp(prefix="homing-proxy-"))
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / _SOCKET))
        self._listener.listen()
        self.breaks: When | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def url(self, name: str) -> str:
        """The address of a database behind it."""
        return f"postgresql://homing@/{name}?host={self.folder}"

    def close(self) -> None:
        """Take no more connections."""
        (self.folder / _SOCKET).unlink(missing_ok=True)
        _end(self._listener)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._between, args=(client,), daemon=True).start()

    def _between(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._server / _SOCKET))
            down = threading.Thread(target=self._down, args=(client, server), daemon=True)
            down.start()
            self._up(client, server)
            down.join()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        while said := _read(client):
            if self.breaks is not None and b"COMMIT" in said:
                breaks, self.breaks = self.breaks, None
                if breaks == "for good":
                    self.close()
                _end(client)
                if breaks != "before":
                    server.sendall(said)  # its answer finds nobody
                break
            server.sendall(said)
        _end(client)
        _end(server)

    def _down(self, client: socket.socket, server: socket.socket) -> None:
        while (said := _read(server)) and self._passed(client, said):
            pass
        _end(client)

    @staticmethod
    def _passed(client: socket.socket, said: bytes) -> bool:
        try:
            client.sendall(said)
        except OSError:
            return False
        return True


def _read(end: socket.socket) -> bytes:
    try:
        return end.recv(65536)
    except OSError:
        return b""


def _end(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
