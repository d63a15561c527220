"""The settings of collaborative filtering, and the choice of those left open on a validation cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final

import numpy as np

from homing.core.errors import BadInput, Fault, shown
from homing.models.interactions import Interactions
from homing.models.tuning import Trial, best_of, climbed
from homing.models.validation import Cut, validation_cuts

__all__ = ["CollaborativeFilteringConfig", "Settings", "chosen"]

METHODS: Final = ("ials", "svd", "nmf")
ALPHA, REG, FACTORS = 2.0, 2.0, 64
GRID: Final = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0)
HALF_LIVES: Final = (7.0, 30.0, 90.0, 365.0, float("inf"))
STRENGTHS: Final = (0.0, 1.0, 4.0, 16.0)
WIDTHS: Final = {"ials": (64, 128, 256), "svd": (8, 16, 32, 64, 128, 256), "nmf": (8, 16, 32, 64, 128)}

FEWEST_TRIALS, MOST_TRIALS = 6, 16
MOST_ROWS = 1_000_000
"""Of more rows, those of so many leads are drawn for the trials that about this number is left."""

FEW_ROWS = 200_000
"""With no more rows every half-life is tried; with more they are climbed from infinity."""

MOST_WORK = 2.5e8
"""More factors are tried as long as rows times factors stay below this."""


@dataclass(frozen=True, slots=True)
class CollaborativeFilteringConfig:
    """What can be chosen.

    `method`: "ials", implicit alternating least squares; "svd", PureSVD; "nmf", non-negative factors. `factors`:
    numbers a home, 64; None: chosen; of svd at most half as many as homes or leads. `iterations`: of ials at most so
    many, 15 (it stops where factors move by less than 3 %), of nmf ten times as many. `reg`: the
    regularisation, a lead or home with n entries gets `reg * sqrt(n)`. `alpha`: what an average positive entry counts
    beyond an absent one. `half_life_days`: after so many days an act counts half; infinity: never less. `attributes`:
    how strongly factors of homes with acts are drawn to what their attributes say, 1 as strongly as others to 0, 0 not
    at all. `seed`: of the first factors and the validation cut. `tune`: choose what is left None on a validation cut;
    otherwise, or with too little data for one, `reg` is 2, `alpha` 2, `half_life_days` infinity, `attributes` 1. Only
    ials reads `reg`, `alpha` and `attributes`.
    """

    method: str = "ials"
    factors: int | None = FACTORS
    iterations: int = 15
    reg: float | None = None
    alpha: float | None = None
    half_life_days: float | None = None
    attributes: float | None = None
    seed: int = 0
    tune: bool = True

    def __post_init__(self) -> None:
        faults = []
        if self.method not in METHODS:
            faults.append(Fault("method", f"be one of {list(METHODS)}", shown(self.method)))
        for name, most, or_none in (("factors", 1024, self.factors is None), ("iterations", 1000, False)):
            value = getattr(self, name)
            if not or_none and (not isinstance(value, int) or not 1 <= value <= most):
                faults.append(Fault(name, f"be a whole number from 1 to {most}", shown(value)))
        for name in ("reg", "alpha"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                faults.append(Fault(name, "be a positive number, or None", shown(value)))
        if self.half_life_days is not None and not self.half_life_days > 0:
            faults.append(Fault("half_life_days", "be a positive number of days, or None", shown(self.half_life_days)))
        if self.attributes is not None and not 0 <= self.attributes <= 1_000:
            faults.append(Fault("attributes", "be a number from 0 to 1000, or None", shown(self.attributes)))
        if faults:
            raise BadInput(faults)


@dataclass(frozen=True, slots=True)
class Settings:
    """What was given or chosen; see `CollaborativeFilteringConfig`."""

    factors: int
    alpha: float
    reg: float
    half_life_days: float
    attributes: float

    @classmethod
    def of(cls, config: CollaborativeFilteringConfig) -> Settings:
        """What was given, and constants for the rest."""
        reg = config.reg or (REG if config.alpha is None else config.alpha * REG / ALPHA)
        return cls(
            config.factors or FACTORS,
            config.alpha or ALPHA,
            reg,
            float("inf") if config.half_life_days is None else config.half_life_days,
            1.0 if config.attributes is None else config.attributes,
        )


Grid = Mapping[str, tuple[float, ...]]
Judge = Callable[[Settings, Cut, bool], float]


def chosen(
    config: CollaborativeFilteringConfig, data: Interactions, judge: Judge, *, described: bool
) -> tuple[Settings, tuple[Trial, ...]]:
    """The settings, and what was tried. `judge(settings, cut, with homes)` is the NDCG of learning from the cut.

    In turn: alpha and reg, the half-life where there are moments, more factors where they are open, and the strength of
    the attributes where homes are `described`.
    """
    settings = Settings.of(config)
    if not config.tune:
        return settings, ()
    cuts = validation_cuts(_fewer(data, config.seed), config.seed)
    if not cuts:
        return settings, ()
    trials: list[Trial] = []
    most = int(np.clip(MOST_TRIALS * 1e6 / max(len(data), 1), FEWEST_TRIALS, MOST_TRIALS))

    def climb(settings: Settings, limit: int, what: str, grid: Grid, *, with_homes: bool = False) -> Settings:
        start = {name: getattr(settings, name) for name in grid}

        def judged(tried: dict[str, float]) -> float:
            return float(np.mean([judge(_with(settings, tried), cut, with_homes) for cut in cuts]))

        found = climbed(grid, start, judged, most=limit, what=what) if limit else _swept(grid, judged)
        trials.extend(found)
        return _with(settings, best_of(found).settings)

    free: Grid = {name: GRID for name in ("alpha", "reg") if getattr(config, name) is None}
    if config.method == "ials" and free:
        settings = climb(settings, most, "factors", free)
    if config.factors is None:
        rows = max(len(cuts[0].train), 1)
        widths = tuple(width for width in WIDTHS[config.method] if width * rows <= MOST_WORK)
        settings = climb(settings, 4, "their number", {"factors": widths or (FACTORS,)})
        if config.method == "ials" and settings.factors > FACTORS and free:
            settings = climb(settings, 4, "factors", free)
    if data.timed and config.half_life_days is None:
        settings = climb(
            settings, 5 if len(cuts[0].train) > FEW_ROWS else 0, "how acts fade", {"half_life_days": HALF_LIVES}
        )
    if config.method == "ials" and described and config.attributes is None:
        settings = climb(settings, 3, "what attributes count", {"attributes": STRENGTHS}, with_homes=True)
    return settings, tuple(trials)


def _swept(grid: Grid, judge: Callable[[dict[str, float]], float]) -> tuple[Trial, ...]:
    """All values of a setting, the last first, so that of equally good ones it is the last."""
    return tuple(Trial({name: value}, judge({name: value})) for name in grid for value in reversed(grid[name]))


def _with(settings: Settings, tried: dict[str, float]) -> Settings:
    both = {**asdict(settings), **tried}
    return replace(settings, **{**both, "factors": int(both["factors"])})


def _fewer(data: Interactions, seed: int) -> Interactions:
    """The rows of as many leads, drawn at random, as have about `MOST_ROWS` together."""
    if len(data) <= MOST_ROWS:
        return data
    counts = np.bincount(data.lead, minlength=len(data.leads))
    order = np.random.default_rng(seed).permutation(counts.size)
    drawn = np.zeros(counts.size, dtype=np.bool_)
    drawn[order[: int(np.searchsorted(np.cumsum(counts[order]), MOST_ROWS)) + 1]] = True
    return data.select(drawn[data.lead])
