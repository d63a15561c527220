"""How much each act of a lead holds up the score of a home, worked out at once for all acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Self

import numpy as np
from numpy.typing import NDArray

from homing.models.content_based import ContentBasedModel
from homing.models.interactions import Id
from homing.models.pasts import Past
from homing.models.query import Codes, Query
from homing.models.tastes import worth_of_acts

__all__ = ["Pulls", "pulls"]

Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pulls:
    """How much each home acted on holds up the scores of n homes: `amounts` (n, m), their columns by id."""

    columns: Mapping[Id, int]
    amounts: Doubles

    @classmethod
    def none(cls, homes: int) -> Self:
        """Where nothing is known of that."""
        return cls({}, np.zeros((homes, 0)))

    def plus(self, homes: Sequence[Id], amounts: Doubles) -> Pulls:
        """Both added up; `amounts` (n, m) of so many homes."""
        fresh = [home for home in homes if home not in self.columns]
        columns = {**self.columns, **{home: len(self.columns) + at for at, home in enumerate(fresh)}}
        total = np.zeros((len(self.amounts), len(columns)))
        total[:, : self.amounts.shape[1]] = self.amounts
        total[:, [columns[home] for home in homes]] += amounts
        return Pulls(columns, total)

    def on(self, place: int, home: Id) -> float:
        """How much a home acted on holds up the score of the home at a place."""
        column = self.columns.get(home, -1)
        return float(self.amounts[place, column]) if column >= 0 else 0.0

    def order(self, acted: Sequence[Id]) -> NDArray[np.int64]:
        """For each home the places in `acted`, that which holds up its score most first, int64 (n, len(acted)).

        A home acted on of which nothing is known holds up nothing; equal ones are in the order given.
        """
        columns = np.fromiter(map(self.columns.get, acted, repeat(-1)), dtype=np.int64, count=len(acted))
        amounts = self.amounts[:, columns] if self.columns else np.zeros((len(self.amounts), len(acted)))
        amounts[:, columns < 0] = 0.0
        return np.argsort(-amounts, axis=1, kind="stable")


def pulls(content: ContentBasedModel, query: Query, homes: Codes, rates: Doubles | None = None) -> Pulls:
    """Of each home what its score would lose, to first order, without the lead's last act on each home it likes.

    The score is a sum over bins b of weight_b part_b(home) taste_b (`ContentBasedModel`), those of each axis times its
    rate of `rates` (axes,), left out: 1. With prior p, market's shares
    s, evidence l_b in favour of a bin and L of its axis, a home acted on with parts x (lent to the bins beside, X of
    the axis) moves the taste for a bin by

        d taste_b = (x_b / s_b) / (p + l_b / s_b) - X / (p + L),   less its mean over the market

    times the evidence that the act adds to that home. Acts against homes are left out, and so is what other models make
    of the acts: this orders acts, and is no part of a score. As all of it is linear in x, what an x of 1 in each bin is
    worth to a home is worked out first, and then looked up for every act.
    """
    evidence, encoding = content._evidence(Past.of(query, content.items)), content.encoding_
    liked = evidence.items[evidence.mass > 0]
    if not liked.size or not encoding.shares.size:
        return Pulls.none(len(homes.array))
    mass = evidence.mass[evidence.mass > 0]
    weights = content.beta_[: len(content.axes_)] if rates is None else content.beta_[: len(content.axes_)] * rates
    found = worth_of_acts(
        encoding.bins, encoding.parts, encoding.axis, encoding.starts, encoding.ordered, encoding.shares,
        np.repeat(weights, np.diff(encoding.starts)), content.prior_, liked, mass, homes.array,
    )  # fmt: skip
    added = evidence.last[evidence.mass > 0] * mass
    names = content.items.ids
    return Pulls({names[code]: place for place, code in enumerate(liked.tolist())}, found * added)
