"""Numbers of leads brought to one scale, feature by feature, as learned from many leads and saved with a model.

A feature is compared with the same feature of other leads, never with the other features of one lead. What is missing
(NaN) stays missing: whoever needs a number there decides so for himself, and can tell the two apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput, DamagedArtifact, Fault, shown

__all__ = ["Method", "Normalisation"]

Method = Literal["min_max", "z_score", "robust", "quantile"]
"""min_max: 0 to 1 between the lowest and the highest lead, and no further. z_score: standard deviations from the mean.
robust: interquartile ranges from the median. quantile: the share of leads below, half of those alike."""

_LEVELS: Final = np.linspace(0.0, 1.0, 101)
_KEYS: Final = ("normalisation.method", "normalisation.names", "normalisation.table")


@dataclass(frozen=True, slots=True, eq=False)
class Normalisation:
    """What was learned of n features: `table` is (n, 2) centre and scale, of `quantile` (n, 101) percentiles.

    - A feature that was the same for every lead says nothing: 0 wherever there is a value.
    - A feature that no lead had evidence of has no scale: NaN.
    - `robust` takes the standard deviation where the middle half of the leads are alike.
    - A table may hold its features in any order, and others besides, which are left out; one that is not in the table
      is refused, for 0 in its place would be taken for a value.

    >>> leads = np.array([[100_000.0, 1.0], [300_000.0, 1.0], [500_000.0, np.nan]])
    >>> price = Normalisation.fit(leads, ["price", "beds"], "min_max")
    >>> price(np.array([[200_000.0, 7.0], [900_000.0, np.nan]]), ["price", "beds"]).tolist()
    [[0.25, 0.0], [1.0, nan]]
    >>> again = Normalisation.restore(price.state())
    >>> again(np.array([[2.0, 400_000.0]]), ["beds", "price"]).tolist(), again.names
    ([[0.75, 0.0]], ('price', 'beds'))
    """

    method: Method
    names: tuple[str, ...]
    table: NDArray[np.float64]

    @classmethod
    def fit(cls, values: NDArray[np.float64], names: Sequence[str], method: Method = "robust") -> Normalisation:
        """Learn from leads, shape (leads, features); NaN is left out of every sum."""
        if method not in get_args(Method):
            raise BadInput.of("method", f"be one of {', '.join(get_args(Method))}", method)
        _check(values, names)
        columns = [values[~np.isnan(values[:, place]), place] for place in range(len(names))]
        width = len(_LEVELS) if method == "quantile" else 2
        rows = [_learned(column, method) if len(column) else np.full(width, np.nan) for column in columns]
        return cls(method, tuple(names), np.array(rows, dtype=np.float64).reshape(len(names), width))

    def __call__(self, values: NDArray[np.float64], names: Sequence[str]) -> NDArray[np.float64]:
        """These leads on the learned scale, shape (leads, `self.names`); `names` are those of the columns given."""
        _check(values, names)
        places = {name: place for place, name in enumerate(names)}
        lost = [name for name in self.names if name not in places]
        if lost:
            raise BadInput(Fault("names", f"hold {name}, which was learned", shown(tuple(names))) for name in lost)
        own = values[:, [places[name] for name in self.names]]
        if self.method == "quantile":
            return np.column_stack([_ranked(own[:, n], self.table[n]) for n in range(len(self.names))])
        centre, scale = self.table[:, 0], self.table[:, 1]
        with np.errstate(invalid="ignore", divide="ignore"):
            scaled = np.where(scale == 0.0, own * 0.0, (own - centre) / scale)
        return np.clip(scaled, 0.0, 1.0) if self.method == "min_max" else scaled

    def state(self) -> dict[str, NDArray[np.generic]]:
        """All that was learned as arrays, to be saved among those of a model."""
        texts = (self.method, "\n".join(self.names))
        method, names = (np.frombuffer(text.encode(), dtype=np.uint8) for text in texts)
        return dict(zip(_KEYS, (method, names, self.table), strict=True))

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[np.generic]]) -> Normalisation:
        """What `state` gave, out of a model's arrays."""
        try:
            method, names, table = (arrays[key] for key in _KEYS)
            said = names.tobytes().decode()
            made = cls(
                cast("Method", method.tobytes().decode()), tuple(said.split("\n")) if said else (), _floats(table)
            )
        except (KeyError, UnicodeDecodeError) as error:
            raise DamagedArtifact(f"The arrays of a normalisation cannot be read: {error}.") from error
        width = len(_LEVELS) if made.method == "quantile" else 2
        if made.method not in get_args(Method) or made.table.shape != (len(made.names), width):
            raise DamagedArtifact(f"A normalisation by {made.method} of {len(made.names)} features has another shape.")
        return made


def _floats(table: NDArray[np.generic]) -> NDArray[np.float64]:
    return table.astype(np.float64)


def _check(values: NDArray[np.float64], names: Sequence[str]) -> None:
    if values.ndim != 2 or values.shape[1] != len(names):
        raise BadInput.of("values", f"be a table of {len(names)} columns, one a name", values.shape)
    if len(set(names)) != len(names):
        raise BadInput.of("names", "name each feature once", tuple(names))


def _learned(column: NDArray[np.float64], method: Method) -> NDArray[np.float64]:
    if method == "quantile":
        return np.quantile(column, _LEVELS)
    low, high = float(column.min()), float(column.max())
    if low == high:
        return np.array([low, 0.0])
    if method == "min_max":
        return np.array([low, high - low])
    if method == "z_score":
        return np.array([column.mean(), column.std()])
    first, middle, third = np.quantile(column, (0.25, 0.5, 0.75))
    return np.array([middle, third - first if third > first else column.std()])


def _ranked(column: NDArray[np.float64], percentiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of leads below each value, half of those alike; 0 where all were alike, NaN without evidence."""
    if np.isnan(percentiles[0]):
        return np.full(len(column), np.nan)
    if percentiles[0] == percentiles[-1]:
        return column * 0.0
    last = len(percentiles) - 1
    left, right = (np.searchsorted(percentiles, column, side=side) for side in ("left", "right"))
    between = np.interp(column, percentiles, _LEVELS)
    alike = np.where(right > left + 1, (left + right - 1) / 2 / last, between)
    return np.where(np.isnan(column), np.nan, alike)
