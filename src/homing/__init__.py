"""homing: a behavioral learning engine for real estate.

The public names load when first used, so that `import homing` stays light.
"""

from __future__ import annotations

from importlib import import_module

__version__ = "0.1.0"

_HOME = {
    "BehavioralEvent": "homing.interfaces",
    "ConfidenceLevel": "homing.interfaces",
    "EventType": "homing.interfaces",
    "FeatureVector": "homing.interfaces",
    "IBehaviorTracker": "homing.interfaces",
    "IFeatureEngineer": "homing.interfaces",
    "ILearningModel": "homing.interfaces",
    "ILearningService": "homing.interfaces",
    "IPersonalizationEngine": "homing.interfaces",
    "LearningContext": "homing.interfaces",
    "ModelPrediction": "homing.interfaces",
    "Reason": "homing.interfaces",
    "Recommendations": "homing.interfaces",
    "TrainingResult": "homing.interfaces",
    "BehaviorTracker": "homing.tracking.behavior_tracker",
    "Catalogue": "homing.market.catalogue",
    "EventCollector": "homing.tracking.event_collector",
    "InMemoryBehaviorTracker": "homing.tracking.behavior_tracker",
    "LearningService": "homing.services.learning_service",
    "PersonalizationService": "homing.services.personalization_service",
    "Property": "homing.market.property",
    "PropertyInteractionCollector": "homing.tracking.property_interactions",
    "PropertyPersonalizationEngine": "homing.personalization.property_engine",
    "RealtimePersonalization": "homing.personalization.realtime_engine",
    "BehaviorFeatureExtractor": "homing.feature_engineering.extractors",
    "PropertyFeatureExtractor": "homing.feature_engineering.extractors",
    "SessionFeatureExtractor": "homing.feature_engineering.extractors",
    "TimeFeatureExtractor": "homing.feature_engineering.extractors",
    "StandardFeatureEngineer": "homing.feature_engineering.standard_feature_engineer",
    "Settings": "homing.core.settings",
    "build": "homing.wiring",
    "read_settings": "homing.wiring",
    "BadInput": "homing.core.errors",
    "DamagedArtifact": "homing.core.errors",
    "HomingError": "homing.core.errors",
    "NotReady": "homing.core.errors",
    "StorageError": "homing.core.errors",
    "UnknownId": "homing.core.errors",
}

__all__ = ["__version__", *sorted(_HOME)]  # noqa: PLE0604  # names from the table above


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'homing' has no name {name!r}. Names: {', '.join(__all__)}.")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
