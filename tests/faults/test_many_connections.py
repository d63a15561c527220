"""Many connections at once: a server opens as many files as the system allows, however few it was started with."""

from __future__ import annotations

import resource
import socket
import sys
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from serving import PATIENCE, Server


@pytest.mark.skipif(sys.platform != "linux", reason="it bounds another process's files and looks for workers in /proc")
def test_a_server_started_with_few_open_files_takes_many_connections(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    few = max(int(file.name) for file in Path("/proc/self/fd").iterdir()) + 64  # this process has files open as well
    resource.setrlimit(resource.RLIMIT_NOFILE, (few, hard))
    try:
        server = Server(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    with closing(server), ExitStack() as lines:
        server.ready()
        for number in range(3 * few):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE))
            line.sendall(f"GET /v1/leads/l{number}/stream HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert line.recv(12) == b"HTTP/1.1 200"
        assert server.ask("/healthz")
