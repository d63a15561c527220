"""Sets that hold the truth as often as promised, whatever the model: split conformal prediction.

>>> probability = np.array([[0.7, 0.2, 0.1], [0.4, 0.35, 0.25]])
>>> conformal_sets(probability, threshold=0.6).tolist()
[[True, False, False], [True, False, False]]
>>> conformal_sets(probability, threshold=0.7).tolist()
[[True, False, False], [True, True, False]]
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput

__all__ = ["conformal_sets", "conformal_threshold", "covered"]

Values = NDArray[np.float64]
Sets = NDArray[np.bool_]


def conformal_threshold(probability: Values, truth: NDArray[np.integer], level: float = 0.9) -> float:
    """The strangeness up to which an outcome belongs into the set, so that sets hold the truth at `level`.

    `probability` float64 (n, outcomes) and `truth` (n,), the number of what came true, are of rows that the model had
    not seen. The strangeness of an outcome is 1 - its probability; the threshold is the ceil((n + 1) level)-th least
    strangeness of what came true, infinite where n is too small for the level. For rows drawn like these the set holds
    the truth with a chance of at least `level`, and of at most 1 / (n + 1) more where no two strangenesses are equal
    (Vovk, Gammerman and Shafer 2005; Lei et al. 2018, "Distribution-free predictive inference").
    """
    if not 0.0 < level < 1.0:
        raise BadInput.of("level", "lie between 0 and 1", level)
    strange = np.sort(1.0 - _of_truth(probability, truth))
    place = int(np.ceil((strange.size + 1) * level))
    return float(strange[place - 1]) if place <= strange.size else float("inf")


def conformal_sets(probability: Values, threshold: float) -> Sets:
    """Which outcomes belong into the set of each row, bool (n, outcomes). A set may be empty, or hold all."""
    sets: Sets = 1.0 - np.asarray(probability, dtype=np.float64) <= threshold
    return sets


def covered(sets: Sets, truth: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Whether each set holds what came true, bool (n,)."""
    return np.asarray(sets[np.arange(len(truth)), truth], dtype=np.bool_)


def _of_truth(probability: Values, truth: NDArray[np.integer]) -> Values:
    said = np.asarray(probability, dtype=np.float64)
    if said.ndim != 2 or said.shape[:1] != truth.shape or not truth.size:
        raise BadInput.of("probability", f"have a row for each of the {truth.size} outcomes, at least one", said.shape)
    if not ((truth >= 0) & (truth < said.shape[1])).all():
        raise BadInput.of("truth", f"be numbers of the {said.shape[1]} outcomes, from 0", int(truth.max()))
    return np.asarray(said[np.arange(truth.size), truth], dtype=np.float64)
