"""Whether reasons are true: each claim is checked against the store, or by asking again without the acts it names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from homing.core.clock import to_micros
from homing.interfaces import BehavioralEvent, ModelPrediction, Reason, Recommendations
from homing.market.catalogue import Catalogue
from homing.measures.intervals import Interval, bootstrap_ratio
from homing.personalization.ask import Ask
from homing.personalization.reasons import ENOUGH, MOST
from homing.personalization.sms import LONGEST, septets
from homing.store.events import EventQuery, EventStore
from homing.trust.text_guard import TextGuard

__all__ = ["CHECKS", "GOALS", "Finding", "Given", "Grounds", "fidelity"]

GOALS: Final[Mapping[str, float]] = {"cited_act_counts": 0.95, "counterfactual_given": 0.6}
"""The share of cases in which a claim must hold; of those not named, all."""

_RECITES: Final = re.compile(
    r"\d|\b(?:view|click|look|visit|open|save|share|swipe|search|track|like|pass|tour)ed\b|\btimes?\b|\bsaw\b", re.I
)
_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Grounds:
    """What reasons are checked against: the engine's `answer`, and what it is made from. Its clock must stand still."""

    answer: Callable[[Ask], Recommendations]
    store: EventStore
    tenant: str
    catalogue: Catalogue
    guard: TextGuard


@dataclass(frozen=True, slots=True)
class Given:
    """One answer: the question, the moment in microseconds, and the lead's events by then, by id."""

    ask: Ask
    answer: Recommendations
    as_of: int
    events: Mapping[str, BehavioralEvent]
    chance: np.random.Generator


@dataclass(frozen=True, slots=True)
class Finding:
    """In how many of so many cases a claim held, and the share of it with its 95 % interval by bootstrap over leads."""

    held: int
    cases: int
    share: Interval


Verdicts = Iterator[bool]


def fidelity(
    grounds: Grounds, leads: Iterable[str], *, k: int = 10, seed: int = 0, full: bool = True,
    checks: Collection[str] | None = None,
) -> dict[str, Finding]:  # fmt: skip
    """Some checks of `CHECKS` (left out: all) over answers to some leads; what has no case has no finding.

    These are full answers, unless not `full`: usual ones, which have no `counterfactual`.
    """
    verdicts: dict[str, list[list[bool]]] = defaultdict(list)
    for number, lead in enumerate(leads):
        given = _given(grounds, Ask(lead_id=lead, k=k, counterfactual=full), np.random.default_rng([seed, number]))
        for name in CHECKS if checks is None else checks:
            verdicts[name].append(list(CHECKS[name](grounds, given)))
    return {name: _finding(of_leads, seed) for name, of_leads in verdicts.items() if any(of_leads)}


def _given(grounds: Grounds, ask: Ask, chance: np.random.Generator) -> Given:
    answer = grounds.answer(ask)
    as_of = to_micros(answer.as_of)
    events = grounds.store.select(grounds.tenant, EventQuery(lead_id=ask.lead_id, upto=as_of, known_upto=as_of))
    return Given(ask, answer, as_of, {event.event_id: event for event in events}, chance)


def _finding(of_leads: Sequence[Sequence[bool]], seed: int) -> Finding:
    held, cases = np.array([[sum(some), len(some)] for some in of_leads if some], dtype=np.float64).T
    return Finding(int(held.sum()), int(cases.sum()), bootstrap_ratio(held, cases, seed=seed))


def _reasons(given: Given) -> Iterator[tuple[ModelPrediction, Reason]]:
    return ((item, reason) for item in given.answer.items for reason in item.reasons)


def _shares_add_up(_grounds: Grounds, given: Given) -> Verdicts:
    """The shares of a home are positive, and with the rest they are the whole."""
    for item in given.answer.items:
        whole = item.rest + sum(reason.share for reason in item.reasons)
        yield abs(whole - 1.0) <= _TOLERANCE and all(reason.share > 0 for reason in item.reasons)


def _few_say_enough(_grounds: Grounds, given: Given) -> Verdicts:
    """At most four reasons cover at least 60 % of what speaks for a home."""
    for item in given.answer.items:
        yield len(item.reasons) <= MOST and sum(reason.share for reason in item.reasons) >= ENOUGH - _TOLERANCE


def _events_are_the_leads(_grounds: Grounds, given: Given) -> Verdicts:
    """Every cited event exists, is the lead's, and was known before the answer."""
    for _, reason in _reasons(given):
        yield from (event in given.events for event in reason.events)


def _attributes_as_stored(grounds: Grounds, given: Given) -> Verdicts:
    """Every cited attribute of the listing is what the store held of it at that moment."""
    for item, reason in _reasons(given):
        stored = grounds.catalogue.get(item.property_id, given.as_of)
        fields = {} if stored is None else stored.fields
        for name, value in reason.attributes.items():
            if name == "PublicRemarks" and isinstance(value, list):
                yield all(word.split()[0] in str(fields.get(name, "")).lower() for word in value)
            elif name in fields:
                yield value == fields[name]


def _may_be_said(grounds: Grounds, given: Given) -> Verdicts:
    """No text of a reason, and no sentence about what a home hangs on, says what must not be said."""
    for _, reason in _reasons(given):
        yield grounds.guard.allows(reason.text) and grounds.guard.allows(reason.say)
    for item in given.answer.items:
        if item.counterfactual is not None:
            yield grounds.guard.allows(item.counterfactual.text)


def _recites_no_act(_grounds: Grounds, given: Given) -> Verdicts:
    """What is said aloud names no tracked act and no number."""
    return (_RECITES.search(reason.say) is None for _, reason in _reasons(given))


def _fits_a_message(_grounds: Grounds, given: Given) -> Verdicts:
    """The address and the first reason fit one text message."""
    return (0 < septets(item.sms) <= LONGEST for item in given.answer.items if item.reasons)


def _cited_act_counts(grounds: Grounds, given: Given) -> Verdicts:
    """Without the act that a reason cites first, the home loses more than without another of its type, by chance.

    That other is drawn from those of the lead that no reason of the home cites; where there is none, it is no case.
    """
    homes = [item.property_id for item in given.answer.items]
    without: dict[str, dict[str, float]] = {}

    def score(home: str, event: str) -> float:
        if event not in without:
            ask = replace(
                given.ask, candidates=homes, rank_all=True, whatever_its_state=True, explain=False,
                without=frozenset({event}),
            )  # fmt: skip
            without[event] = {item.property_id: item.score for item in grounds.answer(ask).items}
        return without[event][home]

    for item in given.answer.items:
        cited = {event for reason in item.reasons for event in reason.events}
        for reason in item.reasons:
            first = next((event for event in reason.events if event in given.events), None)
            if first is None:
                continue
            kind = given.events[first].event_type
            others = [name for name, one in given.events.items() if one.event_type is kind and name not in cited]
            if others:
                other = sorted(others)[int(given.chance.integers(len(others)))]
                yield score(item.property_id, first) < score(item.property_id, other)


def _counterfactual_holds(grounds: Grounds, given: Given) -> Verdicts:
    """Asked again without the acts that a home is said to hang on, the list is without the home."""
    lists: dict[frozenset[str], set[str]] = {}
    for item in given.answer.items:
        if item.counterfactual is None:
            continue
        ids = frozenset(item.counterfactual.events)
        if ids not in lists:
            again = grounds.answer(replace(given.ask, counterfactual=False, explain=False, without=ids))
            lists[ids] = {one.property_id for one in again.items}
        yield item.property_id not in lists[ids] and ids <= given.events.keys()


def _counterfactual_given(_grounds: Grounds, given: Given) -> Verdicts:
    """It is told what the home hangs on; homes shown to leads without an act are cases too."""
    return (item.counterfactual is not None for item in given.answer.items)


CHECKS: Final[Mapping[str, Callable[[Grounds, Given], Verdicts]]] = {
    "shares_add_up": _shares_add_up,
    "few_say_enough": _few_say_enough,
    "events_are_the_leads": _events_are_the_leads,
    "attributes_as_stored": _attributes_as_stored,
    "may_be_said": _may_be_said,
    "recites_no_act": _recites_no_act,
    "fits_a_message": _fits_a_message,
    "cited_act_counts": _cited_act_counts,
    "counterfactual_holds": _counterfactual_holds,
    "counterfactual_given": _counterfactual_given,
}
"""Every check by its name; each gives one verdict a case."""
