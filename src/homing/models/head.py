"""How the scores of a hybrid's parts become one: what is added, on which scale, and how that was found out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import kernel
from homing.models.artifact import packed_text, text_from
from homing.models.blend import reach
from homing.models.pasts import Past

__all__ = ["Head"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Weights of p parts, and the scale on which they count.

    With `by_lead`, a part's score is divided by its `reach` for the lead, and a home that nobody acted on has the
    weights `cold`; a part with nothing to say adds nothing. Otherwise it is divided by `spreads`, and counts as
    `means` where it has nothing to say. Arrays are float64 (p,). `learned`: from choices that leads made, `choices` of
    them; otherwise the weights are constants. `says` tells it in words.
    """

    weights: Floats
    cold: Floats
    spreads: Floats
    means: Floats
    by_lead: bool = False
    learned: bool = False
    choices: int = 0
    ndcg: float = field(default=float("nan"))
    says: str = "constant weights: too little to learn from"

    @classmethod
    def constant(cls, weights: Floats, *, by_lead: bool = False) -> Self:
        """What holds before anything was learned."""
        count = weights.size
        return cls(weights, weights.copy(), np.ones(count), np.zeros(count), by_lead=by_lead)

    def scales(self, raw: Floats, past: Past) -> Floats:
        """What the scores of each part are divided by for this lead, float64 (p,); `raw` are those of all homes."""
        return np.array([reach(column, past) for column in raw.T]) if self.by_lead else self.spreads

    def rates(self, raw: Floats, scales: Floats, acted: NDArray[np.bool_]) -> Floats:
        """By what each part's score of each home is multiplied, float64 (n, p)."""
        if self.by_lead:
            return np.where(acted[:, None], self.weights, self.cold) / scales
        return np.broadcast_to(self.weights / scales, raw.shape)

    def mixed(self, raw: Floats, past: Past, acted: NDArray[np.bool_]) -> Floats:
        """The score of every home by lead, float64 (n,): `raw` (p, n) times `rates`, added up over the parts."""
        fresh = np.ones(raw.shape[1], dtype=np.bool_)
        fresh[past.items] = False
        return _mixed(raw, fresh, self.weights, self.cold, acted)

    def filled(self, raw: Floats) -> Floats:
        """The scores with what stands for a part that has nothing to say."""
        return np.where(np.isfinite(raw), raw, 0.0 if self.by_lead else self.means)

    def without(self, kept: NDArray[np.bool_]) -> Self:
        """The head of some of the parts."""
        arrays = {name: getattr(self, name)[kept] for name in ("weights", "cold", "spreads", "means")}
        return replace(self, **arrays)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays."""
        about = {"by_lead": self.by_lead, "learned": self.learned, "choices": self.choices, "says": self.says}
        return {
            "weights": self.weights, "cold": self.cold, "spreads": self.spreads, "means": self.means,
            "ndcg": np.array([self.ndcg]), "about": packed_text(json.dumps(about)),
        }  # fmt: skip

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `arrays`."""
        about = json.loads(text_from(arrays["about"]))
        return cls(
            arrays["weights"],
            arrays["cold"],
            arrays["spreads"],
            arrays["means"],
            ndcg=float(arrays["ndcg"][0]),
            **about,
        )


@kernel
def _mixed(raw: Floats, fresh: NDArray[np.bool_], weights: Floats, cold: Floats, acted: NDArray[np.bool_]) -> Floats:
    """What `reach` and `Head.rates` say, without the tables in between."""
    parts, homes = raw.shape
    scores = np.zeros(homes)
    for part in range(parts):
        row = raw[part]
        most = 0.0
        for home in range(homes):
            if fresh[home] and most < row[home] < np.inf:
                most = row[home]
        scale = most if most > 1e-12 else 1.0
        known, unknown = weights[part] / scale, cold[part] / scale
        for home in range(homes):
            if np.isfinite(row[home]):
                scores[home] += row[home] * (known if acted[home] else unknown)
    return scores
