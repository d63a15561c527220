"""The ground everything stands on: a light import, a package that is complete, files that name no place of ours."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import homing

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ["numpy", "numba", "scipy", "polars", "fastapi", "starlette", "jinja2", "typer", "rich", "msgspec"]


def committed_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip("Not a git checkout, so the committed files are not known.")
    return [ROOT / name for name in listing.stdout.split("\0") if name and (ROOT / name).is_file()]


def locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"(?m)^([a-z0-9-]+)==(\S+) ", (ROOT / "requirements" / name).read_text()))


def test_importing_homing_loads_nothing_heavy():
    code = f"import homing, sys; print([name for name in {HEAVY} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_every_public_name_loads():
    missing = [name for name in homing.__all__ if getattr(homing, name, None) is None]
    assert missing == []


def test_an_unknown_name_is_refused_with_the_names_there_are():
    with pytest.raises(AttributeError, match=r"no name 'Zebra'. Names: .*BehavioralEvent"):
        _ = homing.Zebra


def test_no_committed_file_names_a_registry_or_a_place_of_ours():
    forbidden = re.compile(
        rb"https?://(?:files\.python"
        rb"hosted|(?:test\.)?py"
        rb"pi\.org/simple)"
        rb"|--(?:extra-)?index"
        rb"-url[ =]|/wo"
        rb"rk/(?:main|shared)|file:///o"
        rb"pt/"
    )
    found = [path.relative_to(ROOT).as_posix() for path in committed_files() if forbidden.search(path.read_bytes())]
    assert found == []


def test_no_two_test_files_share_a_name():
    """pytest imports them by their bare names: of two files of one name it refuses the second."""
    tests = (path for path in committed_files() if path.is_relative_to(ROOT / "tests") and path.suffix == ".py")
    names = [path.name for path in tests if path.name != "conftest.py"]
    assert sorted(names) == sorted(set(names))


def test_all_locked_packages_carry_hashes():
    for name in ("base.txt", "build.txt", "dev.txt"):
        blocks = re.split(r"(?m)^(?=[a-z0-9-]+==)", (ROOT / "requirements" / name).read_text())[1:]
        assert blocks
        assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_every_dependency_is_locked_to_one_version_in_all_files():
    base, build, dev = locked("base.txt"), locked("build.txt"), locked("dev.txt")
    assert {name: dev.get(name) for name in base | build} == base | build
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    assert [line for line in wanted if re.split(r"[>=<~! \[]", line)[0] not in base] == []


def test_the_version_stands_in_one_way_everywhere():
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == homing.__version__
