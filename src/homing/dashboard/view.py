"""From answers and events to what the template shows: texts and numbers only, nothing left to compute in HTML."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo

from homing.dashboard.words import DID, LEVELS, clock_time, day_name, details, money, percent, quantity, words
from homing.interfaces import BehavioralEvent, ModelPrediction, Recommendations
from homing.market.card import card
from homing.market.property import Property

__all__ = ["Act", "Card", "Day", "Share", "Step", "cards", "days", "steps"]

HomeAt = Callable[[str, int], Property | None]
"""A home as it was at a moment, None if it is unknown."""

_SCALES: Final = (0.05, 0.1, 0.15, 0.25, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True, slots=True)
class Share:
    """One reason: its share in whole per cent, its text, and what can be said aloud."""

    percent: int
    text: str
    say: str


@dataclass(frozen=True, slots=True)
class Card:
    """One recommended home, ready to show. `low`, `point` and `high` are per cent of the common scale.

    `named` says that the title is the home's id already, for want of an address.
    """

    property_id: str
    rank: int
    title: str
    named: bool
    facts: tuple[str, ...]
    price: str
    photo: str | None
    url: str | None
    attribution: str | None
    chance: str
    between: str
    level: str
    certainty: str
    low: float
    point: float
    high: float
    scale: str
    shares: tuple[Share, ...]
    rest: int
    stretch: bool


@dataclass(frozen=True, slots=True)
class Step:
    """One step on the way to the list: how many homes it kept, and how many it removed for which reason.

    `returned` says of the kept how many are news again, and why.
    """

    name: str
    kept: str
    removed: tuple[tuple[str, str], ...]
    returned: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Act:
    """One line of the timeline."""

    time: str
    moment: str
    did: str
    home: str | None
    facts: str
    details: tuple[str, ...]
    polarity: str


@dataclass(frozen=True, slots=True)
class Day:
    """The acts of one day where the lead lives."""

    name: str
    acts: tuple[Act, ...]


def cards(answer: Recommendations) -> list[Card]:
    """The homes of an answer, their probabilities drawn on one scale."""
    tallest = max((end for item in answer for end in item.interval if math.isfinite(end)), default=1.0)
    scale = next((step for step in _SCALES if tallest < step), 1.0)
    return [_card(item, scale) for item in answer]


def _card(item: ModelPrediction, scale: float) -> Card:
    home = item.home
    low, high = item.interval
    return Card(
        property_id=item.property_id,
        rank=item.rank,
        title=_text(home.get("address")) or f"Home {item.property_id}",
        named=_text(home.get("address")) is None,
        facts=_facts(home),
        price=money(home.get("ListPrice")) or "Price unknown",
        photo=_web(home.get("photo")),
        url=_web(home.get("url")),
        attribution=_text(home.get("attribution")),
        chance=percent(item.confidence),
        between=f"{percent(low)} and {percent(high)}",
        level=item.confidence_level.value,
        certainty=LEVELS[item.confidence_level.value],
        low=_part(low, scale),
        point=_part(item.confidence, scale),
        high=_part(high, scale),
        scale=percent(scale),
        shares=tuple(Share(round(reason.share * 100), reason.text, reason.say) for reason in item.reasons),
        rest=round(item.rest * 100),
        stretch=item.stretch,
    )


def steps(answer: Recommendations) -> list[Step]:
    """The trace of an answer in words."""
    return [
        Step(
            words(stage.stage).capitalize(),
            f"{stage.kept:,}",
            *(
                tuple((words(reason), f"{count:,}") for reason, count in some.items() if count)
                for some in (stage.removed, stage.returned)
            ),
        )
        for stage in answer.trace
    ]


def days(events: Sequence[BehavioralEvent], zone: str, now: datetime, home_at: HomeAt) -> list[Day]:
    """The events, newest first, by the day where the lead lives; a home is told as it was at that moment."""
    place = ZoneInfo(zone)
    today = now.astimezone(place)
    told = ((event.timestamp.astimezone(place), event) for event in events)
    grouped = groupby(told, key=lambda pair: pair[0].date())
    return [_day(pairs, today, home_at) for _, pairs in grouped]


def _day(pairs: Iterable[tuple[datetime, BehavioralEvent]], today: datetime, home_at: HomeAt) -> Day:
    told = list(pairs)
    return Day(day_name(told[0][0], today), tuple(_act(event, local, home_at) for local, event in told))


def _act(event: BehavioralEvent, local: datetime, home_at: HomeAt) -> Act:
    home = None if event.property_id is None else home_at(event.property_id, event.at)
    return Act(
        time=clock_time(local),
        moment=local.isoformat(),
        did=DID[event.event_type],
        home=None if event.property_id is None else _name(event.property_id, home),
        facts="" if home is None else _told(home),
        details=tuple(details(event)),
        polarity=_polarity(event),
    )


def _polarity(event: BehavioralEvent) -> str:
    if event.event_data.get("swipe_direction") == "left":
        return "negative"
    return "strong" if event.event_type.spec.engaged else event.event_type.spec.polarity


def _name(property_id: str, home: Property | None) -> str:
    return (None if home is None else home.address()) or f"home {property_id}"


def _told(home: Property) -> str:
    shown = card(home)
    return " · ".join(filter(None, (money(shown["ListPrice"]), *_facts(shown))))


def _facts(home: Mapping[str, object]) -> tuple[str, ...]:
    told = (("beds", "bd"), ("baths", "ba"), ("area", "sq\u00a0ft"))
    return tuple(f"{number}\u00a0{unit}" for name, unit in told if (number := quantity(home.get(name))))


def _part(value: float, scale: float) -> float:
    return round(100 * min(max(value / scale, 0.0), 1.0), 1) if math.isfinite(value) else 0.0


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _web(value: object) -> str | None:
    """An address that a browser may follow: http or https only."""
    return value if isinstance(value, str) and value.startswith(("https://", "http://")) else None
