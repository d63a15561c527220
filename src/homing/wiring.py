"""Reads the settings once and builds everything, top to bottom."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from homing.core.clock import Clock, system_clock
from homing.core.errors import BadInput
from homing.core.ids import checked_id
from homing.core.settings import Settings
from homing.feature_engineering.standard_feature_engineer import StandardFeatureEngineer
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

__all__ = ["Homing", "build", "read_settings"]


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
    folder = data_dir or Path(environment.get("HOMING_DATA_DIR") or default.data_dir)
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

    def time_zone_of(lead_id: str) -> str:
        lead = directory.lead(lead_id)
        return (lead and lead.time_zone) or "UTC"

    return Homing(
        settings=settings,
        clock=clock,
        database=database,
        tracker=tracker,
        catalogue=catalogue,
        directory=directory,
        registry=registry,
        engineer=StandardFeatureEngineer(tracker, clock=clock, cache_dir=settings.cache_dir, time_zone_of=time_zone_of),
        engine=PropertyPersonalizationEngine(tracker, catalogue, directory=directory, registry=registry, clock=clock),
        learning=LearningService(tracker, catalogue, registry, clock),
    )
