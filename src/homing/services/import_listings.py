"""Import a file of listings into a tenant's catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from homing.core.clock import Clock, system_clock
from homing.integrations.listing_files import open_listings
from homing.market.catalogue import Catalogue, PutCounts
from homing.market.property import Property, property_from
from homing.services.batches import take_in
from homing.services.import_report import Dropped, Progress, RowsImported
from homing.trust.denied import DENIED, Denied

__all__ = ["ImportListings"]


@dataclass(frozen=True, slots=True)
class ImportListings:
    r"""Rows without a ModificationTimestamp hold from the moment of the import, the same for the whole file.

    >>> import tempfile
    >>> from homing.store.listings import ListingStore
    >>> from homing.store.sqlite import SqliteDatabase
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "homes.jsonl").write_text('{"ListingKey": "h1"}\n{"ListPrice": -1}\n')
    >>> catalogue = Catalogue(ListingStore(SqliteDatabase(folder / "homing.sqlite3")))
    >>> report = ImportListings(catalogue)(folder / "homes.jsonl")
    >>> report.created, report.refused[0].row
    (1, 2)
    """

    catalogue: Catalogue
    clock: Clock = system_clock
    denied: Denied = DENIED

    def __call__(
        self,
        path: Path | str,
        format: str = "auto",  # noqa: A002  # the word of the command
        *,
        mapping: Path | str | None = None,
        progress: Progress | None = None,
    ) -> RowsImported:
        """Store the good rows, refuse the bad ones; `BadInput`, and nothing stored, if the file cannot be read."""
        counts, dropped = PutCounts(), Dropped()

        def store(homes: Sequence[Property]) -> None:
            nonlocal counts
            counts += self.catalogue.put(homes)

        read = partial(property_from, now=self.clock(), files=True, denied=self.denied, note=dropped.add)
        taken = take_in(open_listings(path, format, mapping, self.denied), read, store, progress)
        refused = tuple(taken.refused.rows)
        return RowsImported(
            taken.read, counts.created, counts.updated, counts.unchanged, refused, dropped.counts, taken.refused.count
        )
