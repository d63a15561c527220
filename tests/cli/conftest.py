from __future__ import annotations

import gzip
import json

import pytest
from cli_ground import END, command, home


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in ("HOMING_DATA_DIR", "HOMING_DATABASE", "HOMING_TENANT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def homing(tmp_path):
    """Runs a command over this test's own data folder and asks it for JSON."""
    return lambda *words: command("--data-dir", tmp_path / "data", "--json", *words)


@pytest.fixture
def write(tmp_path):
    """Writes a file: bytes and texts as they are, a list as JSON lines; `.gz` names are compressed."""

    def written(name, content):
        if isinstance(content, list):
            content = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in content)
        data = content.encode() if isinstance(content, str) else content
        path = tmp_path / name
        path.write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
        return path

    return written


@pytest.fixture(scope="session")
def town(tmp_path_factory):
    """A file of 240 homes."""
    path = tmp_path_factory.mktemp("town") / "homes.jsonl"
    path.write_text("".join(json.dumps(home(number)) + "\n" for number in range(240)))
    return path


@pytest.fixture(scope="session")
def simulated(town, tmp_path_factory):
    """The five files of a small simulated market, and what the command said of them."""
    folder = tmp_path_factory.mktemp("simulated")
    said = command("simulate", "--leads", 40, "--days", 30, "--seed", 5, "--listings", town, "--end", END,
                   "--out", folder, "--json")  # fmt: skip
    return folder, said


@pytest.fixture(scope="session")
def shop(simulated, tmp_path_factory):
    """Runs commands over one imported and trained market, which no test may change."""
    folder, data = simulated[0], tmp_path_factory.mktemp("shop") / "data"

    def asked(*words):
        return command(*words, "--data-dir", data, "--json")

    for what in ("listings", "leads", "agents", "events"):
        assert asked("import", what, folder / f"{what}.jsonl.gz").code == 0
    asked.trained = asked("train", "--seed", 1)
    asked.data = data
    return asked
