"""Whether the probabilities of a model held: homes shown after it had been fitted, and what came of them."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from homing.measures.calibration import (
    brier,
    brier_skill,
    calibration_error,
    calibration_line,
    reliability,
)
from homing.models.hybrid_model import HybridRecommendationModel
from homing.models.impressions import Impressions

__all__ = ["FEWEST_SHOWN", "kept_promises"]

FEWEST_SHOWN = 50
"""With fewer homes shown after the cut nothing is said of calibration."""


def kept_promises(model: HybridRecommendationModel, shown: Impressions, seed: int = 0) -> dict[str, Any]:
    """How far the confidence of a model can be taken at its word, on homes that were shown after it was fitted.

    `shown` are impressions whose 14 days are over. The model knows of each lead what it knew when it was fitted, as a
    model that serves without being trained anew. The answer has `n` and `positives`; from 50 homes with both outcomes
    on also `ece` (equal mass, debiased), `slope` and `intercept` of the calibration line, `brier`, `brier_skill`, and
    the `bins` {n, said, seen} of the reliability diagram; else `why` it has not. `method` is how it was calibrated.
    """
    said, seen = [], []
    rows: dict[Any, list[int]] = defaultdict(list)
    for row, lead in enumerate(shown.lead_ids):
        rows[lead].append(row)
    for lead, mine in rows.items():
        found = model.score(lead, [shown.property_ids[row] for row in mine]).astype(np.float64)
        known = ~np.isnan(found)
        past = model.pasts.past(lead)
        acts = np.full(int(known.sum()), 0.0 if past is None else float(past.items.size))
        said.append(model.confidence(found[known], acts).probability)
        seen.append(shown.engaged[mine][known].astype(np.float64))
    probability = np.concatenate(said) if said else np.zeros(0)
    outcome = np.concatenate(seen) if seen else np.zeros(0)
    told: dict[str, Any] = {"n": len(outcome), "positives": int(outcome.sum()), "method": model.calibration.method}
    if len(outcome) < FEWEST_SHOWN or outcome.min() == outcome.max():
        why = f"fewer than {FEWEST_SHOWN} homes with both outcomes were shown after the cut and have had their 14 days"
        return told | {"why": why}
    slope, intercept = calibration_line(probability, outcome)
    bins = reliability(probability, outcome)
    return told | {
        "ece": calibration_error(probability, outcome, seed=seed),
        "slope": _finite(slope),
        "intercept": _finite(intercept),
        "brier": brier(probability, outcome),
        "brier_skill": brier_skill(probability, outcome),
        "bins": [
            {"n": n, "said": told_, "seen": came}
            for n, told_, came in zip(bins.count.tolist(), bins.said.tolist(), bins.seen.tolist(), strict=True)
        ],
    }


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
