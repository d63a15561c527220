"""Choices are made only from what was known before them, and the weights follow what chose."""

import numpy as np

from homing.models.blending import choices, conditional_logit, later_rows, past_before
from homing.models.interactions import Interactions
from homing.models.pasts import Pasts


def pasts(leads, homes, at, weights=None):
    return Pasts.of(Interactions.from_columns(leads, homes, weights, at))


def everywhere(codes, at):
    return np.ones(codes.size, dtype=bool)


def test_the_past_of_a_choice_ends_before_it():
    data = pasts(["a"] * 4, ["h1", "h2", "h3", "h4"], [10, 20, 30, 30])
    found = choices(data, np.ones(4, dtype=bool), 40, everywhere, most=99, negatives=3, seed=0)
    pasts_of = {int(choice.homes[0]): choice.past.items.tolist() for choice in found}
    assert pasts_of[1] == [0]
    assert pasts_of[2] == [0, 1]
    assert pasts_of[3] == [0, 1]


def test_the_past_of_a_choice_holds_only_what_was_known_then():
    late = Interactions.from_columns(["a"] * 3, ["h1", "h2", "h3"], None, [10, 20, 30], known_at=[25, 20, 30])
    data = Pasts.of(late)
    found = choices(data, np.ones(3, dtype=bool), 40, everywhere, most=99, negatives=3, seed=0)
    assert {int(choice.homes[0]): choice.past.items.tolist() for choice in found} == {0: [], 1: [], 2: [0, 1]}
    assert [past_before(data, 0, moment).items.tolist() for moment in (24, 25)] == [[1], [0, 1]]


def test_leads_that_had_done_nothing_before_are_no_majority_of_the_choices():
    strangers, known = [f"s{n:03d}" for n in range(200)], [f"k{n:02d}" for n in range(40)]
    leads = strangers + known + known
    homes = ["h1"] * 200 + ["h2"] * 40 + ["h3"] * 40
    data = pasts(leads, homes, list(range(280)))
    found = choices(data, np.ones(280, dtype=bool), 40, everywhere, most=999, negatives=3, seed=0)
    behind = [choice.past.items.size for choice in found]
    assert (behind.count(0), behind.count(1)) == (40, 40)


def test_where_hardly_anybody_has_a_past_strangers_are_all_there_is_to_learn_from():
    data = pasts(["s1", "s2", "s3", "k", "k"], ["h1", "h2", "h3", "h1", "h4"], [1, 2, 3, 4, 5])
    assert len(choices(data, np.ones(5, dtype=bool), 40, everywhere, most=99, negatives=3, seed=0)) == 5


def test_only_the_first_act_on_a_home_is_a_choice_and_only_if_it_was_favoured_in_the_end():
    data = pasts(["a"] * 5, ["h1", "h1", "h2", "h2", "h3"], [10, 20, 30, 40, 50], [1, 5, 1, -10, 1])
    found = choices(data, np.ones(5, dtype=bool), 9, everywhere, most=99, negatives=3, seed=0)
    assert sorted(int(choice.homes[0]) for choice in found) == [0, 2]


def test_of_a_lead_that_stated_limits_the_others_satisfy_them_as_those_it_is_served_do():
    data = pasts(["a", "a", "b"], ["h1", "h2", "h3"], [10, 20, 30])
    within = np.arange(20, 30)
    found = choices(
        data, np.ones(3, dtype=bool), 50, everywhere, most=9, negatives=5, seed=1,
        stated=lambda lead: within if lead == 0 else None,
    )  # fmt: skip
    of_a, of_b = [choice for choice in found if choice.past.within is within], found[-1]
    assert len(of_a) == 2
    assert all(np.isin(choice.homes[1:], within).all() for choice in of_a)
    assert of_b.past.within is None
    assert not np.isin(of_b.homes[1:], within).all()


def test_the_others_were_on_the_market_and_untouched_by_the_lead():
    data = pasts(["a", "a", "b"], ["h1", "h2", "h3"], [10, 20, 30])
    for choice in choices(data, np.ones(3, dtype=bool), 50, lambda codes, at: codes < 10, most=9, negatives=5, seed=1):
        others = choice.homes[1:]
        assert (others < 10).all()
        assert not set(others.tolist()) & {int(choice.homes[0]), *choice.past.items.tolist()}


def test_rows_after_the_cut_are_the_last_in_time():
    data = pasts(["a"] * 10, [f"h{n}" for n in range(10)], list(range(10)))
    assert later_rows(data, 0.2).tolist() == [False] * 8 + [True] * 2
    assert later_rows(data, 0.2, not_after=5).tolist() == [False] * 5 + [True] * 5


def test_without_moments_the_last_rows_of_each_lead_are_later():
    data = Pasts.of(Interactions.from_columns(["a"] * 5 + ["b"] * 5, [f"h{n}" for n in range(10)]))
    assert later_rows(data, 0.2).tolist() == ([False] * 4 + [True]) * 2


def test_what_a_lead_did_before_a_moment_excludes_the_moment_itself():
    data = pasts(["a", "a", "a"], ["h1", "h2", "h3"], [10, 20, 30])
    assert past_before(data, 0, 20).items.tolist() == [0]


def test_the_weights_of_a_logit_that_made_the_choices_are_recovered():
    rng = np.random.default_rng(3)
    features = rng.normal(size=(4_000, 20, 2))
    utility = features @ np.array([1.5, 0.5]) + rng.gumbel(size=(4_000, 20))
    best = utility.argmax(axis=1)
    rows = np.arange(4_000)
    features[rows, 0], features[rows, best] = features[rows, best].copy(), features[rows, 0].copy()
    weights = conditional_logit(features, np.ones(4_000), np.array([1.0, 1.0]), 1.0)
    assert np.allclose(weights, [1.5, 0.5], atol=0.08)


def test_a_score_that_speaks_the_wrong_way_gets_no_weight():
    features = np.zeros((200, 5, 1))
    features[:, 0, 0] = -1.0
    assert conditional_logit(features, np.ones(200), np.array([0.5]), 0.01)[0] == 0.0
