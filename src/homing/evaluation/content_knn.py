"""The baseline that knows attributes only: candidates near to the homes the lead liked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homing.evaluation.grading import Ranker, looked_up
from homing.market.snapshot import MarketSnapshot
from homing.models.axes import chosen_axes
from homing.models.home_vectors import basis_of
from homing.models.interactions import Interactions

__all__ = ["content_knn"]

NEIGHBOURS: Final = 10
_MOST_LIKED: Final = 200


def content_knn(data: Interactions, market: MarketSnapshot, seed: int = 0) -> Ranker:
    """Content nearest neighbours: cosine likeness of attributes to the liked homes, nothing learned from other leads.

        score(lead, j) = sum over the 10 liked homes i nearest to j of value_i * cos(x_i, x_j)

    x are the attributes of `home_vectors`, each of them with variance 1 in the market; value is log2(1 + the summed
    weight) of the lead's acts on a home, the 200 highest count. A lead without liked homes, and a home of which no
    attribute is known, has no score.
    """
    vectors, known = basis_of(chosen_axes(market), market, seed).vectors(market)
    x = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    row_of = market.ids.codes([str(home) for home in data.properties.ids])
    net = data.net()
    codes_of = looked_up(market.ids)

    def rank(lead: str, candidates: Sequence[str]) -> NDArray[Any]:
        rows = codes_of(candidates)
        scores = np.full(len(rows), np.nan)
        code = data.leads.code(lead)
        if code < 0:
            return scores
        part = slice(net.indptr[code], net.indptr[code + 1])
        liked, value = row_of[net.indices[part]], net.data[part]
        usable = (liked >= 0) & (value > 0)
        usable[usable] = known[liked[usable]]
        if not usable.any():
            return scores
        best = np.argsort(-value[usable], kind="stable")[:_MOST_LIKED]
        liked, value = liked[usable][best], np.log2(1.0 + value[usable][best])
        open_ = np.flatnonzero(rows >= 0)
        open_ = open_[known[rows[open_]]]
        alike = x[rows[open_]] @ x[liked].T
        if len(liked) > NEIGHBOURS:
            near = np.argpartition(-alike, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
            scores[open_] = (np.take_along_axis(alike, near, axis=1) * value[near]).sum(axis=1)
        else:
            scores[open_] = alike @ value
        return scores

    return rank
