"""Reads the settings once and builds everything, top to bottom."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from homing.core.clock import Clock, system_clock
from homing.core.errors import BadInput, StorageError
from homing.core.ids import checked_id
from homing.core.settings import SIMULATED_MARK, Settings
from homing.core.signing import Signer
from homing.core.telemetry import configure_logs
from homing.interfaces import Recommendations
from homing.market.catalogue import Catalogue
from homing.market.links import LinkTemplate
from homing.people.directory import Directory
from homing.services.restore import finish_restore
from homing.store.aliases import Aliases
from homing.store.events import EventStore
from homing.store.keys import KeyStore
from homing.store.listings import ListingStore
from homing.store.opening import event_store, open_database
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase
from homing.tracking.behavior_tracker import BehaviorTracker
from homing.trust.denied import DENIED, Denied
from homing.trust.text_guard import TextGuard, shipped_text_guard
from homing.trust.text_rules import text_rules

if TYPE_CHECKING:
    from fastapi import FastAPI

    from homing.api import ApiServices
    from homing.dashboard import PageServices
    from homing.feature_engineering.standard_feature_engineer import StandardFeatureEngineer
    from homing.models.registry import ModelRegistry
    from homing.personalization.property_engine import PropertyPersonalizationEngine
    from homing.services.learning_service import LearningService
    from homing.services.personalization_service import PersonalizationService
    from homing.store.postgres import PostgresDatabase

__all__ = ["Homing", "application", "build", "read_settings", "served"]

_NEW_OBJECTS: Final = 5_000
"""So many new objects, about what two hundred acts and answers leave behind, before Python looks for those that nobody
can reach: a look at more of them would hold up the answers that wait meanwhile."""

_LONGEST_HEAD_S: Final = 60.0
"""So long at the most granian waits for the head of a request."""


class Homing:
    """Everything of one tenant, connected. Nothing is read or written before it is asked for.

    What learns or computes loads numpy's and numba's heavier relatives; it is built when first used, so that a command
    that only stores does not wait for it.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock = system_clock,
        shared: Homing | None = None,
        *,
        one_of_many: bool = False,
    ) -> None:
        self.settings, self.clock = settings, clock
        self._one_of_many: bool = shared._one_of_many if shared else one_of_many
        self.denied = DENIED if settings.denied_fields is None else Denied(settings.denied_fields)
        self.database: SqliteDatabase | PostgresDatabase = shared.database if shared else open_database(settings)
        store: EventStore = (
            shared.tracker.store
            if shared
            else event_store(self.database, replica=settings.replica, one_of_many=one_of_many)
        )
        self.tracker: BehaviorTracker = BehaviorTracker(store, tenant=settings.tenant, clock=clock, denied=self.denied)
        self.catalogue = Catalogue(ListingStore(self.database), tenant=settings.tenant, clock=clock)
        self.directory = Directory(ProfileStore(self.database), tenant=settings.tenant, aliases=Aliases(self.database))
        self.keys = KeyStore(self.database)
        self.shoppers = Signer(self.database.signing_key, "shopper")

    def of(self, tenant: str) -> Homing:
        """Everything of another tenant, over the same connections."""
        own = tenant == self.settings.tenant
        return self if own else Homing(replace(self.settings, tenant=tenant), self.clock, self)

    @cached_property
    def registry(self) -> ModelRegistry:
        """The trained models."""
        from homing.models.registry import ModelRegistry  # numba and scipy

        return ModelRegistry(self.settings.models_dir, self.settings.tenant)

    @cached_property
    def engineer(self) -> StandardFeatureEngineer:
        """The features of leads, homes and agents."""
        from homing.feature_engineering.known_homes import KnownHomes  # numpy
        from homing.feature_engineering.known_peers import KnownPeers  # numpy
        from homing.feature_engineering.standard_feature_engineer import StandardFeatureEngineer  # numba

        return StandardFeatureEngineer(
            self.tracker,
            clock=self.clock,
            cache_dir=self.settings.cache_dir,
            time_zone_of=self.directory.time_zone_of,
            people_revision=self.directory.revision,
            homes=KnownHomes(self.catalogue),
            peers=KnownPeers(self.catalogue, self.tracker.store),
        )

    @cached_property
    def engine(self) -> PropertyPersonalizationEngine:
        """Which homes a lead should see."""
        from homing.personalization.property_engine import PropertyPersonalizationEngine  # numba and scipy

        link = self.settings.listing_url
        return PropertyPersonalizationEngine(
            self.tracker,
            self.catalogue,
            directory=self.directory,
            registry=self.registry,
            clock=self.clock,
            signer=Signer(self.database.signing_key, "answer"),
            links=None if link is None else LinkTemplate(link),
            guard=self.text_guard,
            swaps_in_background=self._one_of_many,
        )

    @cached_property
    def text_guard(self) -> TextGuard:
        """What must not be said: the package's rules, with the tenant's own over them."""
        own = self.settings.text_rules
        return shipped_text_guard() if own is None else TextGuard(text_rules(own))

    @cached_property
    def learning(self) -> LearningService:
        """Training and evaluation."""
        from homing.services.learning_service import LearningService  # numba and scipy

        return LearningService(self.tracker, self.catalogue, self.registry, self.clock, self.directory)

    @cached_property
    def personalization(self) -> PersonalizationService:
        """What a platform asks of the engine."""
        from homing.services.personalization_service import PersonalizationService  # numba and scipy

        return PersonalizationService(self.engine, self.tracker, self.clock)


def read_settings(
    environment: Mapping[str, str] = os.environ,
    *,
    data_dir: Path | None = None,
    database: str | None = None,
    tenant: str | None = None,
) -> Settings:
    """Settings from what the caller gave, else from `HOMING_DATA_DIR`, `HOMING_DATABASE`, `HOMING_TENANT`; and
    `HOMING_LISTING_URL`, `HOMING_TEXT_RULES`, `HOMING_CACHE_DIR`, `HOMING_DENIED_FIELDS`, `HOMING_REPLICA`,
    `HOMING_LOG_LEVEL`, `HOMING_LOG_FORMAT`, `HOMING_OTEL`, `HOMING_ORIGINS`, `HOMING_RATE_LIMIT`,
    `HOMING_BODY_SECONDS`, `HOMING_HEAD_SECONDS`.
    """
    default = Settings()
    folder = Path(environment.get("HOMING_DATA_DIR") or default.data_dir) if data_dir is None else data_dir
    if folder.exists() and not folder.is_dir():
        raise BadInput.of("--data-dir", "be a folder", str(folder))
    return Settings(
        data_dir=folder,
        database=database or environment.get("HOMING_DATABASE") or default.database,
        tenant=checked_id(tenant or environment.get("HOMING_TENANT") or default.tenant, "--tenant"),
        listing_url=environment.get("HOMING_LISTING_URL") or default.listing_url,
        text_rules=Path(rules) if (rules := environment.get("HOMING_TEXT_RULES")) else default.text_rules,
        cache=Path(cache) if (cache := environment.get("HOMING_CACHE_DIR")) else default.cache,
        denied_fields=Path(rules) if (rules := environment.get("HOMING_DENIED_FIELDS")) else default.denied_fields,
        replica=environment.get("HOMING_REPLICA") or default.replica,
        log_level=environment.get("HOMING_LOG_LEVEL") or default.log_level,
        log_format=environment.get("HOMING_LOG_FORMAT") or default.log_format,
        otel=environment.get("HOMING_OTEL") or default.otel,
        origins=tuple(environment.get("HOMING_ORIGINS", "").split()),
        rate_limit=_positive(environment, "HOMING_RATE_LIMIT", default.rate_limit),
        body_seconds=_positive(environment, "HOMING_BODY_SECONDS", default.body_seconds),
        head_seconds=_positive(environment, "HOMING_HEAD_SECONDS", default.head_seconds, _LONGEST_HEAD_S),
    )


def _positive(environment: Mapping[str, str], name: str, default: float, most: float | None = None) -> float:
    text = environment.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf") or (most is not None and value > most):
        raise BadInput.of(name, f"be a number above 0{'' if most is None else f', at most {most:g}'}", text)
    return value


def build(settings: Settings, clock: Clock = system_clock, *, one_of_many: bool = False) -> Homing:
    """Everything of the settings' tenant. A restore that was cut off is finished first; a bad rule is refused.

    `one_of_many` workers of a server that write to one SQLite file, one writes for all.
    """
    configure_logs(settings.log_level, settings.log_format)
    finish_restore(settings.data_dir)
    made = Homing(settings, clock, one_of_many=one_of_many)
    if settings.denied_fields is not None:
        made.denied.check()
    return made


def application() -> FastAPI:
    """The API and the pages of one worker, from the environment; what a server process calls."""
    from homing.api.metrics import measure  # prometheus-client loads only in a server
    from homing.api.tracing import trace

    settings = read_settings()
    measure()
    if settings.otel is not None:
        trace(settings.otel)
    return served(build(settings, one_of_many=True), _settle)


def _settle() -> None:
    """What was loaded stays; from now on only what requests leave behind is looked through for garbage."""
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)


def served(homing: Homing, warmed: Callable[[], None] | None = None) -> FastAPI:
    """The API and the pages over what was built; a request with another tenant's key is answered by that tenant's.

    `warmed` is called once homes and models are in memory, or could not be brought there.
    """
    from homing.api import Identify, Limits, Tenants, create_app  # web frameworks load only in a server
    from homing.dashboard import routes

    def warm() -> None:
        try:
            homing.engineer.warm()
            homing.engine.warm()
        finally:
            if warmed is not None:
                warmed()

    houses = Tenants(homing.of)
    services = Tenants(lambda tenant: _api_services(houses.named(tenant)))
    pages = Tenants(lambda tenant: _page_services(houses.named(tenant)))
    services.named(homing.settings.tenant)
    settings = homing.settings
    limits = Limits(settings.rate_limit, settings.body_seconds, origins=frozenset(settings.origins))
    identify = Identify(homing.keys, settings.tenant, homing.shoppers, homing.clock)
    return create_app(services, identify, routes(pages.of), warm, limits)


def _api_services(homing: Homing) -> ApiServices:
    """What the API is given for a tenant."""
    from homing.api import ApiServices, Check  # web frameworks load only in a server
    from homing.personalization.realtime_engine import RealtimePersonalization  # numba and scipy

    def checks() -> list[Check]:
        return [
            Check("events", *_writable(homing), required=True),
            Check("homes", homing.catalogue.revision() > 0, "import listings"),
            Check("models", homing.registry.newest() is not None, "train"),
        ]

    return ApiServices(
        store=homing.tracker.store,
        tenant=homing.settings.tenant,
        catalogue=homing.catalogue,
        engineer=homing.engineer,
        answer=homing.engine.answer,
        token=homing.engine.token,
        leads_for=homing.engine.leads_for,
        similar=homing.engine.similar,
        realtime=RealtimePersonalization(homing.engine.answer, homing.tracker.store, homing.catalogue),
        checks=checks,
        directory=homing.directory,
        clock=homing.clock,
        denied=homing.denied,
        keys=homing.keys,
        shoppers=homing.shoppers,
    )


def _page_services(homing: Homing) -> PageServices:
    """What the pages are given for a tenant."""
    from homing.dashboard import LeadList, PageServices  # web frameworks load only in a server

    def recommend(lead_id: str, k: int, as_of: int | None) -> Recommendations:
        return homing.engine.recommend(lead_id, k, as_of=as_of)

    return PageServices(
        store=homing.tracker.store,
        tenant=homing.settings.tenant,
        catalogue=homing.catalogue,
        recommend=recommend,
        leads=LeadList(homing.tracker.store, homing.settings.tenant),
        time_zone_of=homing.directory.time_zone_of,
        simulated=(homing.settings.data_dir / SIMULATED_MARK).is_file(),
        clock=homing.clock,
    )


def _writable(homing: Homing) -> tuple[bool, str]:
    """Whether a transaction can be begun and committed, and if not why."""
    try:
        with homing.database.write():
            pass
    except StorageError as error:
        return False, str(error)
    return True, ""
