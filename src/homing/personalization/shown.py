"""What each of many leads would be shown at one moment, beside what it might have been shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.market.snapshot import MarketSnapshot

__all__ = ["Shown"]


@dataclass(frozen=True, slots=True)
class Shown:
    """One lead's list as rows of the market, int64, best first; the homes `open_to` it; and those it spoke for.

    Open to a lead is what is on the market and may be displayed, within the limits that it stated, and neither seen nor
    dismissed by it.
    """

    lead_id: str
    market: MarketSnapshot
    open_to: NDArray[np.int64]
    shown: NDArray[np.int64]
    liked: NDArray[np.int64]
