"""Leads as a model is asked about them when it serves: with what was known of each at a moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from homing.core.ids import Vocabulary
from homing.models.blending import past_before
from homing.models.homes import HomesLike
from homing.models.impressions import Impressions
from homing.models.interactions import Id, Interactions
from homing.models.pasts import Pasts
from homing.models.query import Codes, Query
from homing.models.stated_homes import searched_homes, stated_homes

__all__ = ["asked_at"]


def asked_at(
    items: Vocabulary[Id], acts: Interactions, told: Impressions, homes: HomesLike
) -> Callable[[Id, int], Query]:
    """The question about a lead at a moment: with its acts before it, what it stated, and its searches before it.

    `acts` is what leads did, known by the moment or left out; `told` says by rows of `homes` what they stated and
    searched for; `items` are the homes that the model knows.
    """
    pasts = Pasts.of(acts)
    stated, searched = stated_homes(told, homes, items), searched_homes(told, homes, items)

    def asked(lead: Id, at: int) -> Query:
        stranger = Query(lead, [], as_of=at, within=_codes(stated(lead)), searched=_codes(searched(lead, at)))
        code = pasts.leads.code(lead)
        if code < 0:
            return stranger
        past = past_before(pasts, code, at)
        ids = [acts.properties.ids[item] for item in past.items.tolist()]
        return replace(stranger, properties=ids, weights=past.weights, at=past.at, prices=past.prices)

    return asked


def _codes(homes: NDArray[np.int64] | None) -> Codes | None:
    return None if homes is None else Codes(homes)
