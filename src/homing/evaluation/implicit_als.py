"""The peer that people know: ALS of the package `implicit`, with the package's own defaults."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from homing.core.errors import NotReady
from homing.evaluation.grading import Ranker, looked_up
from homing.models.interactions import Interactions

__all__ = ["implicit_als"]


def implicit_als(data: Interactions, seed: int = 0) -> Ranker:
    """Its scores after a fit on the positive weights, log2(1 + weight); leads and homes without any have none.

    One thread, so that the same data give the same factors. `NotReady` where the package is not installed, or where
    there is nothing to fit.
    """
    try:
        from implicit.cpu.als import AlternatingLeastSquares  # not among our dependencies
    except ImportError as error:
        raise NotReady("The package implicit is not installed. Run pip install implicit.") from error
    net = data.net()
    liked = sp.csr_matrix((np.log2(1.0 + np.maximum(net.data, 0.0)), net.indices, net.indptr), shape=net.shape)
    liked.eliminate_zeros()
    if not liked.nnz:
        raise NotReady("ALS needs homes that leads liked. Import more events.")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the threads of its linear algebra
        model = AlternatingLeastSquares(random_state=seed, num_threads=1)
        model.fit(liked.astype(np.float32), show_progress=False)
    has_lead, has_home = np.diff(liked.indptr) > 0, np.bincount(liked.indices, minlength=liked.shape[1]) > 0
    codes_of = looked_up(data.properties)

    def rank(lead: str, candidates: Sequence[str]) -> NDArray[Any]:
        codes = codes_of(candidates)
        scores = np.full(len(codes), np.nan)
        code = data.leads.code(lead)
        known = codes >= 0
        known[known] = has_home[codes[known]]
        if code >= 0 and has_lead[code]:
            scores[known] = model.item_factors[codes[known]] @ model.user_factors[code]
        return scores

    return rank
