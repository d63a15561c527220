"""Hold what is said of homes shown against what came of it, on simulated households whose true chances are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.evaluation.kept_promises import Promised, promised
from homing.personalization.training_data import ENGAGED_WITHIN, training_data
from homing.services.measure_relevance import Stand
from homing.simulation.chances import Chances
from homing.simulation.simulate import lived

__all__ = ["MeasureCalibration", "Measured"]

_SHOWN_FOR: Final = 14 * DAY


@dataclass(frozen=True, slots=True)
class Measured:
    """Homes shown after the model was trained: what was `promised` of them, when each was shown, int64 (n,), and the
    rate at which the household engages with it in so many `tries` of going on from there, float64 (n,).
    """

    promised: Promised
    at: NDArray[np.int64]
    rate: NDArray[np.float64]
    tries: int
    says: str


@dataclass(frozen=True, slots=True)
class MeasureCalibration:
    """Train on so many simulated leads over so many days; judged are the pages that they see in the 14 days after.

    Then pass another 14, so that `end` (microseconds UTC) is 28 days after the training. Each household goes on from
    each page `tries` times, which gives the chance that one has who knows everything of it.
    """

    leads: int
    days: int
    seed: int
    end: int
    tries: int

    def __call__(
        self,
        homes: Sequence[Mapping[str, object]],
        folder: Path,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Measured:
        """What was said and what came, over homes given as RESO rows; models and profiles are kept in `folder`.

        `progress` hears (days done, days).
        """
        over = self.end - ENGAGED_WITHIN
        cut, days = over - _SHOWN_FOR, self.days + (_SHOWN_FOR + ENGAGED_WITHIN) // DAY
        witness = Chances(cut, over, ENGAGED_WITHIN, self.tries, self.seed)
        world = lived(homes, self.leads, days, seed=self.seed, end_at=self.end, progress=progress, witness=witness)
        stand = Stand(folder, self.end)
        stand.load(world, self.seed, upto=cut)
        data = training_data(stand.tracker.store, stand.tracker.tenant, stand.market, self.end)
        shown = data.told(stand.market, stand.directory.limits(self.end)).select(data.impressions.at > cut)
        found = promised(stand.model, shown, data.interactions, stand.market)
        rates = {
            (page.lead, page.at, home): engaged / page.tries
            for page in witness.pages
            for home, engaged in zip(page.homes, page.engaged.tolist(), strict=True)
        }
        keys = [(str(shown.lead_ids[row]), int(shown.at[row]), str(shown.property_ids[row])) for row in found.rows]
        rate = np.array([rates[key] for key in keys])
        return Measured(found, shown.at[found.rows], rate, self.tries, stand.says)
