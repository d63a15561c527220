"""What an evaluation reads: who did what with which home when, and which homes were for sale when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from homing.core.ids import Vocabulary
from homing.event_types import ENGAGED
from homing.market.snapshot import MarketSnapshot
from homing.store.columns import TYPES, EventColumns

__all__ = ["EvaluationLog", "evaluation_log"]

_ENGAGED = np.array([kind in ENGAGED for kind in TYPES])
_ACTS = np.array(["property" in kind.spec.needs and kind.spec.cause != "system" for kind in TYPES]) | _ENGAGED
_FOREVER = np.iinfo(np.int64).max

Moments = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EvaluationLog:
    """Acts of leads on homes, n rows in order of time: codes `lead` and `home`, `at`, whether it is `engaged`.

    `known_at` is when each act was known to be the lead's, int64 (n,).

    The versions of all homes, v rows ordered by home and time: from `version_at` until `version_until` the home
    `version_home` was for sale where `version_active`. Homes with acts that no listing describes have no version.
    Being shown a home is no act.
    """

    leads: Vocabulary[str]
    homes: Vocabulary[str]
    lead: NDArray[np.int64]
    home: NDArray[np.int64]
    at: Moments
    known_at: Moments
    engaged: NDArray[np.bool_]
    version_home: NDArray[np.int64]
    version_at: Moments
    version_until: Moments
    version_active: NDArray[np.bool_]

    def for_sale(self, first: int, last: int) -> NDArray[np.bool_]:
        """The homes for sale at some moment from `first` to `last`, both inclusive, bool (homes,).

        Without any listing there is no telling, and every home counts.
        """
        if not len(self.version_home):
            return np.ones(len(self.homes), dtype=np.bool_)
        overlaps = self.version_active & (self.version_at <= last) & (self.version_until > first)
        sale = np.zeros(len(self.homes), dtype=np.bool_)
        sale[self.version_home[overlaps]] = True
        return sale

    def acted_by(self, upto: int) -> tuple[NDArray[np.int64], int]:
        """How many leads were known by a moment to have acted on each home, int64 (homes,), and how many on any."""
        known = self.known_at <= upto
        pairs = np.unique(self.lead[known] * max(1, len(self.homes)) + self.home[known])
        homes: NDArray[np.int64] = np.bincount(pairs % max(1, len(self.homes)), minlength=len(self.homes))
        return homes.astype(np.int64), len(np.unique(self.lead[known]))

    def until(self, upto: int) -> EvaluationLog:
        """What had happened, and was known, by a moment; homes and their versions stay."""
        kept = np.flatnonzero((self.at <= upto) & (self.known_at <= upto))
        columns = ("lead", "home", "at", "known_at", "engaged")
        return replace(self, **{name: getattr(self, name)[kept] for name in columns})

    def by_lead(self) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Each lead with acts and its rows, in order of time; leads in order of their codes."""
        order = np.argsort(self.lead, kind="stable")
        leads, first = np.unique(self.lead[order], return_index=True)
        for lead, start, end in zip(leads.tolist(), first, [*first[1:], len(order)], strict=False):
            yield self.leads.ids[lead], order[start:end]


def evaluation_log(events: EventColumns, market: MarketSnapshot) -> EvaluationLog:
    """The acts among these events, and the homes of the market with all their versions."""
    rows = np.flatnonzero((events.lead >= 0) & (events.property >= 0) & _ACTS[events.type])
    rows = rows[np.argsort(events.at[rows], kind="stable")]
    homes = market.ids.extended(events.properties.ids)
    offsets = market.version_offsets
    until = np.append(market.version_at[1:], _FOREVER)[: len(market.version_at)]
    until[offsets[1:][np.diff(offsets) > 0] - 1] = _FOREVER
    return EvaluationLog(
        leads=events.leads,
        homes=homes,
        lead=events.lead[rows].astype(np.int64),
        home=homes.codes(events.properties.ids)[events.property[rows]],
        at=events.at[rows],
        known_at=np.maximum(events.at, events.lead_known_at)[rows],
        engaged=_ENGAGED[events.type[rows]],
        version_home=np.repeat(np.arange(len(market)), np.diff(offsets)),
        version_at=market.version_at,
        version_until=until,
        version_active=market.version_status_active,
    )
