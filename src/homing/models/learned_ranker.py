"""Learning a ranker, and how sure it is, from homes that were shown and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.ids import Vocabulary
from homing.models.blending import past_before
from homing.models.calibration import Calibration, fit_calibration
from homing.models.candidate_features import Told
from homing.models.impressions import Impressions
from homing.models.interactions import Id
from homing.models.labelled import Labelled
from homing.models.pasts import Past, Pasts
from homing.models.ranker import Ranker, RankerConfig, fit_ranker

__all__ = ["Shown", "calibrated", "learned_ranker", "shown_after"]

_FOLDS: Final = 3

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """n homes shown, as a ranker learns from them; `lead` int64 (n,) and how many acts it had behind it then."""

    rows: Labelled
    lead: Codes
    acts: Floats


def shown_after(
    impressions: Impressions, cut: int, pasts: Pasts, items: Vocabulary[Id],
    tell: Callable[[Past, Codes], Told], most: int, seed: int,
) -> Shown | None:  # fmt: skip
    """What was shown from a moment on, each list told of with what the lead had done before it; None if nothing.

    Lists are the homes shown to one lead at one moment; of more than `most` homes so many lists are drawn.
    """
    leads, homes = pasts.leads.codes(impressions.lead_ids), items.codes(impressions.property_ids)
    usable = np.flatnonzero((impressions.at >= cut) & (homes >= 0))
    if not usable.size:
        return None
    stranger = np.where(leads < 0, -1 - np.arange(leads.size), leads)
    _, group = np.unique(np.column_stack((stranger, impressions.at))[usable], axis=0, return_inverse=True)
    kept = _drawn(group.ravel(), most, seed)
    usable, group = usable[kept], group.ravel()[kept]
    usable, group = usable[np.argsort(group, kind="stable")], np.sort(group)
    blocks: list[Told] = []
    acts = np.zeros(usable.size)
    nobody = Past(np.zeros(0, dtype=np.int64), np.zeros(0))
    for rows in np.split(np.arange(usable.size), np.flatnonzero(np.diff(group)) + 1):
        first = int(usable[rows[0]])
        lead = int(leads[first])
        past = past_before(pasts, lead, int(impressions.at[first])) if lead >= 0 else nobody
        blocks.append(tell(past, homes[usable[rows]]))
        acts[rows] = past.items.size
    names, family, monotone, _ = blocks[0]
    labelled = Labelled(
        np.concatenate([block.features for block in blocks]), names, family, monotone, group,
        impressions.engaged[usable].astype(np.float64), impressions.position[usable].astype(np.float64),
    )  # fmt: skip
    return Shown(labelled, stranger[usable], acts)


def learned_ranker(shown: Shown, rates: Mapping[str, float], seed: int) -> Ranker:
    """The ranker that they can bear; `rates` is what each source's score was multiplied by before."""
    return fit_ranker(shown.rows, _prior(shown.rows, rates), RankerConfig(seed=seed))


def calibrated(shown: Shown, rates: Mapping[str, float], seed: int) -> Calibration:
    """The probability of engaging, from scores of rankers that had not seen the lead: leads in three folds."""
    fold = np.random.default_rng(seed).permutation(int(shown.lead.max() - shown.lead.min()) + 1) % _FOLDS
    of_row = fold[shown.lead - shown.lead.min()]
    scores = np.full(len(shown.rows), np.nan)
    for one in range(_FOLDS):
        others, own = of_row != one, of_row == one
        if own.any() and others.any():
            ranker = fit_ranker(shown.rows.rows(others), _prior(shown.rows, rates), RankerConfig(seed=seed))
            scores[own] = ranker.scores_and_parts(shown.rows.features[own])[1].sum(axis=1)
    return fit_calibration(scores, shown.acts, shown.rows.label > 0)


def _prior(rows: Labelled, rates: Mapping[str, float]) -> dict[str, float]:
    """What a source's rate is on features divided by their spread; of a source in families, the same for each."""
    with np.errstate(invalid="ignore"):
        known = np.isfinite(rows.features)
        spread = np.sqrt(np.nanvar(np.where(known.any(axis=0), rows.features, 0.0), axis=0))
    sources = [name.partition(":")[0] for name in rows.names]
    return {
        name: rates.get(source, 0.0) * float(width)
        for name, source, width in zip(rows.names, sources, np.nan_to_num(spread), strict=True)
    }


def _drawn(group: Codes, most: int, seed: int) -> NDArray[np.int64]:
    """The rows of as many lists, drawn by chance, as hold up to so many rows."""
    if group.size <= most:
        return np.arange(group.size)
    turn = np.random.default_rng(seed).permutation(int(group.max()) + 1)
    sizes = np.bincount(group)[turn]
    chosen = turn[np.cumsum(sizes) <= most]
    return np.flatnonzero(np.isin(group, chosen))
