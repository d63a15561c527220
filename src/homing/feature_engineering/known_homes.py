"""What the catalogue knows of homes, in the form that histories join to events."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from homing.market.catalogue import Catalogue
from homing.market.derived import baths, living_area
from homing.market.property import Property
from homing.market.snapshot import listed_at
from homing.tracking.homes import HomeVersion

__all__ = ["AMENITIES", "KnownHomes", "home_versions", "kind_of", "place_of"]

AMENITIES: Final = (
    "NewConstructionYN", "GarageYN", "AttachedGarageYN", "PoolPrivateYN", "SpaYN", "FireplaceYN", "ViewYN",
    "WaterfrontYN", "HorseYN", "AssociationYN",
)  # fmt: skip
"""What a home may have, in the order of the bits of `HomeVersion.amenities`."""

_MOST_HELD: Final = 50_000


class KnownHomes:
    """The versions of homes of one catalogue; those asked for before are kept until any home changes.

    >>> import tempfile, pathlib
    >>> from homing.market.property import property_from
    >>> from homing.store.listings import ListingStore
    >>> from homing.store.sqlite import SqliteDatabase
    >>> store = ListingStore(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "homes.sqlite3"))
    >>> catalogue = Catalogue(store, clock=lambda: 1_000)
    >>> _ = catalogue.put([property_from({"ListingKey": "h1", "ListPrice": 500000, "City": "Kent"}, now=1_000)])
    >>> known = KnownHomes(catalogue).versions(["h1", "h2"])
    >>> [(home, one.price, one.place) for home, versions in known.items() for one in versions]
    [('h1', 500000.0, 'Kent')]
    """

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._held: dict[str, tuple[HomeVersion, ...]] = {}
        self._revision = -1
        self._lock = threading.Lock()

    def revision(self) -> int:
        """A number that grows with every change of any home."""
        return self._catalogue.revision()

    def versions(self, property_ids: Sequence[str]) -> Mapping[str, Sequence[HomeVersion]]:
        """All versions of these homes, each home's in the order of (`at`, `known_at`); unknown homes are left out."""
        revision = self._catalogue.revision()
        with self._lock:
            held = self._held if revision == self._revision else {}
        missing = [home for home in property_ids if home not in held]
        found = home_versions(self._catalogue.versions_of(missing)) if missing else {}
        fresh = {home: found.get(home, ()) for home in missing}
        with self._lock:
            keep = held if len(held) + len(fresh) <= _MOST_HELD else {}
            self._held, self._revision = {**keep, **fresh} if fresh else held, revision
        return {home: versions for home in property_ids if (versions := fresh.get(home) or held.get(home))}


def home_versions(versions: Sequence[Property]) -> dict[str, tuple[HomeVersion, ...]]:
    """The versions of homes, given by home, moment, and when we knew."""
    return {home: tuple(map(_version, group)) for home, group in groupby(versions, attrgetter("property_id"))}


def _version(home: Property) -> HomeVersion:
    listed = listed_at(home)
    return HomeVersion(
        at=home.at,
        known_at=home.known_at,
        price=home.price,
        beds=home.number("BedroomsTotal"),
        baths=baths(home.fields),
        area=living_area(home.fields),
        latitude=home.number("Latitude"),
        longitude=home.number("Longitude"),
        amenities=_amenities(home),
        listed_at=math.nan if listed is None else float(listed),
        active=float(home.is_active),
        kind=kind_of(home),
        place=place_of(home),
    )


def kind_of(home: Property) -> str | None:
    """The kind of home, as finely as the listing says."""
    return home.text("PropertySubType") or home.text("PropertyType")


def place_of(home: Property) -> str | None:
    """Its postal code, else its city."""
    return home.text("PostalCode") or home.text("City")


def _amenities(home: Property) -> float:
    """A sum of powers of two; NaN where the listing says nothing of any of them."""
    said = [home.number(name) for name in AMENITIES]
    if all(math.isnan(one) for one in said):
        return math.nan
    return float(sum(1 << place for place, one in enumerate(said) if one == 1.0))
