"""K folds and nested selection: what is hidden, what is chosen, and what the report says of both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from homing.core.errors import BadInput, NotReady
from homing.evaluation.grading import Case, graded, judged, pooled, rows_of
from homing.evaluation.k_fold import k_fold, without_pairs
from homing.evaluation.log import evaluation_log
from homing.evaluation.nested import nested
from homing.evaluation.traits import traits
from homing.interfaces import BehavioralEvent, EventType
from homing.market.property import Property
from homing.market.snapshot import snapshot_of
from homing.models import Interactions
from homing.store.columns import columns_of

START = datetime(2026, 5, 1, tzinfo=UTC)
SAVE, VIEW = EventType.PROPERTY_SAVE, EventType.PROPERTY_VIEW


def event(day, lead, home, kind=SAVE):
    return BehavioralEvent(
        event_type=kind, timestamp=START + timedelta(days=day), received_at=START + timedelta(days=day), lead_id=lead,
        property_id=home, event_id=f"{day}{lead}{home}{kind}",
    )  # fmt: skip


def home(number):
    return Property(f"h{number}", 1, 1, {"ListPrice": 100.0 * (number + 1), "City": f"c{number % 2}"})


MARKET = snapshot_of([home(number) for number in range(12)])
EVENTS = [
    *(event(day, "ann", f"h{day}") for day in range(7)),
    event(1, "bob", "h1"),
    event(2, "bob", "h2", VIEW),
    event(3, "cid", "h3"),  # nothing else is known of cid
    event(4, "dan", "gone"),  # no listing describes it
    event(5, "dan", "h5", VIEW),
]


@pytest.fixture
def log():
    return evaluation_log(columns_of(EVENTS), MARKET)


def likes(*names):
    order = {name: len(names) - place for place, name in enumerate(names)}
    return lambda _, candidates: np.array([float(order.get(name, 0)) for name in candidates])


def test_every_engaged_home_is_hidden_in_exactly_one_fold(log):
    hidden = []
    report = k_fold(log, lambda held: hidden.append(held) or {"m": likes("h1")}, folds=3)
    homes = [home for fold in hidden for home in fold.get("ann", ())]
    assert sorted(homes) == [f"h{n}" for n in range(7)]
    assert sum(len(fold.get("bob", ())) for fold in hidden) == 1
    assert max(len(fold["ann"]) for fold in hidden) - min(len(fold["ann"]) for fold in hidden) <= 1
    assert (report["protocol"], report["folds"], report["leads"], report["test_items"]) == ("k_fold", 3, 2, 8)
    assert report["left_out"] == {"leads_without_other_acts": 1, "items_not_for_sale": 1}


def test_what_is_hidden_is_a_candidate_and_what_is_not_is_none(log):
    silent = lambda _, candidates: np.full(len(candidates), np.nan)  # noqa: E731
    perfect = {"popularity": silent, "m": likes(*(f"h{n}" for n in range(7)))}
    report = k_fold(log, lambda _: perfect, k=7, folds=3, seed=2)
    row = report["rows"][1]
    assert row["recall"] == 1.0  # bob's hidden home stands behind one that is nobody's test
    assert row["ndcg"] > 0.8
    assert row["differences"]["popularity"]["ndcg"]["mean"] == row["ndcg"]


def test_a_lead_with_more_folds_counts_once():
    cases = [[Case("a", np.ones(2, bool), frozenset("x"))], [Case("a", np.ones(2, bool), frozenset("y"))],
             [Case("b", np.ones(2, bool), frozenset("x"))]]  # fmt: skip
    first = {"m": likes("x", "y")}
    folds = [judged(first, case, ("x", "y"), k=1, seed=0) for case in cases]
    row = rows_of(pooled(folds), seed=0)[0]
    assert row["recall"] == pytest.approx((0.5 + 1.0) / 2)


def test_the_acts_on_hidden_homes_are_taken_from_their_lead_alone():
    data = Interactions.from_columns(["ann", "ann", "bob"], ["h1", "h2", "h1"], timestamps=[1, 2, 3])
    left = without_pairs(data, {"ann": frozenset({"h1"}), "nobody": frozenset({"h2"})})
    pairs = zip(left.lead.tolist(), left.property.tolist(), strict=True)
    named = sorted((left.leads.ids[lead], left.properties.ids[place]) for lead, place in pairs)
    assert named == [("ann", "h2"), ("bob", "h1")]


@pytest.mark.parametrize(("options", "message"), [({"k": 0}, "k must be"), ({"folds": 1}, "folds must be")])
def test_nonsense_is_refused(log, options, message):
    with pytest.raises(BadInput, match=message):
        k_fold(log, lambda _: {}, **options)


@pytest.mark.parametrize("events", [[], [event(1, "ann", "h1")]])
def test_without_a_lead_to_grade_on_the_reason_is_said(events):
    with pytest.raises(NotReady, match="A k-fold evaluation needs leads"):
        k_fold(evaluation_log(columns_of(events), MARKET), lambda _: {})


NESTED = [event(day, f"l{lead}", f"h{(day + lead) % 12}") for day in range(11) for lead in range(3)]


def test_the_choice_knows_nothing_of_what_came_after_the_outer_cut():
    log = evaluation_log(columns_of(NESTED), MARKET)
    cuts = []

    def fit(cut):
        cuts.append(cut)
        early = len(cuts) == 1
        good, bad = likes(*(f"h{n}" for n in range(12))), lambda _, candidates: np.full(len(candidates), np.nan)
        return {"popularity": bad, "early": good if early else bad, "late": bad if early else good}

    report = nested(log, fit, k=10)
    inner, outer = cuts
    assert inner < outer
    assert report["selection"]["model"] == "early"
    assert not report["selection"]["is_baseline"]
    rows = {row["model"]: row for row in report["rows"]}
    assert (
        rows["selected"]["ndcg"] == report["selection"]["ndcg_after"] == 0.0 < report["selection"]["ndcg_when_chosen"]
    )
    assert rows["late"]["ndcg"] > 0
    assert report["protocol"] == "nested"


def test_rows_say_how_known_and_how_different_the_homes_of_a_list_are():
    log = evaluation_log(columns_of(EVENTS), MARKET)
    about = traits(log, MARKET, int(log.at[-1]))
    names = log.homes.ids
    cases = [Case("x", np.array([name != "gone" for name in names]), frozenset({"h1"}))]
    rows = graded({"a": likes("h1", "h3"), "b": likes("h1", "h2")}, cases, names, k=2, seed=0, about=about)
    assert [row["area_diversity"] for row in rows] == [0.0, 1.0]
    assert rows[0]["price_diversity"] == pytest.approx(np.log(4 / 2))
    assert rows[0]["novelty"] == pytest.approx(-np.log2(3 / 5))
    assert rows[0]["ci"]["novelty"] == [rows[0]["novelty"]] * 2


def test_lists_too_short_for_a_pair_have_no_diversity():
    log = evaluation_log(columns_of(EVENTS), MARKET)
    about = traits(log, MARKET, int(log.at[-1]))
    cases = [Case("x", np.ones(len(log.homes), bool), frozenset({"h1"}))]
    row = graded({"a": likes("h1")}, cases, log.homes.ids, k=1, seed=0, about=about)[0]
    assert row["area_diversity"] is None
    assert "area_diversity" not in row["ci"]
