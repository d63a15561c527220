"""Reads the settings once and builds everything, top to bottom."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from homing.core.clock import Clock, system_clock
from homing.core.errors import BadInput, StorageError
from homing.core.ids import checked_id
from homing.core.settings import Settings
from homing.feature_engineering.standard_feature_engineer import StandardFeatureEngineer
from homing.interfaces import Recommendations
from homing.market.catalogue import Catalogue
from homing.models.registry import ModelRegistry
from homing.people.directory import Directory
from homing.personalization.property_engine import PropertyPersonalizationEngine
from homing.services.learning_service import LearningService
from homing.store.listings import ListingStore
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore
from homing.tracking.behavior_tracker import BehaviorTracker

if TYPE_CHECKING:
    from fastapi import FastAPI

__all__ = ["SIMULATED_MARK", "Homing", "application", "build", "read_settings"]


SIMULATED_MARK: Final = "simulated-shoppers"
"""A file of this name in the data folder says that its leads are simulated; the pages then say so too."""


@dataclass(frozen=True, slots=True)
class Homing:
    """Everything of one tenant, built and connected."""

    settings: Settings
    clock: Clock
    database: SqliteDatabase
    tracker: BehaviorTracker
    catalogue: Catalogue
    directory: Directory
    registry: ModelRegistry
    engineer: StandardFeatureEngineer
    engine: PropertyPersonalizationEngine
    learning: LearningService


def read_settings(
    environment: Mapping[str, str] = os.environ,
    *,
    data_dir: Path | None = None,
    database: str | None = None,
    tenant: str | None = None,
) -> Settings:
    """Settings from what the caller gave, else from `HOMING_DATA_DIR`, `HOMING_DATABASE` and `HOMING_TENANT`."""
    default = Settings()
    folder = Path(environment.get("HOMING_DATA_DIR") or default.data_dir) if data_dir is None else data_dir
    if folder.exists() and not folder.is_dir():
        raise BadInput.of("--data-dir", "be a folder", str(folder))
    return Settings(
        data_dir=folder,
        database=database or environment.get("HOMING_DATABASE") or default.database,
        tenant=checked_id(tenant or environment.get("HOMING_TENANT") or default.tenant, "--tenant"),
    )


def build(settings: Settings, clock: Clock = system_clock) -> Homing:
    """Connect everything; nothing is read or written yet."""
    tenant = settings.tenant
    database = SqliteDatabase(settings.sqlite_path)
    tracker = BehaviorTracker(SqliteEventStore(database), tenant=tenant, clock=clock)
    catalogue = Catalogue(ListingStore(database), tenant=tenant, clock=clock)
    directory = Directory(ProfileStore(database), tenant=tenant)
    registry = ModelRegistry(settings.models_dir, tenant)
    return Homing(
        settings=settings,
        clock=clock,
        database=database,
        tracker=tracker,
        catalogue=catalogue,
        directory=directory,
        registry=registry,
        engineer=StandardFeatureEngineer(
            tracker,
            clock=clock,
            cache_dir=settings.cache_dir,
            time_zone_of=directory.time_zone_of,
            home_type_of=_home_types(catalogue),
        ),
        engine=PropertyPersonalizationEngine(tracker, catalogue, directory=directory, registry=registry, clock=clock),
        learning=LearningService(tracker, catalogue, registry, clock),
    )


def application() -> FastAPI:
    """The API and the pages of one worker, from the environment; what a server process calls."""
    from homing.api.app import create_app  # web frameworks load only in a server
    from homing.api.services import ApiServices, Check
    from homing.dashboard.leads import LeadList
    from homing.dashboard.pages import PageServices, routes

    homing = build(read_settings())

    def recommend(lead_id: str, k: int, as_of: int | None) -> Recommendations:
        return homing.engine.recommend(lead_id, k, as_of=as_of)

    def checks() -> list[Check]:
        return [
            Check("events", *_writable(homing), required=True),
            Check("homes", homing.catalogue.revision() > 0, "import listings"),
            Check("models", homing.registry.newest() is not None, "train"),
        ]

    services = ApiServices(
        store=homing.tracker.store,
        tenant=homing.settings.tenant,
        catalogue=homing.catalogue,
        engineer=homing.engineer,
        recommend=recommend,
        checks=checks,
        time_zone_of=homing.directory.time_zone_of,
        clock=homing.clock,
    )
    pages = PageServices(
        store=homing.tracker.store,
        tenant=homing.settings.tenant,
        catalogue=homing.catalogue,
        recommend=recommend,
        leads=LeadList(homing.tracker.store, homing.settings.tenant),
        time_zone_of=homing.directory.time_zone_of,
        simulated=(homing.settings.data_dir / SIMULATED_MARK).is_file(),
        clock=homing.clock,
    )

    def warm() -> None:
        homing.engineer.warm()
        homing.engine.warm()

    return create_app(services, pages=routes(pages), warm=warm)


def _home_types(catalogue: Catalogue) -> Callable[[str], str | None]:
    """The kind of a home, None where it is unknown."""

    def home_type_of(property_id: str) -> str | None:
        home = catalogue.get(property_id)
        return None if home is None else home.text("PropertySubType") or home.text("PropertyType")

    return home_type_of


def _writable(homing: Homing) -> tuple[bool, str]:
    """Whether a transaction can be begun and committed, and if not why."""
    try:
        with homing.database.write():
            pass
    except StorageError as error:
        return False, str(error)
    return True, ""
