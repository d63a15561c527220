"""What learns: one file a model, each scoring and explaining, none filtering or logging.

Every model is final verbs over a few hooks (`base`), runs the same check suite (`checks`) and is saved as arrays with
checksums (`artifact`). Names load when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    MODELS: tuple[str, ...]
    from homing.models.base import LearningModel as LearningModel
    from homing.models.collaborative_filtering import CollaborativeFilteringModel as CollaborativeFilteringModel
    from homing.models.content_based import ContentBasedModel as ContentBasedModel
    from homing.models.ease import EASEModel as EASEModel
    from homing.models.homes import Homes as Homes
    from homing.models.hybrid_model import HybridRecommendationModel as HybridRecommendationModel
    from homing.models.impressions import Impressions as Impressions
    from homing.models.interactions import Interactions as Interactions
    from homing.models.item_knn import ItemKNNModel as ItemKNNModel
    from homing.models.loading import load_model as load_model
    from homing.models.online_learning import OnlineLearningModel as OnlineLearningModel
    from homing.models.popularity import PopularityModel as PopularityModel
    from homing.models.query import Codes as Codes
    from homing.models.query import Query as Query
    from homing.models.recency import RecencyModel as RecencyModel
    from homing.models.rp3beta import RP3betaModel as RP3betaModel
    from homing.models.sequence_rules import SequenceRulesModel as SequenceRulesModel
    from homing.models.slim import SLIMModel as SLIMModel

OURS = {
    "CollaborativeFilteringModel": "collaborative_filtering",
    "ContentBasedModel": "content_based",
    "EASEModel": "ease",
    "HybridRecommendationModel": "hybrid_model",
    "ItemKNNModel": "item_knn",
    "OnlineLearningModel": "online_learning",
    "PopularityModel": "popularity",
    "RP3betaModel": "rp3beta",
    "RecencyModel": "recency",
    "SLIMModel": "slim",
    "SequenceRulesModel": "sequence_rules",
}
"""The models that homing brings, and the file of each. `MODELS` has those of installed packages as well."""

_HOME = {
    **OURS,
    "Codes": "query",
    "Homes": "homes",
    "Impressions": "impressions",
    "Interactions": "interactions",
    "LearningModel": "base",
    "Query": "query",
    "load_model": "loading",
}

__all__ = ["MODELS", "OURS", *sorted(_HOME)]  # noqa: PLE0604  # names from the tables above


def __getattr__(name: str) -> object:
    if name == "MODELS":
        return import_module("homing.models.loading").registered()
    if name not in _HOME:
        raise AttributeError(f"module 'homing.models' has no name {name!r}. Names: {', '.join(__all__)}.")
    return getattr(import_module(f"homing.models.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
