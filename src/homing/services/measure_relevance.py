"""Measure how soon what is shown is what a household wants, on simulated households whose truth is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import SECOND, parse_moment
from homing.evaluation.relevance import BOUND, CEILING, FLOOR, POINTS, Graded, relevance_report, relevant, share
from homing.market.catalogue import Catalogue
from homing.market.property import property_from
from homing.models.query import Codes
from homing.models.registry import ModelRegistry
from homing.people.directory import Directory
from homing.people.lead import Lead, Limits, lead_from
from homing.personalization.ask import Ask
from homing.personalization.histories import history
from homing.personalization.property_engine import PropertyPersonalizationEngine
from homing.personalization.shopper import shopper
from homing.services.train_models import TrainModels
from homing.simulation import constants
from homing.simulation.bayesian_learner import PARTICLES, BayesianLearner
from homing.simulation.evidence import Known, evidence_of
from homing.simulation.pages_seen import ForSale
from homing.simulation.scenarios import SCENARIOS, Shopper, drawn
from homing.simulation.shopping import Shopped, is_act, shop, standing_still
from homing.simulation.simulate import Lived, lived, tables
from homing.simulation.taste import Taste, attributes, utility, within_limits
from homing.simulation.world import World
from homing.store.listings import ListingStore
from homing.store.memory_events import MemoryEventStore
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase
from homing.tracking.behavior_tracker import BehaviorTracker
from homing.tracking.validation import event_from

__all__ = ["MeasureRelevance", "Stand", "Suite"]

K: Final = 10
_MOST_EVENTS: Final = 5_000_000
_TENANT: Final = "default"

Flags = NDArray[np.bool_]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class MeasureRelevance:
    """Train on so many simulated leads over so many days, then answer `each` new households of every scenario.

    The market stands still from `end` (microseconds UTC) on. What answers is the engine as it is served; beside it
    stand popularity, the content model, two learners that know how households come about, and the oracle. One of the
    two has the log, the other also saw every page and what no field of a home holds; each holds so many `particles`
    possible. `learners=False` leaves these two out, `engine=False` all but them.
    """

    leads: int
    days: int
    each: int
    seed: int
    end: int
    learners: bool = True
    engine: bool = True
    particles: int = PARTICLES

    def __call__(
        self,
        homes: Sequence[Mapping[str, object]],
        folder: Path,
        *,
        scenarios: Sequence[str] | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> dict[str, Any]:
        """The report over homes given as RESO rows; models and profiles are kept in `folder`.

        `progress` hears (households done, households).
        """
        world = lived(homes, self.leads, self.days, seed=self.seed, end_at=self.end)
        suite = Suite(standing_still(world.world), self.seed, self.particles if self.learners else 0)
        chosen = [one for one in SCENARIOS if scenarios is None or one.name in scenarios]
        people = [drawn(suite.homes, one, number, self.seed) for one in chosen for number in range(self.each)]
        stand = Stand(folder, self.end)
        if self.engine:
            stand.load(world, self.seed, [suite.told(one) for one in people])
        graded = []
        for place, one in enumerate(people):
            graded.append(suite.graded(one, stand if self.engine else None))
            if progress is not None:
                progress(place + 1, len(people))
        report = relevance_report(graded, seed=self.seed)
        about = {"leads": self.leads, "days": self.days, "each": self.each, "seed": self.seed}
        return {**report, **about, "simulated": True, "constants": constants.fingerprint(), "says": stand.says}


class Stand:
    """A tenant with the engine as it is served, whose clock can be set."""

    def __init__(self, folder: Path, now: int) -> None:
        self.now = now
        clock = lambda: self.now  # noqa: E731
        database = SqliteDatabase(folder / "relevance.sqlite3")
        self.tracker = BehaviorTracker(MemoryEventStore(max_events=_MOST_EVENTS), tenant=_TENANT, clock=clock)
        self.catalogue = Catalogue(ListingStore(database), tenant=_TENANT, clock=clock)
        self.directory = Directory(ProfileStore(database), tenant=_TENANT)
        self.registry = ModelRegistry(folder / "models", _TENANT)
        self.engine = PropertyPersonalizationEngine(
            self.tracker, self.catalogue, directory=self.directory, registry=self.registry, clock=clock
        )
        self.says = ""

    def load(self, found: Lived, seed: int, strangers: Sequence[Lead] = (), upto: int | None = None) -> None:
        """Take in the market with its leads, and the profiles of those who will come, and train.

        What was known by `upto` is learned from; left out, all.
        """
        made = tables(found, seed=seed)
        self.catalogue.put([property_from(row, now=self.now, files=True) for row in made.listings])
        self.directory.put_leads([*(lead_from(row) for row in made.leads), *strangers], files=True)
        self.take(made.events)
        self.train = TrainModels(self.tracker, self.catalogue, self.registry, self.directory)
        trained = self.train(self.now if upto is None else upto, seed=seed)
        self.says = str(trained[-1].metrics["says"])
        self.market = self.catalogue.snapshot()
        model = self.registry.load(str(self.registry.newest()))
        self.model = model.with_homes(self.market)

    def take(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Store events."""
        later = parse_moment(str(rows[-1]["timestamp"])) if rows else self.now
        events = [event_from(row, tenant=_TENANT, now=max(self.now, later), files=True) for row in rows]
        self.tracker.store.append(_TENANT, events)


@dataclass
class Suite:
    """The market that stands still, in which households shop and are answered."""

    world: World
    seed: int
    particles: int
    rows: Rows = field(init=False)
    prices: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        every = np.arange(len(self.world.homes))
        self.rows = np.flatnonzero(self.world.life.active(every, self.world.start))
        self.prices = self.world.life.price(self.rows, self.world.start)
        self.homes = self.world.homes
        self.sale = ForSale(self.homes, self.rows, self.prices, self.world.life.listed[self.rows])

    def told(self, one: Shopper) -> Lead:
        """What a household states in the form: its budget, and the limits it insists on."""
        taste = one.household.taste
        areas = tuple(self.homes.areas.ids[area] for area in taste.areas) if self._tells_areas(taste) else ()
        limits = Limits(price_max=taste.budget, bedrooms_min=taste.beds if taste.beds_hard else None, areas=areas)
        return Lead(lead_id=one.household.leads[0], limits=limits)

    def graded(self, one: Shopper, stand: Stand | None) -> Graded:
        """Let the household shop, and ask every ranker at each point."""
        done = shop(self.world, one, POINTS, self.seed)
        found: dict[str, list[float]] = {}
        expected: dict[str, list[float]] = {}
        violations = 0
        if stand is not None:
            stand.take(done.events)
        for upto in done.upto:
            is_open = self._is_open(one, done, upto)
            lists: dict[str, Rows] = {}
            if stand is not None:
                lists = self._lists(one, done, upto, stand)
                violations += int((~self._stated(one.household.taste)[lists["hybrid"]]).sum())
            for name, chances in self._learned(one, done, upto).items() if self.particles else ():
                lists[name] = _best(chances, is_open, np.random.default_rng([self.seed, upto]))
                expected.setdefault(name, []).append(float(chances[lists[name]].sum()) / K)
            truth = self._relevant(self._taste(one, done, upto))
            for name, places in lists.items():
                found.setdefault(name, []).append(share(places, truth, K))
        eligible = int(self._fits(one.household.taste).sum())
        shares, hoped = ({name: tuple(values) for name, values in of.items()} for of in (found, expected))
        return Graded(one.scenario.name, one.household.household_id, eligible, shares, violations, hoped)

    def _is_open(self, one: Shopper, done: Shopped, upto: int) -> Flags:
        """Which homes may be in a list: within what was stated, and not acted on yet."""
        seen = [str(row["property_id"]) for row in done.events[:upto] if is_act(row)]
        return self._stated(one.household.taste) & ~np.isin(self.rows, self.homes.ids.codes(seen))

    def _learned(self, one: Shopper, done: Shopped, upto: int) -> dict[str, NDArray[np.float64]]:
        """Of both learners the chance of each home for sale to be relevant; that the taste changed they are told."""
        changed = done.changed is not None and upto > done.changed
        since = (done.changed or 0, done.looks_before) if changed else (0, 0)
        known = self.known(one.household.taste)
        evidence = evidence_of(known, done.events[:upto], done.looks, self.homes, since=since)
        found = {}
        for name, watched in ((CEILING, False), (BOUND, True)):
            learner = BayesianLearner(self.sale, self.seed, watched, self.particles)
            found[name] = learner.chances(learner.learn(evidence), relevant)
        return found

    def _lists(self, one: Shopper, done: Shopped, upto: int, stand: Stand) -> dict[str, Rows]:
        """Of each ranker but the learners the places of ten homes for sale, best first."""
        lead, base = one.household.leads[0], stand.now
        stand.now = base if upto == 0 else parse_moment(str(done.events[upto - 1]["timestamp"])) + SECOND
        is_open = self._is_open(one, done, upto)
        answer = stand.engine.answer(Ask(lead_id=lead, k=K, explain=False))
        shown = self._places([item.property_id for item in answer.items])
        read = history(stand.tracker.store, _TENANT, Ask(lead_id=lead), stand.now)
        who = shopper(read, Ask(lead_id=lead), None, stand.market, stand.now)
        codes = Codes(stand.model.items.codes([self.homes.ids.ids[row] for row in self.rows]))
        taste = self._taste(one, done, upto)
        scores = {
            FLOOR: stand.model.parts["popularity"].score(who.query, codes),
            "content": stand.model.parts["content"].score(who.query, codes),
            "oracle": np.where(self._fits(taste), self._worth(taste), -np.inf),
        }
        draw = np.random.default_rng([self.seed, upto])
        lists = {name: _best(np.asarray(said, np.float64), is_open, draw) for name, said in scores.items()}
        stand.now = base
        return {"hybrid": shown, **lists}

    def _places(self, names: Sequence[str]) -> Rows:
        return np.searchsorted(self.rows, self.homes.ids.codes(names))

    def _tells_areas(self, taste: Taste) -> bool:
        return taste.areas_hard and self.homes.areas_have_names

    def known(self, taste: Taste) -> Known:
        """What a household tells of its taste."""
        areas = taste.areas if self._tells_areas(taste) else None
        beds = taste.beds if taste.beds_hard else None
        return Known(taste.budget, beds, taste.beds_hard, areas, taste.areas_hard)

    @staticmethod
    def _taste(one: Shopper, done: Shopped, upto: int) -> Taste:
        changed = one.later is not None and done.changed is not None and upto > done.changed
        return one.later if changed and one.later is not None else one.household.taste

    def _worth(self, taste: Taste) -> NDArray[np.float64]:
        return utility(taste, attributes(self.homes, taste, self.rows, self.prices))[0]

    def _fits(self, taste: Taste) -> Flags:
        return within_limits(self.homes, taste, self.rows, self.prices)

    def _relevant(self, taste: Taste) -> Flags:
        return relevant(self._worth(taste), self._fits(taste))

    def _stated(self, taste: Taste) -> Flags:
        """The homes that break nothing that the form says."""
        fits = self.prices <= taste.budget
        if taste.beds_hard:
            fits &= self.homes.beds[self.rows] >= taste.beds
        if self._tells_areas(taste):
            fits &= np.isin(self.homes.area[self.rows], taste.areas)
        return fits


def _best(scores: NDArray[np.float64], is_open: Flags, draw: np.random.Generator) -> Rows:
    """The ten best of the open homes; those without a score come last, equal ones in any order."""
    places = draw.permutation(np.flatnonzero(is_open))
    return places[np.argsort(-np.nan_to_num(scores[places], nan=-np.inf), kind="stable")][:K]
