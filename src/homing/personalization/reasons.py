"""Which parts of a score are given as reasons: at most four, for most of it, and none that may not be said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from homing.interfaces import Reason
from homing.models.part_names import family_of
from homing.personalization.reason_wording import Facts, nothing_speaks_for_it, worded
from homing.personalization.returned import BACK, CUT
from homing.personalization.shopper import Shopper
from homing.trust.denied import DENIED

__all__ = ["ENOUGH", "MOST", "grouped", "reasons"]

ENOUGH: Final = 0.6
"""Reasons are given until they cover this share of the positive part of the score."""

MOST: Final = 4
"""So many reasons are given at most; if they do not cover enough, the last speaks of several things."""

_SMALL: Final = 0.05


def grouped(parts: Mapping[str, float]) -> dict[str, float]:
    """Parts of a score by kind of reason: `content:price` is price, all of `collaborative:*` are similar homes.

    What stands in for a part that had nothing to say is no reason.

    >>> grouped({"content:price": 1.0, "collaborative:home-1": 0.2, "collaborative:home-2": 0.3, "popularity": 0.1})
    {'price': 1.0, 'similar_homes': 0.5, 'popularity': 0.1}
    """
    kinds: dict[str, float] = {}
    for name, value in parts.items():
        kind = family_of(name)
        if kind is not None:
            kinds[kind] = kinds.get(kind, 0.0) + value
    return kinds


def reasons(
    parts: Mapping[str, float], facts: Facts, shopper: Shopper, may_say: Callable[[str], bool] = lambda _text: True
) -> tuple[tuple[Reason, ...], float]:
    """The reasons for a home, greatest share first, and the share of the positive part that they leave out.

    At most four, news always among them; if four do not reach 60 %, the smallest speaks of several things. A home with
    nothing in its favour has one reason that says so. What may not describe a home by law is cited by none. A reason
    with a text that `may_say` refuses is left out, never worded otherwise: its share is among those left out, and the
    next reason is given in its place.
    """
    positive = {kind: value for kind, value in grouped(parts).items() if value > 0}
    total = sum(positive.values())
    if total <= 0:
        return (nothing_speaks_for_it(facts),), 0.0
    given: list[Reason] = []
    covered = 0.0
    for kind, value in sorted(positive.items(), key=lambda one: (one[0] not in (CUT, BACK), -one[1], one[0])):
        share = value / total
        if covered >= ENOUGH and (len(given) == MOST or share < _SMALL) and kind not in (CUT, BACK):
            break
        reason = worded(kind, share, parts, facts, shopper)
        if not all(map(DENIED.may_describe, (kind, *reason.attributes))):
            continue
        if not (may_say(reason.text) and may_say(reason.say)):
            continue
        if len(given) == MOST:
            reason = _together(given.pop(), reason)
        given.append(reason)
        covered += share
    return tuple(sorted(given, key=lambda reason: -reason.share)), max(0.0, 1.0 - covered)


def _together(first: Reason, second: Reason) -> Reason:
    """One reason of the kind of the first that says both; aloud only the first is said."""
    return replace(
        first,
        share=first.share + second.share,
        text=f"{first.text}; {second.text}",
        events=tuple(dict.fromkeys((*first.events, *second.events))),
        attributes={**first.attributes, **second.attributes},
    )
