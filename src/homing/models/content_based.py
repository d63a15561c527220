"""Homes like those a lead liked: tastes over the attributes of homes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY
from homing.core.errors import BadInput, Fault, shown
from homing.models.artifact import packed_text, text_from
from homing.models.axes import Axis, axes_from, axes_text, axis_columns, chosen_axes, encoded
from homing.models.base import Arrays, LearningModel, Scores
from homing.models.blending import Choice, choices, conditional_logit
from homing.models.homes import UNKNOWN_MOMENT, HomesLike
from homing.models.interactions import Interactions
from homing.models.pasts import Past
from homing.models.tastes import gathered, parts_of, taste_of, totals

__all__ = ["ContentBasedConfig", "ContentBasedModel"]

PRIORS = (2.0, 5.0, 12.0)
PRIOR = 5.0
FEWEST_CHOICES = 30
_MOST_CHOICES = 3_000
_NEGATIVES = 30
_PULL = 3.0


@dataclass(frozen=True, slots=True)
class ContentBasedConfig:
    """What can be chosen.

    `half_life_days`: after so many days an act counts half, 30. `prior`: how many average acts the market's own shares
    count for in a lead's taste; left None it is chosen with the weights of the attributes, otherwise 5. `dislike`: how
    much the homes passed on count against those liked, 0.5. `seed`: of the homes drawn for comparison. `tune`: learn
    prior and weights from the choices in the data, where there are 30.
    """

    half_life_days: float = 30.0
    prior: float | None = None
    dislike: float = 0.5
    seed: int = 0
    tune: bool = True

    def __post_init__(self) -> None:
        faults = [
            Fault(name, "be a positive number", shown(value))
            for name, value in (("half_life_days", self.half_life_days), ("prior", self.prior or PRIOR))
            if not 0 < value < float("inf")
        ]
        if self.prior == 0:
            faults.append(Fault("prior", "be a positive number, or None", "0"))
        if not 0 <= self.dislike <= 10:
            faults.append(Fault("dislike", "lie between 0 and 10", shown(self.dislike)))
        if faults:
            raise BadInput(faults)


class ContentBasedModel(LearningModel[ContentBasedConfig]):
    """How well a home's attributes fit what the lead's acts say it wants.

        score(home) = sum over attributes a of beta_a * sum over bins b of part_b(home) * taste_b
        taste_b = log(lead's share of b / market's share of b) - dislike * (the same of homes passed on, where positive)

    The bins of a number are soft (see `axes`), places are soft cells of 2.5 and 10 km, and where there are no
    coordinates the postal code or city stands for the place. A lead's share is that of the homes it acted on, each with
    log2(1 + its weights, added up and faded by `half_life_days`), lent in part to the bins beside, and shrunk to the
    market by `prior`. Of the price, that at the time of the act counts. A taste has mean 0 over the market, so a home
    with an unknown attribute counts as average there; a home with no known attribute has no score (NaN). `beta_a` >= 0
    is learned from the choices in the data: the home a lead turned to next against homes drawn from the market, given
    what it had done before.

    `explain` returns one part a family of attributes, such as price, location or beds. Homes given to `with_homes`
    count at once. Nothing about persons, agents or offices is used. Without homes the model is silent.

    >>> from homing.models import ContentBasedModel, Interactions
    >>> homes = [{"ListingKey": f"h{n}", "ListPrice": 100_000 * n, "BedroomsTotal": n} for n in range(1, 10)]
    >>> model = ContentBasedModel().fit(Interactions.from_columns(["a", "a"], ["h2", "h3"]), homes=homes)
    >>> model.recommend("a", k=2)[0], sorted(model.explain("a", "h4"))
    (['h4', 'h1'], ['beds', 'price'])
    """

    Config = ContentBasedConfig

    def _fit(self, data: Interactions, homes: HomesLike | None) -> None:
        self.axes_: tuple[Axis, ...] = ()
        self.values_ = np.zeros((len(self.items), 0))
        self.listed_ = np.full(len(self.items), UNKNOWN_MOMENT, dtype=np.int64)
        self.prior_ = self.config.prior or PRIOR
        self.beta_ = np.zeros(0)
        self.encoding_ = encoded((), self.values_)
        if homes is not None:
            self._with_homes(homes)
            if self.config.tune:
                self._learn()

    def _with_homes(self, homes: HomesLike) -> None:
        first = not self.axes_
        axes, given = axis_columns(chosen_axes(homes) if first else self.axes_, homes)
        before = np.full((len(self.items), given.shape[1]), np.nan)
        listed = np.full(len(self.items), UNKNOWN_MOMENT, dtype=np.int64)
        if not first:
            before[: self.values_.shape[0]] = self.values_
        listed[: self.listed_.size] = self.listed_
        rows, values = self.items.codes_of(homes.ids), before.copy()
        values[rows], listed[rows] = given, homes.listed_at
        if first or axes != self.axes_:
            self.encoding_ = encoded(axes, values)
        else:
            changed = (values.view(np.int64) != before.view(np.int64)).any(axis=1)
            self.encoding_ = self.encoding_.rewritten(axes, values, np.flatnonzero(changed))
        self.axes_, self.values_, self.listed_ = axes, values, listed
        if first:
            self.beta_ = np.array([axis.weight for axis in axes])

    def _learn(self) -> None:
        """Choose the prior and the weights that make the choices in the data likely."""
        found = [choice for choice in self._choices() if choice.past.items.size]
        if len(found) < FEWEST_CHOICES:
            return
        strengths = np.array([choice.strength for choice in found])
        before = np.array([axis.weight for axis in self.axes_])
        best = -np.inf
        for prior in (self.config.prior,) if self.config.prior else PRIORS:
            features = np.stack([self._columns(choice.past, choice.homes, prior) for choice in found])
            beta = conditional_logit(features, strengths, before, _PULL)
            likelihood = _likelihood(features @ beta, strengths)
            if likelihood > best:
                best, self.prior_, self.beta_ = likelihood, prior, beta

    def _chosen(self) -> dict[str, Any]:
        return {**super()._chosen(), "tune": self.config.tune}

    def _choices(self) -> Sequence[Choice]:
        everything = np.ones(self.pasts.items.size, dtype=np.bool_)

        def alive(codes: NDArray[np.int64], at: int) -> NDArray[np.bool_]:
            known = np.asarray((self.encoding_.bins[codes] >= 0).any(axis=1), dtype=np.bool_)
            return known if self.pasts.at is None else known & (self.listed_[codes] <= at)

        return choices(
            self.pasts, everything, len(self.items), alive, most=_MOST_CHOICES, negatives=_NEGATIVES,
            seed=self.config.seed,
        )  # fmt: skip

    def _columns(self, past: Past, items: NDArray[np.int64], prior: float) -> NDArray[np.float64]:
        """The taste for homes by axis, float64 (n, axes)."""
        encoding = self.encoding_
        taste = self._taste(past, prior)
        return parts_of(encoding.bins, encoding.parts, items, encoding.axis, taste, len(self.axes_))

    def _taste(self, past: Past, prior: float) -> NDArray[np.float64]:
        """The taste for every bin, float64 (bins,)."""
        encoding = self.encoding_
        items, mass, price = self._evidence(past)
        bins, parts = encoding.bins[items], encoding.parts[items]
        if price is not None and self._price_axis >= 0:
            then = encoding.repriced(self.axes_[self._price_axis], self._price_axis, price, items)
            bins, parts = then.bins, then.parts
        amounts = gathered(bins, parts, mass, encoding.shares.size)
        return taste_of(amounts, encoding.starts, encoding.ordered, encoding.shares, prior, self.config.dislike)

    @property
    def _price_axis(self) -> int:
        return next((number for number, axis in enumerate(self.axes_) if axis.name == "price"), -1)

    def _evidence(self, past: Past) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64] | None]:
        """The homes acted on, the evidence of each (negative: against), and the price each had, where known."""
        faded = past.weights
        if past.at is not None and past.as_of is not None:
            faded = faded * np.exp2(np.minimum(past.at - past.as_of, 0) / (self.config.half_life_days * DAY))
        items, place = np.unique(past.items, return_inverse=True)
        weights = np.bincount(place, weights=faded, minlength=items.size)
        price = None
        if past.prices is not None:
            price = np.full(items.size, np.nan)
            told = np.isfinite(past.prices)
            price[place[told]] = past.prices[told]
        return items, np.sign(weights) * np.log2(1.0 + np.abs(weights)), price

    def _speaks(self, past: Past) -> bool:
        return bool(self.axes_) and bool((self.encoding_.bins[past.items] >= 0).any())

    def _score(self, past: Past, items: NDArray[np.int64]) -> Scores:
        if not self._speaks(past):
            return np.full(items.size, np.nan, dtype=np.float32)
        encoding = self.encoding_
        weighted = self._taste(past, self.prior_) * np.repeat(self.beta_, np.diff(encoding.starts))
        return totals(encoding.bins, encoding.parts, items, weighted).astype(np.float32)

    def _explain(self, past: Past, items: NDArray[np.int64]) -> list[dict[str, float]]:
        if not self._speaks(past):
            return [{} for _ in items]
        encoding = self.encoding_
        values = self._columns(past, items, self.prior_) * self.beta_
        known = (encoding.bins[items] >= 0) @ (encoding.axis[:, None] == np.arange(len(self.axes_)))
        explained = []
        for row, told in zip(values.tolist(), known.tolist(), strict=True):
            parts: dict[str, float] = {}
            for axis, value in compress(zip(self.axes_, row, strict=True), told):
                parts[axis.family] = parts.get(axis.family, 0.0) + value
            explained.append(parts)
        return explained

    def _state(self) -> Arrays:
        return {
            "axes": packed_text(axes_text(self.axes_)),
            "values": self.values_,
            "listed": self.listed_,
            "beta": self.beta_,
            "prior": np.array([self.prior_]),
        }

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.axes_ = axes_from(text_from(state["axes"]))
        self.values_, self.listed_, self.beta_ = state["values"], state["listed"], state["beta"]
        self.prior_ = float(state["prior"][0])
        self.encoding_ = encoded(self.axes_, self.values_)


def _likelihood(utility: NDArray[np.float64], strengths: NDArray[np.float64]) -> float:
    utility = utility - utility.max(axis=1, keepdims=True)
    return float(strengths @ (utility[:, 0] - np.log(np.exp(utility).sum(axis=1))))
