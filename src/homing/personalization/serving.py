"""What answers are made from: one immutable view of homes and models, swapped whole when either changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, Clock, system_clock
from homing.core.errors import DamagedArtifact, HomingError
from homing.core.telemetry import count, logger, move
from homing.market.catalogue import Catalogue
from homing.market.snapshot import MarketSnapshot
from homing.models.homes import some_of
from homing.models.hybrid_model import HybridRecommendationModel
from homing.models.query import Codes
from homing.models.registry import ModelRegistry
from homing.people.lead import Limits
from homing.personalization.areas import areas_of
from homing.personalization.ask import TakesLonger
from homing.personalization.stated import homes_within
from homing.personalization.training_data import training_data, weights_from
from homing.store.events import EventStore

__all__ = ["LiveServing", "Serving"]

_UNTRAINED: Final = "models: none had been trained; ranked by the lead's own acts, popularity and freshness"
_OPENED: Final = "confidence: too few homes are known to have been shown; calibrated on homes that were opened"
_FRESH_UNTRAINED: Final = DAY // 24
_MOST_LIMITS: Final = 256
_LIMITS_BYTES: Final = 1 << 25
_BETWEEN_LOOKS_S: Final = 0.1
_MOST_CARDS: Final = 8_192

_log = logger(__name__)


class Cuts(NamedTuple):
    """Every cut of a price that is still below what it was before, of each home the oldest first.

    `home` int64 (c,) its row, `at` int64 (c,) when.
    """

    home: NDArray[np.int64]
    at: NDArray[np.int64]


class Newest(NamedTuple):
    """All homes, the last listed first: `home` int64 (n,) the row of each, `at` int64 (n,) when it was listed."""

    home: NDArray[np.int64]
    at: NDArray[np.int64]

    @classmethod
    def of(cls, market: MarketSnapshot) -> Newest:
        """Those of a market; of homes listed at one moment the first row is first."""
        home = np.argsort(-market.listed_at, kind="stable")
        return cls(home, market.listed_at[home])


@dataclass(frozen=True, slots=True)
class Serving:
    """Homes, model, the model's code of each home (-1 where it has none), and what acts of each type weigh.

    `area` is the number of each home's area, from 0 on, -1 where it is not known. `within` gives the codes of the homes
    that satisfy what a lead stated, None where that says little. `cuts` are those of prices, `newest` all homes by
    when they were listed. `card` is what an answer
    shows of a home, by its row; it is not to be changed.
    """

    market: MarketSnapshot
    model: HybridRecommendationModel
    version: str
    codes: NDArray[np.int64]
    degraded: tuple[str, ...]
    weights: NDArray[np.float64]
    area: NDArray[np.int64]
    within: Callable[[Limits], Codes | None]
    cuts: Cuts
    newest: Newest
    card: Callable[[int], Mapping[str, object]]

    @classmethod
    def of(
        cls,
        market: MarketSnapshot,
        model: HybridRecommendationModel,
        version: str,
        degraded: tuple[str, ...],
        weights: NDArray[np.float64],
    ) -> Serving:
        """The model told of all homes of the market."""
        return cls._over(market, model.with_homes(market), version, degraded, weights)

    def changed_to(self, market: MarketSnapshot) -> Serving:
        """The same over the market as it has become; the model is told only of homes that are not as they were."""
        changed = some_of(market, market.differs_from(self.market))
        return self._over(market, self.model.with_homes(changed), self.version, self.degraded, self.weights)

    @classmethod
    def _over(
        cls,
        market: MarketSnapshot,
        known: HybridRecommendationModel,
        version: str,
        degraded: tuple[str, ...],
        weights: NDArray[np.float64],
    ) -> Serving:
        """A model that knows all homes of the market, lined up with them."""
        codes = known.items.codes_of(market.ids)
        kept = min(_MOST_LIMITS, max(_LIMITS_BYTES // (codes.itemsize * max(codes.size, 1)), 1))
        stated = lru_cache(kept)(partial(homes_within, market, codes))
        return cls(
            market,
            known,
            version,
            codes,
            degraded,
            weights,
            _numbered(areas_of(market, np.arange(len(market)))),
            stated,
            _cuts(market),
            Newest.of(market),
            lru_cache(_MOST_CARDS)(market.card),
        )


def _cuts(market: MarketSnapshot) -> Cuts:
    line = market.timeline
    home = np.repeat(np.arange(len(market)), np.diff(line.offsets))
    after = np.flatnonzero((home[1:] == home[:-1]) & (line.price[1:] < line.price[:-1])) + 1
    price = market.numbers.get("ListPrice", np.full(len(market), np.nan))
    held = after[price[home[after]] < line.price[after - 1]]
    return Cuts(home[held], line.at[held])


def _numbered(areas: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same areas counted from 0 on; -1 stays."""
    known = areas >= 0
    numbers = np.full(areas.size, -1, dtype=np.int64)
    numbers[known] = np.unique(areas[known], return_inverse=True)[1]
    return numbers


class LiveServing:
    """Keeps one `Serving` of a tenant up to date with the catalogue and the newest trained model.

    Asking is cheap when nothing changed; after a change of a few homes only those are replaced. For a moment of the
    past it rebuilds what was known then, with the newest model trained by then; one trained later would know too much.
    A damaged version is passed over, and `degraded` says so, until one is written anew under its number. With
    `in_background` a new model is loaded beside the one that goes on to answer, so that nobody waits for it; a change
    of a home is in the next answer in any case.
    """

    def __init__(
        self,
        store: EventStore,
        catalogue: Catalogue,
        registry: ModelRegistry | None = None,
        *,
        tenant: str = "default",
        clock: Clock = system_clock,
        in_background: bool = False,
    ) -> None:
        self._store, self._catalogue, self._registry = store, catalogue, registry
        self._tenant, self._clock, self._in_background = tenant, clock, in_background
        self._making: threading.Thread | None = None
        self._made: Serving | None = None
        self._swapping = threading.Lock()
        self._now: Serving | None = None
        self._version: str | None = None
        self._look_again = 0.0
        self._untrained_at = 0
        self._past: tuple[int, Serving] | None = None
        self._damaged: dict[tuple[str, int], str] = {}

    def at(self, as_of: int | None = None) -> Serving:
        """The serving of now, or of a moment in the past."""
        if as_of is not None and as_of < self._clock():
            return self._of_the_past(as_of)
        with self._swapping:
            self._now = self._refreshed(self._now)
            return self._now

    def at_once(self) -> Serving:
        """The serving of now if it is there; `TakesLonger` if something has changed or it is just being made."""
        if not self._swapping.acquire(blocking=False):
            raise TakesLonger
        try:
            now = self._now
            if now is None or self._made is not None or not self._catalogue.is_current(now.market):
                raise TakesLonger
            if self._outdated(now, self._newest_now()):
                raise TakesLonger
            return now
        finally:
            self._swapping.release()

    def _refreshed(self, serving: Serving | None) -> Serving:
        if serving is None:
            return self._swapped(self._with_model(self._catalogue.snapshot(), self._clock()))
        if (made := self._made) is not None:
            serving, self._made = self._swapped(made), None
        version, market = self._newest_now(), self._catalogue.refreshed(serving.market)
        if self._outdated(serving, version):
            if not self._in_background:
                return self._swapped(self._with_model(market, self._clock()))
            self._make_beside(market)
        if market is serving.market:
            return serving
        count("swaps", what="homes")
        return serving.changed_to(market)

    def _swapped(self, serving: Serving) -> Serving:
        """What is served from now on, told to whoever measures."""
        count("swaps", what="model")
        if self._now is not None:
            move("model", -1, version=self._now.version)
        move("model", 1, version=serving.version)
        return serving

    def _make_beside(self, market: MarketSnapshot) -> None:
        """Load the newest model in a thread of its own, unless that goes on already; the next to ask takes it over."""
        if self._making is not None and self._making.is_alive():
            return

        def make() -> None:
            try:
                self._made = self._with_model(market, self._clock())
            except HomingError as error:
                _log.error("a new model could not be made ready: the one before goes on", tenant=self._tenant,
                           why=str(error))  # fmt: skip

        self._making = threading.Thread(target=make, name="homing-swap", daemon=True)
        self._making.start()

    def _newest_now(self) -> str | None:
        """The newest version; in the background it is looked for ten times a second, not before every answer."""
        if not self._in_background or time.monotonic() >= self._look_again:
            self._version, self._look_again = self._newest(), time.monotonic() + _BETWEEN_LOOKS_S
        return self._version

    def _outdated(self, serving: Serving, version: str | None) -> bool:
        """Whether its model is not the newest version, or is a stand-in for a trained one that has grown old."""
        stale = version is None and abs(self._clock() - self._untrained_at) > _FRESH_UNTRAINED
        return stale or serving.version != (version or "")

    def _newest(self, trained_by: int | None = None) -> str | None:
        """The newest version that is not known to be damaged, or the newest whose training saw nothing later."""
        if self._registry is None:
            return None
        for version in reversed(self._registry.versions()):
            if self._damaged and (version, self._registry.written(version)) in self._damaged:
                continue
            try:
                if trained_by is None or self._registry.trained_as_of(version) <= trained_by:
                    return version
            except DamagedArtifact as damage:
                self._note(version, damage)
        return None

    def _with_model(self, market: MarketSnapshot, as_of: int, trained_by: int | None = None) -> Serving:
        while self._registry is not None and (version := self._newest(trained_by)) is not None:
            try:
                model, card = self._registry.load(version), self._registry.card(version)
            except DamagedArtifact as damage:
                self._note(version, damage)
                continue
            stands_in = bool(card.get("opened_stand_in_for_shown"))
            degraded = (*self._passed_over(), *((_OPENED,) if stands_in else ()))
            return Serving.of(market, model, version, degraded, weights_from(card))
        self._untrained_at = self._clock()
        data = training_data(self._store, self._tenant, market, as_of)
        model = HybridRecommendationModel.untrained(data.interactions, market)
        return Serving.of(market, model, "", (*self._passed_over(), _UNTRAINED), data.weights)

    def _note(self, version: str, damage: DamagedArtifact) -> None:
        written = 0 if self._registry is None else self._registry.written(version)
        self._damaged = {(name, at): why for (name, at), why in self._damaged.items() if name != version}
        self._damaged[version, written] = str(damage)
        _log.error("a trained model is damaged: not served", tenant=self._tenant, version=version, why=str(damage))

    def _passed_over(self) -> tuple[str, ...]:
        """What an answer has to say of the versions that cannot serve."""
        known = (
            []
            if self._registry is None
            else [(name, self._registry.written(name)) for name in self._registry.versions()]
        )
        damaged = self._damaged.items()
        return tuple(f"models: version {of[0]} is damaged ({why})" for of, why in damaged if of in known)

    def _of_the_past(self, as_of: int) -> Serving:
        with self._swapping:
            if self._past is not None and self._past[0] == as_of:
                return self._past[1]
        market = self._catalogue.snapshot(as_of)
        serving = self._with_model(market, as_of, trained_by=as_of)
        with self._swapping:
            self._past = (as_of, serving)
        return serving
