"""A boosted forest as plain arrays, scored by one compiled kernel that also says what each family of features adds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import BadInput
from homing.core.jit import kernel
from homing.models.artifact import packed_text, text_from

__all__ = ["MOST_LEAVES", "Forest", "Nodes"]

MOST_LEAVES: Final = 64
"""The leaves of a tree are the bits of one word."""

_ALL: Final = 0xFFFF_FFFF_FFFF_FFFF
_CATEGORICAL, _DEFAULT_LEFT = 1, 2
_NAN_LEFT, _NAN_RIGHT, _ZERO_LEFT, _ZERO_RIGHT = range(4)
_TINY: Final = float(np.float32(1e-35))
_BLOCK: Final = 512
_DE_BRUIJN: Final = 0x03F7_9D71_B4CB_0A89

Floats = NDArray[np.float64]
Fields = Mapping[str, str]


class Nodes(NamedTuple):
    """All nodes and leaves of a forest, tree by tree.

    `feature` int32, `threshold` float64, `missing` uint8 and `words` uint64 have one entry a node; `leaves` float64 one
    a leaf, from left to right; `nodes_of` and `leaves_of` int64 (trees + 1,) say where each tree begins; `family_of`
    int64 (trees,) is the place of its family. `missing` says where NaN goes: 0 left, 1 right, or of trees that take
    zero for missing, where both go: 2 left, 3 right.
    """

    feature: NDArray[np.int32]
    threshold: Floats
    missing: NDArray[np.uint8]
    words: NDArray[np.uint64]
    leaves: Floats
    nodes_of: NDArray[np.int64]
    leaves_of: NDArray[np.int64]
    family_of: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """The sum of many small trees over numbers, each tree over the features of one family.

        score(x) = base + sum over families of part(x),   part(x) = sum of the leaves that x reaches in its trees

    A node sends x to the left where x <= threshold. Each node holds a word with the bits of the leaves below its left
    side switched off; the words of all nodes that send x to the right, taken together with AND, leave the leaf that x
    reaches as the lowest bit (Lucchese et al. 2015, "QuickScorer"). All nodes of a tree are asked, which needs no
    jumps, and many rows at once. Numbers up to 1e-35 in size are zero, as they are for LightGBM.

    `width` is the number of features; `base` the sum of what trees of a single leaf say.

    >>> stump = {"num_leaves": "2", "num_cat": "0", "split_feature": "0", "threshold": "0.5", "decision_type": "8",
    ...          "left_child": "-1", "right_child": "-2", "leaf_value": "-1 2"}
    >>> forest = Forest.of([stump], ["price"])
    >>> forest.scores_and_parts(np.array([[0.5], [0.6], [np.nan]]))[0].tolist()
    [-1.0, 2.0, 2.0]
    """

    width: int
    families: tuple[str, ...]
    base: float
    nodes: Nodes

    @classmethod
    def from_text(cls, text: str, family: Sequence[str] | None = None) -> Self:
        """The forest of a LightGBM model in its text format, with the family of each feature (None: one for all).

        It gives the raw score. Categories, linear leaves, several classes and more than 64 leaves are refused, and so
        is a tree over more than one family.
        """
        head, *sections = text.split("\nTree=")
        header = _fields(head)
        last = header.get("max_feature_idx", "")
        if not head.startswith("tree\n") or not last.isdecimal() or "\nend of trees" not in text:
            raise BadInput.of("model", "be the whole of a LightGBM model in its text format", text[:40])
        if header.get("num_tree_per_iteration") != "1":
            raise BadInput.of("model", "be of one score", f"{header.get('num_tree_per_iteration')} trees a round")
        width = int(last) + 1
        names = ["all"] * width if family is None else family
        if len(names) != width:
            raise BadInput.of("family", f"name the family of each of the {width} features", f"{len(names)} names")
        return cls.of([_fields(section) for section in sections], names)

    @classmethod
    def of(cls, trees: Sequence[Fields], family: Sequence[str]) -> Self:
        """The forest of trees given by the fields of LightGBM's text format, as texts."""
        families = tuple(dict.fromkeys(family))
        codes = np.array([families.index(name) for name in family], dtype=np.int64)
        base, kept, of_tree = 0.0, [], []
        for number, fields in enumerate(trees):
            tree = _tree(number, fields)
            if tree.feature.size == 0:
                base += float(tree.leaves[0])
                continue
            if not _within(tree.feature, len(family)):
                got = tree.feature.tolist()
                raise BadInput.of(f"model.tree[{number}].split_feature", f"lie between 0 and {len(family) - 1}", got)
            found = np.unique(codes[tree.feature])
            if found.size > 1:
                names = [families[code] for code in found.tolist()]
                raise BadInput.of(f"model.tree[{number}]", "keep to the features of one family", names)
            kept.append(tree)
            of_tree.append(int(found[0]))
        nodes = Nodes(
            _joined([tree.feature for tree in kept], np.int32),
            _joined([tree.threshold for tree in kept], np.float64),
            _joined([tree.missing for tree in kept], np.uint8),
            _joined([tree.words for tree in kept], np.uint64),
            _joined([tree.leaves for tree in kept], np.float64),
            np.cumsum([0, *(tree.feature.size for tree in kept)], dtype=np.int64),
            np.cumsum([0, *(tree.leaves.size for tree in kept)], dtype=np.int64),
            np.array(of_tree, dtype=np.int64),
        )
        return cls(len(family), families, base, nodes)

    def __len__(self) -> int:
        """The number of trees that split."""
        return self.nodes.family_of.size

    def scores_and_parts(self, features: Floats) -> tuple[Floats, Floats]:
        """The scores (n,) and the parts (n, families) of rows (n, width); NaN and infinities go where trees send them.

        scores = base + sum of parts, up to rounding: scores are added up tree by tree, as LightGBM does.
        """
        rows = np.ascontiguousarray(features, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise BadInput.of("features", f"have {self.width} columns", f"shape {rows.shape}")
        scores, parts = np.full(rows.shape[0], self.base), np.zeros((rows.shape[0], len(self.families)))
        _add_leaves(rows, self.nodes, scores, parts)
        return scores, parts

    def without(self, family: str) -> Self:
        """The forest without the trees of one family, whose single feature must be the last; it is not asked for."""
        nodes, gone = self.nodes, self.families.index(family)
        kept = nodes.family_of != gone
        sizes, counts = np.diff(nodes.nodes_of), np.diff(nodes.leaves_of)
        at_nodes, at_leaves, of_tree = np.repeat(kept, sizes), np.repeat(kept, counts), nodes.family_of[kept]
        fewer = Nodes(
            nodes.feature[at_nodes],
            nodes.threshold[at_nodes],
            nodes.missing[at_nodes],
            nodes.words[at_nodes],
            nodes.leaves[at_leaves],
            np.append(0, np.cumsum(sizes[kept])),
            np.append(0, np.cumsum(counts[kept])),
            of_tree - (of_tree > gone),
        )
        return type(self)(self.width - 1, tuple(name for name in self.families if name != family), self.base, fewer)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Everything, as arrays to be saved."""
        rest = {"width": np.array([self.width]), "base": np.array([self.base])}
        return self.nodes._asdict() | rest | {"families": packed_text("\n".join(self.families))}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """The inverse of `arrays`; arrays that could lead outside of themselves are a `ValueError`."""
        text = text_from(arrays["families"])
        nodes = Nodes(**{name: arrays[name] for name in Nodes._fields})
        families = tuple(text.split("\n")) if text else ()
        forest = cls(int(arrays["width"][0]), families, float(arrays["base"][0]), nodes)
        if not forest._is_whole():
            raise ValueError("the arrays are not those of a forest.")
        return forest

    def _is_whole(self) -> bool:
        """Whether no row can lead outside of the arrays: of each tree, no word switches the last leaf off."""
        feature, threshold, missing, words, leaves, nodes_of, leaves_of, family_of = self.nodes
        sizes, counts = np.diff(nodes_of), np.diff(leaves_of)
        ends = (nodes_of[:1].tolist(), leaves_of[:1].tolist(), nodes_of[-1:].tolist(), leaves_of[-1:].tolist())
        if ends != ([0], [0], [feature.size], [leaves.size]) or not sizes.size == counts.size == family_of.size:
            return False
        if not feature.size == threshold.size == missing.size == words.size:
            return False
        if (sizes < 0).any() or (counts < 1).any() or (counts > MOST_LEAVES).any():
            return False
        last = np.left_shift(np.uint64(1), (counts - 1).astype(np.uint64))
        keeps_last = bool((words & np.repeat(last, sizes)).all())
        return keeps_last and _within(feature, self.width) and _within(family_of, len(self.families))


class _Tree(NamedTuple):
    feature: NDArray[np.int32]
    threshold: Floats
    missing: NDArray[np.uint8]
    words: NDArray[np.uint64]
    leaves: Floats


def _tree(number: int, fields: Fields) -> _Tree:
    """One tree, its leaves from left to right."""
    where = f"model.tree[{number}]"

    def numbers(name: str, kind: Callable[[str], float]) -> list[Any]:
        try:
            return [kind(one) for one in fields.get(name, "").split()]
        except ValueError:
            raise BadInput.of(f"{where}.{name}", "be numbers", fields[name]) from None

    values, kinds = numbers("leaf_value", float), numbers("decision_type", int)
    if fields.get("num_cat", "0") != "0" or any(kind & _CATEGORICAL for kind in kinds):
        raise BadInput.of(where, "split on numbers only", "a split on categories")
    if fields.get("is_linear", "0") != "0":
        raise BadInput.of(where, "have a number in each leaf", "linear leaves")
    if not 1 <= len(values) <= MOST_LEAVES:
        raise BadInput.of(where, f"have 1 to {MOST_LEAVES} leaves", len(values))
    features, thresholds = numbers("split_feature", int), numbers("threshold", float)
    children = numbers("left_child", int), numbers("right_child", int)
    if {len(features), len(thresholds), len(kinds), *map(len, children)} != {len(values) - 1}:
        raise BadInput.of(where, f"have {len(values) - 1} splits for {len(values)} leaves", f"{len(features)} features")
    order, words = _in_order(*children)
    if sorted(order) != list(range(len(values))):
        raise BadInput.of(where, "lead to each of its leaves once", f"leaves {order}")
    return _Tree(
        np.array(features, dtype=np.int32),
        np.array(thresholds),
        np.array([_where_missing(kind, at) for kind, at in zip(kinds, thresholds, strict=True)], dtype=np.uint8),
        np.array(words, dtype=np.uint64),
        np.array(values)[order],
    )


def _in_order(left: Sequence[int], right: Sequence[int]) -> tuple[list[int], list[int]]:
    """The leaves from left to right, and the word of each node. A child is a node, or below 0 the leaf ~child."""
    if not left:
        return [0], []
    order: list[int] = []
    words = [0] * len(left)
    began = [0] * len(left)
    todo = [(0, False)]
    steps = 0
    while todo and steps < 4 * len(left) + 4:
        steps += 1
        child, is_left_done = todo.pop()
        if child < 0:
            order.append(~child)
        elif is_left_done:
            words[child] = _ALL & ~((1 << len(order)) - (1 << began[child]))
            todo.append((right[child], False))
        elif child < len(left):
            began[child] = len(order)
            todo += [(child, True), (left[child], False)]
    return order, words


def _where_missing(kind: int, threshold: float) -> int:
    """Where what is missing goes, of LightGBM's `decision_type`: bit 1 default left, bits 2 and 3 what is missing."""
    is_left, missing = bool(kind & _DEFAULT_LEFT), (kind >> 2) & 3
    if missing == 1:
        return _ZERO_LEFT if is_left else _ZERO_RIGHT
    if missing == 0:
        is_left = threshold >= 0.0
    return _NAN_LEFT if is_left else _NAN_RIGHT


def _fields(section: str) -> dict[str, str]:
    """The lines `name=value` up to the first empty line after one of them."""

    def lines() -> Iterator[tuple[str, str]]:
        for line in section.split("\n"):
            name, is_field, value = line.partition("=")
            if is_field:
                yield name, value

    return dict(lines())


def _joined(arrays: Sequence[NDArray[Any]], dtype: type) -> NDArray[Any]:
    return np.concatenate([np.zeros(0, dtype=dtype), *arrays]).astype(dtype)


def _within(codes: NDArray[Any], size: int) -> bool:
    return bool(((codes >= 0) & (codes < size)).all())


_PLACES: Final = np.zeros(64, dtype=np.int64)
for _place in range(64):
    _PLACES[((_DE_BRUIJN << _place) & _ALL) >> 58] = _place


@kernel
def _add_leaves(rows: Floats, nodes: Nodes, scores: Floats, parts: Floats) -> None:
    """Add the leaf that each row reaches in each tree to its score and to the part of the tree's family."""
    feature, threshold, missing, words, leaves, nodes_of, leaves_of, family_of = nodes
    every, one, shift = np.uint64(_ALL), np.uint64(1), np.uint64(58)
    factor = np.uint64(_DE_BRUIJN)
    columns = np.empty((rows.shape[1], _BLOCK))
    bits = np.empty(_BLOCK, dtype=np.uint64)
    for start in range(0, rows.shape[0], _BLOCK):
        size = min(_BLOCK, rows.shape[0] - start)
        for row in range(size):
            for column in range(rows.shape[1]):
                value = rows[start + row, column]
                columns[column, row] = 0.0 if abs(value) <= _TINY else value
        for tree in range(family_of.size):
            bits[:size] = every
            for node in range(nodes_of[tree], nodes_of[tree + 1]):
                column, at, word = columns[feature[node]], threshold[node], words[node]
                if missing[node] == _NAN_LEFT:
                    for row in range(size):
                        bits[row] &= word if column[row] > at else every
                elif missing[node] == _NAN_RIGHT:
                    for row in range(size):
                        bits[row] &= every if column[row] <= at else word
                else:
                    away = word if missing[node] == _ZERO_RIGHT else every
                    for row in range(size):
                        value = column[row]
                        bits[row] &= away if np.isnan(value) or value == 0.0 else (word if value > at else every)
            first, family = leaves_of[tree], family_of[tree]
            for row in range(size):
                lowest = bits[row] & (~bits[row] + one)
                leaf = leaves[first + _PLACES[(lowest * factor) >> shift]]
                scores[start + row] += leaf
                parts[start + row, family] += leaf
