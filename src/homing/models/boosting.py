"""Trees that refine a score, learned by LightGBM, each over the features of one family alone."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import reason
from homing.models.trees import Forest

__all__ = ["Boosting", "boosted", "lightgbm_or_why"]

Floats = NDArray[np.float64]

_PATIENCE: Final = 20
_QUIET: Final = {
    "objective": "binary",
    "metric": "binary_logloss",
    "boost_from_average": False,
    "lambda_l2": 10.0,
    "feature_pre_filter": False,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True, slots=True, eq=False)
class Boosting:
    """What trees are learned from: rows (n, f), whether engaged, how much each counts, and the score before; (n,).

    `family` and `monotone` have one entry a feature.
    """

    rows: Floats
    engaged: NDArray[np.bool_]
    weight: Floats
    before: Floats
    family: tuple[str, ...]
    monotone: tuple[int, ...]


def lightgbm_or_why() -> ModuleType | str:
    """LightGBM, or why it cannot be loaded: it is not installed, or the library of threads that it needs is not."""
    try:
        import lightgbm  # heavy, and only needed where trees are learned
    except (ImportError, OSError) as error:
        return reason(error)
    return lightgbm


def boosted(
    lightgbm: ModuleType, data: Boosting, options: dict[str, Any], trees: int, held: NDArray[np.bool_] | None = None
) -> tuple[Forest, int]:
    """So many trees on top of the score before, as a forest, and their number.

    Each tree keeps to one family, since the features it may use together are those of one (interaction constraints);
    so what a family adds to a score is the sum of its trees. With `held` rows (mask) to judge by, learning stops where
    the log loss on these has not fallen for 20 trees, and the forest ends where it was least.
    """
    families = tuple(dict.fromkeys(data.family))
    apart = [[place for place, one in enumerate(data.family) if one == name] for name in families]
    settings = _QUIET | options | {"interaction_constraints": apart, "monotone_constraints": list(data.monotone)}

    def rows(mask: NDArray[np.bool_] | slice, reference: Any = None) -> Any:
        return lightgbm.Dataset(
            data.rows[mask],
            data.engaged[mask].astype(np.float64),
            weight=data.weight[mask],
            init_score=data.before[mask],
            reference=reference,
            params=settings,
        )

    if held is None:
        booster = lightgbm.train(settings, rows(slice(None)), trees)
        return Forest.from_text(booster.model_to_string(), data.family), booster.current_iteration()
    kept = rows(~held)
    stop = lightgbm.early_stopping(_PATIENCE, verbose=False)
    booster = lightgbm.train(settings, kept, trees, valid_sets=[rows(held, kept)], callbacks=[stop])
    best = booster.best_iteration or booster.current_iteration()
    return Forest.from_text(booster.model_to_string(num_iteration=best), data.family), best
