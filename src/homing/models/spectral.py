"""Factors by decomposing the matrix of leads and homes itself: PureSVD, and parts that only add up (NMF)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.linalg import svd
from scipy.sparse.linalg import svds

from homing.core.jit import kernel

__all__ = ["non_negative", "non_negative_row", "singular"]

Doubles = NDArray[np.float64]
Matrix = sp.csr_array[Any, Any]


def singular(matrix: Matrix, factors: int, seed: int) -> tuple[Doubles, Doubles]:
    """R V (n, d) and V (m, d), the right singular vectors of the largest singular values of R (n, m).

    d is `factors`, but at most half of the smaller side, since with all of them R is repeated and nothing learned, and
    no more than the rank.
    The scores of the row r of a lead are r V VT (PureSVD; Cremonesi, Koren, Turrin, RecSys 2010).

    >>> leads, homes = singular(sp.csr_array(np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])), 1, seed=0)
    >>> np.abs(np.round(leads @ homes.T, 6)).tolist()
    [[1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]
    """
    most = min(matrix.shape)
    factors = min(factors, max(most // 2, 1))
    wide = matrix.astype(np.float64)
    if factors < most:
        start = np.random.default_rng(seed).standard_normal(most)
        _, values, right = svds(wide, k=factors, v0=start)
        order = np.argsort(-values, kind="stable")
        values, right = values[order], right[order]
    else:
        _, values, right = svd(wide.toarray(), full_matrices=False)
    right = right[: max(int((values > 1e-6 * values[0]).sum()), 1)]
    homes = np.ascontiguousarray(right.T)
    return wide @ homes, homes


def non_negative(matrix: Matrix, factors: int, iterations: int, seed: int) -> tuple[Doubles, Doubles]:
    """W (n, d) and H (m, d), none below 0, that make |R - W HT|^2 small (Lee, Seung 1999), by coordinate descent."""
    from sklearn.decomposition import NMF  # heavy: only where such a model is fitted
    from sklearn.exceptions import ConvergenceWarning

    positive = sp.csr_matrix(matrix.maximum(0.0).astype(np.float64))
    width = min(factors, *matrix.shape)
    model = NMF(width, init="nndsvda", solver="cd", max_iter=iterations, tol=1e-4, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        leads = model.fit_transform(positive)
    return leads, np.ascontiguousarray(model.components_.T)


@kernel
def non_negative_row(gram: Doubles, right: Doubles, most: int) -> Doubles:
    """The x >= 0 (d,) that minimises x gram x / 2 - right x, by coordinate descent, at most so many rounds."""
    x = np.zeros(right.size)
    for _ in range(most):
        moved = 0.0
        for f in range(right.size):
            if gram[f, f] <= 0.0:
                continue
            slope = right[f]
            for g in range(right.size):
                slope -= gram[f, g] * x[g]
            new = max(0.0, x[f] + slope / gram[f, f])
            moved = max(moved, abs(new - x[f]))
            x[f] = new
        if moved <= 1e-12 * np.abs(x).max():
            break
    return x
