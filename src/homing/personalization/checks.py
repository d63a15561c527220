"""What no answer about the past may know: whatever happened, or became known, after the moment it is asked for.

An `Answer` is anything that says something as of a moment: a training set, a recommendation, a feature, a profile. For
every kind of later knowledge there is a law: with it and without it the answer about the past is the same; and where
the answer says that it uses such knowledge, the answer about a time when it is known differs.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from homing.core.clock import DAY, HOUR, MINUTE, from_micros, parse_moment
from homing.core.laws import must
from homing.core.settings import Settings
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.market.catalogue import Catalogue
from homing.market.property import property_from
from homing.models.hybrid_model import HybridRecommendationModel
from homing.models.registry import ModelRegistry
from homing.people.directory import Directory
from homing.people.lead import Lead, Limits
from homing.personalization.training_data import training_data
from homing.store.listings import ListingStore
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore

__all__ = ["LATER", "LAWS", "MOMENT", "NOW", "TENANT", "Answer", "World", "world"]

TENANT: Final = "default"
MOMENT: Final = parse_moment("2026-05-20T12:00:00Z")
"""What answers are asked for."""
NOW: Final = MOMENT + 5 * DAY
"""When everything has become known."""

_HOMES: Final = 12
_LEADS: Final = ("ann", "bob", "cid", "dan")
_VIEW, _SAVE, _TOUR = EventType.PROPERTY_VIEW, EventType.PROPERTY_SAVE, EventType.TOUR_COMPLETED


class World:
    """The stores of one small brokerage, in a folder laid out as homing lays it out, and a clock that can be set."""

    def __init__(self, folder: Path) -> None:
        self.now = MOMENT - 60 * DAY
        self.settings = Settings(data_dir=folder, tenant=TENANT)
        database = SqliteDatabase(self.settings.sqlite_path)
        self.store = SqliteEventStore(database)
        self.catalogue = Catalogue(ListingStore(database), TENANT, lambda: self.now)
        self.directory = Directory(ProfileStore(database), TENANT, lambda: self.now)
        self.registry = ModelRegistry(self.settings.models_dir, TENANT)
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)


@dataclass(frozen=True, slots=True)
class Answer:
    """Something that is said of a world as of a moment, comparable by `==`, and kinds of knowledge that it uses."""

    tell: Callable[[World, int], Any]
    uses: frozenset[str]


def world() -> World:
    """Four leads, a visitor and twelve homes, as they were known at the moment, and some of it only just."""
    made = World(Path(tempfile.mkdtemp()))
    made.catalogue.put([_home(number, 300_000 + 40_000 * number, MOMENT - 50 * DAY) for number in range(_HOMES)])
    made.now = MOMENT - 45 * DAY
    made.directory.put_leads([Lead(lead_id="ann", time_zone="America/Denver", limits=Limits(price_max=650_000))])
    acts = [
        _event(f"{who}{number}", MOMENT - (30 - number) * DAY - place * HOUR, who, (3 * place + 2 * number) % _HOMES)
        for place, who in enumerate(_LEADS)
        for number in range(12)
    ]
    acts += [_event(f"v{number}", MOMENT - 9 * DAY, None, number, anonymous_id="visitor") for number in range(3)]
    acts += [_event("v9", MOMENT - 2 * HOUR, None, 3, _SAVE, anonymous_id="visitor")]
    acts += [_event("saved", MOMENT - 8 * DAY, "ann", 5, _SAVE), _event("late", MOMENT - 6 * DAY, "ann", 7, _TOUR, 5)]
    made.store.append(TENANT, acts)
    made.now = NOW
    return made


def _what_happens_later(made: World) -> None:
    """Acts after the moment; one of them was known before it happened, by a phone whose clock was fast."""
    acts = [_event(f"after{n}", MOMENT + n * HOUR, "ann", n % 3, _SAVE) for n in range(1, 9)]
    fast = BehavioralEvent(
        event_id="fast", event_type=_SAVE, timestamp=from_micros(MOMENT + MINUTE), lead_id="ann",
        property_id="home-2", received_at=from_micros(MOMENT - MINUTE), event_data={"share": 1},
    )  # fmt: skip
    made.store.append(TENANT, [*acts, fast, _event("viewed", MOMENT + HOUR, "bob", 5)])


def _what_is_told_late(made: World) -> None:
    """Acts before the moment of which we hear after it."""
    told = [_event(f"told{n}", MOMENT - (n + 1) * DAY, "ann", 8 + n, _TOUR, 4) for n in range(3)]
    made.store.append(TENANT, [*told, _event("viewed", MOMENT - 2 * DAY, "cid", 5, late_days=4)])


def _what_came_of_it(made: World) -> None:
    """Outcomes of earlier acts, recorded after the moment."""
    for number, event_id in enumerate(("ann3", "ann7", "saved")):
        made.store.record_outcome(TENANT, event_id, "won", 1.0, MOMENT - number * HOUR, MOMENT + DAY)


def _who_somebody_was(made: World) -> None:
    """A visitor turns out to be a lead."""
    made.store.identities.merge(TENANT, "visitor", "ann", MOMENT + DAY)


def _what_leads_said(made: World) -> None:
    """A lead moves and has less to spend, another is described for the first time."""
    made.now = MOMENT + DAY
    moved = Lead(lead_id="ann", time_zone="Asia/Tokyo", limits=Limits(price_max=420_000))
    made.directory.put_leads([moved, Lead(lead_id="bob", time_zone="Asia/Tokyo", limits=Limits(price_max=350_000))])
    made.now = NOW


def _what_was_listed(made: World) -> None:
    """Price cuts, a sale and a new home after the moment, and a cut before it of which the feed told after it."""
    later = [
        _home(number, 250_000 + 10_000 * number, MOMENT + number * HOUR, PropertySubType="Townhouse")
        for number in range(1, 8)
    ]
    later += [_home(6, 1, MOMENT + DAY, StandardStatus="Closed"), _home(_HOMES, 500_000, MOMENT + DAY)]
    made.catalogue.put(later)
    told_late = {"at": MOMENT - 40 * DAY, "known_at": MOMENT + 2 * DAY}
    made.catalogue.put([_home(number, 290_000, **told_late, PropertySubType="Loft") for number in range(_HOMES)])


def _what_was_learned(made: World) -> None:
    """A model trained after the moment."""
    market = made.catalogue.snapshot(MOMENT)
    data = training_data(made.store, TENANT, market, MOMENT).interactions
    made.registry.publish(HybridRecommendationModel.untrained(data, market), MOMENT + DAY, {})


LATER: Final[dict[str, Callable[[World], None]]] = {
    "what_happens_later": _what_happens_later,
    "what_is_told_late": _what_is_told_late,
    "what_came_of_it": _what_came_of_it,
    "who_somebody_was": _who_somebody_was,
    "what_leads_said": _what_leads_said,
    "what_was_listed": _what_was_listed,
    "what_was_learned": _what_was_learned,
}
"""Every kind of later knowledge: it is added to a world and changes nothing that was known at the moment."""


@cache
def _worlds(kind: str | None) -> World:
    made = world()
    if kind is not None:
        LATER[kind](made)
    return made


def _blind(kind: str, answer: Answer) -> None:
    before, after = _worlds(None), _worlds(kind)
    must(answer.tell(after, MOMENT) == answer.tell(before, MOMENT), f"the answer about the past knows {kind}")
    if kind in answer.uses:
        uses = answer.tell(after, NOW) != answer.tell(before, NOW)
        must(uses, f"the answer of today does not use {kind}, so that its blindness says nothing")


LAWS: Final[dict[str, Callable[[Answer], object]]] = {f"blind_to_{kind}": partial(_blind, kind) for kind in LATER}
"""Every law by its name."""


def _home(number: int, price: int, at: int, known_at: int | None = None, **fields: object) -> Any:
    row = {
        "ListingKey": f"home-{number}",
        "ListPrice": price,
        "BedroomsTotal": 1 + number % 5,
        "PropertySubType": "Condominium" if number % 2 else "Single Family Residence",
        "PostalCode": "98101",
        "ModificationTimestamp": _text(at),
        **fields,
    }
    return property_from(row, now=at if known_at is None else known_at)


def _event(
    event_id: str, at: int, lead: str | None, home: int, kind: EventType = _VIEW, late_days: int = 0, **fields: Any
) -> BehavioralEvent:
    return BehavioralEvent(
        event_id=event_id,
        event_type=kind,
        timestamp=from_micros(at),
        received_at=from_micros(at + late_days * DAY),
        lead_id=lead,
        property_id=f"home-{home % _HOMES}",
        session_id=f"visit-{at // DAY}",
        agent_id="agent-1",
        **fields,
    )


def _text(at: int) -> str:
    moment: datetime = from_micros(at)
    return moment.isoformat()
