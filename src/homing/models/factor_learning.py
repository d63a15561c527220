"""From interactions to the factors of homes, by each method."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.models import als, spectral
from homing.models.factor_settings import CollaborativeFilteringConfig, Settings
from homing.models.home_priors import Ridge
from homing.models.learned_factors import Learned

__all__ = ["AGAINST", "Described", "evidence_of", "learned"]

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Matrix = sp.csr_array[Any, Any]

AGAINST: Final = -0.5
"""What a dislike says, where an act of the same size says 1."""

FEWEST_DESCRIBED: Final = 10


@dataclass(frozen=True, slots=True, eq=False)
class Described:
    """The attributes of homes: `columns` (m, c) of all, a row of zeros for one not described, and `spread` (c, b)."""

    columns: Matrix
    spread: Doubles


def evidence_of(net: Matrix, settings: Settings, unit: float, method: str) -> Matrix:
    """The entries of a matrix as `method` learns from them, float32; pairs whose weights cancel are left out.

    With w the summed weight: for ials, sign(w) alpha log2(1 + |w|) / unit; otherwise log2(1 + w), and for a dislike
    `AGAINST` log2(1 + |w|).
    """
    against = -1.0 if method == "ials" else AGAINST
    scale = settings.alpha / unit if method == "ials" else 1.0
    size = np.abs(net.data)
    np.log2(np.add(size, np.float32(1), out=size), out=size)
    size *= np.where(net.data > 0, np.float32(scale), np.float32(against * scale))
    entries = sp.csr_array((size, net.indices, net.indptr), shape=net.shape, copy=bool((net.data == 0).any()))
    entries.eliminate_zeros()
    return entries


def learned(
    config: CollaborativeFilteringConfig, settings: Settings, entries: Matrix, described: Described | None, count: int
) -> Learned:
    """Learn the factors of `count` homes, the first of which are the columns of `entries`."""
    ridge = None if described is None else _ridge(described, _acts(entries))
    if config.method == "ials":
        leads, homes = _alternated(config, settings, entries, described, ridge)
    else:
        leads, homes = _decomposed(config, settings, entries)
    acts = _acts(entries)
    missed = als.squares(leads, homes, entries, AGAINST, weighted=config.method == "ials")
    pairs = max(entries.shape[0] * entries.shape[1], 1)
    noise = max(missed, 0.0) / pairs
    if ridge is None or described is None:
        return Learned.of(homes, acts, count, leads, noise)
    coefficients = ridge.coefficients(homes)
    draws = config.method == "ials" and settings.attributes > 0.0
    own = homes - described.columns[: acts.size] @ coefficients if draws else homes
    found = replace(Learned.of(own, acts, count, leads, noise), coefficients=coefficients)
    least = 0.0 if config.method == "nmf" else -np.inf
    return found.described(described.columns, np.arange(count), draws=draws, least=least)


def _acts(entries: Matrix) -> NDArray[np.int64]:
    """How many leads have an entry for each home, int64 (homes,)."""
    return np.bincount(entries.indices, minlength=entries.shape[1])


def _ridge(described: Described, acts: NDArray[Any]) -> Ridge | None:
    columns = described.columns[: acts.size]
    rows = np.flatnonzero((acts > 0) & (np.diff(columns.indptr) > 0))
    return Ridge(columns, described.spread, rows, acts) if rows.size >= FEWEST_DESCRIBED else None


def _alternated(
    config: CollaborativeFilteringConfig,
    settings: Settings,
    entries: Matrix,
    described: Described | None,
    ridge: Ridge | None,
) -> tuple[Floats, Floats]:
    centred = None
    if ridge is not None and described is not None and settings.attributes > 0.0:
        columns = described.columns[: entries.shape[1]]

        def centred(homes: Floats) -> Floats:
            return columns @ ridge.coefficients(homes)

    return als.alternate(
        entries,
        factors=settings.factors,
        iterations=config.iterations,
        reg=settings.reg,
        against=AGAINST,
        seed=config.seed,
        centred=centred,
        strength=settings.attributes,
    )


def _decomposed(config: CollaborativeFilteringConfig, settings: Settings, entries: Matrix) -> tuple[Floats, Floats]:
    if not entries.nnz or (config.method == "nmf" and not (entries.data > 0).any()):
        nothing = [np.zeros((size, 1), np.float32) for size in entries.shape]
        return nothing[0], nothing[1]
    if config.method == "svd":
        leads, homes = spectral.singular(entries, settings.factors, config.seed)
    else:
        leads, homes = spectral.non_negative(entries, settings.factors, 10 * config.iterations, config.seed)
    return leads.astype(np.float32), homes.astype(np.float32)
