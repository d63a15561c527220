"""What events say about leads, homes and agents: features, each declared once, live and in batch, as of any moment.

A family is one file in `feature_extractors` and one word in the list below.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

from homing.feature_engineering.declaration import Category, Example, Feature, declared_in, feature, version_of
from homing.feature_engineering.feature_extractors import (
    activity,
    agent_service,
    agents,
    dialogue,
    engagement,
    home_interest,
    homes,
    intent,
    kinds,
    limits,
    manner,
    narrowing,
    rejection,
    sessions,
    tastes,
    times,
    trend,
    visits,
)
from homing.feature_engineering.installed import installed

if TYPE_CHECKING:
    from homing.feature_engineering.standard_feature_engineer import StandardFeatureEngineer

__all__ = ["FEATURES", "Category", "Example", "Feature", "StandardFeatureEngineer", "feature", "version_of"]

FAMILIES: tuple[ModuleType, ...] = (
    activity,
    engagement,
    sessions,
    times,
    kinds,
    tastes,
    manner,
    visits,
    trend,
    limits,
    narrowing,
    intent,
    dialogue,
    rejection,
    homes,
    home_interest,
    agents,
    agent_service,
    *installed(),
)

FEATURES = declared_in(*FAMILIES)
"""The features of each subject (lead, property, agent): numbers first, then categories."""


def __getattr__(name: str) -> object:
    if name == "StandardFeatureEngineer":
        return getattr(import_module("homing.feature_engineering.standard_feature_engineer"), name)
    raise AttributeError(f"module {__name__!r} has no name {name!r}. Names: {', '.join(__all__)}.")
