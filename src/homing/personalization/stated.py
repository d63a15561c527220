"""What a lead stated or searched for, told to the models: which homes satisfy it, so that it counts before any act."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from homing.market.snapshot import MarketSnapshot
from homing.models.query import Codes
from homing.people.lead import Limits
from homing.personalization.candidates import within
from homing.personalization.shopper import Shopper

__all__ = ["homes_within", "with_stated"]


def homes_within(market: MarketSnapshot, codes: NDArray[np.int64], limits: Limits) -> Codes | None:
    """The codes of the homes that satisfy all limits, whether they are for sale or not.

    `codes` are those of the homes of the market, -1 for none. None where no home satisfies the limits.
    """
    satisfying = np.flatnonzero(within(market, limits, np.arange(len(market))))
    if not satisfying.size:
        return None
    found = np.zeros(int(codes.max()) + 1, dtype=np.bool_)  # marking homes puts them in order sooner than sorting
    found[codes[satisfying[codes[satisfying] >= 0]]] = True
    return Codes(np.flatnonzero(found))


def with_stated(who: Shopper, homes: Callable[[Limits], Codes | None]) -> Shopper:
    """The lead with a query that says which homes are within the limits that it stated, and what it searched for."""
    stated = None if not who.limits else homes(who.limits)
    searched = None if not who.searched else homes(who.searched)
    if stated is None and searched is None:
        return who
    return replace(who, query=replace(who.query, within=stated, searched=searched))
