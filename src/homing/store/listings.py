"""Every version of every home of a tenant: what was said of it, from when on, and since when it is known."""

from __future__ import annotations

from bisect import insort
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple

import msgspec

from homing.store.database import Database, Transaction
from homing.store.sightings import Sighting, note, seen_since

__all__ = ["FOREVER", "ListingStore", "ListingVersion", "PutOutcome"]

PutOutcome = Literal["created", "updated", "unchanged"]

FOREVER: Final = 2**63 - 1
"""Later than any moment."""

_COLUMNS: Final = "property_id, at, known_at, fields, revision"
_INSERT: Final = "INSERT INTO listings (tenant, property_id, at, known_at, fields) VALUES (?, ?, ?, ?, ?)"
_LAST: Final = "SELECT coalesce(max(revision), 0) FROM listings WHERE tenant = ?"
_NOT_YET: Final = 2**62
"""What versions are counted from until the database has numbered them: later than every number that it gave."""


@dataclass(frozen=True, slots=True)
class ListingVersion:
    """One version: `at` is when it began to hold, `known_at` when we knew (microseconds UTC), `fields` its JSON text.

    `revision` grows with every write of any version; it is 0 before the version is stored.
    """

    property_id: str
    at: int
    known_at: int
    fields: str
    revision: int = 0


class ListingStore:
    """The versions of homes, each tenant apart.

    In force at a moment, as known by a moment, is of the versions that had begun and were known by then the one that
    began last; of several that began at once (a correction) the one that became known last.

    >>> import tempfile, pathlib
    >>> from homing.store.sqlite import SqliteDatabase
    >>> store = ListingStore(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "homes.sqlite3"))
    >>> version = ListingVersion("h1", at=10, known_at=10, fields='{"ListPrice":500000}')
    >>> store.put("default", [version])["created"], store.put("default", [version])["unchanged"]
    (1, 1)
    >>> corrected = ListingVersion("h1", at=10, known_at=15, fields='{"ListPrice":450000}')
    >>> store.put("default", [corrected])["updated"]
    1
    >>> store.newest("default", "h1", upto=20, known_upto=14).fields
    '{"ListPrice":500000}'
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, tenant: str, versions: Sequence[ListingVersion], received_at: int | None = None
    ) -> Counter[PutOutcome]:
        """Store versions in one transaction and count what each did.

        A home never seen is created. What says of a moment the same that is known of it already is unchanged, and only
        noted: it counts when a version turns up later that began before it. A version that says of its moment something
        else than was said of that moment before corrects it; one that claims to have been known no later than what it
        corrects is known from `received_at` on. One that arrives late is stored in its place in time. Within one call
        the order given makes no difference, except that of two versions of one home, moment and time of knowing the
        later given wins.
        """
        outcomes: Counter[PutOutcome] = Counter()
        given = _by_home(versions)
        written: list[ListingVersion] = []
        with self._database.write(tenant, "listings") as transaction:
            rows = self._rows_of(transaction, tenant, list(given))
            told = [(_Home(name, rows[name], written), some) for name, some in given.items()]
            new = [(home, some) for home, some in told if not all(map(home.repeats, some))]
            _recall(transaction, tenant, new)
            for home, some in new:
                outcomes.update([home.take(version, received_at) for version in some])
            numbers = _inserted(transaction, tenant, written)
            noted = (seen for home, _ in new for seen in home.noted)
            note(
                transaction,
                tenant,
                [seen._replace(revision=numbers.get(seen.revision, seen.revision)) for seen in noted],
            )
        outcomes["unchanged"] += len(versions) - outcomes.total()
        return outcomes

    def newest(self, tenant: str, property_id: str, upto: int, known_upto: int | None = None) -> ListingVersion | None:
        """The version of a home in force at a moment (inclusive), of those known by then; None if there is none."""
        known = upto if known_upto is None else known_upto
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM listings WHERE tenant = ? AND property_id = ? AND at <= ? AND known_at <= ?"  # noqa: S608
            " ORDER BY at DESC, known_at DESC, revision DESC LIMIT 1",
            (tenant, property_id, upto, known),
        )
        return next((ListingVersion(*row) for row in rows), None)

    def moments_after(self, tenant: str, property_id: str, at: int) -> list[int]:
        """When the versions of a home after a moment begin to hold, be it in the future, in order."""
        rows = self._database.rows(
            "SELECT DISTINCT at FROM listings WHERE tenant = ? AND property_id = ? AND at > ? ORDER BY at",
            (tenant, property_id, at),
        )
        return [moment for (moment,) in rows]

    def versions(self, tenant: str, known_upto: int | None = None) -> Iterator[ListingVersion]:
        """Every version known by a moment (left out: all), by home, moment and when it became known."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM listings WHERE tenant = ? AND known_at <= ?"  # noqa: S608
            " ORDER BY property_id, at, known_at, revision",
            (tenant, FOREVER if known_upto is None else known_upto),
        )
        return (ListingVersion(*row) for row in rows)

    def versions_of(
        self, tenant: str, property_ids: Sequence[str], known_upto: int | None = None
    ) -> list[ListingVersion]:
        """Every version of these homes known by a moment (left out: all), by home, moment, and when we knew."""
        dialect = self._database.dialect
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM listings WHERE tenant = ?"  # noqa: S608
            f" AND property_id {dialect.among} AND known_at <= ? ORDER BY property_id, at, known_at, revision",
            (tenant, dialect.packed(list(property_ids)), FOREVER if known_upto is None else known_upto),
        )
        return [ListingVersion(*row) for row in rows]

    def since(self, tenant: str, revision: int) -> list[ListingVersion]:
        """The versions written after a revision, in the order they were written."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM listings WHERE tenant = ? AND revision > ? ORDER BY revision",  # noqa: S608
            (tenant, revision),
        )
        return [ListingVersion(*row) for row in rows]

    def revision(self, tenant: str) -> int:
        """The revision of the last write, 0 before the first; it changes whenever anything does."""
        return next(int(last) for (last,) in self._database.rows(_LAST, (tenant,)))

    def keys_by_listing_id(self, tenant: str) -> dict[str, str]:
        """The home of each ListingId, which is the number people know a home by."""
        rows = self._database.rows(
            "SELECT fields, property_id FROM listings WHERE tenant = ? AND fields LIKE '%\"ListingId\"%'"
            " ORDER BY at, known_at, revision",
            (tenant,),
        )
        told = ((_numbered(fields).ListingId, property_id) for fields, property_id in rows)
        return {str(listing_id): property_id for listing_id, property_id in told if listing_id is not None}

    def _rows_of(self, transaction: Transaction, tenant: str, names: Sequence[str]) -> defaultdict[str, list[_Row]]:
        """The stored versions of homes, by home; empty of those that are new."""
        dialect = self._database.dialect
        found = transaction.execute(
            "SELECT property_id, at, known_at, revision, fields FROM listings WHERE tenant = ?"  # noqa: S608
            f" AND property_id {dialect.among} ORDER BY at, known_at, revision",
            (tenant, dialect.packed(names)),
        )
        rows: defaultdict[str, list[_Row]] = defaultdict(list)
        for name, *row in found:
            rows[name].append(_Row(*row))
        return rows


class _Numbered(msgspec.Struct):
    """As much of what is said of a home as tells the number that people know it by."""

    ListingId: Any = None


_numbered = msgspec.json.Decoder(_Numbered).decode


class _Row(NamedTuple):
    """A stored version; in order of the tuple later ones hold over earlier ones."""

    at: int
    known_at: int
    revision: int
    fields: str


_by_times = itemgetter(0, 1, 2)


@dataclass(slots=True, eq=False)
class _Home:
    """What was received of one home: its stored versions, and the sightings between them as far as they may matter.

    What is to be stored goes to `written`, the list of all homes of a call.
    """

    property_id: str
    rows: list[_Row]
    written: list[ListingVersion]
    seen: list[Sighting] = field(default_factory=list)
    noted: list[Sighting] = field(default_factory=list)

    def repeats(self, version: ListingVersion) -> bool:
        """Whether the last that was stored of this very moment says the same."""
        for row in reversed(self.rows):
            if row.at <= version.at:
                return row.at == version.at and row.fields == version.fields
        return False

    def take(self, version: ListingVersion, received_at: int | None) -> PutOutcome:
        """Store a version if anybody would believe anything else without it."""
        at, known_at, fields = version.at, version.known_at, version.fields
        said = self._said_of(at)
        if said is not None:
            if said.fields == fields:
                return "unchanged"
            if known_at <= said.known_at:
                known_at = max(said.known_at, known_at if received_at is None else received_at)
        elif (revision := self._covered(at, known_at, fields)) is not None:
            self.noted.append(Sighting(at, known_at, revision))
            self.seen.append(self.noted[-1])
            return "unchanged"
        outcome: PutOutcome = "updated" if self.rows else "created"
        self._store(at, known_at, fields)
        self._bring_back_after(at)
        return outcome

    def _said_of(self, at: int) -> _Row | None:
        """The last that was received of a moment, stored or only noted."""
        said = [_Row(at, seen.known_at, 0, self._fields(seen)) for seen in self.seen if seen.at == at]
        said += [row for row in self.rows if row.at == at]
        return max(said, key=_by_times) if said else None

    def _covered(self, at: int, known_at: int, fields: str) -> int | None:
        """A version that says the same, if whoever asks about this moment is told so from `known_at` on; else None.

        Going back from the moment, a version is what one is told until a later one (in the order of the rows) became
        known. What was said later of the very moment is none of this sighting's business.
        """
        until = FOREVER
        for row in reversed(self.rows):
            if row.at > at or row.known_at >= until:
                continue
            if row.at < at and row.fields != fields:
                return None
            until = row.known_at
            if until <= known_at:
                return row.revision
        return None

    def _bring_back_after(self, at: int) -> None:
        """Store those sightings after a moment that now say something else than one would be told."""
        for seen in sorted(self.seen):
            fields = self._fields(seen)
            if seen.at > at and self._covered(seen.at, seen.known_at, fields) is None:
                self._store(seen.at, seen.known_at, fields)

    def _fields(self, seen: Sighting) -> str:
        return next(row.fields for row in self.rows if row.revision == seen.revision)

    def _store(self, at: int, known_at: int, fields: str) -> None:
        row = _Row(at, known_at, _NOT_YET + len(self.written), fields)
        self.written.append(ListingVersion(self.property_id, at, known_at, fields, row.revision))
        insort(self.rows, row, key=_by_times)


def _inserted(transaction: Transaction, tenant: str, written: Sequence[ListingVersion]) -> dict[int, int]:
    """Store versions in this order; the revision that the database gave to each, by the one that it had before."""
    if not written:
        return {}
    before = transaction.execute(_LAST, (tenant,)).fetchone()[0]
    transaction.executemany(_INSERT, [(tenant, one.property_id, one.at, one.known_at, one.fields) for one in written])
    given = transaction.execute(
        "SELECT revision FROM listings WHERE tenant = ? AND revision > ? ORDER BY revision", (tenant, before)
    )
    return {one.revision: revision for one, (revision,) in zip(written, given, strict=True)}


def _by_home(versions: Sequence[ListingVersion]) -> dict[str, list[ListingVersion]]:
    """Versions by home, in the order in which they hold; of one home, moment and time of knowing the last given."""
    found: dict[str, dict[tuple[int, int], ListingVersion]] = {}
    for version in versions:
        found.setdefault(version.property_id, {})[version.at, version.known_at] = version
    return {name: [some[times] for times in sorted(some)] for name, some in sorted(found.items())}


def _recall(transaction: Transaction, tenant: str, given: Sequence[tuple[_Home, Sequence[ListingVersion]]]) -> None:
    """Give homes the sightings that may matter to what is given now."""
    first = min((some[0].at for home, some in given if home.rows), default=0)
    revisions = {row.revision: home for home, _ in given for row in home.rows}
    found = seen_since(transaction, tenant, revisions, first)
    for revision, seen in found.items():
        revisions[revision].seen.extend(seen)
