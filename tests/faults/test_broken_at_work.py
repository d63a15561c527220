"""A full disk, a damaged model, 10,000 duplicates while two workers serve: all that was acknowledged is stored."""

from __future__ import annotations

import random
import sys
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from breaking import FAULTS, Ground, tried

from homing.store.checks import event
from homing.store.memory_events import MemoryEventStore

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc and bounds other processes' files")
KILLED_ELSEWHERE = {"a worker killed", "the writer killed", "the server killed", "the database killed"}
"""They have tests of their own beside this one; `make soak` tries them in turn with these."""


@pytest.fixture(scope="module")
def ground(tmp_path_factory):
    with closing(Ground(tmp_path_factory.mktemp("broken"))) as made:
        yield made


@pytest.mark.parametrize("name", [name for name in FAULTS if name not in KILLED_ELSEWHERE])
def test_all_that_was_acknowledged_is_stored_once_and_the_server_goes_on(ground, name):
    found = tried(name, ground, name.replace(" ", "-"), random.Random(3))
    assert found.wrong == ()
    assert found.acknowledged == found.stored > 0
    assert found.answers > 0
    assert ground.damage() == []


class Lying:
    """A ground without a server, whose store holds what it likes."""

    name, kills, restarts = "SQLite", 0, 0

    def __init__(self, *names):
        self.names = names

    @contextmanager
    def store(self):
        store = MemoryEventStore()
        store.append("default", [event(name, lead_id="ann") for name in self.names])
        yield store


@pytest.mark.parametrize(
    ("stored", "wrong"),
    [
        (("a", "b"), None),
        (("a",), "1 events were lost, 0 nobody was told of"),
        (("a", "b", "c"), "0 events were lost, 1 nobody"),
    ],
)
def test_an_event_lost_or_made_up_is_found(stored, wrong):
    def acknowledging(_ground, load, _drawn):
        load.acknowledged += ["a", "b"]

    found = tried("x", Lying(*stored), "ann", random.Random(3), {"x": (acknowledging, ())})
    assert found.wrong == () if wrong is None else wrong in found.wrong[0]


def test_a_fault_that_the_server_does_not_survive_is_told():
    def hanging(_ground, _load, _drawn):
        raise TimeoutError("no answer")

    assert tried("x", Lying(), "ann", random.Random(3), {"x": (hanging, ())}).wrong == ("TimeoutError: no answer",)


def test_the_soak_ends_with_one_table_and_a_verdict(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    from soak import table, whole

    good = tried(
        "x", Lying("a"), "ann", random.Random(3), {"x": (lambda _, load, __: load.acknowledged.append("a"), ())}
    )
    bad = tried("x", Lying(), "ann", random.Random(3), {"x": (lambda _, load, __: load.acknowledged.append("a"), ())})
    lines = table([good, bad]).splitlines()
    assert lines[0].split()[-1] == "verdict"
    assert lines[-1].split() == ["all", "2", "2", "1", "0", "0", "0", "0", "1", "wrong"]
    assert table([good]).splitlines()[-1].split()[-1] == "ok"
    lying = Lying("a", "b")
    lying.damage = list
    assert whole(lying, [good]) == ["SQLite: 1 events were acknowledged, 2 are stored"]
