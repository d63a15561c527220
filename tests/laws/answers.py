"""Everything in the package that says something as of a moment, and the same broken on purpose."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from discovery import modules

from homing.core.clock import from_micros
from homing.core.errors import NotReady
from homing.models.base import LearningModel
from homing.models.hybrid_model import HybridRecommendationModel
from homing.personalization.ask import Ask
from homing.personalization.checks import LATER, NOW, TENANT, Answer, World
from homing.personalization.histories import history
from homing.personalization.shopper import shopper, shoppers
from homing.personalization.training_data import training_data
from homing.services.evaluate_models import EvaluateModels
from homing.services.train_models import TrainModels
from homing.store.events import EventQuery
from homing.wiring import Homing


def plain(value: Any) -> Any:
    """A value that can be compared: arrays and NaN by their bytes, dataclasses by their fields."""
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.tobytes() if value.dtype != object else repr(value.tolist())
    if hasattr(value, "__dataclass_fields__"):
        return {name: plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    return value.ids if hasattr(value, "ids") else repr(value)


@cache
def house(of: World) -> Homing:
    """The whole of homing over the stores of a world, connected as it always is."""
    return Homing(of.settings, lambda: NOW + 1)


def learned(of: World, as_of: int) -> Any:
    return plain(training_data(of.store, TENANT, of.catalogue.snapshot(as_of), as_of))


def trained(of: World, as_of: int) -> Any:
    registry = Saved()
    train = TrainModels(house(of).tracker, of.catalogue, registry, of.directory)
    train(as_of, models=["content", "popularity", "recency"])
    return plain(registry.model.packed())


class Saved:
    """A registry that only holds what it was given."""

    model: LearningModel[Any]

    def publish(self, model: HybridRecommendationModel, _as_of: int, _card: object) -> str:
        self.model = model
        return "1"

    def card(self, _version: str) -> dict[str, str]:
        return {"checksum": ""}


def evaluated(of: World, as_of: int) -> Any:
    try:
        judge = EvaluateModels(house(of).tracker, of.catalogue, of.directory)
        return plain(judge(as_of, models=["popularity", "content"]))
    except NotReady as reason:
        return str(reason)


def one_shopper(of: World, as_of: int) -> Any:
    lead, market = of.directory.lead("ann", as_of), of.catalogue.snapshot(as_of)
    ask, limits = Ask(lead_id="ann"), None if lead is None else lead.limits
    return plain(shopper(history(of.store, TENANT, ask, as_of), ask, limits, market, as_of))


def all_shoppers(of: World, as_of: int) -> Any:
    return plain(shoppers(of.store, TENANT, of.directory.limits(as_of), of.catalogue.snapshot(as_of), as_of))


def recommended(of: World, as_of: int) -> Any:
    return plain(replace(house(of).engine.recommend("ann", 4, as_of=as_of), recommendation_id=""))


def all_lists(of: World, as_of: int) -> Any:
    leads, lists = house(of).engine.shown_to(4, as_of=as_of)
    return leads, [
        [one.lead_id, *([one.market.ids.ids[row] for row in rows] for rows in (one.shown, one.open_to, one.liked))]
        for one in lists
    ]


def wanting(of: World, as_of: int) -> Any:
    return plain(house(of).engine.leads_for("home-9", 4, as_of=as_of))


def featured(kind: str) -> Callable[[World, int], Any]:
    return lambda of, as_of: plain(house(of).engineer.feature_table(kind, as_of=from_micros(as_of)))


def behind(of: World, as_of: int) -> Any:
    return plain(dict(house(of).engineer.behind("ann", as_of=from_micros(as_of))))


def profiled(of: World, as_of: int) -> Any:
    return plain([of.directory.leads(as_of), of.directory.time_zone_of("ann", as_of), of.directory.lead("bob", as_of)])


def offered(of: World, as_of: int) -> Any:
    market = of.catalogue.snapshot(as_of)
    cards = [market.card(row) for row in range(len(market))]
    return plain([cards, market.timeline, market.active, of.catalogue.get("home-8", as_of)])


def happened(of: World, as_of: int) -> Any:
    return of.store.select(TENANT, EventQuery(upto=as_of, known_upto=as_of))


ACTS = frozenset({"what_happens_later", "what_is_told_late", "who_somebody_was"})
SAID, LISTED, OUTCOMES = "what_leads_said", "what_was_listed", "what_came_of_it"

ANSWERS = {
    "training_data": Answer(learned, ACTS | {LISTED}),
    "trained_models": Answer(trained, ACTS | {SAID, LISTED}),
    "evaluation": Answer(evaluated, ACTS | {LISTED}),
    "shopper": Answer(one_shopper, ACTS | {SAID, LISTED}),
    "shoppers": Answer(all_shoppers, ACTS | {SAID, LISTED}),
    "recommendations": Answer(recommended, ACTS | {SAID, LISTED, "what_was_learned"}),
    "leads_for_a_home": Answer(wanting, ACTS | {SAID, LISTED, "what_was_learned"}),
    "lists_of_all_leads": Answer(all_lists, ACTS | {SAID, LISTED}),
    "features_of_leads": Answer(featured("lead"), ACTS | {SAID, LISTED}),
    "features_of_homes": Answer(featured("property"), ACTS | {LISTED}),
    "features_of_agents": Answer(featured("agent"), ACTS - {"who_somebody_was"}),
    "events_behind_features": Answer(behind, ACTS),
    "profiles": Answer(profiled, frozenset({SAID})),
    "catalogue": Answer(offered, frozenset({LISTED})),
    "events": Answer(happened, ACTS | {OUTCOMES}),
}

_SERVICE = "it hands its as_of to TrainModels, which is asked as trained_models"
ASKED = {
    "homing.feature_engineering.standard_feature_engineer.StandardFeatureEngineer.batch_extract_features": "test_"
    "standard_feature_engineer holds it equal to extract_features",
    "homing.feature_engineering.standard_feature_engineer.StandardFeatureEngineer.behind": "events_behind_features",
    "homing.feature_engineering.standard_feature_engineer.StandardFeatureEngineer.extract_features": "test_standard_"
    "feature_engineer holds it equal to feature_table",
    "homing.feature_engineering.standard_feature_engineer.StandardFeatureEngineer.feature_matrix": "features, which it "
    "computes for histories that it is given, keep blindness to the future as a law of their own",
    "homing.feature_engineering.standard_feature_engineer.StandardFeatureEngineer.feature_table": "features_of_leads",
    "homing.feature_engineering.standard_feature_engineer.StandardFeatureEngineer.feature_tables": (
        "feature_table joins what it gives in parts"
    ),
    "homing.market.catalogue.Catalogue.get": "catalogue",
    "homing.market.catalogue.Catalogue.snapshot": "catalogue",
    "homing.market.life.life": "recommendations",
    "homing.market.snapshot.snapshot_of": "catalogue",
    "homing.models.pasts.Pasts.known_between": "trained_models",
    "homing.people.directory.Directory.agent": "it is lead() for another kind of profile, in the same store",
    "homing.people.directory.Directory.lead": "profiles",
    "homing.people.directory.Directory.leads": "profiles",
    "homing.people.directory.Directory.leads_reached_by": "its store keeps the laws of two times, as aliases",
    "homing.people.directory.Directory.limits": "shoppers",
    "homing.people.directory.Directory.time_zone_of": "profiles",
    "homing.personalization.property_engine.PropertyPersonalizationEngine.get_recommendations": "recommendations",
    "homing.personalization.property_engine.PropertyPersonalizationEngine.leads_for": "leads_for_a_home",
    "homing.personalization.property_engine.PropertyPersonalizationEngine.recommend": "recommendations",
    "homing.personalization.property_engine.PropertyPersonalizationEngine.shown_to": "lists_of_all_leads",
    "homing.personalization.in_context.ask_in": "it hands its as_of to an Ask, which is answered as recommendations",
    "homing.personalization.passes.taken": "recommendations",
    "homing.personalization.serving.LiveServing.at": "recommendations",
    "homing.personalization.histories.Histories.of": "test_histories holds it equal to history",
    "homing.personalization.histories.history": "shopper",
    "homing.personalization.shopper.shopper": "shopper",
    "homing.personalization.shopper.shoppers": "shoppers",
    "homing.personalization.training_data.training_data": "training_data",
    "homing.services.audit_fairness.AuditFairness.__call__": "it judges nothing but lists_of_all_leads",
    "homing.services.evaluate_models.EvaluateModels.__call__": "evaluation",
    "homing.services.learning_service.LearningService.train": _SERVICE,
    "homing.services.train_models.TrainModels.__call__": "trained_models",
}
"""Every call that takes `as_of`: the answer by which it is asked, or why it needs no asking."""

_ELSEWHERE = ("homing.cli.", "homing.interfaces", "homing.feature_engineering.", "homing.tracking.")
"""Commands pass on what they are given, protocols do nothing, features and what they read have laws of their own."""


def takes_as_of() -> Iterator[str]:
    """The public calls of the package with a parameter `as_of`."""
    for module in modules():
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
                continue
            inside = vars(thing).items() if inspect.isclass(thing) else [("", thing)]
            for verb, call in inside:
                if (verb.startswith("_") and verb != "__call__") or not inspect.isfunction(call):
                    continue
                whole = ".".join(filter(None, (module.__name__, name, verb)))
                ours = not whole.startswith(_ELSEWHERE) or ".StandardFeatureEngineer." in whole
                if ours and "as_of" in inspect.signature(call).parameters:
                    yield whole


class Careless:
    """An answer made of one reading of each kind; a mutant replaces one of them by what is known today."""

    def __init__(self, **today: Callable[[World, int], Any]) -> None:
        self.readings = {
            "acts": acts_known_then,
            "outcomes": lambda of, as_of: [e.outcome for e in happened(of, as_of)],
            "people": lambda of, as_of: of.store.identities.lead_of(TENANT, "visitor", as_of),
            "profiles": profiled,
            "homes": offered,
            "models": models_trained_by,
        } | today

    def __call__(self, of: World, as_of: int) -> Any:
        return {name: reading(of, as_of) for name, reading in self.readings.items()}


def ids(of: World, query: EventQuery) -> list[str]:
    return [event.event_id for event in of.store.select(TENANT, query)]


def acts_known_then(of: World, as_of: int) -> list[str]:
    return ids(of, EventQuery(upto=as_of, known_upto=as_of))


def models_trained_by(of: World, as_of: int) -> list[str]:
    return [version for version in of.registry.versions() if of.registry.trained_as_of(version) <= as_of]


def outcomes_of_today(of: World, as_of: int) -> list[str | None]:
    known = acts_known_then(of, as_of)
    return [event.outcome for event in of.store.select(TENANT, EventQuery()) if event.event_id in known]


def listing_of_today(of: World, _as_of: int) -> Any:
    return offered(of, NOW)


def _mutant(**today: Callable[[World, int], Any]) -> Answer:
    return Answer(Careless(**today), frozenset(LATER))


MUTANTS = {
    "blind_to_what_happens_later": _mutant(acts=lambda of, as_of: ids(of, EventQuery(known_upto=as_of))),
    "blind_to_what_is_told_late": _mutant(acts=lambda of, as_of: ids(of, EventQuery(upto=as_of))),
    "blind_to_what_came_of_it": _mutant(outcomes=outcomes_of_today),
    "blind_to_who_somebody_was": _mutant(people=lambda of, _: of.store.identities.lead_of(TENANT, "visitor")),
    "blind_to_what_leads_said": _mutant(profiles=lambda of, _: plain(of.directory.leads())),
    "blind_to_what_was_listed": _mutant(homes=listing_of_today),
    "blind_to_what_was_learned": _mutant(models=lambda of, _: of.registry.versions()),
}

HONEST = Answer(Careless(), frozenset(LATER))
