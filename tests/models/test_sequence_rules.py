"""Worlds of acts in order, built so that the right answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from homing.models import Interactions, Query, SequenceRulesModel

PLAIN = {"popularity": 0.0, "tune": False}


def chains(leads=6, homes="ABC", **more):
    """Leads that all go through the same homes in the same order."""
    pairs = [(f"l{lead}", home) for lead in range(leads) for home in homes]
    return Interactions.from_columns(*map(list, zip(*pairs, strict=True)), **more)


def score(model, acts, home, weights=None):
    return float(model.score(Query("x", acts, weights), [home])[0])


def test_what_follows_comes_before_what_went_before():
    model = SequenceRulesModel(**PLAIN).fit(chains())
    assert model.recommend(Query("x", ["B"]), k=2)[0] == ["C", "A"]
    assert model.recommend(Query("x", ["A"]), k=2)[0] == ["B", "C"]


def test_the_rules_of_a_chain_by_hand():
    """Six leads A, B, C: one step apart counts 1, two steps 1/2, backward 0.3 of it; an older act counts 0.7 of it."""
    model = SequenceRulesModel(**PLAIN).fit(chains())
    assert score(model, ["A"], "B") == pytest.approx(6.0)
    assert score(model, ["A"], "C") == pytest.approx(3.0)
    assert score(model, ["C"], "A") == pytest.approx(0.3 * 3.0)
    assert score(model, ["A", "B"], "C") == pytest.approx(0.7 * 3.0 + 6.0)
    assert model.explain(Query("x", ["A", "B"]), "C") == pytest.approx({"A": 2.1, "B": 6.0})


def test_a_home_acted_on_twice_is_one_reason_with_both_acts_in_it():
    model = SequenceRulesModel(**PLAIN).fit(chains())
    assert model.explain(Query("x", ["A", "B", "A"]), "C") == pytest.approx({"A": 3.0 * (1 + 0.49), "B": 0.7 * 6.0})


def test_homes_further_apart_than_the_gap_have_no_rule():
    model = SequenceRulesModel(gap=1, backward=0.0, **PLAIN).fit(chains())
    assert score(model, ["A"], "C") == 0.0
    assert score(model, ["B"], "C") == pytest.approx(6.0)


def test_the_order_is_that_of_the_moments():
    """The rows are turned round and the moments tell."""
    data = chains(leads=1, homes="CBA", timestamps=[3, 2, 1])
    assert score(SequenceRulesModel(**PLAIN).fit(data), ["A"], "B") == pytest.approx(1.0)


def test_popular_homes_are_held_back():
    pairs = [("a", "A"), ("a", "B"), ("b", "A"), ("b", "C"), *((f"x{n}", "C") for n in range(15))]
    data = Interactions.from_columns(*map(list, zip(*pairs, strict=True)))
    model = SequenceRulesModel(popularity=0.5, tune=False).fit(data)
    assert score(model, ["A"], "B") == pytest.approx(1.0)
    assert score(model, ["A"], "C") == pytest.approx(16**-0.5)


def test_a_disliked_home_teaches_no_rule_and_counts_against_what_follows_it():
    data = chains(leads=1, homes="ABC", weights=[1, -1, 1])
    model = SequenceRulesModel(**PLAIN).fit(data)
    assert score(model, ["A"], "B") == 0.0
    assert score(model, ["A"], "C") == pytest.approx(0.5)
    assert score(model, ["A"], "C", [-1.0]) == pytest.approx(-0.25)


def test_an_update_that_comes_late_is_put_where_it_belongs():
    """B is heard of last and happened between A and C."""
    everything = chains(leads=3, timestamps=[1, 2, 3] * 3)
    late = np.arange(9) % 3 == 1
    model = SequenceRulesModel(**PLAIN).fit(everything.select(~late)).partial_fit(everything.select(late))
    same = SequenceRulesModel(**PLAIN).fit(everything)
    for acts in (["A"], ["B"], ["A", "C"]):
        assert [score(model, acts, home) for home in "ABC"] == [score(same, acts, home) for home in "ABC"]


def test_an_update_counts_only_the_rules_of_homes_that_its_leads_have_been_to():
    data = Interactions.from_columns(list("aabb"), ["A", "B", "C", "D"])
    model = SequenceRulesModel(**PLAIN).fit(data).partial_fit(Interactions.from_columns(["a", "n"], ["E", "E"]))
    assert score(model, ["A"], "E") == pytest.approx(0.5)
    assert score(model, ["C"], "D") == pytest.approx(1.0)


def test_what_is_left_open_is_chosen_on_the_homes_turned_to_last():
    """Every lead goes on from any home to the next of a ring, so that only the last act says what comes."""
    rng = np.random.default_rng(3)
    start = rng.integers(0, 40, 80)
    home = (start[:, None] + np.arange(10)) % 40
    data = Interactions.from_columns(np.repeat(np.arange(80), 10).tolist(), home.ravel().tolist())
    model = SequenceRulesModel().fit(data)
    assert len(model.trials_) > 4
    assert model.recommend(Query(None, [5, 6, 7]), k=1)[0] == [8]
    assert model.gap_ <= 10
