"""The homes of one tenant: put them in, get one back, see all of them as of any moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from homing.core.clock import MINUTE, Clock, system_clock
from homing.market.property import DELETED, Property, fields_of, fields_text
from homing.market.snapshot import MarketSnapshot, snapshot_of
from homing.store.listings import FOREVER, ListingStore, ListingVersion

__all__ = ["Catalogue", "PutCounts"]

_AHEAD: Final = 5 * MINUTE
_MANY: Final = 2_000


@dataclass(frozen=True, slots=True)
class PutCounts:
    """How many rows made a home known, how many changed one, how many said nothing new."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0

    def __add__(self, other: PutCounts) -> PutCounts:
        return PutCounts(self.created + other.created, self.updated + other.updated, self.unchanged + other.unchanged)


class Catalogue:
    """Every version of every home of a tenant. The present reaches five minutes ahead, for feeds whose clock is fast.

    >>> import tempfile, pathlib
    >>> from homing.market.property import property_from
    >>> from homing.store.sqlite import SqliteDatabase
    >>> store = ListingStore(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "homes.sqlite3"))
    >>> catalogue = Catalogue(store, clock=lambda: 1_000)
    >>> catalogue.put([property_from({"ListingKey": "h1", "ListPrice": 500000}, now=1_000)])
    PutCounts(created=1, updated=0, unchanged=0)
    >>> catalogue.get("h1").price, len(catalogue.snapshot()), len(catalogue.snapshot(as_of=999))
    (500000.0, 1, 0)
    """

    def __init__(self, store: ListingStore, tenant: str = "default", clock: Clock = system_clock) -> None:
        self._store, self.tenant, self._clock = store, tenant, clock
        self._numbers: tuple[int, dict[str, str]] | None = None

    def put(self, homes: Iterable[Property]) -> PutCounts:
        """Store versions durably in one transaction; what they say and already held is counted as unchanged."""
        versions = [
            ListingVersion(home.property_id, home.at, home.known_at, fields_text(home.fields)) for home in homes
        ]
        if not versions:
            return PutCounts()
        done = self._store.put(self.tenant, versions, self._clock())
        return PutCounts(done["created"], done["updated"], done["unchanged"])

    def get(self, property_id: str, as_of: int | None = None) -> Property | None:
        """The home as it stood at a moment (left out: now), as far as known then; None if unknown or deleted."""
        if as_of is None:
            version = self._store.newest(self.tenant, property_id, self.present())
        else:
            version = self._store.newest(self.tenant, property_id, as_of)
        home = None if version is None else _property(version)
        return None if home is None or home.status == DELETED else home

    def versions_of(self, property_ids: Iterable[str], known_upto: int | None = None) -> list[Property]:
        """Every version of these homes known by a moment (left out: all), by home, moment, and when we knew.

        Those of whatever status, and those that were corrected later.
        """
        found = self._store.versions_of(self.tenant, list(property_ids), known_upto)
        return [_property(version) for version in found]

    def delete(self, property_id: str) -> bool:
        """Take a home off the catalogue from now on; its past stays. False if there is no such home.

        Versions whose moment is still to come are taken off too, so that none of them brings the home back.
        """
        home = self.get(property_id)
        if home is None:
            return False
        now = self._clock()
        gone = {**home.fields, "StandardStatus": DELETED}
        moments = [self.moment_of_change(property_id), *self._store.moments_after(self.tenant, property_id, home.at)]
        while moments:  # what was seen unchanged at a later moment comes to light when what it confirmed is gone
            self.put([Property(property_id, at, now, gone) for at in moments])
            later = self._store.moments_after(self.tenant, property_id, max(home.at, now))
            moments = [at for at in later if not self._is_gone(property_id, at)]
        return True

    def _is_gone(self, property_id: str, at: int) -> bool:
        version = self._store.newest(self.tenant, property_id, at, known_upto=FOREVER)
        return version is not None and _property(version).status == DELETED

    def moment_of_change(self, property_id: str) -> int:
        """From when a change made now holds: now, or right after the version in force where a fast clock dated that."""
        version = self._store.newest(self.tenant, property_id, self.present())
        now = self._clock()
        return now if version is None else max(now, version.at + 1)

    def snapshot(self, as_of: int | None = None) -> MarketSnapshot:
        """All homes as they stood at a moment, as far as known then; left out: as they stand now."""
        revision = self.revision()
        versions = map(_property, self._store.versions(self.tenant, as_of))
        return snapshot_of(versions, as_of=as_of, upto=self.present(), revision=None if as_of is None else revision)

    def refreshed(self, market: MarketSnapshot) -> MarketSnapshot:
        """The present view brought up to date; the same object if nothing changed since it was made.

        A revision behind the view's is that of another database, put in the place of the one it was made from.
        """
        present, revision = self.present(), self.revision()
        if _holds(market, present, revision):
            return market
        if revision < market.revision:
            return self.snapshot()
        changed = self.changed_since(market.revision)
        return self.snapshot() if len(changed) > _MANY else market.replaced(changed, upto=present)

    def is_current(self, market: MarketSnapshot) -> bool:
        """Whether a present view is up to date; cheap to ask."""
        return _holds(market, self.present(), self.revision())

    def revision(self) -> int:
        """A number that grows with every change of any home; cheap to ask."""
        return self._store.revision(self.tenant)

    def changed_since(self, revision: int) -> list[Property]:
        """The versions written after a revision, in the order they were written, the future ones among them."""
        return [_property(version) for version in self._store.since(self.tenant, revision)]

    def property_ids_by_listing_id(self) -> dict[str, str]:
        """The home of each ListingId, the number people know a home by; read anew when a listing has changed."""
        revision = self.revision()
        if self._numbers is None or self._numbers[0] != revision:
            self._numbers = revision, self._store.keys_by_listing_id(self.tenant)
        return self._numbers[1]

    def present(self) -> int:
        """The latest moment that counts as now: feeds whose clock is a little fast are believed."""
        return self._clock() + _AHEAD


def _holds(market: MarketSnapshot, present: int, revision: int) -> bool:
    """Whether nothing has changed since a view was made: no home was written, and none's next version has begun."""
    return revision == market.revision and not any(home.at <= present for home in market.pending)


def _property(version: ListingVersion) -> Property:
    return Property(version.property_id, version.at, version.known_at, fields_of(version.fields), version.revision)
