"""Learning a ranker, and how sure it is, from homes that were shown and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.ids import Vocabulary
from homing.models.blending import Choice, past_before
from homing.models.calibration import Calibration, fit_calibration
from homing.models.candidate_features import Told
from homing.models.impressions import Impressions
from homing.models.interactions import Id
from homing.models.labelled import Labelled
from homing.models.pasts import Past, Pasts
from homing.models.ranker import Ranker, RankerConfig, fit_ranker

__all__ = ["Shown", "calibrated", "learned_ranker", "shown_after", "told_choices"]

_FOLDS: Final = 3
_FIRM: Final = ("taste:", "near_liked")
_FIXED: Final = ("insists:",)

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """n homes shown, as a ranker learns from them; `lead` int64 (n,), how many acts it had behind it then, and `again`
    1 where the home was among those it had acted on, both float64 (n,).
    """

    rows: Labelled
    lead: Codes
    acts: Floats
    again: Floats


def shown_after(  # noqa: PLR0913  # each is told by its name
    impressions: Impressions, cut: int, pasts: Pasts, items: Vocabulary[Id],
    tell: Callable[[Past, Codes], Told], most: int, seed: int, *,
    stated: Callable[[Id], Codes | None] = lambda lead: None,
    searched: Callable[[Id, int], Codes | None] = lambda lead, at: None,
) -> Shown | None:  # fmt: skip
    """What was shown from a moment on, each list told of with what the lead had done before it; None if nothing.

    `stated` gives the homes that satisfy what a lead stated, `searched` what it had searched for before a moment.
    Lists are the homes shown to one lead at one moment; of more than `most` homes so many lists are drawn.
    """
    leads, homes = pasts.leads.codes(impressions.lead_ids), items.codes(impressions.property_ids)
    usable = np.flatnonzero((impressions.at >= cut) & (homes >= 0))
    if not usable.size:
        return None
    strangers = {one: -1 - place for place, one in enumerate(dict.fromkeys(impressions.lead_ids))}
    leads = np.where(leads < 0, [strangers[one] for one in impressions.lead_ids], leads)
    _, group = np.unique(np.column_stack((leads, impressions.at))[usable], axis=0, return_inverse=True)
    kept = _drawn(group.ravel(), most, seed)
    usable, group = usable[kept], group.ravel()[kept]
    usable, group = usable[np.argsort(group, kind="stable")], np.sort(group)
    blocks: list[Told] = []
    acts, again = np.zeros(usable.size), np.zeros(usable.size)
    nobody = Past(np.zeros(0, dtype=np.int64), np.zeros(0))
    for rows in np.split(np.arange(usable.size), np.flatnonzero(np.diff(group)) + 1):
        first = int(usable[rows[0]])
        lead = int(leads[first])
        past = past_before(pasts, lead, int(impressions.at[first])) if lead >= 0 else nobody
        name, at = impressions.lead_ids[first], int(impressions.at[first])
        past = replace(past, within=stated(name), searched=searched(name, at))
        blocks.append(tell(past, homes[usable[rows]]))
        acts[rows], again[rows] = past.items.size, np.isin(homes[usable[rows]], past.items)
    names, family, monotone, _ = blocks[0]
    labelled = Labelled(
        np.concatenate([block.features for block in blocks]), names, family, monotone, group,
        impressions.engaged[usable].astype(np.float64), impressions.position[usable].astype(np.float64),
    )  # fmt: skip
    return Shown(labelled, leads[usable], acts, again)


def told_choices(found: Sequence[Choice], tell: Callable[[Past, Codes], Told]) -> Labelled:
    """Choices on the market as lists in no order, of which the first home was chosen."""
    blocks = [tell(choice.past, choice.homes) for choice in found]
    sizes = [choice.homes.size for choice in found]
    label = np.zeros(sum(sizes))
    label[np.cumsum([0, *sizes[:-1]])] = [choice.strength for choice in found]
    names, family, monotone, _ = blocks[0]
    features = np.concatenate([block.features for block in blocks])
    group = np.repeat(np.arange(len(found)), sizes)
    return Labelled(features, names, family, monotone, group, label, np.full(label.size, np.nan))


def learned_ranker(chosen: Labelled, shown: Shown | None, rates: Mapping[str, float], seed: int) -> Ranker:
    """The ranker that choices and lists shown can bear; `rates` is what each source was multiplied by before."""
    return _fitted(chosen if shown is None else _both(chosen, shown.rows), rates, seed)


def calibrated(chosen: Labelled, shown: Shown, rates: Mapping[str, float], seed: int, *, like: Ranker) -> Calibration:
    """The probability of engaging, from scores of rankers that had not seen what the lead was shown: three folds.

    These are rankers `like` the one that will be asked, learned from all: with as many trees, or with none.
    Unless these scores are shown to predict what was engaged with, it stays the wide prior: the rate seen on average
    would say nothing of any one home.
    """
    first = int(shown.lead.min())
    fold = np.random.default_rng(seed).permutation(int(shown.lead.max()) - first + 1) % _FOLDS
    of_row = fold[shown.lead - first]
    scores = np.full(len(shown.rows), np.nan)
    for one in range(_FOLDS):
        others, own = of_row != one, of_row == one
        if own.any():
            ranker = _fitted(_both(chosen, shown.rows.rows(others)), rates, seed, like)
            scores[own] = ranker.scores_and_parts(shown.rows.features[own])[1].sum(axis=1)
    found = fit_calibration(scores, shown.acts, shown.rows.label > 0, shown.again)
    return found if found.predicts else replace(Calibration(), samples=found.samples, positives=found.positives)


def _fitted(rows: Labelled, rates: Mapping[str, float], seed: int, like: Ranker | None = None) -> Ranker:
    return fit_ranker(rows, _prior(rows, rates), RankerConfig(seed=seed, firm=_FIRM, fixed=_FIXED), like=like)


def _both(first: Labelled, second: Labelled) -> Labelled:
    """The rows of two, of the same features; the groups of the second count on from those of the first."""
    places = [np.full(len(rows), np.nan) if rows.position is None else rows.position for rows in (first, second)]
    after = int(first.group.max(initial=-1)) + 1
    return replace(
        first,
        features=np.concatenate((first.features, second.features)),
        group=np.concatenate((first.group, after + second.group)),
        label=np.concatenate((first.label, second.label)),
        position=np.concatenate(places),
    )


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
