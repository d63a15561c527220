"""An act is in the next answer of every worker, also where events are read from a replica that is a second late."""

from __future__ import annotations

import sys
from contextlib import ExitStack, closing

import pytest
from every_worker import Missed, all_tried, lines, tried
from loading import homes
from postgres_ground import PostgresServer
from serving import Server

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks in /proc for who holds a connection")
WORKERS = 2


@pytest.fixture
def started(tmp_path):
    with ExitStack() as stack:

        def start(**environment):
            server = stack.enter_context(closing(Server(tmp_path, WORKERS, **environment)))
            server.ready()
            server.ask("/v1/properties", homes())
            return server

        yield start


def test_an_act_is_in_the_next_answer_of_every_worker(started):
    server = started()
    with ExitStack() as stack:
        assert {line.worker for line in lines(server, stack)} == server.workers()
    assert all_tried(server, 100, 2, after=False) == []


def test_with_after_also_over_a_replica_that_is_late(started):
    with closing(PostgresServer("fsync=off")) as primary:
        name = primary.new()
        late = PostgresServer("fsync=off", "recovery_min_apply_delay=1000ms", of=primary)
        with closing(late) as replica:
            server = started(HOMING_DATABASE=primary.url(name), HOMING_REPLICA=replica.url(name))
            assert all_tried(server, 20, 2, after=True) == []
            with ExitStack() as stack:
                assert tried(lines(server, stack), 2, "nobody", after=False), "it is not late, so this showed nothing"


class Forgetful:
    """A line to a worker that knows one act fewer than there are."""

    worker = 7

    def __init__(self):
        self.acts = 0

    def ask(self, _path, body=None):
        self.acts += body is not None
        return {"sequence": self.acts, "event_count": self.acts - 1}


def test_a_worker_that_misses_an_act_is_found():
    assert tried([Forgetful()], 2, "ann", after=False) == [Missed("ann-0", 0, 7, 0, 1), Missed("ann-0", 1, 7, 1, 2)]
