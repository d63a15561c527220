"""The models that a hybrid is made of: which there are, which of them suit some data, and their fitting."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homing.core import progress
from homing.core.ids import Vocabulary
from homing.models.base import LearningModel, Scores
from homing.models.homes import HomesLike
from homing.models.interactions import Id, Interactions
from homing.models.pasts import Past
from homing.models.popularity import PopularityModel

__all__ = ["BLENDED", "PARTS", "SERVED", "Part", "Parts", "fitted", "part_scores", "suited"]

Parts = dict[str, LearningModel[Any]]


@dataclass(frozen=True, slots=True)
class Part:
    """A model by file and class, its options, and where it is of use.

    `weight`: what its standardised score counts before anything was learned. `most_homes`: with more homes that anybody
    acted on it would take too long. `needs_homes`, `needs_order`: without attributes, or without an order of acts in
    time, it has nothing to learn from. `by_homes`: it can score a home nobody acted on by its attributes.
    """

    file: str
    kind: str
    weight: float
    options: Mapping[str, Any] | None = None
    most_homes: int | None = None
    needs_homes: bool = False
    needs_order: bool = False
    by_homes: bool = False

    def fresh(self, known: Mapping[str, Any]) -> LearningModel[Any]:
        """A model that has learned nothing yet, with those of these options that it has."""
        kind = self.type()
        taken = kind.__signature__.parameters  # type: ignore[attr-defined]  # set by LearningModel for its subclasses
        return kind(**{name: value for name, value in known.items() if name in taken}, **(self.options or {}))

    def type(self) -> type[LearningModel[Any]]:
        """The class."""
        found: type[LearningModel[Any]] = getattr(import_module(f"homing.models.{self.file}"), self.kind)
        return found


PARTS: Final[dict[str, Part]] = {
    "collaborative": Part("collaborative_filtering", "CollaborativeFilteringModel", 0.5, by_homes=True),
    "item_item": Part("rp3beta", "RP3betaModel", 0.3),
    "ease": Part("ease", "EASEModel", 0.3, most_homes=9_000),
    "slim": Part("slim", "SLIMModel", 0.3, most_homes=5_000),
    "item_knn": Part("item_knn", "ItemKNNModel", 0.1),
    "sequence": Part("sequence_rules", "SequenceRulesModel", 0.3, needs_order=True),
    "content": Part("content_based", "ContentBasedModel", 1.0, needs_homes=True, by_homes=True),
    "online": Part("online_learning", "OnlineLearningModel", 0.5, needs_homes=True, by_homes=True),
    "popularity": Part("popularity", "PopularityModel", 0.3, {"half_life_days": 30.0}),
    "recency": Part("recency", "RecencyModel", 0.2, needs_homes=True),
}
"""Every model that can be a part, by its name."""

SERVED: Final = ("collaborative", "item_item", "sequence", "content", "online", "popularity", "recency")
"""The parts over a market that changes by the minute: all of them know what to say after one act more."""

BLENDED: Final = tuple(name for name in PARTS if name != "recency")
"""The parts of a blend over homes that stay."""


def suited(names: Sequence[str], data: Interactions, homes: HomesLike | None, ordered: bool) -> tuple[str, ...]:
    """Those parts that have something to learn from, and time to do so."""
    acted = int(np.unique(data.property).size)

    def suits(part: Part) -> bool:
        small = part.most_homes is None or acted <= part.most_homes
        return small and (homes is not None or not part.needs_homes) and (ordered or not part.needs_order)

    return tuple(name for name in PARTS if name in names and suits(PARTS[name]))


def part_scores(parts: Parts, name: str, past: Past, items: NDArray[np.int64]) -> Scores:
    """The scores of one part, float32 (n,), NaN where it has nothing to say; of popularity log(1 + score)."""
    part = parts[name]
    return part.logs(items) if isinstance(part, PopularityModel) else part._score(past, items)


def fitted(
    models: Mapping[str, LearningModel[Any]],
    data: Interactions,
    homes: HomesLike | None,
    items: Vocabulary[Id],
    seconds: dict[str, float],
) -> Parts:
    """The same models after learning from the data, all over the same homes, so that a home has one code in all.

    What each took is added to `seconds`.
    """
    for name, model in models.items():
        progress.say(f"learning {name}")
        started = time.perf_counter()
        model.fit(data, homes=homes)
        model.items = items
        seconds[name] = seconds.get(name, 0.0) + time.perf_counter() - started
    return dict(models)
