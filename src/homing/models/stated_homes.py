"""The homes that satisfy what leads stated and searched for, in the codes of a model that learns from them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.ids import Vocabulary
from homing.models.homes import HomesLike
from homing.models.impressions import Impressions
from homing.models.interactions import Id

__all__ = ["searched_homes", "stated_homes"]

Codes = NDArray[np.int64]

_MOST_STATED: Final = 256


def stated_homes(
    impressions: Impressions | None, homes: HomesLike | None, items: Vocabulary[Id]
) -> Callable[[Id], Codes | None]:
    """The codes of the homes that satisfy what a lead stated, in order, by its id."""
    if impressions is None or homes is None:
        return lambda lead: None
    codes = items.codes_of(homes.ids)

    @lru_cache(_MOST_STATED)
    def stated(lead: Id) -> Codes | None:
        rows = impressions.stated(lead)
        return None if rows is None else np.sort(codes[rows])

    return stated


def searched_homes(
    impressions: Impressions | None, homes: HomesLike | None, items: Vocabulary[Id]
) -> Callable[[Id, int], Codes | None]:
    """The codes of the homes that satisfy what a lead had searched for before a moment, in order, by its id."""
    if impressions is None or homes is None:
        return lambda lead, at: None
    codes = items.codes_of(homes.ids)

    def searched(lead: Id, at: int) -> Codes | None:
        rows = impressions.searched(lead, at)
        return None if rows is None else np.sort(codes[rows])

    return searched
