"""Each field of a `LearningContext` that is about an answer is obeyed; what cannot be is refused or told."""

import asyncio

import pytest

from homing import InMemoryBehaviorTracker, LearningContext, PersonalizationService, PropertyPersonalizationEngine
from homing.core.errors import BadInput
from homing.core.settings import Settings
from homing.event_types import EventType
from homing.market.catalogue import Catalogue
from homing.market.property import property_from
from homing.store.events import EventQuery
from homing.store.listings import ListingStore
from homing.store.sqlite import SqliteDatabase
from homing.wiring import Homing


@pytest.fixture
def service(tmp_path):
    tracker = InMemoryBehaviorTracker()
    catalogue = Catalogue(ListingStore(SqliteDatabase(tmp_path / "homes.sqlite3")))
    rows = [{"ListingKey": f"h{n}", "ListPrice": 400_000 + 50_000 * n} for n in range(6)]
    catalogue.put([property_from(row, now=1) for row in rows])
    return PersonalizationService(PropertyPersonalizationEngine(tracker, catalogue), tracker)


@pytest.fixture
def alike(tmp_path):
    """Forty homes at one place, one of which the lead looked at."""
    house = Homing(Settings(data_dir=tmp_path))
    place = {"Latitude": 47.3, "Longitude": -122.3}
    rows = [{"ListingKey": f"h{n}", "ListPrice": 400_000 + 5_000 * (n % 20), **place} for n in range(40)]
    house.catalogue.put([property_from(row, now=1) for row in rows])
    view = house.personalization.track_interaction("property_view", {"lead_id": "ann", "property_id": "h0"})
    asyncio.run(view)
    return house.personalization


def asked(service, max_results=10, **context):
    return asyncio.run(service.get_personalized_properties("ann", max_results, LearningContext(**context)))


def ids(answer):
    return {item.property_id for item in answer}


def test_max_results_bounds_the_list(service):
    assert len(asked(service, max_results=2)) == 2
    assert len(asked(service, 2)) == 2


def test_min_confidence_leaves_out_homes_below_it(service):
    every = [item.confidence for item in asked(service)]
    assert len(asked(service, min_confidence=1.0)) == 0
    assert len(asked(service, min_confidence=min(every))) == len(every)


def test_past_max_latency_the_reasons_are_left_out_and_the_answer_says_so(service):
    late, in_time = asked(service, max_latency_ms=1), asked(service, max_latency_ms=600_000)
    assert ids(late) == ids(in_time)
    assert not any(item.reasons for item in late)
    assert any(told.startswith("reasons: left out") for told in late.degraded)
    assert all(item.reasons for item in in_time)
    assert not any(told.startswith("reasons:") for told in in_time.degraded)


def test_business_rules_filter_and_exclude_and_the_trace_counts_it(service):
    answer = asked(service, business_rules={"where": "ListPrice le 500000", "exclude": ["h0", "unknown"]})
    assert ids(answer) == {"h1", "h2"}
    assert answer.trace[0].removed["not_asked_for"] == 4


def test_the_flag_reasons_switches_them_off_and_changes_nothing_else(service):
    bare, usual = (asked(service, feature_flags={"reasons": on}, max_latency_ms=600_000) for on in (False, True))
    assert [item.property_id for item in bare] == [item.property_id for item in usual]
    assert not any(item.reasons for item in bare)
    assert all(item.reasons for item in usual)


def test_the_flag_diversity_switches_off_the_care_that_homes_are_not_all_alike(alike):
    varied, best = asked(alike), asked(alike, feature_flags={"diversity": False})
    assert sum(item.score for item in best) > sum(item.score for item in varied)
    assert best.trace[-1].kept + sum(best.trace[-1].removed.values()) == best.trace[-2].kept


def test_a_version_or_an_experiment_that_does_not_answer_is_told(service):
    told = asked(service, model_version="7", experiment_id="colours").degraded
    assert told[-2:] == ("models: version 7 was asked for; none answered", "experiment: colours does not run")


def test_everything_senseless_is_refused_together(service):
    with pytest.raises(BadInput) as refused:
        asked(
            service, business_rules={"boost": 2, "exclude": "h1"}, feature_flags={"magic": True}, min_confidence=7.0,
            max_latency_ms=0,
        )  # fmt: skip
    assert [fault.where for fault in refused.value.faults] == [
        "business_rules.boost", "feature_flags.magic", "min_confidence", "max_latency_ms", "business_rules.exclude",
    ]  # fmt: skip


def test_an_interaction_is_of_the_session_of_its_context(service):
    context = LearningContext(session_id="s-1")
    ids = {"lead_id": "ann", "property_id": "h1"}
    event_id = asyncio.run(service.track_interaction("property_save", ids, context=context))
    [event] = service.tracker.store.select("default", EventQuery(session_id="s-1"))
    assert event.event_id == event_id
    assert asyncio.run(service.get_explanation("ann", "h2")).property_id == "h2"


@pytest.mark.parametrize(("kind", "of"), [("kick", {"lead_id": "ann"}), ("property_view", {"lead_id": "ann"})])
def test_what_is_no_interaction_is_refused(service, kind, of):
    with pytest.raises(BadInput, match=r"event_type|property_id"):
        asyncio.run(service.track_interaction(kind, of))


def test_feedback_and_outcome_are_stored(service):
    async def all_of_it():
        found = await service.get_personalized_properties("ann", 1)
        home = found.items[0].property_id
        event = await service.record_feedback("ann", found.recommendation_id, home, EventType.PROPERTY_SAVE)
        return await service.record_outcome(event, "toured", 1.0), await service.record_outcome("evt_no", "toured")

    assert asyncio.run(all_of_it()) == (True, False)


def test_health_tells_from_what_answers_are_made(service):
    untrained = asyncio.run(service.health_check())
    assert (untrained["status"], untrained["homes"], untrained["models"]) == ("degraded", 6, {})
    assert untrained["degraded"][0].startswith("models:")
