"""The factors of homes after further acts, given what all leads did: only the homes acted on are learned anew."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.models.factor_learning import AGAINST
from homing.models.factor_settings import Settings
from homing.models.fixed_homes import FixedHomes, NonNegative, Weighted
from homing.models.folding import folded
from homing.models.learned_factors import Learned

__all__ = ["updated"]

Doubles = NDArray[np.float64]
Floats = NDArray[np.float32]
Matrix = sp.csr_array[Any, Any]


def updated(
    found: Learned, fixed: FixedHomes, settings: Settings, entries: Matrix, touched: NDArray[np.int64]
) -> Learned:
    """Learn the homes `touched` anew from `entries` (leads, m), which hold all acts; m may be more than before.

    For weighted least squares every home touched is the exact solution for the leads that acted on it, whose factors
    are the exact solutions for the homes as they were. For the other methods only homes without acts before are new:
    their least squares solutions.
    """
    found = found.longer(entries.shape[1])
    weighted = isinstance(fixed, Weighted)
    homes = touched if weighted else touched[~found.acted[touched]]
    by_home = entries[:, homes].T.tocsr()
    leads = np.unique(by_home.indices)
    vectors = _leads(found, fixed, settings, entries[leads])
    by_home = by_home[:, leads[vectors.any(axis=1)]]
    vectors = vectors[vectors.any(axis=1)]
    acts = np.diff(by_home.indptr)
    gram = found.lead_gram * (entries.shape[0] / max(found.leads, 1.0))
    drawn = found.drawn[homes] if found.drawn.size else np.zeros((homes.size, gram.shape[0]), np.float32)
    if weighted:
        draws = found.drawn.size > 0 and settings.attributes > 0.0
        drawn = drawn if draws else np.zeros_like(drawn)
        penalty = (settings.attributes if draws else 1.0) * settings.reg * np.sqrt(np.maximum(acts, 1))
    else:
        penalty = np.full(homes.size, 1e-6 * (float(np.trace(gram)) or 1.0))
        drawn = np.zeros_like(drawn)
    solved = _homes(vectors, gram, penalty, by_home, drawn, weighted=weighted)
    if isinstance(fixed, NonNegative):
        solved = np.maximum(solved, 0.0)
    kept = acts > 0
    return found.replaced(homes[kept], solved[kept], drawn[kept])


def _homes(
    vectors: Floats, gram: Doubles, penalty: Doubles, by_home: Matrix, drawn: Floats, *, weighted: bool
) -> Floats:
    """The exact factors of homes, given those of the leads (n, d) and the Gram matrix of all leads."""
    values, basis = np.linalg.eigh(gram)
    near = (vectors.astype(np.float64) @ basis).astype(np.float32)
    to = penalty[:, None] * (drawn.astype(np.float64) @ basis)
    confidence, pull = _said(by_home.data, weighted=weighted)
    entries = (by_home.indptr.astype(np.int64), by_home.indices.astype(np.int64), confidence, pull)
    found = folded(near, np.maximum(values, 0.0), penalty, *entries, to)
    back: Floats = (found @ basis.T).astype(np.float32)
    return back


def _leads(found: Learned, fixed: FixedHomes, settings: Settings, entries: Matrix) -> Floats:
    """The factors of leads, float32 (n, d), given those of the homes that have any; zeros for a lead without such."""
    known = found.acted | found.told
    usable = entries.copy()
    usable.data = np.where(known[usable.indices], usable.data, np.float32(0))
    usable.eliminate_zeros()
    if isinstance(fixed, Weighted):
        confidence, pull = _said(usable.data, weighted=True)
        penalty = settings.reg * np.sqrt(np.maximum(np.diff(usable.indptr), 1))
        rows = (usable.indptr.astype(np.int64), usable.indices.astype(np.int64), confidence, pull)
        return folded(found.vectors, fixed.diagonal, penalty, *rows, np.zeros((0, fixed.diagonal.size)))
    summed: Floats = (usable @ found.vectors).astype(np.float32)
    if not isinstance(fixed, NonNegative):
        return summed
    solved = [fixed.solved(right) for right in summed.astype(np.float64)]
    return np.array(solved, dtype=np.float32).reshape(summed.shape)


def _said(signed: Floats, *, weighted: bool) -> tuple[Doubles, Doubles]:
    """The confidence beyond 1 and the pull of entries."""
    wide = signed.astype(np.float64)
    if not weighted:
        return np.zeros_like(wide), wide
    return np.abs(wide), (1.0 + np.abs(wide)) * np.where(wide > 0, 1.0, AGAINST)
