"""The fair reference: what leads of other groups with the same criteria and behaviour are shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.evaluation.exposure import Doubles, Exposure

__all__ = ["Matched", "halves", "matched"]

_MATCHES: Final = 5
_WIDEST: Final = 1.0
"""A match is at most so far away: half of the areas in common, say, at the same price."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The leads that have matches, rows `rows` of the exposure: what each was shown and its reference, (m, areas)."""

    rows: NDArray[np.int64]
    group: NDArray[np.int64]
    fold: NDArray[np.int64]
    shown: Doubles
    reference: Doubles


def halves(leads: int, seed: int) -> NDArray[np.int64]:
    """Leads dealt into two halves, int64 (leads,)."""
    return np.random.default_rng(seed).permutation(leads) % 2


def matched(exposure: Exposure, group: NDArray[np.int64], fold: NDArray[np.int64]) -> Matched:
    """Each lead with what up to five leads of other groups like it are shown, float64 (leads, areas).

    Alike are leads that spoke for homes in the same areas at the same price, and whose stated criteria leave them the
    same areas. What still differs between a lead and its matches is taken into account as far as what leads are shown
    follows from it in general (the bias correction of Abadie and Imbens, 2011). Matches come from the same fold, so
    that folds are independent.
    """
    known, slope = _features(exposure), _slope(exposure)
    rows, references = [], []
    for part in np.unique(fold):
        here = np.flatnonzero(fold == part)
        away = _apart(known[here])
        for place, row in enumerate(here.tolist()):
            others = np.flatnonzero(group[here] != group[row])
            near = others[np.argsort(away[place, others], kind="stable")[:_MATCHES]]
            near = here[near[away[place, near] <= _WIDEST]]
            if near.size and exposure.shown[row].any():
                rows.append(row)
                gap = slope[0] * (exposure.liked[row] - exposure.liked[near].mean(axis=0))
                gap = gap + slope[1] * (exposure.open_to[row] - exposure.open_to[near].mean(axis=0))
                references.append(exposure.shown[near].mean(axis=0) + gap)
    found = np.array(rows, dtype=np.int64)
    reference = np.array(references).reshape(len(found), len(exposure.areas))
    return Matched(found, group[found], fold[found], exposure.shown[found], reference)


def _features(exposure: Exposure) -> Doubles:
    """What makes leads alike, scaled so that the distance of two is the sum of absolute differences."""
    with np.errstate(invalid="ignore"):
        price = np.nan_to_num(np.log(exposure.price), nan=0.0)
    return np.column_stack((0.5 * exposure.liked, 0.5 * exposure.open_to, price))


def _apart(known: Doubles) -> Doubles:
    from scipy.spatial.distance import cdist  # only for this

    return np.asarray(cdist(known, known, "cityblock"), dtype=np.float64)


def _slope(exposure: Exposure) -> Doubles:
    """How much of what is shown in an area follows from what was liked and what is open there, by least squares."""
    columns = np.column_stack((exposure.liked.ravel(), exposure.open_to.ravel()))
    slope, *_ = np.linalg.lstsq(columns, exposure.shown.ravel(), rcond=None)
    return np.asarray(slope, dtype=np.float64)
