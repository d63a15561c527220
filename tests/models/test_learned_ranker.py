"""What a ranker and its calibration are made to learn from."""

import numpy as np
import pytest

from homing.core.ids import Vocabulary
from homing.models.blending import Choice
from homing.models.candidate_features import Told
from homing.models.impressions import Impressions
from homing.models.interactions import Interactions
from homing.models.learned_ranker import calibrated, learned_ranker, shown_after, told_choices
from homing.models.pasts import Past, Pasts

HOMES = Vocabulary([f"h{one}" for one in range(40)])


def tell(past, items):
    """One feature that a source says, and how many acts the lead had behind it."""
    said = np.column_stack((items.astype(float), np.full(items.size, float(past.items.size))))
    return Told(("online:price", "newer_than_search"), ("price", "recency"), (1, 0), said)


def pasts():
    acted = Interactions.from_columns(["ann", "ann", "bob"], ["h1", "h2", "h3"], timestamps=[10, 30, 10])
    return Pasts.of(acted)


def shown(leads, homes, at, most=1_000, cut=0, engaged=None):
    engaged = [False] * len(leads) if engaged is None else engaged
    places = np.arange(len(leads)) % 3 + 1
    impressions = Impressions.from_columns(leads, homes, at, places, engaged)
    return shown_after(impressions, cut, pasts(), HOMES, tell, most, 0)


def test_a_list_is_what_one_lead_was_shown_at_one_moment_with_what_it_had_done_before():
    found = shown(["ann", "bob", "ann", "ann", "bob"], ["h4", "h5", "h6", "h7", "h8"], [20, 20, 20, 40, 20])
    rows = {float(home): place for place, home in enumerate(found.rows.features[:, 0])}
    group = found.rows.group
    assert group[rows[4.0]] == group[rows[6.0]] != group[rows[7.0]]
    assert group[rows[5.0]] == group[rows[8.0]]
    assert {home: found.acts[rows[home]] for home in (4.0, 7.0, 5.0)} == {4.0: 1, 7.0: 2, 5.0: 1}
    assert found.rows.features[:, 1].tolist() == found.acts.tolist()
    assert found.rows.position[rows[6.0]] == 3


def test_what_was_shown_before_the_cut_and_homes_nobody_knows_are_left_out():
    assert shown(["ann"], ["h4"], [20], cut=21) is None
    assert shown(["ann"], ["elsewhere"], [20]) is None
    found = shown(["ann", "ann", "ann"], ["h4", "elsewhere", "h5"], [20, 20, 10], cut=15)
    assert found.rows.features[:, 0].tolist() == [4.0]


def test_strangers_have_no_past_and_each_is_somebody_else():
    found = shown(["x", "y", "x"], ["h4", "h5", "h6"], [20, 20, 20])
    assert found.acts.tolist() == [0, 0, 0]
    assert np.unique(found.lead).size == np.unique(found.rows.group).size == 2
    assert (found.lead < 0).all()


def test_each_list_is_told_of_with_what_its_lead_stated_a_strangers_too():
    heard = {}

    def listening(past, items):
        heard[int(items[0])] = past.within
        return tell(past, items)

    impressions = Impressions.from_columns(["ann", "x", "bob"], ["h4", "h5", "h6"], [20, 20, 20], engaged=[False] * 3)
    stated = {"ann": np.array([1]), "x": np.array([2])}
    shown_after(impressions, 0, pasts(), HOMES, listening, 9, 0, stated=stated.get)
    assert [None if heard[home] is None else heard[home].tolist() for home in (4, 5, 6)] == [[1], [2], None]


def test_of_too_many_lists_whole_ones_are_drawn():
    leads, homes = ["ann"] * 300, [f"h{place % 3}" for place in range(300)]
    found = shown(leads, homes, np.repeat(np.arange(100), 3), most=50)
    assert 45 <= len(found.rows) <= 50
    assert (np.bincount(found.rows.group)[np.unique(found.rows.group)] == 3).all()


def test_of_choices_the_first_home_was_chosen_and_nothing_has_a_place():
    nobody = Past(np.zeros(0, dtype=np.int64), np.zeros(0))
    found = told_choices([Choice(nobody, np.array([3, 1, 2]), 2.0), Choice(nobody, np.array([5, 4]), 1.0)], tell)
    assert found.label.tolist() == [2, 0, 0, 1, 0]
    assert found.group.tolist() == [0, 0, 0, 1, 1]
    assert np.isnan(found.position).all()


def chosen(count):
    """Choices in which the home with the higher code is taken, three times in four."""
    rng = np.random.default_rng(1)
    nobody = Past(np.zeros(0, dtype=np.int64), np.zeros(0))
    found = []
    for _ in range(count):
        homes = rng.choice(40, 6, replace=False)
        best = int(np.argmax(homes)) if rng.random() < 0.75 else int(rng.integers(6))
        found.append(Choice(nobody, np.append(homes[best], np.delete(homes, best)), 1.0))
    return told_choices(found, tell)


def lists(count, *, fair):
    """Lists shown to as many leads: engaged with by their code, or by chance alone."""
    rng = np.random.default_rng(2)
    homes = np.concatenate([rng.choice(40, 5, replace=False) for _ in range(count)])
    engaged = rng.random(homes.size) < (0.2 if fair else 1 / (1 + np.exp(3 - homes / 10)))
    leads = np.repeat([f"lead{one}" for one in range(count)], 5).tolist()
    impressions = Impressions.from_columns(
        leads, [f"h{home}" for home in homes], np.full(homes.size, 50), np.tile(np.arange(1, 6), count), engaged
    )
    return shown_after(impressions, 0, pasts(), HOMES, tell, 10**6, 0)


def test_what_was_said_before_holds_until_there_are_thirty_and_then_what_was_chosen():
    features = tell(Past(np.zeros(0, dtype=np.int64), np.zeros(0)), np.array([0, 39])).features
    few, many = (learned_ranker(chosen(count), None, {"online": 0.0}, 0) for count in (20, 200))
    assert np.ptp(few.scores_and_parts(features)[0]) == 0
    low, high = many.scores_and_parts(features)[0].tolist()
    assert high > low


def test_lists_shown_are_learned_from_together_with_choices():
    alone = learned_ranker(chosen(20), None, {"online": 0.0}, 0)
    both = learned_ranker(chosen(20), lists(100, fair=False), {"online": 0.0}, 0)
    assert alone.kind == "prior"
    assert both.kind != "prior"


@pytest.mark.parametrize("fair", [False, True])
def test_confidence_is_learned_where_scores_predict_and_stays_the_wide_prior_where_they_do_not(fair):
    seen, before = lists(400, fair=fair), {"online": 0.02}
    found = calibrated(chosen(100), seen, before, 0, like=learned_ranker(chosen(100), seen, before, 0))
    assert found.samples == len(seen.rows)
    assert found.positives == int((seen.rows.label > 0).sum())
    assert found.predicts is not fair
