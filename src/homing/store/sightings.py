"""When a home was seen again and said nothing new: packed, as it matters only if something about its past turns up."""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from homing.store.database import Transaction

__all__ = ["Sighting", "note", "seen_since"]

_FULL: Final = 10_000
_FAST: Final = 1


class Sighting(NamedTuple):
    """At `at`, as was known from `known_at` on, a home still said what its version of a revision says."""

    at: int
    known_at: int
    revision: int


def note(transaction: Transaction, tenant: str, seen: Sequence[Sighting]) -> None:
    """Store sightings: one row for many; small rows are taken together, so that n calls leave about log n of them."""
    if not seen:
        return
    packed = np.array(seen, dtype=np.int64)
    while len(packed) < _FULL:
        last = transaction.execute(
            "SELECT number, count, body FROM sightings WHERE tenant = ? ORDER BY number DESC LIMIT 1", (tenant,)
        ).fetchone()
        if last is None or last[1] > len(packed):
            break
        transaction.execute("DELETE FROM sightings WHERE number = ?", (last[0],))
        packed = np.concatenate((_unpacked(last[2]), packed))
    at, _, revision = packed.T
    transaction.execute(
        "INSERT INTO sightings (tenant, count, last_at, first_revision, last_revision, body) VALUES (?, ?, ?, ?, ?, ?)",
        (tenant, len(packed), int(at.max()), int(revision.min()), int(revision.max()), _packed(packed)),
    )


def seen_since(transaction: Transaction, tenant: str, revisions: Collection[int], at: int) -> dict[int, list[Sighting]]:
    """The sightings of some versions from a moment on, by revision."""
    found: dict[int, list[Sighting]] = defaultdict(list)
    if not revisions:
        return found
    wanted = np.array(sorted(revisions), dtype=np.int64)
    rows = transaction.execute(
        "SELECT body FROM sightings WHERE tenant = ? AND last_at >= ? AND last_revision >= ? AND first_revision <= ?",
        (tenant, at, int(wanted[0]), int(wanted[-1])),
    )
    for (body,) in rows:
        seen = _unpacked(body)
        for row in seen[(seen[:, 0] >= at) & np.isin(seen[:, 2], wanted)].tolist():
            found[row[2]].append(Sighting(*row))
    return found


def _packed(seen: NDArray[np.int64]) -> bytes:
    """Sorted by revision, each column as differences: what a feed sees again and again takes a fraction of a byte."""
    ordered = seen[np.lexsort((seen[:, 1], seen[:, 0], seen[:, 2]))]
    return zlib.compress(np.diff(ordered, axis=0, prepend=0).T.astype("<i8").tobytes(), _FAST)


def _unpacked(body: bytes) -> NDArray[np.int64]:
    steps = np.frombuffer(zlib.decompress(body), dtype="<i8").reshape(3, -1)
    return np.cumsum(steps, axis=1, dtype=np.int64).T
