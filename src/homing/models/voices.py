"""Which of the homes that a lead acted on speak for other homes, and how a family's part is shared out among them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import compress
from typing import Final, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from homing.core.jit import kernel
from homing.models.pasts import Past

__all__ = ["ByHome", "Voices"]

Doubles = NDArray[np.float64]

_MOST: Final = 32


class Voices(NamedTuple):
    """What each act says of each of n homes: the acts' homes by `names`, each once, and `amounts` float64 (n, m)."""

    names: tuple[str, ...]
    amounts: Doubles

    @classmethod
    def together(cls, several: Iterable[tuple[float, Voices]], homes: int) -> Self:
        """What sources say together, each times its weight."""
        said = [(rate, voices) for rate, voices in several if voices.names]
        names = tuple(dict.fromkeys(name for _, voices in said for name in voices.names))
        amounts, place = np.zeros((homes, len(names))), {name: number for number, name in enumerate(names)}
        for rate, voices in said:
            count = len(voices.names)
            columns = slice(count) if voices.names == names[:count] else [place[name] for name in voices.names]
            amounts[:, columns] += rate * voices.amounts
        return cls(names, amounts)

    def and_of(self, name: str, amounts: Doubles) -> Voices:
        """The same with what one more says (n,)."""
        if name in self.names:
            return Voices.together([(1.0, self), (1.0, Voices((name,), amounts[:, None]))], len(amounts))
        return Voices((*self.names, name), np.column_stack((self.amounts, amounts)))

    def shared_out(self, family: str, values: Doubles) -> list[dict[str, float]]:
        """A family's part of each home (n,) shared out among the acts that speak as it does, by how loud each does.

        It goes to the loudest, at most 32: nobody reads more. The part of a home for which none speaks is the family's.

        >>> Voices(("h1", "h2", "h3"), np.array([[3.0, 1.0, -1.0]])).shared_out("similar_homes", np.ones(1))
        [{'similar_homes:h1': 0.75, 'similar_homes:h2': 0.25}]
        """
        names = [f"{family}:{name}" for name in self.names]
        loud = np.maximum(self.amounts * np.sign(values)[:, None], 0.0)
        if len(names) > _MOST:
            np.put_along_axis(loud, np.argsort(-loud, axis=1, kind="stable")[:, _MOST:], 0.0, axis=1)
        shared = Voices(tuple(names), _shares(loud, values)).by_home()
        return [said or {family: value} for said, value in zip(shared, values.tolist(), strict=True)]

    def by_home(self) -> list[dict[str, float]]:
        """Of each of the n homes what is said by those who say anything, that is neither NaN nor 0.

        >>> Voices(("h1", "h2"), np.array([[3.0, 0.0], [np.nan, 0.5]])).by_home()
        [{'h1': 3.0}, {'h2': 0.5}]
        """
        spoken = ((self.amounts != 0.0) & ~np.isnan(self.amounts)).tolist()
        return [
            dict(zip(compress(self.names, which), compress(row, which), strict=True))
            for which, row in zip(spoken, self.amounts.tolist(), strict=True)
        ]


class ByHome(Protocol):
    """A model whose parts go by the homes that a lead acted on."""

    def voices(self, past: Past, items: NDArray[np.int64]) -> Voices:
        """What each act says of each of these homes."""
        ...


@kernel
def _shares(loud: Doubles, values: Doubles) -> Doubles:
    """The values (n,) shared out among acts by how loud each is (n, m)."""
    shares = np.zeros(loud.shape)
    for home in range(values.size):
        whole = loud[home].sum()
        if whole > 0.0:
            shares[home] = values[home] * loud[home] / whole
    return shares
