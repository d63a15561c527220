"""What one answer is asked for: for whom, how many homes, as of when, and from among which."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from homing.core.errors import BadInput, Fault, shown
from homing.core.ids import id_fault
from homing.market.where import Where

__all__ = ["LONGEST_LIST", "Ask", "TakesLonger"]

LONGEST_LIST: Final = 1_000

_SHORT: Final = 50
"""A list of at most so many homes counts as short: with 100 an answer took two and a half times as long as with 10."""


class TakesLonger(Exception):
    """What was asked for at once may take more than some milliseconds; asked otherwise, it is answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One question to the engine; a senseless one is refused when it is made, with all its faults.

    `lead_id` or `anonymous_id` names the shopper. `as_of` is a moment in microseconds UTC, None for now. `candidates`
    are the homes to choose from (left out: all that are on the market), at most 1,000, and `where` is a filter they
    must pass. With `rank_all` every candidate that may be shown is answered, in the order of its score, also those the
    shopper has seen; with `whatever_its_state` also those that are sold, dismissed or beyond a limit. `exclude` are
    homes not to be shown. Without `explain` no reasons are made, nor once ranking has taken `within_ms` milliseconds;
    with `counterfactual` each home is told apart that would not be in the list without some acts. Events `without`
    count as if they had never been. Without `diverse` the best stand in the list, however alike they are. In `brief`
    fewer sources say which homes are worth ranking, and no reasons are made: it takes half of the time. With `at_once`
    it is answered within some milliseconds or not at all: `TakesLonger` where more than that may be needed.

    >>> Ask(lead_id="lead-1", k=3).k
    3
    >>> Ask(lead_id="lead-1", k=0)
    Traceback (most recent call last):
    homing.core.errors.BadInput: k must be from 1 to 1000; got 0
    """

    lead_id: str | None = None
    anonymous_id: str | None = None
    k: int = 10
    as_of: int | None = None
    candidates: Sequence[str] | None = None
    where: Where | None = None
    rank_all: bool = False
    whatever_its_state: bool = False
    min_confidence: float = 0.0
    explain: bool = True
    exclude: frozenset[str] = frozenset()
    within_ms: int | None = None
    counterfactual: bool = False
    without: frozenset[str] = frozenset()
    diverse: bool = True
    brief: bool = False
    at_once: bool = False

    def __post_init__(self) -> None:
        faults = [*_who_faults(self.lead_id, self.anonymous_id)]
        if not 1 <= self.k <= LONGEST_LIST:
            faults.append(Fault("k", f"be from 1 to {LONGEST_LIST}", shown(self.k)))
        if self.candidates is not None:
            faults += _candidate_faults(self.candidates)
        if faults:
            raise BadInput(faults)

    @property
    def is_short(self) -> bool:
        """Whether it takes some milliseconds to answer: a list of usual length, of now, and each home ranked once."""
        homes = 0 if self.candidates is None else len(self.candidates)
        return self.as_of is None and not self.counterfactual and max(self.k, homes) <= _SHORT

    @property
    def shopper_id(self) -> str:
        """The id of the lead or of the visitor."""
        return self.lead_id or self.anonymous_id or ""


def _who_faults(lead_id: str | None, anonymous_id: str | None) -> list[Fault]:
    if (lead_id is None) == (anonymous_id is None):
        return [Fault("lead_id", "be given, or anonymous_id, and not both", shown(lead_id))]
    fault = id_fault(lead_id, "lead_id") if anonymous_id is None else id_fault(anonymous_id, "anonymous_id")
    return [] if fault is None else [fault]


def _candidate_faults(candidates: Sequence[str]) -> list[Fault]:
    if isinstance(candidates, str) or len(candidates) > LONGEST_LIST:
        return [Fault("candidates", f"be a list of at most {LONGEST_LIST:,} homes", shown(candidates))]
    return []
