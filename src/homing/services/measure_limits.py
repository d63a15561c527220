"""Count the homes recommended that break a limit that a lead stated, in a simulated market, by a check of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any, Final

import numpy as np

from homing.market.snapshot import MarketSnapshot
from homing.people.lead import Lead, Limits
from homing.personalization.ask import Ask
from homing.services.measure_relevance import Stand
from homing.simulation import constants
from homing.simulation.simulate import lived

__all__ = ["MeasureLimits", "broken"]

_AREA: Final = "PostalCode"


@dataclass(frozen=True, slots=True)
class MeasureLimits:
    """Train on so many simulated leads over so many days, then answer them, and `strangers` who only stated limits.

    Lists are of `k` homes; leads are answered in turns until `wanted` homes were recommended.
    """

    leads: int
    days: int
    strangers: int
    seed: int
    end: int
    k: int = 100

    def __call__(
        self,
        homes: Sequence[Mapping[str, object]],
        folder: Path,
        wanted: int,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> dict[str, Any]:
        """How many homes were recommended to how many leads with limits, and which of the limits they broke.

        `homes` are RESO rows; `progress` hears (homes recommended, wanted).
        """
        stand = Stand(folder, self.end)
        world = lived(homes, self.leads, self.days, seed=self.seed, end_at=self.end)
        strangers = list(_strangers(homes, self.strangers, self.seed))
        stand.load(world, self.seed, strangers)
        asked = [lead for lead in stand.directory.leads().values() if lead.limits]
        found, answers, of = dict.fromkeys(("price", "bedrooms", "area", "type"), 0), 0, 0
        passed_over: frozenset[str] = frozenset()
        for turn, lead in enumerate(cycle(asked)):
            if of >= wanted or turn >= len(asked) * (1 + wanted // self.k):
                break
            if turn % len(asked) == 0:
                passed_over = _some(homes, self.seed, turn // len(asked))
            answer = stand.engine.answer(Ask(lead_id=lead.lead_id, k=self.k, explain=False, exclude=passed_over))
            for item in answer.items:
                for name in broken(lead.limits, stand.market, item.property_id, stand.now):
                    found[name] += 1
            of, answers = of + len(answer.items), answers + 1
            if progress is not None and answers % 50 == 0:
                progress(of, wanted)
        return {
            "recommendations": of,
            "answers": answers,
            "leads": len(asked),
            "broken": found,
            "seed": self.seed,
            "simulated": True,
            "constants": constants.fingerprint(),
        }


def broken(limits: Limits, market: MarketSnapshot, property_id: str, at: int) -> Iterator[str]:
    """Which of the limits a home breaks at a moment: price, bedrooms, area, type; what is unknown keeps none."""
    row = int(market.ids.code(property_id))
    price = float(market.price_at(np.array([row]), np.array([at]))[0])
    most, least = limits.price_max, limits.price_min
    if (most is not None and not price <= most) or (least is not None and not price >= least):
        yield "price"
    if limits.bedrooms_min is not None and not market.numbers["BedroomsTotal"][row] >= limits.bedrooms_min:
        yield "bedrooms"
    if limits.areas and not _labels(market, row, ("PostalCode", "City", "MLSAreaMajor")) & set(limits.areas):
        yield "area"
    if limits.types and not _labels(market, row, ("PropertyType", "PropertySubType")) & set(limits.types):
        yield "type"


def _labels(market: MarketSnapshot, row: int, names: Sequence[str]) -> set[str]:
    of = [market.categories[name] for name in names if name in market.categories]
    return {one.labels.ids[one.codes[row]] for one in of if one.codes[row] >= 0}


def _some(homes: Sequence[Mapping[str, object]], seed: int, turn: int) -> frozenset[str]:
    """In every turn but the first other homes that were shown already, a tenth of all, so that lists differ."""
    draw = np.random.default_rng([seed, 17, turn])
    left = draw.random(len(homes)) < (0.1 if turn else 0.0)
    return frozenset(str(homes[place]["ListingKey"]) for place in np.flatnonzero(left).tolist())


def _strangers(homes: Sequence[Mapping[str, object]], count: int, seed: int) -> Iterator[Lead]:
    """Leads that stated limits of all kinds, alone and together, that some homes satisfy, and did nothing else."""
    draw = np.random.default_rng([seed, 16])
    prices = np.array([float(str(row["ListPrice"])) for row in homes])
    areas = sorted({str(row[_AREA]) for row in homes if row.get(_AREA)})
    for number in range(count):
        has = draw.random(4) < 0.5
        most = float(np.quantile(prices, draw.uniform(0.1, 0.95))) if has[0] or not has.any() else None
        least = float(np.quantile(prices, draw.uniform(0.02, 0.5))) if has[1] else None
        if most is not None and least is not None and least > 0.8 * most:
            least = 0.5 * most
        chosen = draw.choice(len(areas), min(int(draw.integers(1, 5)), len(areas)), replace=False) if has[3] else ()
        limits = Limits(
            price_max=most,
            price_min=least,
            bedrooms_min=int(draw.integers(1, 6)) if has[2] else None,
            areas=tuple(areas[place] for place in chosen),
        )
        yield Lead(lead_id=f"stranger-{number:06d}", limits=limits)
