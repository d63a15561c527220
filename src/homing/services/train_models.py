"""Train the models of a tenant and let them serve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from homing.core.clock import from_micros
from homing.interfaces import TrainingResult
from homing.market.catalogue import Catalogue
from homing.models.hybrid_model import HybridRecommendationModel
from homing.models.registry import ModelRegistry
from homing.people.directory import Directory
from homing.personalization.training_data import TrainingData, training_data, weights_told
from homing.tracking.behavior_tracker import BehaviorTracker

__all__ = ["TrainModels"]


@dataclass(frozen=True, slots=True)
class TrainModels:
    """Learn from everything known at a moment, save it as the next version, and publish it.

    With a `directory` the hybrid learns what is chosen among the homes within the limits that a lead stated.
    """

    tracker: BehaviorTracker
    catalogue: Catalogue
    registry: ModelRegistry
    directory: Directory | None = None

    def __call__(self, as_of: int, *, seed: int = 0, models: Sequence[str] | None = None) -> list[TrainingResult]:
        """One result a part and one for the blend; `models` names the parts to blend, left out: all."""
        market = self.catalogue.snapshot(as_of)
        data = training_data(self.tracker.store, self.tracker.tenant, market, as_of)
        impressions = data.told(market, {} if self.directory is None else self.directory.limits(as_of))
        parts = tuple(name for name in models or () if name != "hybrid") or None
        model = HybridRecommendationModel(seed=seed, parts=parts).fit(
            data.interactions, homes=market, impressions=impressions
        )
        card = _card(model, data)
        told = {"event_weights": weights_told(data.weights), "says": model.says, "model": model.card()}
        version = self.registry.publish(model, as_of, {**card, **told})
        checksum = str(self.registry.card(version)["checksum"])
        metrics: dict[str, dict[str, Any]] = {
            **{name: {"weight": weight} for name, weight in model.weights.items()},
            "hybrid": {**card, "says": model.says},
        }
        return [
            TrainingResult(
                model=name,
                version=version,
                samples=len(data.interactions),
                seconds=model.seconds[name],
                metrics=metrics[name],
                trained_as_of=from_micros(as_of),
                checksum=checksum,
            )
            for name in (*model.weights, "hybrid")
        ]


def _card(model: HybridRecommendationModel, data: TrainingData) -> dict[str, float]:
    """What is known of a version beyond its bytes."""
    return {
        "events": data.events,
        "choices": model.choices,
        "learned": float(model.learned),
        "calibrated_on": model.calibration.samples,
        "calibrated_positives": model.calibration.positives,
        "opened_stand_in_for_shown": float(data.stands_in),
    }
