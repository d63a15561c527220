"""What acts hold up, to first order, is what leaving them out takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from homing.models.candidate_features import Facts, sure_of
from homing.models.choice_taste import ChoiceTaste, Columns
from homing.models.distances import nearness
from homing.models.homes import homes_of
from homing.models.mixed_logit import Common
from homing.models.pasts import Past
from homing.models.taste_pulls import near_pulls, taste_pulls

COUNT = 400


@pytest.fixture(scope="module")
def homes():
    draw = np.random.default_rng(1)
    return homes_of(
        [
            {
                "ListingKey": f"h{n:03d}",
                "ListPrice": float(np.exp(13 + 0.4 * draw.normal())),
                "LivingArea": float(np.exp(7.5 + 0.3 * draw.normal())),
                "YearBuilt": int(1900 + draw.integers(0, 120)),
                "Latitude": 47.5 + 0.02 * draw.random(),
                "Longitude": -122.3 + 0.02 * draw.random(),
            }
            for n in range(COUNT)
        ]
    )


@pytest.fixture(scope="module")
def taste(homes):
    columns = Columns.none(COUNT).replaced(COUNT, np.arange(COUNT), homes)
    width = len(columns.families)
    return ChoiceTaste(columns, Common.start(0.3, width, 3))


def past_of(seed, acts=12):
    draw = np.random.default_rng(seed)
    return Past(draw.choice(COUNT, acts, replace=False), draw.integers(1, 8, acts).astype(float))


def without(past, place):
    return replace(past, items=np.delete(past.items, place), weights=np.delete(past.weights, place))


def test_by_taste_it_goes_with_what_leaving_each_act_out_takes(taste):
    items, rates = np.arange(0, COUNT, 40), dict.fromkeys(taste.families, 1.0)
    alike = []
    for seed in range(8):
        past = past_of(seed)
        codes, amounts = taste_pulls(taste, past, items, rates)
        whole = taste.by_family(past, items).sum(axis=1)
        lost = {int(past.items[at]): whole - taste.by_family(without(past, at), items).sum(axis=1)
                for at in range(past.items.size)}  # fmt: skip
        exact = np.column_stack([lost[code] for code in codes.tolist()])
        alike += [np.corrcoef(one, other)[0, 1] for one, other in zip(amounts, exact, strict=True)]
    assert np.mean(alike) > 0.8


def test_of_families_that_count_for_nothing_nothing_is_held_up(taste):
    assert not taste_pulls(taste, past_of(0), np.arange(5), {})[1].any()


def test_by_nearness_it_is_what_leaving_each_act_out_takes(homes):
    facts = Facts.none(COUNT).replaced(COUNT, np.arange(COUNT), homes)
    past, items = past_of(3), np.arange(10)

    def near(past):
        liked = np.unique(past.items)
        return nearness(facts.latitude, facts.longitude, liked, items) * sure_of(liked.size)

    codes, amounts = near_pulls(facts, past, items, 2.0)
    for place, code in enumerate(codes.tolist()):
        at = int(np.flatnonzero(past.items == code)[0])
        assert amounts[:, place] == pytest.approx(2.0 * (near(past) - near(without(past, at))), abs=1e-9)


def test_of_a_home_acted_on_twice_the_last_act_holds_up_no_nearness(homes):
    facts = Facts.none(COUNT).replaced(COUNT, np.arange(COUNT), homes)
    past = Past(np.array([4, 4, 9]), np.ones(3))
    codes, amounts = near_pulls(facts, past, np.arange(10), 1.0)
    assert not amounts[:, codes.tolist().index(4)].any()
    assert amounts[:, codes.tolist().index(9)].any()
