"""Whether the probabilities of a model held: homes shown after it had been fitted, and what came of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homing.evaluation.asked import asked_at
from homing.measures.calibration import (
    brier,
    brier_skill,
    calibration_error_by_lead,
    calibration_line,
    reliability,
)
from homing.models.homes import HomesLike
from homing.models.hybrid_model import HybridRecommendationModel
from homing.models.impressions import Impressions
from homing.models.interactions import Interactions
from homing.models.query import Query

__all__ = ["FEWEST_SHOWN", "Promised", "kept_promises", "promised"]

FEWEST_SHOWN = 50
"""With fewer homes shown after the cut nothing is said of calibration."""

_BANDS: Final = ("lowest third of prices", "middle third of prices", "highest third of prices")

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Promised:
    """n homes shown: which `rows` of the impressions, what was said and seen, the code of the lead, and slices.

    `said` and `seen` float64 (n,), `rows` and `lead` int64 (n,), `slices` by name bool (n,).
    """

    rows: NDArray[np.int64]
    said: NDArray[np.float64]
    seen: NDArray[np.float64]
    lead: NDArray[np.int64]
    slices: dict[str, Mask]

    def only(self, kept: Mask) -> Promised:
        """Some of the homes, bool (n,)."""
        slices = {name: rows[kept] for name, rows in self.slices.items()}
        return Promised(self.rows[kept], self.said[kept], self.seen[kept], self.lead[kept], slices)

    def of(self, rows: Mask) -> dict[str, Any]:
        """How far the probabilities of some rows held."""
        said, seen = self.said[rows], self.seen[rows]
        error = calibration_error_by_lead(said, seen, self.lead[rows])
        return {
            "n": int(rows.sum()),
            "positives": int(seen.sum()),
            "said": float(said.mean()),
            "seen": float(seen.mean()),
            "ece": error.value,
            "ece_ci": error.bounds,
        }


def kept_promises(
    model: HybridRecommendationModel, shown: Impressions, acts: Interactions, homes: HomesLike
) -> dict[str, Any]:
    """How far the confidence of a model can be taken at its word, on homes that were shown after it was fitted.

    `shown` are impressions whose 14 days are over; `acts` is what leads did, to the end. As when it serves, the model
    is asked with what each lead was known to have done by the moment it was shown the home and with what it stated and
    had searched for, as far as `shown` tells it by rows of `homes`, and is not trained anew. `homes` tell the prices.

    The answer has `n` and `positives`; from 50 homes with both outcomes on also the mean `said` and `seen`, `ece`
    (equal mass, debiased) with its 95 % interval by lead `ece_ci`, `slope` and `intercept` of the calibration line,
    `brier`, `brier_skill`, the `bins` {n, said, seen} of the reliability diagram, and the same error in `slices`
    {slice, n, positives, said, seen, ece, ece_ci} of 50 homes or more: thirds of prices, leads with and without acts
    behind them, homes that the lead, that somebody or that nobody had acted on; else `why` it has not. `method` is how
    it was calibrated.
    """
    found = promised(model, shown, acts, homes)
    count, positives = len(found.seen), int(found.seen.sum())
    told: dict[str, Any] = {"n": count, "positives": positives, "method": model.calibration.method}
    if count < FEWEST_SHOWN or positives in {0, count}:
        why = f"fewer than {FEWEST_SHOWN} homes with both outcomes were shown after the cut and have had their 14 days"
        return told | {"why": why}
    slope, intercept = calibration_line(found.said, found.seen)
    bins = reliability(found.said, found.seen)
    return told | {
        **found.of(np.ones(count, dtype=np.bool_)),
        "slope": _finite(slope),
        "intercept": _finite(intercept),
        "brier": brier(found.said, found.seen),
        "brier_skill": brier_skill(found.said, found.seen),
        "bins": [
            {"n": n, "said": said, "seen": seen}
            for n, said, seen in zip(bins.count.tolist(), bins.said.tolist(), bins.seen.tolist(), strict=True)
        ],
        "slices": [
            {"slice": name, **found.of(rows)} for name, rows in found.slices.items() if rows.sum() >= FEWEST_SHOWN
        ],
    }


def promised(model: HybridRecommendationModel, shown: Impressions, acts: Interactions, homes: HomesLike) -> Promised:
    """What `kept_promises` judges, home by home; those that the model has nothing to say of are left out."""
    said = np.full(len(shown), np.nan)
    behind, again = np.zeros(len(shown)), np.zeros(len(shown))
    for rows, query in _lists(model, shown, acts, homes):
        ids = [shown.property_ids[row] for row in rows.tolist()]
        scores = model.score(query, ids).astype(np.float64)
        before = set(query.properties)
        behind[rows], again[rows] = len(query), [home in before for home in ids]
        known = ~np.isnan(scores)
        of = rows[known]
        said[of] = model.confidence(scores[known], behind[of], again[of]).probability
    kept = np.flatnonzero(~np.isnan(said))
    slices = {"leads without acts": behind == 0, "leads with acts": behind > 0}
    slices |= {"homes the lead had acted on": again > 0, "homes new to the lead": again == 0}
    new = _nobody_before(shown, acts)
    slices |= {"homes nobody had acted on": new, "homes somebody had acted on": ~new}
    slices |= _by_price(shown, homes)
    _, lead = np.unique(np.array(shown.lead_ids, dtype=object), return_inverse=True)
    seen = shown.engaged.astype(np.float64)
    return Promised(kept, said[kept], seen[kept], lead[kept], {name: rows[kept] for name, rows in slices.items()})


def _lists(
    model: HybridRecommendationModel, shown: Impressions, acts: Interactions, homes: HomesLike
) -> Iterator[tuple[NDArray[np.int64], Query]]:
    """The rows shown to one lead at one moment, and the lead as it was known then."""
    asked = asked_at(model.items, acts, shown, homes)
    _, lead = np.unique(np.array(shown.lead_ids, dtype=object), return_inverse=True)
    order = np.lexsort((shown.at, lead))
    changes = np.flatnonzero((np.diff(lead[order]) != 0) | (np.diff(shown.at[order]) != 0)) + 1
    for rows in np.split(order, changes) if len(order) else ():
        yield rows, asked(shown.lead_ids[rows[0]], int(shown.at[rows[0]]))


def _nobody_before(shown: Impressions, acts: Interactions) -> Mask:
    """Whether no lead was known to have acted on the home by the moment it was shown."""
    first = np.full(len(acts.properties) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, acts.property, acts.known())
    codes = acts.properties.codes(shown.property_ids)
    return np.asarray(first[codes] >= shown.at, dtype=np.bool_)


def _by_price(shown: Impressions, homes: HomesLike) -> dict[str, Mask]:
    """The thirds of the homes shown, by price; homes without one are in none."""
    if "ListPrice" not in homes.numbers:
        return {}
    rows = homes.ids.codes(shown.property_ids)
    price = np.where(rows >= 0, homes.numbers["ListPrice"][rows], np.nan)
    if np.isnan(price).all():
        return {}
    band = np.searchsorted(np.nanquantile(price, [1 / 3, 2 / 3]), price, side="left")
    return {name: (band == number) & ~np.isnan(price) for number, name in enumerate(_BANDS)}


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
