"""What the ways in of events refuse, by the sentence it brings."""

from __future__ import annotations

import gzip
import json
import threading
from concurrent.futures import Future
from contextlib import closing
from typing import Any

from homing.core.errors import StorageError
from homing.core.settings import Settings
from homing.integrations.segment.message import Speaker, told
from homing.people.directory import Directory
from homing.store.checks import event
from homing.store.events import Appended
from homing.store.group_commit import Batch, GroupCommit
from homing.store.one_writer import OneWriter
from homing.store.opening import event_store, open_database
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase

__all__ = ["TABLE"]


def flooded(_: Any) -> Any:
    """A queue that nobody empties."""
    let_go = threading.Event()

    def write(batches: Any) -> list[Appended]:
        let_go.wait(30)
        return [Appended((True,) * len(batch.rows), 1) for batch in batches]

    group = GroupCommit(write)
    many = [event(f"{n}") for n in range(20_000)]
    try:
        group.submit("default", many)
        return group.submit("default", many)
    finally:
        let_go.set()


def opened(replica: str, database: str = "postgresql://ann@127.0.0.1:1/homing") -> Any:
    return event_store(open_database(Settings(database=database)), replica=replica)


def at(path: str, body: Any, *, packed: bool = False) -> Any:
    """An act that posts JSON, or bytes that are said to be gzip."""
    headers = {"Content-Encoding": "gzip"} if packed else {}
    content = body if packed else json.dumps(body).encode()
    return lambda ground: ground.served.client.post(path, content=content, headers=headers)


def handed_over(ground: Any) -> Any:
    """A batch that the process that writes could not write."""
    path = ground.new("homing.sqlite3")

    def take(_: Batch) -> Future[Appended]:
        failed: Future[Appended] = Future()
        failed.set_exception(StorageError("The database of the other process refused a write."))
        return failed

    with closing(OneWriter(path, lambda _: [], take)) as writer, closing(OneWriter(path, lambda _: [], take)) as other:
        writer([])
        raise other([Batch("default", [])])[0]


def nowhere_to_keep(ground: Any) -> Any:
    return Directory(ProfileStore(SqliteDatabase(ground.new("homing.sqlite3")))).pseudonym([("email", "none")])


TABLE = {
    "The body must be JSON in gzip; got damaged gzip.": at("/v1/batch", b"none", packed=True),
    "The body must be JSON in gzip; got gzip that was cut off.": at(
        "/v1/batch", gzip.compress(b"{}")[:-9], packed=True
    ),
    "The body must be sent without Content-Encoding or in gzip.": lambda ground: ground.served.client.post(
        "/v1/batch", content=b"{}", headers={"Content-Encoding": "br"}
    ),
    "The body must be an object with batch, an array of messages.": at("/v1/batch", []),
    "A batch holds at most 2,500 messages; got 2,501.": at("/v1/batch", {"batch": [{}] * 2_501}),
    "message must be an object with type (track, page, screen, identify, group, alias), userId or anonymousId; got 7": at(
        "/v1/track", 7
    ),
    "type must be one of track, page, screen, identify, group, alias; got 'merge'": lambda _: told(
        {"type": "merge"}, 1
    ),
    "userId must be given (or anonymousId); got nothing": at("/v1/track", {"event": "x"}),
    "anonymousId must be given: a site key tells of a lead only with that lead's token as Homing-Token; got nothing": (
        lambda _: told({"type": "page", "userId": "ann"}, 1, speaker=Speaker(public=True))
    ),
    "previousId must be given; got nothing": at("/v1/alias", {"userId": "ann"}),
    "event must be an object with type and person; got 7": at("/fub/v1/events", 7),
    "person must have an id, an e-mail address or a telephone number; got none": at(
        "/fub/v1/events", {"type": "Inquiry"}
    ),
    "type must be the type of an event, such as Viewed Property; got nothing": at(
        "/fub/v1/events", {"person": {"id": "17"}}
    ),
    "person must have an e-mail address or a telephone number; got neither": nowhere_to_keep,
    "after must be a sequence that was given out when an event was stored; got 'red'": lambda ground: (
        ground.served.client.get("/v1/leads/ann/recommendations?after=red")
    ),
    "The database of the other process refused a write.": handed_over,
    "HOMING_REPLICA must be left out: only a PostgreSQL database has replicas; got an address": lambda _: opened(
        "postgresql://ann@127.0.0.1:1/homing", "sqlite:///x"
    ),
    "HOMING_REPLICA must be postgresql://USER@HOST:PORT/NAME; got another address": lambda _: opened("mysql://ann@x/y"),
    "20,000 events wait to be written. Send these again in a second.": flooded,
}
