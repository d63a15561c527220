"""Choosing what was left open: a bounded climb over grids of settings, the same with every run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from homing.core import progress
from homing.models.artifact import packed_text, text_from

__all__ = ["Trial", "best_of", "climbed", "packed_trials", "trials_from"]

Settings = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting tried, and its NDCG at 10 on the validation cut."""

    settings: dict[str, float]
    ndcg: float


def climbed(
    grid: Mapping[str, Sequence[float]],
    start: Settings,
    judge: Callable[[dict[str, float]], float],
    *,
    most: int,
    what: str = "settings",
) -> tuple[Trial, ...]:
    """The settings tried, at most `most`, in order; the best is the last to have been reached by a step upwards.

    From `start` (the nearest values of the grid) one setting at a time is moved to the next value of its grid, and kept
    where that is better, until no single step is. `judge` is called once a setting.

    >>> trials = climbed({"x": (0, 1, 2, 3)}, {"x": 1}, lambda s: -(s["x"] - 3) ** 2, most=9)
    >>> best_of(trials).settings, len(trials)
    ({'x': 3}, 3)
    """
    places = {name: int(np.argmin([abs(value - start[name]) for value in grid[name]])) for name in grid}
    tried: dict[tuple[int, ...], Trial] = {}

    def judged(at: Mapping[str, int]) -> Trial | None:
        key = tuple(at.values())
        if key not in tried:
            if len(tried) >= most:
                return None
            settings = {name: grid[name][place] for name, place in at.items()}
            tried[key] = Trial(settings, judge(settings))
            progress.say(f"choosing {what}: {_words(settings)} gives NDCG@10 {tried[key].ndcg:.4f}")
        return tried[key]

    best = judged(places)
    improved = best is not None
    while improved:
        improved = False
        for name in grid:
            for step in (1, -1):
                while best is not None and 0 <= places[name] + step < len(grid[name]):
                    found = judged({**places, name: places[name] + step})
                    if found is None or found.ndcg <= best.ndcg:
                        break
                    places, best, improved = {**places, name: places[name] + step}, found, True
    return tuple(tried.values())


def best_of(trials: Sequence[Trial]) -> Trial:
    """The best of some trials; of equally good ones the first."""
    return max(trials, key=lambda trial: trial.ndcg)


def packed_trials(trials: Sequence[Trial]) -> NDArray[np.uint8]:
    """Trials as an array of bytes, to be kept with a model."""
    return packed_text(json.dumps([[trial.settings, trial.ndcg] for trial in trials]))


def trials_from(array: NDArray[np.uint8]) -> tuple[Trial, ...]:
    """The inverse of `packed_trials`."""
    return tuple(Trial(dict(settings), float(ndcg)) for settings, ndcg in json.loads(text_from(array)))


def _words(settings: Settings) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in settings.items())
