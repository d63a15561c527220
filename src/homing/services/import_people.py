"""Import a file of leads or of agents into a tenant's directory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from homing.integrations.lead_files import open_people
from homing.people.agent import Agent, agent_from
from homing.people.directory import Directory, ProfileCounts
from homing.people.lead import Lead, lead_from
from homing.services.batches import take_in
from homing.services.import_report import Dropped, Progress, RowsImported
from homing.trust.denied import DENIED, Denied

__all__ = ["ImportAgents", "ImportLeads"]

Person = TypeVar("Person", Lead, Agent)


@dataclass(frozen=True, slots=True)
class ImportLeads:
    r"""Leads, without what says who they are; the report counts the keys that were left out.

    >>> import tempfile
    >>> from homing.store.profiles import ProfileStore
    >>> from homing.store.sqlite import SqliteDatabase
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "leads.jsonl").write_text('{"lead_id": "l1", "email": "a@b.example"}\n')
    >>> report = ImportLeads(Directory(ProfileStore(SqliteDatabase(folder / "homing.sqlite3"))))(folder / "leads.jsonl")
    >>> report.created, report.dropped
    (1, {'email': 1})
    """

    directory: Directory
    denied: Denied = DENIED

    def __call__(self, path: Path | str, *, progress: Progress | None = None) -> RowsImported:
        """Store the good rows, refuse the bad ones; `BadInput`, and nothing stored, if the file cannot be read."""
        read = partial(lead_from, denied=self.denied)
        return _imported(path, read, partial(self.directory.put_leads, files=True), progress)


@dataclass(frozen=True, slots=True)
class ImportAgents:
    """Agents, without what says who they are."""

    directory: Directory
    denied: Denied = DENIED

    def __call__(self, path: Path | str, *, progress: Progress | None = None) -> RowsImported:
        """Store the good rows, refuse the bad ones; `BadInput`, and nothing stored, if the file cannot be read."""
        read = partial(agent_from, denied=self.denied)
        return _imported(path, read, partial(self.directory.put_agents, files=True), progress)


def _imported(
    path: Path | str,
    person_from: Callable[[Mapping[str, Any]], Person],
    put: Callable[[Iterable[Person]], ProfileCounts],
    progress: Progress | None,
) -> RowsImported:
    counts = ProfileCounts()
    dropped = Dropped()

    def store(people: Sequence[Person]) -> None:
        nonlocal counts
        counts += put(people)
        for name in (name for person in people for name in person.dropped):
            dropped.add(name)

    taken = take_in(open_people(path), person_from, store, progress)
    refused = tuple(taken.refused.rows)
    return RowsImported(
        taken.read, counts.created, counts.updated, counts.unchanged, refused, dropped.counts, taken.refused.count
    )
