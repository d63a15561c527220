"""Laws that every part of a kind keeps, and the list of what a part cannot keep.

A law is a function that takes a part (a store, a model, an importer) and raises `LawBroken`. A check suite is a mapping
of laws by name; `checks` asks every law of every part. What a part cannot keep is an `Excepted`: with its reason and
the weaker law that is asked in its place, and refused as soon as the part keeps the law after all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from homing.core.errors import BadInput, HomingError, shown

__all__ = [
    "Check", "Excepted", "LawBroken", "Laws", "broken", "by_name", "checks", "listed", "must", "refused", "same",
]  # fmt: skip

Part = TypeVar("Part")
Laws = Mapping[str, Callable[[Part], object]]

_SHORTEST_REASON: Final = 30
_BREAKS: Final = (AssertionError, HomingError, ValueError)


class LawBroken(AssertionError):
    """A part did what no part of its kind may do."""


@dataclass(frozen=True, slots=True)
class Excepted(Generic[Part]):
    """A law that a part cannot keep: why, and the weaker law that it keeps instead."""

    part: str
    law: str
    reason: str
    instead: Callable[[Part], object]


@dataclass(frozen=True, slots=True)
class Check:
    """One law asked of one part; `run()` raises `LawBroken`, and whatever the part itself raises."""

    part: str
    law: str
    run: Callable[[], object]

    def __str__(self) -> str:
        return f"{self.part}-{self.law}"


def checks(laws: Laws[Part], parts: Mapping[str, Part], excepted: Sequence[Excepted[Part]] = ()) -> list[Check]:
    """Every law asked of every part, or of an excepted one its weaker law.

    Refused are a suite that would ask nothing, an exception of no such part or law, one listed twice, and one whose
    reason says too little.

    >>> def is_even(number): must(number % 2 == 0, f"{number} is odd")
    >>> def is_whole(number): must(number == int(number), f"{number} is not whole")
    >>> odd = Excepted("three", "is_even", "three was odd before anybody wrote this law", is_whole)
    >>> asked = checks(by_name(is_even), {"two": 2, "three": 3}, [odd])
    >>> [str(check) for check in asked], [check.run() for check in asked]
    (['two-is_even', 'three-is_even'], [None, None])
    """
    if not laws or not parts:
        raise BadInput.of("laws and parts", "not be empty: a suite that asks nothing is always green", (laws, parts))
    exceptions = {(one.part, one.law): one for one in excepted}
    if len(exceptions) < len(excepted):
        raise BadInput.of("excepted", "name each part and law once", [(one.part, one.law) for one in excepted])
    for one in excepted:
        if one.part not in parts or one.law not in laws:
            raise BadInput.of("excepted", "name a part and a law of the suite", (one.part, one.law))
        if len(one.reason) < _SHORTEST_REASON:
            raise BadInput.of(f"excepted ({one.part}, {one.law})", "say why in a sentence", one.reason)
    return [
        Check(part, name, _asked(laws[name], parts[part], exceptions.get((part, name))))
        for part in parts
        for name in laws
    ]


def broken(laws: Laws[Part], part: Part) -> set[str]:
    """The names of the laws that a part breaks; for parts that are broken on purpose.

    >>> def is_even(number): must(number % 2 == 0, f"{number} is odd")
    >>> broken(by_name(is_even), 3)
    {'is_even'}
    """
    return {name for name, law in laws.items() if _is_broken(law, part)}


def by_name(*laws: Callable[[Part], object]) -> dict[str, Callable[[Part], object]]:
    """Laws under the names of their functions."""
    return {law.__name__: law for law in laws}


def listed(found: Iterable[str], registered: Iterable[str]) -> None:
    """Break the law unless exactly what was found is registered.

    >>> listed(["memory", "sqlite"], ["sqlite", "tape"])
    Traceback (most recent call last):
    ...
    homing.core.laws.LawBroken: not registered: ['memory']; registered, but not there: ['tape']
    """
    there, known = set(found), set(registered)
    must(there == known, f"not registered: {sorted(there - known)}; registered, but not there: {sorted(known - there)}")


def must(kept: object, otherwise: str) -> None:
    """Break the law unless something is kept; `otherwise` says what came instead."""
    if not kept:
        raise LawBroken(otherwise)


def same(got: Any, wanted: Any, what: str = "it") -> None:
    """Break the law unless two values are equal."""
    if got != wanted:
        raise LawBroken(f"{what} must be {wanted!r}; got {got!r}")


def refused(act: Callable[[], object], match: str = "", error: type[HomingError] = BadInput) -> None:
    """Break the law unless an act is refused, in words that `match` (a regular expression) finds."""
    try:
        done = act()
    except error as refusal:
        must(re.search(match, str(refusal)), f"the refusal must say {match!r}; it says {str(refusal)!r}")
        return
    raise LawBroken(f"it must be refused; got {shown(done)}")


def _asked(law: Callable[[Part], object], part: Part, excepted: Excepted[Part] | None) -> Callable[[], object]:
    if excepted is None:
        return lambda: law(part)

    def weaker() -> object:
        if not _is_broken(law, part):
            raise LawBroken(f"{excepted.part} keeps {excepted.law} after all: take it off the list of exceptions")
        return excepted.instead(part)

    return weaker


def _is_broken(law: Callable[[Part], object], part: Part) -> bool:
    try:
        law(part)
    except _BREAKS:
        return True
    return False
