"""kill -9 at any moment: nothing acknowledged is lost, doubled or half there; the next start needs no hand."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ACTS = Path(__file__).with_name("acts.py")


def killed_again_and_again(act, folder):
    """The points at which the act was killed, and what was found after each."""
    done = subprocess.run(
        [sys.executable, str(ACTS), act, str(folder / "ground")],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("act", "least", "outcomes"),
    [
        ("import-events", 4, 2),
        ("import-homes", 4, 2),
        ("first-write", 1, 1),
        ("training", 10, 2),
        ("backup", 10, 2),
        ("restore", 30, 2),
    ],
)
def test_whenever_it_is_killed_the_next_start_finds_all_well(tmp_path, act, least, outcomes):
    done, points = killed_again_and_again(act, tmp_path)
    assert done.returncode == 0, done.stderr
    assert sum(point["killed"] for point in points) >= least
    assert len({point["found"] for point in points}) >= outcomes, "the kills all fell on one side of the commit"


@pytest.mark.parametrize("act", ["careless-training", "careless-backup", "careless-restore"])
def test_a_careless_twin_is_found_out(tmp_path, act):
    done, points = killed_again_and_again(act, tmp_path)
    assert points, done.stderr
    assert "not well after the kill" in done.stderr
