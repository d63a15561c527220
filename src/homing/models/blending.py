"""How much each of several scores says: a conditional logit over choices that leads made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from homing.models.pasts import Past, Pasts

__all__ = ["Choice", "Searched", "Stated", "choices", "conditional_logit", "later_rows", "past_before"]

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Alive = Callable[[Codes, int], NDArray[np.bool_]]
"""Which of these homes were on the market at a moment."""
Stated = Callable[[int], Codes | None]
"""The homes that satisfy what a lead stated, by its code; None where nothing is stated."""

Searched = Callable[[int, int], Codes | None]
"""The homes that satisfy what a lead had searched for before a moment, by its code; None where it had not."""

Away = Callable[[int, Codes], Floats]
"""How far homes are from one."""

_MOST_STRENGTH = 5.0
_DRAWS = 4
_DRAWS_NEAR = 40
_FEWEST_KNOWN = 30


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """A home that a lead acted on, against homes that it could have: codes (1 + negatives,), the chosen one first."""

    past: Past
    homes: Codes
    strength: float


def later_rows(pasts: Pasts, share: float, not_after: int | None = None) -> NDArray[np.bool_]:
    """The rows of the last `share` of acts in time; without moments, of the last share of each lead's acts.

    `not_after` moves the cut to an earlier moment, if it is one.
    """
    if pasts.at is not None and pasts.at.size:
        cut = int(np.quantile(pasts.at, 1.0 - share, method="higher"))
        return pasts.at >= (cut if not_after is None else min(cut, not_after))
    size = np.diff(pasts.offsets)[pasts.lead]
    place = np.arange(pasts.items.size) - pasts.offsets[pasts.lead]
    return place >= np.ceil(size * (1.0 - share))


def choices(  # noqa: PLR0913  # each is told by its name
    pasts: Pasts,
    later: NDArray[np.bool_],
    homes: int,
    alive: Alive,
    *,
    most: int,
    negatives: int,
    seed: int,
    stated: Stated = lambda lead: None,
    searched: Searched = lambda lead, at: None,
    away: Away | None = None,
) -> list[Choice]:
    """Choices among the later rows: the first act of a lead on a home that it came to favour, seeded draw of `most`.

    At most as many are of leads that had done nothing before as of others, if 30 or more of those are there. What the
    lead did before that act, as far as it was known then, is its past. The others are drawn from all homes on
    the market at that moment, of a lead that stated limits from those that satisfy them, as it is served only these;
    the strength is the weight of its acts on the home, at most 5. Where it is known how far homes are `away` from each
    other, three of four are those nearest to it: who searches in one place is shown homes of that place, and that it
    turned to one of them says what it likes, not where it looked.
    """
    rng = np.random.default_rng(seed)
    pair = pasts.lead.astype(np.int64) * max(1, homes) + pasts.items
    _, first, which = np.unique(pair, return_index=True, return_inverse=True)
    strength = np.bincount(which, weights=pasts.weights, minlength=first.size)
    rows = _not_mostly_strangers(pasts, first[later[first] & (strength > 0)], rng)
    strengths = np.minimum(strength[which[rows]], _MOST_STRENGTH)
    if rows.size > most:
        kept = np.sort(rng.choice(rows.size, most, replace=False, p=strengths / strengths.sum()))
        rows, strengths = rows[kept], strengths[kept]
    made = []
    for row, weight in zip(rows.tolist(), strengths.tolist(), strict=True):
        within = stated(_lead_of(pasts, row))
        draws = (_DRAWS if away is None else _DRAWS_NEAR) * negatives
        drawn = rng.integers(0, homes if within is None else within.size, draws)
        found = _choice(pasts, row, weight, drawn if within is None else within[drawn], alive, negatives, away)
        if found is not None:
            as_of = found.past.as_of
            looked_for = None if as_of is None else searched(_lead_of(pasts, row), as_of)
            made.append(replace(found, past=replace(found.past, within=within, searched=looked_for)))
    return made


def past_before(pasts: Pasts, lead: int, at: int) -> Past:
    """What a lead had done before a moment (exclusive), as far as it was known by then."""
    rows = slice(int(pasts.offsets[lead]), int(pasts.offsets[lead + 1]))
    times = pasts.at if pasts.at is not None else np.arange(pasts.items.size)
    return pasts.known_between(rows.start, rows.start + int(np.searchsorted(times[rows], at, side="left")), at)


def conditional_logit(features: Floats, strengths: Floats, prior: Floats, pull: float) -> Floats:
    """Weights at least 0, shape (m,), that make the first alternative of each choice likely.

    Maximises sum_i c_i [x_i0 w - log sum_j exp(x_ij w)] - pull * |w - prior|^2 over w >= 0, for features (n, j, m) and
    strengths c (n,) (McFadden 1974, with a normal prior).

    >>> chosen_is_higher = np.array([[[1.0, 0.0], [0.0, 0.0]]] * 200)
    >>> weights = conditional_logit(chosen_is_higher, np.ones(200), np.array([0.5, 0.5]), 1.0)
    >>> bool(weights[0] > 2.0), round(float(weights[1]), 6)
    (True, 0.5)
    """

    def loss(weights: Floats) -> tuple[float, Floats]:
        utility = features @ weights
        utility -= utility.max(axis=1, keepdims=True)
        odds = np.exp(utility)
        total = odds.sum(axis=1, keepdims=True)
        chance = odds / total
        likelihood = float(strengths @ (utility[:, 0] - np.log(total[:, 0])))
        expected = np.einsum("ij,ijm->im", chance, features)
        gradient = strengths @ (features[:, 0, :] - expected)
        away = weights - prior
        return pull * float(away @ away) - likelihood, 2.0 * pull * away - gradient

    found = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * prior.size)
    return np.asarray(found.x, dtype=np.float64)


def _not_mostly_strangers(pasts: Pasts, rows: Codes, rng: np.random.Generator) -> Codes:
    """The rows, fewer of them of leads that had done nothing before.

    Strangers say what is liked by all, and nothing of what a past is worth beside it; where most leads act only once,
    they would drown those that do say it.
    """
    stranger = rows == pasts.offsets[pasts.lead[rows]]
    count = int(rows.size - stranger.sum())
    if count < _FEWEST_KNOWN or stranger.sum() <= count:
        return rows
    drawn = rng.choice(np.flatnonzero(stranger), count, replace=False)
    kept: Codes = rows[np.sort(np.concatenate((np.flatnonzero(~stranger), drawn)))]
    return kept


def _lead_of(pasts: Pasts, row: int) -> int:
    return int(np.searchsorted(pasts.offsets, row, side="right")) - 1


def _choice(
    pasts: Pasts, row: int, strength: float, drawn: Codes, alive: Alive, negatives: int, away: Away | None
) -> Choice | None:
    start = int(pasts.offsets[_lead_of(pasts, row)])
    at = row if pasts.at is None else int(pasts.at[row])
    end = row if pasts.at is None else start + int(np.searchsorted(pasts.at[start:row], at, side="left"))
    past = pasts.known_between(start, end, None if pasts.at is None else at)
    open_to = alive(drawn, at) & (drawn != pasts.items[row]) & ~np.isin(drawn, past.items)
    others = drawn[open_to]
    if away is not None and others.size > negatives:
        any_of = negatives // 4
        rest = np.unique(others[any_of:])
        near = np.argsort(away(int(pasts.items[row]), rest), kind="stable")[: negatives - any_of]
        others = np.concatenate((others[:any_of], rest[near]))
    others = others[:negatives]
    if others.size == 0:
        return None
    whole = np.resize(others, negatives)
    return Choice(past, np.concatenate(([int(pasts.items[row])], whole)), strength)
