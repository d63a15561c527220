"""What leads turned to after the homes this lead turned to: rules over the order of acts."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.core.errors import BadInput
from homing.core.jit import kernel
from homing.models.base import Arrays
from homing.models.homes import HomesLike
from homing.models.interactions import Interactions
from homing.models.item_item import ItemItemModel, Sparse, count_fault, evidence, number_fault
from homing.models.neighbours import renewed, touched
from homing.models.pasts import Past, Pasts
from homing.models.tuning import best_of, climbed, packed_trials, trials_from
from homing.models.validation import Cut, validation_cut

__all__ = ["SequenceRulesConfig", "SequenceRulesModel"]

CONSTANTS = {"backward": 0.3, "decay": 0.7, "popularity": 0.15, "gap": 10.0}
GRID = {
    "decay": (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0),
    "backward": (0.0, 0.1, 0.3, 0.6, 1.0),
    "popularity": (0.0, 0.15, 0.3, 0.45, 0.6, 0.8),
    "gap": (1, 2, 5, 10, 20, 40),
}
FEWEST_TRIALS, MOST_TRIALS = 8, 30
MOST_PAIRS = 4_000_000

Matrix = sp.csr_array[Any, Any]
Doubles = NDArray[np.float64]
Whole = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SequenceRulesConfig:
    """What can be chosen.

    `gap`: how many acts apart two homes may be, 1 to 1,000. `backward`: what a home that came before counts beside one
    that came after, 0 to 1. `decay`: what an act counts beside the next one, above 0 up to 1. `popularity`: the power
    of a home's acts that its rules are divided by, 0 to 2. `seed`: of the validation cut. `tune`: choose what is left
    None on a cut of the homes each lead turned to last; otherwise, or with too little data for one, it is 10, 0.3, 0.7
    and 0.15.
    """

    gap: int | None = None
    backward: float | None = None
    decay: float | None = None
    popularity: float | None = None
    seed: int = 0
    tune: bool = True

    def __post_init__(self) -> None:
        faults = count_fault("gap", self.gap, 1_000) + number_fault("backward", self.backward, 0, 1)
        faults += number_fault("decay", self.decay, 1e-6, 1) + number_fault("popularity", self.popularity, 0, 2)
        if faults:
            raise BadInput(faults)


class SequenceRulesModel(ItemItemModel[SequenceRulesConfig]):
    """Homes that follow one another closely: gap-weighted rules, both ways, with a memory that fades.

        after(i, j)   = sum over all leads' acts on i and later on j, g <= gap acts apart, of √(v_i v_j) / g
        links(i, j)   = (after(i, j) + backward after(j, i)) / acts on j ^ popularity,    no home to itself
        score(lead, j) = sum over the lead's acts, the s-th from the last on home i, of decay^s v links(i, j)

    Every act stays in its place: the order is that of the moments (of one moment, that of the homes), or of the rows
    where there are none, and a home that is looked at twice is there twice. v is log2(1 + w) of an act's own weight.
    An act against a home (w < 0) teaches no rule; in the lead's own past it counts -½ log2(1 + |w|). `explain` adds up
    the acts on each home. Homes nobody acted on have no score (NaN), nor has any home for a lead without known ones.
    Sources: Ludewig and Jannach 2018 for rules of this kind.

    `partial_fit` gives what `fit` gives on everything with the same settings; only the rules of homes that the leads
    who acted again have been to are counted anew.

    >>> from homing.models import Interactions, SequenceRulesModel
    >>> data = Interactions.from_columns(list("aaabbb"), ["h1", "h2", "h3"] * 2)
    >>> model = SequenceRulesModel(popularity=0, tune=False).fit(data)
    >>> from homing.models import Query
    >>> model.recommend(Query("x", ["h1"]), k=2)[0], model.explain(Query("x", ["h1"]), "h3")
    (['h2', 'h3'], {'h1': 1.0})
    """

    Config = SequenceRulesConfig

    def _fit(self, data: Interactions, homes: HomesLike | None) -> None:
        given = {name: getattr(self.config, name) for name in CONSTANTS}
        self._take({name: CONSTANTS[name] if given[name] is None else given[name] for name in CONSTANTS})
        self.trials_ = ()
        if self.config.tune:
            self._choose(data, [name for name in GRID if given[name] is None])
        size = len(data.properties)
        self._hold(_after(Pasts.of(data), size, self.gap_), *_acts(data, size))

    def _choose(self, data: Interactions, free: list[str]) -> None:
        cut = validation_cut(data, self.config.seed, last=True) if free else None
        if cut is None or not cut.is_enough:
            return
        most = int(np.clip(MOST_TRIALS * 2e5 / max(len(data), 1), FEWEST_TRIALS, MOST_TRIALS))
        judge = _Judge(self, cut)
        start = {name: self._settings()[name] for name in free}
        self.trials_ = climbed({name: GRID[name] for name in free}, start, judge, most=most, what="rules")
        self._take({**self._settings(), **best_of(self.trials_).settings})

    def _take(self, settings: Mapping[str, float]) -> None:
        self.gap_, self.backward_ = int(settings["gap"]), float(settings["backward"])
        self.decay_, self.popularity_ = float(settings["decay"]), float(settings["popularity"])

    def _settings(self) -> dict[str, float]:
        return {name: float(getattr(self, f"{name}_")) for name in CONSTANTS}

    def _hold(self, after: Matrix, acts: Doubles, known: NDArray[np.bool_]) -> None:
        self.after_, self.acts_ = after, acts
        self.links_ = _links(after, acts, known, self._settings())

    def _row(self, past: Past) -> tuple[Whole, Doubles]:
        faded = evidence(past.weights) * self.decay_ ** np.arange(past.items.size - 1, -1, -1.0)
        items, place = np.unique(past.items, return_inverse=True)
        values = np.bincount(place, weights=faded, minlength=items.size).astype(np.float64)
        kept = self.links_.has(items) & (values != 0)
        return items[kept], values[kept]

    def _partial_fit(self, more: Interactions) -> None:
        data = self.pasts.interactions(self.items)
        size = len(self.items)
        rows = touched(data.net(), more)
        fresh = _after(self.pasts, size, self.gap_, rows)
        self._hold(renewed(self.after_, rows, fresh), *_acts(data, size))

    def _state(self) -> Arrays:
        after = Sparse.of(self.after_, self.links_.has(np.arange(self.links_.size)))
        chosen = np.array(list(self._settings().values()))
        return {**after.arrays(), "acts": self.acts_, "chosen": chosen, "trials": packed_trials(self.trials_)}

    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self.trials_ = trials_from(state["trials"])
        self._take(dict(zip(CONSTANTS, state["chosen"].tolist(), strict=True)))
        after = Sparse(state["known"], state["offsets"], state["columns"], state["weights"]).matrix()
        self._hold(after, state["acts"], state["known"])


class _Judge:
    """How well settings of a model do on a cut; what is counted once for a gap is kept."""

    def __init__(self, model: SequenceRulesModel, cut: Cut) -> None:
        self.model, self.cut = model, cut
        self.size = len(cut.train.properties)
        self.acts = _acts(cut.train, self.size)
        self.counted: dict[int, Matrix] = {}

    def __call__(self, settings: dict[str, float]) -> float:
        probe = copy.copy(self.model)
        probe._take({**self.model._settings(), **settings})
        if probe.gap_ not in self.counted:
            self.counted[probe.gap_] = _after(self.cut.pasts, self.size, probe.gap_)
        return probe._ndcg([self.cut], [_links(self.counted[probe.gap_], *self.acts, probe._settings())])


def _acts(data: Interactions, size: int) -> tuple[Doubles, NDArray[np.bool_]]:
    """The number of acts for each home, and which homes have any act, for or against."""
    acts = np.bincount(data.property, weights=data.weight > 0, minlength=size).astype(np.float64)
    return acts, np.bincount(data.property, weights=data.weight != 0, minlength=size) > 0


def _links(after: Matrix, acts: Doubles, known: NDArray[np.bool_], chosen: Mapping[str, float]) -> Sparse:
    """The rules of both directions, divided by the popularity of the home they lead to."""
    both: Matrix = after.astype(np.float64)
    if chosen["backward"]:
        both = (both + chosen["backward"] * both.T).tocsr()
    both.data = both.data / (np.maximum(acts, 1.0) ** chosen["popularity"])[both.indices]
    return Sparse.of(both, known)


def _after(pasts: Pasts, size: int, gap: int, rows: Whole | None = None) -> Matrix:
    """How closely homes follow some homes (left out: all), csr float32 (homes, homes)."""
    wanted = np.arange(size) if rows is None else rows
    order = np.argsort(pasts.items, kind="stable")
    counts = np.bincount(pasts.items, minlength=size)
    starts = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    ends = np.repeat(pasts.offsets[1:], np.diff(pasts.offsets))
    roots = np.sqrt(np.maximum(evidence(pasts.weights), 0.0))
    lengths = np.zeros(size, dtype=np.int64)
    parts: list[tuple[Whole, NDArray[np.int32], NDArray[np.float32]]] = []
    for block in _blocks(wanted, counts * gap):
        parts.append(_followers(block, order, starts, ends, pasts.items, roots, gap, size))
        lengths[block] = parts[-1][0]
    columns, values = np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.float32)
    if parts:
        columns, values = (np.concatenate([part[place] for part in parts]) for place in (1, 2))
    return sp.csr_array((values, columns, np.concatenate(([0], np.cumsum(lengths)))), shape=(size, size))


def _blocks(wanted: Whole, pairs: Whole) -> list[Whole]:
    """The homes in runs of at most so many pairs, of at least one home."""
    if not wanted.size:
        return []
    run = np.cumsum(pairs[wanted]) // MOST_PAIRS
    return np.split(wanted, np.flatnonzero(np.diff(run)) + 1)


@kernel
def _followers(
    homes: Whole,
    order: Whole,
    starts: Whole,
    ends: Whole,
    items: NDArray[np.int32],
    roots: Doubles,
    gap: int,
    size: int,
) -> tuple[Whole, NDArray[np.int32], NDArray[np.float32]]:
    """How many homes follow each of these, their codes in order, and how closely.

    `order[starts[i]:starts[i + 1]]` are the rows of home i, `ends` the end of the lead's rows for each row.
    """
    most = 0
    for h in range(homes.size):
        most += (starts[homes[h] + 1] - starts[homes[h]]) * gap
    lengths = np.zeros(homes.size, dtype=np.int64)
    columns = np.empty(most, dtype=np.int32)
    values = np.empty(most, dtype=np.float32)
    sums = np.zeros(size)
    end = 0
    for h in range(homes.size):
        first = end
        for place in range(starts[homes[h]], starts[homes[h] + 1]):
            row = order[place]
            for other in range(row + 1, min(row + gap + 1, ends[row])):
                j = items[other]
                pull = roots[row] * roots[other] / (other - row)
                if pull > 0.0 and j != homes[h]:
                    if sums[j] == 0.0:
                        columns[end] = j
                        end += 1
                    sums[j] += pull
        found = columns[first:end]
        found.sort()
        for place in range(first, end):
            values[place] = sums[columns[place]]
            sums[columns[place]] = 0.0
        lengths[h] = end - first
    return lengths, columns[:end].copy(), values[:end].copy()
