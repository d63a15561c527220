"""`LearningService`: train on what the store holds, and evaluate honestly."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from homing.core.clock import Clock, system_clock
from homing.interfaces import TrainingResult, moment_or_now
from homing.market.catalogue import Catalogue
from homing.models.registry import ModelRegistry
from homing.people.directory import Directory
from homing.services.evaluate_models import EvaluateModels
from homing.services.train_models import TrainModels
from homing.tracking.behavior_tracker import BehaviorTracker

__all__ = ["LearningService"]


@dataclass(frozen=True, slots=True)
class LearningService:
    """The platform's door to learning; each verb is a service of its own.

    >>> import asyncio, pathlib, tempfile
    >>> from homing.store.listings import ListingStore
    >>> from homing.store.sqlite import SqliteDatabase
    >>> from homing.tracking.behavior_tracker import InMemoryBehaviorTracker
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> catalogue = Catalogue(ListingStore(SqliteDatabase(folder / "homes.sqlite3")))
    >>> service = LearningService(InMemoryBehaviorTracker(), catalogue, ModelRegistry(folder / "models"))
    >>> [result.model for result in asyncio.run(service.train())]
    ['collaborative', 'item_item', 'sequence', 'content', 'online', 'popularity', 'recency', 'hybrid']
    """

    tracker: BehaviorTracker
    catalogue: Catalogue
    registry: ModelRegistry
    clock: Clock = system_clock
    directory: Directory | None = None

    async def train(
        self, *, as_of: datetime | None = None, seed: int = 0, models: Sequence[str] | None = None
    ) -> list[TrainingResult]:
        """Train on what was known at a moment (left out: now); the new version serves once it is whole on disk."""
        train = TrainModels(self.tracker, self.catalogue, self.registry, self.directory)
        moment = moment_or_now(as_of, self.clock())
        return await asyncio.to_thread(train, moment, seed=seed, models=models)

    async def evaluate(
        self,
        *,
        protocol: str = "temporal",
        k: int = 10,
        models: Sequence[str] | None = None,
        seed: int = 0,
        share: float = 0.2,
        folds: int = 5,
    ) -> Mapping[str, Any]:
        """Compare the models with baselines on what leads did after the models had been trained.

        `share` of the time is the test of the protocols that cut in time; `folds` are those of `k_fold`.
        """
        judge = EvaluateModels(self.tracker, self.catalogue, self.directory)
        return await asyncio.to_thread(
            judge, self.clock(), protocol=protocol, k=k, models=models, seed=seed, share=share, folds=folds
        )
