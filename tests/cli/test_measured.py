"""Where the workers of a server keep what they measure."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from homing.cli.measured import measured_folder

HOLDING = """
import sys
from pathlib import Path
from homing.cli.measured import measured_folder
with measured_folder(Path(sys.argv[1])) as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_it_is_there_as_long_as_the_server_and_another_servers_stays(tmp_path):
    with measured_folder(tmp_path) as one:
        with measured_folder(tmp_path) as other:
            assert {path.name for path in tmp_path.iterdir()} == {one.name, other.name}
        assert list(tmp_path.iterdir()) == [one]
    assert list(tmp_path.iterdir()) == []


def test_that_of_a_killed_server_is_removed_by_the_next(tmp_path):
    words = [sys.executable, "-c", HOLDING, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        left = Path(server.stdout.readline().strip())
        with measured_folder(tmp_path):
            assert left.is_dir()
        os.kill(server.pid, signal.SIGKILL)
    assert left.is_dir()
    with measured_folder(tmp_path) as own:
        assert list(tmp_path.iterdir()) == [own]


@pytest.mark.skipif(not os.access("/dev/shm", os.W_OK), reason="the system has no file system in memory")
def test_it_is_in_memory_so_that_a_full_disk_does_not_matter():
    with measured_folder() as folder:
        assert folder.parent == Path("/dev/shm")
