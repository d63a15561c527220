"""Homes as short vectors of interpretable attributes, for models that learn a weight for each of them.

A number falls between two of a few knots and counts for both by its nearness, a place between a few main places, a
category is one of its main labels. Knots, places and labels are the market's own at the time of `basis_of`, and stay.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from homing.models.axes import Axis, axes_from, axes_text, axis_columns, position
from homing.models.homes import HomesLike

__all__ = ["Basis", "basis_from", "basis_of", "basis_text"]

Doubles = NDArray[np.float64]

MOST_COLUMNS = 80
_COUNTS = {"location": 32, "price": 8, "size": 5, "type": 6, "beds": 4, "lot": 4, "age": 4}
_USUAL = 3
_MOST_PLACED = 4_000
_ROUNDS = 15
_KM_A_DEGREE = 111.2


@dataclass(frozen=True, slots=True)
class Block:
    """The columns of one axis: `points` are knots, codes of labels, or the coordinates (km) of places, one after
    another; `mean` is the market's of each column, and `size` what they are divided by.
    """

    points: tuple[float, ...]
    mean: tuple[float, ...]
    size: float


@dataclass(frozen=True, slots=True)
class Basis:
    """How homes become vectors: the axes, and the columns of each.

    Over the market of `basis_of` each column has mean 0, and the columns of one axis have variances that add up to 1,
    so no attribute counts more for being measured in dollars.
    """

    axes: tuple[Axis, ...] = ()
    blocks: tuple[Block, ...] = ()

    @property
    def families(self) -> tuple[str, ...]:
        """The family of reasons of each column."""
        return tuple(axis.family for axis, block in self._pairs for _ in block.mean)

    @property
    def weights(self) -> Doubles:
        """What the axis of each column counts as long as nothing was learned, float64 (d,)."""
        return np.array([axis.weight for axis, block in self._pairs for _ in block.mean], dtype=np.float64)

    @property
    def likeness(self) -> Doubles:
        """How alike columns are, float64 (d, d): knots and places beside each other half, other columns not at all."""
        parts = [_alike(axis, np.array(block.points), len(block.mean)) for axis, block in self._pairs]
        starts = np.cumsum([0, *map(len, parts)])
        alike = np.zeros((starts[-1], starts[-1]))
        for part, first in zip(parts, starts[:-1].tolist(), strict=True):
            alike[first : first + len(part), first : first + len(part)] = part
        return alike

    def vectors(self, homes: HomesLike) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The vectors of n homes, float32 (n, d), 0 where an attribute is unknown; and of which anything is known."""
        known = np.zeros(len(homes.ids), dtype=np.bool_)
        parts = [np.zeros((known.size, 0))]
        for axis, block in self._pairs:
            raw, told = _columns(axis, axis_columns((axis,), homes)[1], np.array(block.points))
            parts.append(np.where(told[:, None], (raw - block.mean) / block.size, 0.0))
            known |= told
        return np.hstack(parts).astype(np.float32), known

    @property
    def _pairs(self) -> tuple[tuple[Axis, Block], ...]:
        return tuple(zip(self.axes, self.blocks, strict=True))


def basis_of(axes: Sequence[Axis], homes: HomesLike, seed: int = 0) -> Basis:
    """A basis for these axes over this market, of at most 80 columns: location first, then in the order given.

    Of several maps of places the first counts. An axis on which the market does not differ has no columns.
    """
    kept: list[tuple[Axis, Block]] = []
    width, placed = 0, False
    for axis in sorted(axes, key=lambda axis: axis.family != "location"):
        if axis.kind == "place" and placed:
            continue
        grown, values = axis_columns((axis,), homes)
        block = _block(grown[0], values, seed)
        if block is None or width + len(block.mean) > MOST_COLUMNS:
            continue
        kept.append((grown[0], block))
        width += len(block.mean)
        placed |= axis.kind == "place"
    return Basis(tuple(axis for axis, _ in kept), tuple(block for _, block in kept))


def basis_text(basis: Basis) -> str:
    """A basis as JSON."""
    return json.dumps([axes_text(basis.axes), [asdict(block) for block in basis.blocks]])


def basis_from(text: str) -> Basis:
    """The inverse of `basis_text`."""
    axes, blocks = json.loads(text)
    return Basis(
        axes_from(axes), tuple(Block(tuple(row["points"]), tuple(row["mean"]), float(row["size"])) for row in blocks)
    )


def _block(axis: Axis, values: Doubles, seed: int) -> Block | None:
    points = _points(axis, values, _COUNTS.get(axis.family, _USUAL), seed)
    raw, known = _columns(axis, values, points)
    if not known.any():
        return None
    mean, size = raw[known].mean(axis=0), float(np.sqrt(raw[known].var(axis=0).sum()))
    return Block(tuple(points.ravel().tolist()), tuple(mean.tolist()), size) if size > 1e-9 else None


def _points(axis: Axis, values: Doubles, count: int, seed: int) -> Doubles:
    if axis.kind == "place":
        return _places(_kilometres(values), count, seed)
    if axis.kind == "category":
        codes = values[np.isfinite(values[:, 0]), 0].astype(np.int64)
        often = np.bincount(codes, minlength=1)
        main = np.argsort(-often, kind="stable")[: min(count, max(1, int((often > 0).sum()) - 1))]
        return np.sort(main).astype(np.float64)
    where = position(axis, values[:, 0])
    found = where[np.isfinite(where)]
    if np.unique(found).size <= count:
        return np.unique(found) if found.size else np.zeros(1)
    return np.unique(np.round(np.quantile(found, np.linspace(0.01, 0.99, count)), 6))


def _columns(axis: Axis, values: Doubles, points: Doubles) -> tuple[Doubles, NDArray[np.bool_]]:
    """How much each home belongs to each point, float64 (n, columns), and of which home it is known."""
    if axis.kind == "place":
        where = _kilometres(values)
        return _near(where, points.reshape(-1, 2)), np.isfinite(where[:, 0]) & np.isfinite(where[:, 1])
    if axis.kind == "category":
        return (values == points).astype(np.float64), np.isfinite(values[:, 0])
    where = position(axis, values[:, 0])
    hats = [np.interp(where, points, np.eye(points.size)[k]) for k in range(int(points.size == 2), points.size)]
    return np.column_stack(hats), np.isfinite(where)


def _alike(axis: Axis, points: Doubles, count: int) -> Doubles:
    if axis.kind == "category" or count == 1:
        return np.eye(count)
    if axis.kind == "number":
        order = np.arange(count)
        return np.asarray(0.5 ** np.abs(order[:, None] - order))
    places = points.reshape(-1, 2)
    apart = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2))
    return np.asarray(0.5 ** (apart / np.sqrt(_spread(places))))


def _spread(places: Doubles) -> float:
    """The squared distance of a place to the nearest other one, in the middle of all."""
    gaps = ((places[:, None] - places[None]) ** 2).sum(axis=2)
    np.fill_diagonal(gaps, np.inf)
    return max(float(np.median(gaps.min(axis=1))) if len(places) > 1 else 1.0, 1e-6)


def _kilometres(values: Doubles) -> Doubles:
    """Latitude and longitude as km north and east, on a map whose columns narrow by two degrees at a time."""
    across = _KM_A_DEGREE * np.cos(np.radians(np.floor(values[:, 0] / 2.0) * 2.0 + 1.0))
    return np.column_stack((values[:, 0] * _KM_A_DEGREE, values[:, 1] * across))


def _near(where: Doubles, places: Doubles) -> Doubles:
    """How much each home belongs to each main place: shares that fall with the squared distance."""
    far = ((np.nan_to_num(where)[:, None] - places[None]) ** 2).sum(axis=2) * (-2.0 / _spread(places))
    shares = np.exp(far - far.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _places(where: Doubles, count: int, seed: int) -> Doubles:
    """The middles of up to `count` groups of homes that lie together (Lloyd, from places far apart)."""
    rng = np.random.default_rng(seed)
    where = where[np.isfinite(where).all(axis=1)]
    if len(where) > _MOST_PLACED:
        where = where[np.sort(rng.choice(len(where), _MOST_PLACED, replace=False))]
    if not len(where):
        return np.zeros((1, 2))
    places: Doubles = where.mean(axis=0, keepdims=True)
    for _ in range(count):
        nearest = ((where[:, None] - places[None]) ** 2).sum(axis=2).min(axis=1)
        if nearest.sum() <= 1e-6:
            break
        chosen = np.searchsorted(np.cumsum(nearest), rng.random() * nearest.sum())
        places = np.vstack((places, where[min(int(chosen), len(where) - 1)]))
    places = places[1:] if len(places) > 1 else places
    for _ in range(_ROUNDS):
        group = ((where[:, None] - places[None]) ** 2).sum(axis=2).argmin(axis=1)
        counts = np.bincount(group, minlength=len(places))
        sums = np.column_stack([np.bincount(group, where[:, side], len(places)) for side in (0, 1)])
        places = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], places)
    return places
