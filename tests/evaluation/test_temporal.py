from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from homing.core.clock import DAY, to_micros
from homing.core.errors import BadInput, NotReady
from homing.core.ids import Vocabulary
from homing.evaluation.grading import Case, graded
from homing.evaluation.log import EvaluationLog, evaluation_log
from homing.evaluation.temporal import temporal, temporal_cut
from homing.interfaces import BehavioralEvent, EventType
from homing.market.property import Property
from homing.market.snapshot import snapshot_of
from homing.store.columns import columns_of

START = datetime(2026, 5, 1, tzinfo=UTC)
CUT = to_micros(START) + 8 * DAY


def event(day, lead, home, kind=EventType.PROPERTY_VIEW, *, known=None):
    return BehavioralEvent(
        event_type=kind,
        timestamp=START + timedelta(days=day),
        received_at=START + timedelta(days=day if known is None else known),
        lead_id=lead,
        property_id=home,
        event_id=f"{day}{lead}{home}{kind}",
    )


SAVE, SHOWN = EventType.PROPERTY_SAVE, EventType.RECOMMENDATION_SHOWN
EVENTS = [
    event(0, "ann", "old"),
    event(1, "ann", "sold"),
    event(2, "ann", "old", SAVE),
    event(2, "bob", "sold", SAVE),
    event(3, "cid", "shown", SHOWN),
    event(8.5, "ann", "old", SAVE),  # engaged with before the cut
    event(9, "ann", "new", SAVE),  # listed after the cut
    event(9, "bob", "sold", SAVE),
    event(9.2, "bob", "mid", EventType.INQUIRY_SENT),
    event(9.5, "bob", "ghost", SAVE),  # no listing describes it
    event(9.6, "cid", "shown", SAVE),  # had been shown, not opened
    event(9.7, "dan", "mid"),  # only a view
    event(10, "ann", "mid"),
]


def home(name, listed, pending=None):
    versions = [Property(name, to_micros(START) + listed * DAY, 0, {"ListPrice": 1, "StandardStatus": "Active"})]
    if pending is not None:
        at = to_micros(START) + pending * DAY
        versions.append(Property(name, at, 0, {"ListPrice": 1, "StandardStatus": "Pending"}))
    return versions


HOMES = [
    *home("old", 0),
    *home("sold", 0, 5),
    *home("mid", 0, 9),
    *home("shown", 0),
    *home("new", 9),
    *home("later", 20),
]


@pytest.fixture
def log():
    return evaluation_log(columns_of(EVENTS), snapshot_of(HOMES))


def test_the_cut_leaves_the_last_fifth_for_the_test(log):
    assert temporal_cut(log) == CUT


def test_models_are_fitted_at_the_cut_and_asked_for_every_lead_with_test_items(log):
    fitted, asked = [], {}

    def fit(cut):
        fitted.append(cut)
        return {"popularity": lambda lead, candidates: asked.setdefault(lead, candidates) and np.zeros(len(candidates))}

    temporal(log, fit, k=2)
    assert fitted == [CUT]
    assert sorted(asked) == ["ann", "bob", "cid"]
    assert len({id(candidates) for candidates in asked.values()}) == 1


def test_candidates_are_the_homes_for_sale_after_the_cut_new_ones_among_them(log):
    seen = []
    temporal(log, lambda _: {"m": lambda _, candidates: seen.append(candidates) or np.zeros(len(candidates))})
    assert set(seen[0]) == {"old", "mid", "shown", "new"}


def test_what_was_acted_on_before_is_neither_candidate_nor_test_item(log):
    report = temporal(log, lambda _: {"m": likes("old", "new")}, k=1)
    assert report["leads"] == 3
    assert report["test_items"] == 3
    assert report["left_out"] == {"leads_without_test_items": 1, "items_acted_on_before": 2, "items_not_for_sale": 1}
    assert report["rows"][0]["recall"] == pytest.approx(1 / 3)


def test_what_became_known_after_the_cut_was_a_candidate_and_is_no_test_item():
    late = [event(3, "bob", "shown", known=9), event(9.3, "bob", "shown", SAVE)]
    log = evaluation_log(columns_of([*EVENTS, *late]), snapshot_of(HOMES))
    report = temporal(log, lambda _: {"m": likes("shown", "mid", "new", "old")}, k=1)
    assert report["left_out"]["items_acted_on_before"] == 3
    assert report["rows"][0]["recall"] == pytest.approx(1 / 3)  # only cid's: for bob it stands first, and is no hit


def likes(*names):
    """A ranker that puts these homes first, in this order."""
    order = {name: len(names) - place for place, name in enumerate(names)}
    return lambda _, candidates: np.array([float(order.get(name, 0)) for name in candidates])


def test_a_ranker_that_knows_the_future_is_perfect_and_its_difference_is_told(log):
    future = {"ann": "new", "bob": "mid", "cid": "shown"}
    report = temporal(
        log,
        lambda _: {
            "popularity": likes("later"),
            "hybrid": lambda lead, candidates: likes(future[lead])(lead, candidates),
        },
        k=1,
    )
    popularity, hybrid = report["rows"]
    assert [row["model"] for row in report["rows"]] == ["popularity", "hybrid"]
    assert hybrid["ndcg"] == hybrid["recall"] == hybrid["map"] == hybrid["mrr"] == 1.0
    assert hybrid["coverage"] == pytest.approx(3 / 4)
    assert hybrid["ci"]["ndcg"] == [1.0, 1.0]
    assert hybrid["difference"]["to"] == "popularity"
    assert hybrid["difference"]["ndcg"]["mean"] == pytest.approx(1.0 - popularity["ndcg"])
    assert popularity["difference"] is None


def test_the_contracts_keys_are_there(log):
    report = temporal(log, lambda _: {"popularity": likes("mid")}, k=2)
    assert {"protocol", "k", "rows"} <= report.keys()
    assert {"model", "recall", "ndcg", "precision", "map", "mrr", "coverage", "ci"} <= report["rows"][0].keys()
    assert report["protocol"] == "temporal"
    assert report["cut"] == "2026-05-09T00:00:00Z"


def test_a_home_a_model_says_nothing_about_is_never_listed(log):
    silent = {"m": lambda _, candidates: np.full(len(candidates), np.nan)}
    row = temporal(log, lambda _: silent)["rows"][0]
    assert row["ndcg"] == row["coverage"] == 0.0


def test_equal_scores_do_not_follow_the_order_of_the_catalogue():
    candidates = tuple(f"h{i:03d}" for i in range(200))
    cases = [Case(f"l{i}", np.ones(200, bool), frozenset(candidates[:20])) for i in range(5)]
    rows = graded({"a": likes(), "b": likes()}, cases, candidates, k=10, seed=3)
    assert rows[0]["precision"] == rows[1]["precision"] < 0.5


def test_without_a_market_every_home_counts_as_for_sale():
    log = evaluation_log(columns_of(EVENTS), snapshot_of([]))
    report = temporal(log, lambda _: {"m": likes("ghost")}, k=1)
    assert report["candidates"] == len(log.homes)
    assert report["left_out"]["items_not_for_sale"] == 0


def test_the_order_of_arrival_changes_nothing():
    reports = [
        temporal(evaluation_log(columns_of(events), snapshot_of(HOMES)), lambda _: {"m": likes("new", "mid")})
        for events in (EVENTS, EVENTS[::-1])
    ]
    assert reports[0] == reports[1]


def test_an_act_at_the_moment_of_the_cut_is_past(log):
    report = temporal(log, lambda _: {"m": likes("new")}, cut=CUT + DAY)  # ann saves "new" at that moment
    assert (report["leads"], report["test_items"]) == (1, 1)


def test_too_short_a_history_is_no_evaluation():
    log = evaluation_log(columns_of(EVENTS[:2]), snapshot_of(HOMES))
    with pytest.raises(NotReady, match="more than two days"):
        temporal(log, lambda _: {})


def test_without_a_lead_to_grade_on_nothing_is_fitted_and_the_reason_is_said():
    log = evaluation_log(columns_of([*EVENTS[:5], event(9.7, "dan", "mid")]), snapshot_of(HOMES))
    fitted = []
    with pytest.raises(NotReady, match=r"for the first time after 2026-05-08T18:14:24Z; .* none did"):
        temporal(log, lambda cut: fitted.append(cut) or {"popularity": likes("mid")})
    assert not fitted


@pytest.mark.parametrize(
    ("options", "message"), [({"k": 0}, "k must be at least 1"), ({"share": 1.5}, "share must lie")]
)
def test_nonsense_is_refused(log, options, message):
    with pytest.raises(BadInput, match=message):
        temporal(log, lambda _: {}, **options)


def test_a_home_that_came_back_is_for_sale_again():
    at = np.array([0, 10, 20], dtype=np.int64)
    none = at[:0]
    log = EvaluationLog(
        leads=Vocabulary(["a"]),
        homes=Vocabulary(["h"]),
        lead=none,
        home=none,
        at=none,
        known_at=none,
        engaged=none.astype(bool),
        version_home=np.zeros(3, np.int64),
        version_at=at,
        version_until=np.array([10, 20, 99]),
        version_active=np.array([True, False, True]),
    )
    assert [bool(log.for_sale(first, last)[0]) for first, last in ((0, 5), (10, 19), (12, 20), (25, 30))] == [
        True, False, True, True,
    ]  # fmt: skip
