"""Homes that go with a lead's homes, all weights at once: ridge regression of every home on all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from homing.core.errors import BadInput
from homing.core.jit import kernel
from homing.models.gram import Gram
from homing.models.homes import HomesLike
from homing.models.interactions import Interactions
from homing.models.item_item import Dense, ItemItemModel, number_fault
from homing.models.tuning import best_of, climbed
from homing.models.validation import validation_cuts

__all__ = ["EASEConfig", "EASEModel"]

REG = 256.0
GRID = tuple(float(2**power) for power in range(1, 15))
FEWEST_TRIALS, MOST_TRIALS = 3, 12
MOST_TUNED = 10_000


@dataclass(frozen=True, slots=True)
class EASEConfig:
    """What can be chosen.

    `reg`: the λ added to the diagonal of XᵀX, unscaled, from 0.001 to 1e9. `seed`: of the validation cut. `tune`:
    choose `reg`, where left None, on a validation cut; otherwise, with too little data for one, or with more than
    10,000 homes, it is 256.
    """

    reg: float | None = None
    seed: int = 0
    tune: bool = True

    def __post_init__(self) -> None:
        if faults := number_fault("reg", self.reg, 1e-3, 1e9):
            raise BadInput(faults)


class EASEModel(ItemItemModel[EASEConfig]):
    """Each home predicted from all others, with weights that may be negative, in closed form (Steck 2019).

    Minimises |X - XB|² + λ|B|² with zero diagonal of B, X the values of leads on homes:

        P = (XᵀX + λI)⁻¹,    B_ij = -P_ij / P_jj,    B_jj = 0,    score(lead, j) = sum over i of x_i B_ij

    A value is sign(w) log2(1 + |w|) of the summed weights, halved where negative, so that weights of 1 give the plain
    matrix of zeros and ones. Only homes that anybody acted on are in X; the others have no score (NaN). The time grows
    with the cube of their number and the memory with its square: about 2 s for 1,700 and a minute for 8,500, and more
    than 20,000 are refused. The model does not update: an act changes every weight.

    >>> from homing.models import EASEModel, Interactions
    >>> data = Interactions.from_columns(list("aabbcd"), ["h1", "h2", "h1", "h2", "h1", "h3"])
    >>> model = EASEModel(reg=1.0).fit(data)
    >>> model.recommend("c", k=1)[0], model.score("c", ["h2"]).round(3).tolist()
    (['h2'], [0.5])
    """

    Config = EASEConfig

    def _fit(self, data: Interactions, homes: HomesLike | None) -> None:
        self.reg_ = REG if self.config.reg is None else float(self.config.reg)
        self.trials_ = ()
        gram = Gram.of(data, "EASEModel")
        if self.config.tune and self.config.reg is None and gram.size <= MOST_TUNED:
            self._choose(data, gram.size)
        self.links_ = Dense(gram.place, ease_weights(gram.products, self.reg_))

    def _choose(self, data: Interactions, size: int) -> None:
        cuts = validation_cuts(data, self.config.seed)
        if not cuts:
            return
        grams = [Gram.of(cut.train, "EASEModel") for cut in cuts]
        most = int(np.clip(MOST_TRIALS * (3_000 / max(size, 1)) ** 3, FEWEST_TRIALS, MOST_TRIALS))

        def judge(settings: dict[str, float]) -> float:
            links = (Dense(gram.place, ease_weights(gram.products, settings["reg"])) for gram in grams)
            return self._ndcg(cuts, links)

        self.trials_ = climbed({"reg": GRID}, {"reg": REG}, judge, most=most, what="EASE")
        self.reg_ = best_of(self.trials_).settings["reg"]


def ease_weights(products: NDArray[Any], reg: float) -> NDArray[np.float32]:
    """The weights B (m, m) from XᵀX, float32.

    >>> ease_weights(np.array([[2.0, 1.0], [1.0, 1.0]]), 1.0).tolist()
    [[0.0, 0.3333333432674408], [0.5, 0.0]]
    """
    if not products.size:
        return np.zeros(products.shape, dtype=np.float32)
    try:
        inverse = _inverse(products, reg, products.dtype)
    except np.linalg.LinAlgError:
        inverse = _inverse(products, reg, np.dtype(np.float64))
    _to_weights(inverse)
    return inverse.astype(np.float32, copy=False)


def _inverse(products: NDArray[Any], reg: float, kind: np.dtype[Any]) -> NDArray[Any]:
    """The inverse of XᵀX + reg I in its upper triangle; float64 always suffices, as values and `reg` are bounded."""
    system = products.astype(kind)
    system.ravel()[:: system.shape[0] + 1] += reg
    factor, inverse = scipy.linalg.get_lapack_funcs(("potrf", "potri"), (system,))  # type: ignore[misc]  # one a name
    lower, failed = factor(system.T, lower=1, overwrite_a=1, clean=0)
    if failed:
        raise np.linalg.LinAlgError
    return np.asarray(inverse(lower, lower=1, overwrite_c=1)[0].T)


@kernel
def _to_weights(inverse: NDArray[Any]) -> None:
    """Turn the upper triangle of an inverse P into -P_ij / P_jj on both sides, with zero diagonal, in place."""
    size = inverse.shape[0]
    diagonal = np.empty(size, dtype=inverse.dtype)
    for i in range(size):
        diagonal[i] = inverse[i, i]
        inverse[i, i] = 0
    for i in range(size):
        for j in range(i + 1, size):
            both = -inverse[i, j]
            inverse[i, j] = both / diagonal[j]
            inverse[j, i] = both / diagonal[i]
