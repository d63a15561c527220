"""An evaluation through the services: the past is judged with what was known then."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from homing.core.clock import DAY, from_micros
from homing.core.errors import BadInput, NotReady
from homing.evaluation import rankers
from homing.evaluation.grading import BASELINES
from homing.evaluation.rankers import ROWS, as_first_listed
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.market.catalogue import Catalogue
from homing.market.property import Property, property_from
from homing.market.snapshot import snapshot_of
from homing.models.hybrid_model import HybridRecommendationModel
from homing.people.directory import Directory
from homing.people.lead import lead_from
from homing.services.evaluate_models import EvaluateModels
from homing.store.listings import ListingStore
from homing.store.memory_events import MemoryEventStore
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase
from homing.tracking.behavior_tracker import BehaviorTracker

NOW = 1_780_000_000_000_000


@pytest.fixture
def evaluate(tmp_path):
    """Forty leads, each after homes of one price, for forty days."""
    clock = lambda: NOW  # noqa: E731
    catalogue = Catalogue(ListingStore(SqliteDatabase(tmp_path / "homes.sqlite3")), clock=clock)
    rows = [{"ListingKey": f"h{n:03d}", "ListPrice": 200_000 + 5_000 * n} for n in range(100)]
    catalogue.put([property_from(row, now=NOW - 50 * DAY) for row in rows])
    tracker = BehaviorTracker(MemoryEventStore(clock=clock), clock=clock)
    start = from_micros(NOW - 40 * DAY)
    events = [
        BehavioralEvent(
            event_type=EventType.PROPERTY_SAVE,
            timestamp=start + timedelta(days=2.5 * act, minutes=lead),
            lead_id=f"lead-{lead}",
            property_id=f"h{(2 * lead + act * 3 % 16) % 100:03d}",
        )
        for lead in range(40)
        for act in range(16)
    ]
    asyncio.run(tracker.track_events_batch(events))
    return EvaluateModels(tracker, catalogue)


def test_models_that_know_the_taste_beat_popularity(evaluate):
    report = evaluate(NOW, k=10)
    assert [row["model"] for row in report["rows"]] == list(ROWS)
    ndcg = {row["model"]: row["ndcg"] for row in report["rows"]}
    assert ndcg["content"] > 2 * ndcg["popularity"]
    assert ndcg["hybrid"] > 2 * ndcg["popularity"]


def test_leave_last_grades_every_lead_on_one_home(evaluate):
    report = evaluate(NOW, protocol="leave_last", models=["popularity", "hybrid"])
    assert [row["model"] for row in report["rows"]] == ["popularity", "hybrid"]
    assert report["leads"] == report["test_items"] == 40


def test_every_row_has_its_difference_to_each_baseline_also_where_these_were_not_asked_for(evaluate):
    report = evaluate(NOW, protocol="leave_last", models=["hybrid"])
    (row,) = report["rows"]
    there = set(row["differences"]) | {one["model"] for one in report["absent"]}
    assert there == set(BASELINES)
    assert {"popularity", "saved_search", "content_knn", "item_knn", "als"} <= set(row["differences"])
    assert row["differences"]["popularity"] == {key: row["difference"][key] for key in row["differences"]["popularity"]}


def test_k_folds_and_nested_selection_grade_the_same_rows(evaluate):
    folds = evaluate(NOW, protocol="k_fold", folds=2, models=["popularity", "content"])
    assert [row["model"] for row in folds["rows"]] == ["popularity", "content"]
    assert folds["leads"] == 40
    chosen = evaluate(NOW, protocol="nested", models=["popularity", "content"])
    assert [row["model"] for row in chosen["rows"]] == ["popularity", "content", "selected"]
    assert chosen["selection"]["cut"] < chosen["cut"]
    assert chosen["selection"]["model"] != "popularity"


def test_calibration_is_measured_on_what_was_shown_after_the_cut_or_says_why_not(evaluate):
    assert "why" in evaluate(NOW, models=["hybrid"])["calibration"]
    assert evaluate(NOW, protocol="leave_last", models=["popularity"])["calibration"] is None


def test_at_a_cut_in_time_a_model_is_asked_with_what_leads_had_stated_by_then(evaluate, tmp_path, monkeypatch):
    known_at = [NOW - 39 * DAY]
    profiles = ProfileStore(SqliteDatabase(tmp_path / "people.sqlite3"))
    directory = Directory(profiles, clock=lambda: known_at[0])
    directory.put_leads([lead_from({"lead_id": "lead-0", "limits": {"price_max": 302_000}})])
    known_at[0] = NOW
    directory.put_leads([lead_from({"lead_id": "lead-1", "limits": {"price_max": 302_000}})])
    asked = []
    plain = rankers.model_ranker
    monkeypatch.setattr(rankers, "model_ranker", lambda *told: asked.append(told) or plain(*told))
    replace(evaluate, directory=directory)(NOW, models=["hybrid"])
    ((model, one),) = (told for told in asked if isinstance(told[0], HybridRecommendationModel))
    assert {model.items.ids[code] for code in one("lead-0").within.array} == {f"h{n:03d}" for n in range(21)}
    assert one("lead-1").within is None
    assert len(one("lead-1")) > 0


def test_unknown_rows_and_protocols_are_refused(evaluate):
    with pytest.raises(BadInput, match="temporal, leave_last"):
        evaluate(NOW, protocol="random")
    with pytest.raises(BadInput, match="astrology"):
        evaluate(NOW, models=["astrology"])


def test_without_events_it_says_what_is_needed(tmp_path):
    catalogue = Catalogue(ListingStore(SqliteDatabase(tmp_path / "homes.sqlite3")))
    with pytest.raises(NotReady, match="more than two days"):
        EvaluateModels(BehaviorTracker(MemoryEventStore()), catalogue)(NOW)


def test_a_home_listed_after_the_cut_is_known_by_its_first_price_only():
    versions = [Property("h1", 10, 10, {"ListPrice": 500.0}), Property("h1", 20, 20, {"ListPrice": 450.0})]
    market = as_first_listed(snapshot_of(versions))
    assert market.numbers["ListPrice"].tolist() == [500.0]
