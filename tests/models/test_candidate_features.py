"""What a ranker is told of a home for a lead."""

import numpy as np
import pytest

from homing.core.clock import DAY
from homing.models import Interactions, PopularityModel
from homing.models.candidate_features import Facts, told
from homing.models.homes import UNKNOWN_MOMENT
from homing.models.pasts import Past

NAN = np.nan
FACTS = Facts(
    price=np.array([400.0, 500.0, 800.0, NAN, 0.0]),
    latitude=np.array([47.6, 47.7, 47.6, NAN, 47.6]),
    longitude=np.array([-122.3, -122.3, -122.2, NAN, -122.3]),
    size=np.array([100.0, 200.0, 400.0, NAN, 0.0]),
    listed_at=np.array([0, 9 * DAY, 20 * DAY, UNKNOWN_MOMENT, 0]),
)
HOMES = np.arange(5)


class Says:
    """A source that says one thing of each home."""

    def _score(self, past, items):
        return np.array([0.0, 1.0, 2.0, NAN, 4.0], dtype=np.float32)[items]


class SaysWhy:
    """A source that says how well each family fits."""

    def by_family(self, past, items):
        return ("price", "size"), np.column_stack((items * 1.0, items * 10.0))


def column(name, past, parts=None, homes=HOMES):
    """One feature of homes, with its family and direction."""
    found = told(parts or {}, FACTS, past, homes)
    place = found.names.index(name)
    return found.features[:, place], found.family[place], found.monotone[place]


def past(items, weights, **given):
    return Past(np.array(items, dtype=np.int64), np.array(weights, dtype=float), **given)


NOBODY = past([], [])


def test_every_home_has_a_value_of_every_feature_with_a_name_a_family_and_a_direction():
    found = told({"popularity": Says(), "content": SaysWhy()}, FACTS, past([0], [1]), HOMES)
    assert found.features.shape == (5, len(found.names))
    assert len(found.names) == len(found.family) == len(found.monotone) == len(set(found.names))
    assert set(found.monotone) <= {-1, 0, 1}


def test_a_source_speaks_for_a_home_and_one_that_knows_why_in_families():
    said, family, direction = column("item_knn", NOBODY, {"item_knn": Says()})
    assert said[:3].tolist() == [0, 1, 2]
    assert np.isnan(said[3])
    assert (family, direction) == ("similar_homes", 1)
    liked = PopularityModel().fit(Interactions.from_columns([1, 1, 2, 2], [0, 1, 1, 4], [0.0, 1.0, 1.0, -3.0]))
    said, family, direction = column("popularity", NOBODY, {"popularity": liked}, np.arange(3))
    assert said.tolist() == pytest.approx(np.log1p([0, 2, 0]))
    assert (family, direction) == ("popularity", 1)
    for name, factor in (("price", 1.0), ("size", 10.0)):
        said, family, direction = column(f"content:{name}", past([0], [1]), {"content": SaysWhy()})
        assert said.tolist() == pytest.approx((factor * HOMES / 6).tolist())
        assert (family, direction) == (name, 1)


def test_prices_are_held_against_those_of_homes_liked_and_only_one_above_all_speaks_against():
    lead = past([0, 1, 2], [1, 1, -1])
    usual, family, direction = column("price_over_usual", lead)
    assert usual[:3].tolist() == pytest.approx(np.log(np.array([400, 500, 800]) / np.sqrt(400 * 500)) * 2 / 7)
    assert (family, direction) == ("price", 0)
    above, family, direction = column("price_over_highest", lead)
    assert above[:3].tolist() == pytest.approx([0, 0, np.log(800 / 500) * 2 / 7])
    assert (family, direction) == ("price", -1)
    assert np.isnan([usual[3:], above[3:]]).all()


def test_what_a_home_cost_when_it_was_liked_counts_not_what_it_costs_now():
    lead = past([0], [1], prices=np.array([200.0]))
    assert column("price_over_highest", lead)[0][0] == pytest.approx(np.log(2) / 6)


def test_what_few_acts_tell_counts_for_little():
    one, twenty = past([0], [1]), past([0, 1, 2, 3, 4] * 4, [1] * 20)
    assert column("content:price", one, {"content": SaysWhy()})[0][4] == pytest.approx(4 / 6)
    assert column("content:price", twenty, {"content": SaysWhy()})[0][4] == pytest.approx(4 / 2)


def test_the_way_is_that_to_all_homes_liked():
    near, family, direction = column("near_liked", past([0, 2, 3], [1, -1, 1]))
    assert near[0] == 0.0
    assert np.expm1(-near[1] * 7 / 2) * 3 == pytest.approx(11.12, rel=1e-3)
    assert np.expm1(-near[2] * 7 / 2) * 3 == pytest.approx(11.12 * np.cos(np.radians(47.6)), rel=1e-3)
    assert np.isnan(near[3])
    assert (family, direction) == ("location", 1)
    both = column("near_liked", past([0, 1], [1, 1]))[0]
    assert both[0] == pytest.approx(both[1], rel=1e-6)
    assert both[0] == pytest.approx(near[1] / 2, rel=1e-3)


def test_only_a_home_that_came_while_the_lead_was_looking_is_new_to_it():
    newer, family, direction = column("newer_than_search", past([0], [1], at=np.array([5 * DAY]), as_of=10 * DAY))
    assert np.exp(newer[[0, 1, 2]]).tolist() == pytest.approx([6 / 6, 6 / 2, 6 / 1])
    assert np.isnan(newer[3])
    assert (family, direction) == ("recency", 1)
    assert np.isnan(column("newer_than_search", past([0], [1]))[0]).all()


def test_for_a_lead_that_has_only_come_a_new_home_is_no_better_than_an_old_one():
    says = {"recency": Says()}
    newer = column("newer_than_search", past([], [], as_of=10 * DAY), says)[0]
    assert newer[[0, 1, 2, 4]].tolist() == [0, 0, 0, 0]
    assert "recency" not in told(says, FACTS, NOBODY, HOMES).names


def test_of_a_lead_that_liked_nothing_nothing_is_compared():
    for lead in (NOBODY, past([0, 1], [-1, 0])):
        for name in ("price_over_usual", "price_over_highest", "near_liked"):
            assert np.isnan(column(name, lead)[0]).all()


def test_price_and_size_are_held_against_the_homes_within_the_stated_limits_before_any_act():
    stated = past([], [], within=np.array([0, 1, 3]))
    held_against = {"price_in_stated": (450, FACTS.price), "price_to_stated": (500, FACTS.price)}
    for name, (usual, values) in {**held_against, "size_in_stated": (150, FACTS.size)}.items():
        said, family, direction = column(name, stated)
        assert said[:3].tolist() == pytest.approx(np.log(values[:3] / usual))
        assert np.isnan(said[3:]).all()
        assert (family, direction) == ("stated_limits", 0)
        assert np.isnan(column(name, NOBODY)[0]).all()


def test_a_home_is_told_of_the_same_alone_and_among_others():
    lead, parts = past([0, 1], [1, 2], as_of=30 * DAY), {"popularity": Says(), "content": SaysWhy()}
    whole = told(parts, FACTS, lead, HOMES).features
    for home in HOMES.tolist():
        assert np.array_equal(told(parts, FACTS, lead, HOMES[[home]]).features[0], whole[home], equal_nan=True)


def test_facts_saved_as_arrays_are_the_same():
    again = Facts.from_arrays(FACTS.arrays())
    for name, values in FACTS.arrays().items():
        assert np.array_equal(getattr(again, name), values, equal_nan=True)
