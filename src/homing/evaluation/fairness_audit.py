"""The fairness audit: whether areas keep their share of what is shown, and whether groups are shown the same market."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from homing.evaluation.exposure import Exposure
from homing.evaluation.matching import halves, matched
from homing.measures.fairness import directions, exposure_ratio, reached_by_as_many, spread, variation
from homing.measures.intervals import Interval, bootstrap_mean, bootstrap_ratio, bootstrap_statistic

__all__ = ["FEWEST", "Check", "FairnessAudit", "GroupExposure", "fairness_audit"]

FEWEST: Final = 30
"""Groups of fewer leads are not judged: their figures would be noise, and would tell about persons."""

FOUR_FIFTHS: Final = 0.8
MOST_VARIATION: Final = 0.1
LEAST_SPREAD: Final = 0.8

_HALVINGS: Final = 5
_ERRORS: Final = 3.0
_BY_AREA: Final = ("area_variation", "area_ratio")
_NO_GROUPS: Final = "no groups were supplied (--groups FILE)"
_FEW_GROUPS: Final = f"fewer than two groups have {FEWEST} leads"
_NO_AREAS: Final = "the area of most homes on the market is unknown"
_NOT_LESS: Final = "in no area is a group clearly shown less than its matches"
_NO_MATCHES: Final = "too few leads have a match in another group"


@dataclass(frozen=True, slots=True)
class Check:
    """One measure with its interval and limit. It fails only if the interval lies wholly beyond the limit."""

    name: str
    interval: Interval
    limit: float
    side: Literal["at least", "at most"]

    @property
    def passed(self) -> bool:
        """Whether the limit is not broken beyond what chance allows."""
        if self.side == "at least":
            return not self.interval.high < self.limit
        return not self.interval.low > self.limit


@dataclass(frozen=True, slots=True)
class GroupExposure:
    """What one group is shown in absolute figures, so that nobody is made equal by showing everybody less.

    `reached` leads have a list; `full` is the mean of its length over the most it could have had; `homes` are the
    different homes that they reach, `homes_of_as_many` those that as many leads as the smallest group has reach;
    `variation` is that between the areas open to them and the areas shown, taste included.
    """

    group: str
    leads: int
    reached: int
    full: float
    homes: int
    homes_of_as_many: float
    areas: int
    variation: float


@dataclass(frozen=True, slots=True)
class FairnessAudit:
    """Checks, groups, and which checks were left out for which reason. `matched` is the share of leads with a match."""

    leads: int
    areas: int
    area_field: str | None
    checks: tuple[Check, ...]
    groups: tuple[GroupExposure, ...]
    left_out: Mapping[str, str]
    matched: float | None


def fairness_audit(
    exposure: Exposure, k: int, groups: Mapping[str, str] | None = None, *, seed: int = 0
) -> FairnessAudit:
    """Judge what leads are shown, in lists of k. `groups` names the group of each lead that has one.

    - `area_spread`: the spread over areas of all that is shown, as a fraction of the spread of what is open to the same
      leads by their own criteria; at least .8.
    - `group_reach`: how full the lists of the group with the emptiest lists are, as a fraction of the fullest; at least
      four fifths.
    - `area_variation`: the variation between the areas that a group is shown and those that leads of other groups with
      the same criteria and behaviour are shown; at most .1.
    - `area_ratio`: in the areas that a group is clearly shown less, how much it is shown, as a fraction of the same
      reference; at least four fifths.

    Areas differ by the taste that leads expressed, so what a group is shown is never compared with the market as such.
    """
    checks: list[Check] = []
    left_out: dict[str, str] = {}
    if exposure.areas and len(exposure.leads):
        checks.append(_area_spread(exposure, seed))
    else:
        left_out["area_spread"] = _NO_AREAS
    codes, names = _judged(exposure, groups or {})
    told: tuple[GroupExposure, ...] = ()
    share: float | None = None
    if len(names) < 2:
        why = _FEW_GROUPS if groups else _NO_GROUPS
        left_out |= dict.fromkeys(("group_reach", *_BY_AREA), why)
    else:
        rows = np.flatnonzero(codes >= 0)
        some, group = exposure.of(rows), codes[rows]
        full = _full(some, k)
        told = tuple(_told(some, full, group, code, name) for code, name in enumerate(names))
        checks.append(_group_reach(full, group, seed))
        found = _against_matches(some, group, seed)
        share = float(np.mean(found.times > 0))
        if share * len(rows) < 2 * FEWEST:
            left_out |= dict.fromkeys(_BY_AREA, _NO_MATCHES if exposure.areas else _NO_AREAS)
        else:
            checks.append(_area_variation(found, seed))
            if np.count_nonzero(found.expected > 0) < FEWEST:
                left_out["area_ratio"] = _NOT_LESS
            else:
                ratio = bootstrap_ratio(found.shown, found.expected, seed=seed)
                checks.append(Check("area_ratio", ratio, FOUR_FIFTHS, "at least"))
    return FairnessAudit(len(exposure.leads), len(exposure.areas), exposure.field, tuple(checks), told, left_out, share)


def _judged(exposure: Exposure, groups: Mapping[str, str]) -> tuple[NDArray[np.int64], list[str]]:
    """The group's code of each lead, -1 for those of none or of one too small, and the names."""
    mine = [groups.get(lead) for lead in exposure.leads]
    names = sorted({name for name in mine if name is not None and mine.count(name) >= FEWEST})
    return np.array([names.index(name) if name in names else -1 for name in mine], dtype=np.int64), names


def _full(exposure: Exposure, k: int) -> NDArray[np.float64]:
    """How full each list is, of the most that was open to the lead; NaN where nothing was."""
    shown = np.array([len(homes) for homes in exposure.homes], dtype=np.float64)
    most = np.minimum(k, exposure.count_open)
    return np.asarray(shown / np.where(most > 0, most, np.nan), dtype=np.float64)


def _area_spread(exposure: Exposure, seed: int) -> Check:
    def fraction(rows: NDArray[np.int64]) -> float:
        there = spread(exposure.open_to[rows].sum(axis=0))
        return spread(exposure.shown[rows].sum(axis=0)) / there if there > 0 else 1.0

    return Check("area_spread", bootstrap_statistic(fraction, len(exposure.leads), seed=seed), LEAST_SPREAD, "at least")


def _group_reach(full: NDArray[np.float64], group: NDArray[np.int64], seed: int) -> Check:
    known = np.isfinite(full)

    def ratio(rows: NDArray[np.int64]) -> float:
        one = rows[known[rows]]
        count = np.bincount(group[one])
        return exposure_ratio(np.bincount(group[one], weights=full[one])[count > 0] / count[count > 0])

    return Check("group_reach", bootstrap_statistic(ratio, len(group), seed=seed), FOUR_FIFTHS, "at least")


@dataclass(frozen=True, slots=True)
class _AgainstMatches:
    """Sums over several halvings of the leads, each (leads,): in how many a lead had a match; how much it leans to
    where its group leans; and in the areas that its group is clearly shown less, the shares shown to it and to its
    matches.
    """

    times: NDArray[np.float64]
    lean: NDArray[np.float64]
    shown: NDArray[np.float64]
    expected: NDArray[np.float64]


def _against_matches(exposure: Exposure, group: NDArray[np.int64], seed: int) -> _AgainstMatches:
    """Where each group is shown less is learned from one half of the leads and measured on the other, several times."""
    sums = _AgainstMatches(*(np.zeros(len(group)) for _ in range(4)))
    for halving in range(_HALVINGS):
        pairs = matched(exposure, group, halves(len(group), seed + halving))
        apart = pairs.shown - pairs.reference
        toward = directions(apart, pairs.group, pairs.fold)
        sums.times[pairs.rows] += 1.0
        sums.lean[pairs.rows] += 0.5 * (toward * apart).sum(axis=1)
        less = directions(apart, pairs.group, pairs.fold, errors=_ERRORS) < 0
        sums.shown[pairs.rows] += (less * pairs.shown).sum(axis=1)
        sums.expected[pairs.rows] += (less * pairs.reference).sum(axis=1)
    return sums


def _area_variation(found: _AgainstMatches, seed: int) -> Check:
    known = found.times > 0
    more = bootstrap_mean(found.lean[known] / found.times[known], seed=seed)
    return Check("area_variation", more, MOST_VARIATION, "at most")


def _told(
    exposure: Exposure, full: NDArray[np.float64], group: NDArray[np.int64], code: int, name: str
) -> GroupExposure:
    mine = np.flatnonzero(group == code)
    lists = [exposure.homes[row] for row in mine.tolist()]
    everything = np.concatenate(lists) if lists else np.empty(0, np.int64)
    _, reached = np.unique(everything, return_counts=True)
    smallest = int(np.bincount(group).min())
    return GroupExposure(
        group=name,
        leads=len(mine),
        reached=sum(len(homes) > 0 for homes in lists),
        full=float(np.nanmean(full[mine])) if np.isfinite(full[mine]).any() else float("nan"),
        homes=len(reached),
        homes_of_as_many=reached_by_as_many(reached, len(mine), smallest),
        areas=int((exposure.shown[mine] > 0).any(axis=0).sum()),
        variation=variation(exposure.open_to[mine].mean(axis=0), exposure.shown[mine].mean(axis=0)),
    )
