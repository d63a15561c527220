"""Every part of the package that a check suite is asked of, by kind. A part that is in no list fails a test.

To add a part: a line in its kind's list. What it cannot keep: an `Excepted` with the reason and the weaker law.
"""

from __future__ import annotations

import re
import shutil
import tempfile
import weakref
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import postgres_ground
from answers import ANSWERS, ASKED, takes_as_of
from answers import MUTANTS as CARELESS_ANSWERS
from discovery import below, having, keeping, opened
from doors import BEHIND, DOORS, ways_in
from doors import EXCEPTED as DOORS_EXCEPTED
from doors import MUTANTS as DOOR_MUTANTS
from event_store_mutants import MUTANTS as EVENT_STORE_MUTANTS
from event_type_mutants import HANDLED, PAGE
from event_type_mutants import MUTANTS as EVENT_TYPE_MUTANTS
from importers import EXCEPTED as IMPORTERS_EXCEPTED
from importers import IMPORTERS
from importers import MUTANTS as IMPORTER_MUTANTS
from keepers import EXCEPTED as KEEPERS_EXCEPTED
from keepers import KEEPERS, STORES
from keepers import MUTANTS as KEEPER_MUTANTS
from model_mutants import MUTANTS as MODEL_MUTANTS

from homing.core.laws import Check, Excepted, Laws, checks, must
from homing.event_types import EventType
from homing.models import checks as of_models
from homing.models.base import LearningModel
from homing.models.checks import Subject
from homing.models.collaborative_filtering import CollaborativeFilteringModel
from homing.models.content_based import ContentBasedModel
from homing.models.ease import EASEModel
from homing.models.hybrid_model import HybridRecommendationModel
from homing.models.item_knn import ItemKNNModel
from homing.models.online_learning import OnlineLearningModel
from homing.models.popularity import PopularityModel
from homing.models.recency import RecencyModel
from homing.models.rp3beta import RP3betaModel
from homing.models.sequence_rules import SequenceRulesModel
from homing.models.slim import SLIMModel
from homing.personalization import checks as of_answers
from homing.services import checks as of_importers
from homing.services import door_checks as of_doors
from homing.store import checks as of_event_stores
from homing.store import keeping_checks as of_keepers
from homing.store.events import EventStore
from homing.store.memory_events import MemoryEventStore
from homing.store.postgres_events import PostgresEventStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore
from homing.tracking import checks as of_event_types


@dataclass(frozen=True)
class Suite:
    """The laws of a kind, its parts by name, the names registered and those the package has, and the mutants.

    `felt` are the further laws that a law's mutant cannot help breaking, each with the reason.
    """

    laws: Laws[Any]
    parts: Mapping[str, Any]
    registered: set[str]
    found: set[str]
    mutants: Mapping[str, Any]
    excepted: tuple[Excepted[Any], ...] = ()
    felt: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def checks(self) -> list[Check]:
        return checks(self.laws, self.parts, self.excepted)


def in_a_folder(opened: Callable[[Path], Any]) -> Callable[[], Any]:
    """A maker of things that live in a new folder, which goes when they go."""

    def make() -> Any:
        folder = tempfile.mkdtemp()
        made = opened(Path(folder))
        weakref.finalize(made, shutil.rmtree, folder, ignore_errors=True)
        return made

    return make


EVENT_STORES = {
    "memory": MemoryEventStore,
    "sqlite": in_a_folder(lambda folder: SqliteEventStore(SqliteDatabase(folder / "homing.sqlite3"))),
    "postgres": lambda: PostgresEventStore(postgres_ground.database()),
}

MODELS = [
    Subject("popularity", PopularityModel, exact_update=True),
    Subject("popularity_fading", lambda: PopularityModel(half_life_days=5.0), exact_update=True),
    Subject("recency", RecencyModel),
    Subject("collaborative", lambda: CollaborativeFilteringModel(factors=8, iterations=5, tune=False)),
    Subject("collaborative_tuned", lambda: CollaborativeFilteringModel(factors=8, iterations=5)),
    Subject("svd", lambda: CollaborativeFilteringModel(method="svd", factors=8, tune=False)),
    Subject("svd_tuned", lambda: CollaborativeFilteringModel(method="svd", factors=None)),
    Subject("nmf", lambda: CollaborativeFilteringModel(method="nmf", factors=8, tune=False)),
    Subject("collaborative_fading", lambda: CollaborativeFilteringModel(factors=8, half_life_days=20.0, tune=False)),
    Subject("content", ContentBasedModel),
    Subject("content_untuned", lambda: ContentBasedModel(tune=False)),
    Subject("ease", EASEModel),
    Subject("ease_untuned", lambda: EASEModel(tune=False)),
    Subject("item_knn", ItemKNNModel),
    *(
        Subject(
            f"item_knn_{weighting}", lambda weighting=weighting: ItemKNNModel(weighting=weighting, tune=False), True
        )
        for weighting in ("bm25", "tfidf", "cosine")
    ),
    Subject("rp3beta", RP3betaModel),
    Subject("rp3beta_untuned", lambda: RP3betaModel(tune=False), exact_update=True),
    Subject("rp3beta_plain", lambda: RP3betaModel(normalised=False, tune=False), exact_update=True),
    Subject("slim", SLIMModel),
    Subject("slim_untuned", lambda: SLIMModel(tune=False)),
    Subject("sequence_rules", SequenceRulesModel),
    Subject("sequence_rules_untuned", lambda: SequenceRulesModel(tune=False), exact_update=True),
    Subject("online", OnlineLearningModel),
    Subject("online_untuned", lambda: OnlineLearningModel(tune=False)),
    Subject("content_cosine", lambda: ContentBasedModel(similarity="cosine", weighting="bm25")),
    Subject("hybrid", HybridRecommendationModel),
    Subject("hybrid_without_homes", HybridRecommendationModel, homes=False),
    Subject("hybrid_untuned", lambda: HybridRecommendationModel(tune=False)),
]

READS = {
    "homing.integrations.event_files.open_events",  # events, events_with_a_mapping, reso_tracking
    "homing.integrations.listing_files.open_listings",  # listings, listings_with_a_mapping, king_county
    "homing.integrations.lead_files.open_people",  # leads, agents
    "homing.integrations.files.open_rows",  # beneath all of them
    "homing.services.import_events.ImportEvents",
    "homing.services.import_listings.ImportListings",
    "homing.services.import_people.ImportLeads",
    "homing.services.import_people.ImportAgents",
}
"""What opens files of rows, and what imports them: each is behind one of the importers that are asked."""

_TWO_FITS = "the law compares two fits, which is where this mutant differs from itself"

_EACH_ACT = "rules are about the order of acts: one home looked at twice is two acts, each with its own place and age"


def repeats_say_more_of_the_same(subject: Subject) -> None:
    """With every row twice the same homes have scores, and the parts of each still add up to it."""
    data = of_models.world()
    once, twice = (subject.fitted(data.select(np.repeat(np.arange(len(data)), times))) for times in (1, 2))
    for lead in data.leads.ids[:5]:
        scores = twice.score(lead, of_models.market_ids())
        must((np.isnan(scores) == np.isnan(once.score(lead, of_models.market_ids()))).all(), "other homes have scores")
        told = [sum(parts.values()) for parts in twice.explain_many(lead, of_models.market_ids())]
        must(np.allclose(told, np.nan_to_num(scores), rtol=1e-5), "the parts do not add up")


SUITES = {
    "event stores": Suite(
        of_event_stores.LAWS,
        EVENT_STORES,
        registered={"MemoryEventStore", "SqliteEventStore", "PostgresEventStore"},
        found=having(EventStore),
        mutants=EVENT_STORE_MUTANTS,
    ),
    "stores with two times": Suite(
        of_keepers.LAWS,
        KEEPERS,
        registered=STORES,
        found=keeping(),
        mutants=KEEPER_MUTANTS,
        excepted=KEEPERS_EXCEPTED,
        felt={
            "what_was_put_is_read": {
                "what_was_known_then_stays": "that law too looks for the value in what is read, to see the change"
            },
        },
    ),
    "models": Suite(
        of_models.LAWS,
        {subject.name: subject for subject in MODELS},
        registered={type(subject.make()).__name__ for subject in MODELS},
        found=below(LearningModel),
        mutants=MODEL_MUTANTS,
        excepted=tuple(
            Excepted(name, "repeats_add_up", _EACH_ACT, repeats_say_more_of_the_same)
            for name in ("sequence_rules", "sequence_rules_untuned", "hybrid", "hybrid_untuned", "hybrid_without_homes")
        ),
        felt={
            "same_seed_same_model": dict.fromkeys(
                (
                    "repeats_add_up",
                    "order_of_rows_is_irrelevant",
                    "updates_where_it_can",
                    "denied_attributes_change_nothing",
                ),
                _TWO_FITS,
            ),
            "seen_homes_are_left_out": {
                "updates_where_it_can": "a newcomer's own home, which is seen, is how that law knows the act came in"
            },
        },
    ),
    "event types": Suite(
        of_event_types.LAWS,
        HANDLED,
        registered=set(re.findall(r"(?m)^## (\w+)$", PAGE)),
        found={kind.value for kind in EventType},
        mutants=EVENT_TYPE_MUTANTS,
    ),
    "importers": Suite(
        of_importers.LAWS,
        IMPORTERS,
        registered=READS,
        found=opened(),
        mutants=IMPORTER_MUTANTS,
        excepted=IMPORTERS_EXCEPTED,
    ),
    "doors": Suite(
        of_doors.LAWS,
        DOORS,
        registered=set(BEHIND),
        found=ways_in(),
        mutants=DOOR_MUTANTS,
        excepted=DOORS_EXCEPTED,
    ),
    "answers about the past": Suite(
        of_answers.LAWS,
        ANSWERS,
        registered=set(ASKED),
        found=set(takes_as_of()),
        mutants=CARELESS_ANSWERS,
    ),
}
