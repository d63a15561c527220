"""Worlds built so that the right answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from homing.core.clock import DAY
from homing.core.errors import BadInput, NotReady
from homing.market.property import Property
from homing.market.snapshot import snapshot_of
from homing.models import CollaborativeFilteringModel, ContentBasedModel, Interactions, PopularityModel, Query

CF = {"factors": 8, "iterations": 8, "tune": False}


@pytest.fixture(scope="module")
def checkerboard():
    """Leads and homes are of one parity; each lead has acted on two thirds of its own homes."""
    pairs = [(f"l{u:02}", f"h{i:02}") for u in range(30) for i in range(20) if u % 2 == i % 2 and (u + i) % 6]
    return Interactions.from_columns(*map(list, zip(*pairs, strict=True)))


@pytest.fixture(scope="module")
def priced():
    """Forty homes from 200,000 to 590,000 USD in two places."""
    return [
        {
            "ListingKey": f"h{n:02}", "ListPrice": 200_000 + 10_000 * n,
            "Latitude": 47.4 + 0.3 * (n % 2), "Longitude": -122.2, "BedroomsTotal": 2 + n % 3,
        }
        for n in range(40)
    ]  # fmt: skip


def parity(names):
    return {int(name[1:]) % 2 for name in names}


def test_blocks_of_a_checkerboard_are_found(checkerboard):
    model = CollaborativeFilteringModel(**CF).fit(checkerboard)
    assert parity(model.recommend("l04", k=2)[0]) == {0}
    assert parity(model.recommend("l05", k=2)[0]) == {1}


def test_a_lead_met_a_second_ago_is_placed_in_its_block(checkerboard):
    model = CollaborativeFilteringModel(**CF).fit(checkerboard)
    assert parity(model.recommend(Query("new", ["h01", "h03"]), k=5)[0]) == {1}


def test_a_dislike_pushes_away_what_the_same_leads_chose(checkerboard):
    model = CollaborativeFilteringModel(**CF).fit(checkerboard)
    alone = model.score(Query("x", ["h01"]), ["h03"])[0]
    passed = model.score(Query("x", ["h01", "h05"], [1.0, -1.0]), ["h03"])[0]
    assert passed < alone
    assert model.explain(Query("x", ["h01", "h05"], [1.0, -1.0]), "h03")["h05"] < 0


def test_one_dislike_does_not_undo_many_likes(checkerboard):
    model = CollaborativeFilteringModel(**CF).fit(checkerboard)
    homes = ["h01", "h03", "h05", "h07", "h09", "h11"]
    assert parity(model.recommend(Query("x", homes, [1, 1, 1, 1, 1, -10]), k=3)[0]) == {1}


def test_a_home_that_came_by_update_is_recommended_to_its_block(checkerboard):
    model = CollaborativeFilteringModel(**CF).fit(checkerboard)
    model.partial_fit(Interactions.from_columns([f"l{u:02}" for u in range(1, 30, 2)], ["h99"] * 15))
    scores = [model.score(Query("x", homes), ["h99"])[0] for homes in (["h01", "h03"], ["h00", "h02"])]
    assert scores[0] > scores[1] + 0.1


def test_an_update_of_a_model_that_learned_nothing_is_a_fit(checkerboard):
    empty = CollaborativeFilteringModel(**CF).fit(Interactions.from_columns([], []))
    assert parity(empty.partial_fit(checkerboard).recommend("l04", k=2)[0]) == {0}


def test_factors_that_are_not_built_are_refused():
    with pytest.raises(BadInput, match=r"method must be one of \['ials', 'svd', 'nmf'\]; got 'magic'"):
        CollaborativeFilteringModel(method="magic")


def test_an_option_that_is_none_is_refused():
    with pytest.raises(BadInput, match=r"PopularityModel\(priro=…\) must be one of its options \['half_life_days'\]"):
        PopularityModel(priro=1)


def test_a_model_that_is_not_fitted_says_so():
    with pytest.raises(NotReady, match=r"PopularityModel is not fitted. Call fit\(...\) before recommend"):
        PopularityModel().recommend("a")


def test_a_list_of_none_is_refused(checkerboard):
    with pytest.raises(BadInput, match="k must be at least 1; got 0"):
        PopularityModel().fit(checkerboard).recommend("a", k=0)


def test_old_acts_fade_from_popularity():
    data = Interactions.from_columns(["a", "b"], ["h", "i"], timestamps=[0, 30 * DAY])
    model = PopularityModel(half_life_days=10.0).fit(data)
    assert model.score("x", ["h", "i"]).tolist() == [0.125, 1.0]


def test_a_lead_who_likes_cheap_homes_gets_cheap_homes(priced):
    model = ContentBasedModel().fit(Interactions.from_columns(["a"] * 4, ["h00", "h02", "h04", "h06"]), homes=priced)
    assert {int(name[1:]) for name in model.recommend("a", k=3)[0]} < set(range(16))


def test_the_place_that_was_liked_is_found(priced):
    model = ContentBasedModel().fit(Interactions.from_columns(["a"] * 3, ["h11", "h21", "h31"]), homes=priced)
    assert parity(model.recommend("a", k=5)[0]) == {1}
    assert model.explain("a", "h13")["location"] > 0 > model.explain("a", "h14")["location"]


def test_a_dislike_pushes_away_homes_like_it(priced):
    model = ContentBasedModel().fit(Interactions.from_columns(["a"], ["h20"]), homes=priced)
    liked = Query("x", ["h10", "h12"])
    passed = Query("x", ["h10", "h12", "h38"], [1, 1, -10])
    assert model.explain(passed, "h36")["price"] < model.explain(liked, "h36")["price"]
    assert model.recommend(passed, k=1)[0] == model.recommend(liked, k=1)[0]


def test_the_price_at_the_time_counts(priced):
    model = ContentBasedModel().fit(Interactions.from_columns(["a"], ["h20"]), homes=priced)
    then = Query("x", ["h00", "h02"], prices=[580_000.0, 570_000.0])
    assert model.explain(then, "h38")["price"] > 0 > model.explain(then, "h04")["price"]


def test_a_taste_fades_with_time(priced):
    model = ContentBasedModel().fit(Interactions.from_columns(["a"], ["h20"]), homes=priced)
    fresh = Query("x", ["h00"], at=[0], as_of=0)
    stale = Query("x", ["h00"], at=[0], as_of=300 * DAY)
    assert model.explain(fresh, "h02")["price"] > 3 * model.explain(stale, "h02")["price"] > 0


def test_a_new_home_counts_at_once(priced):
    model = ContentBasedModel().fit(Interactions.from_columns(["a"] * 2, ["h00", "h02"]), homes=priced)
    new = {"ListingKey": "new", "ListPrice": 211_000, "Latitude": 47.4, "Longitude": -122.2, "BedroomsTotal": 2}
    assert model.with_homes([*priced, new]).recommend("a", k=1)[0] == ["new"]


def test_a_home_of_which_only_the_key_is_known_is_left_to_behaviour(priced):
    data = Interactions.from_columns(["a", "b", "b"], ["h00", "h00", "bare"])
    homes = [*priced, {"ListingKey": "bare"}]
    assert np.isnan(ContentBasedModel().fit(data, homes=homes).score("a", ["bare"])[0])
    assert np.isfinite(CollaborativeFilteringModel(**CF).fit(data, homes=homes).score("a", ["bare"])[0])


def test_persons_offices_and_addresses_are_no_taste(priced):
    homes = [
        {**row, "ListAgentFullName": "AB"[n % 2], "ListOfficeName": "CD"[n % 2], "BuyerAgencyCompensation": n % 3,
         "PostalCode": str(n % 4), "SeniorCommunityYN": bool(n % 2), "FireplaceYN": bool(n % 3)}
        for n, row in enumerate(priced)
    ]  # fmt: skip
    model = ContentBasedModel().fit(Interactions.from_columns(["a"], ["h00"]), homes=homes)
    assert set(model.explain("a", "h05")) == {"price", "location", "beds", "FireplaceYN"}


def test_without_coordinates_the_postal_code_is_the_place(priced):
    homes = [{"ListingKey": row["ListingKey"], "PostalCode": str(n % 2), "City": "K"} for n, row in enumerate(priced)]
    model = ContentBasedModel().fit(Interactions.from_columns(["a"], ["h00"]), homes=homes)
    assert set(model.explain("a", "h02")) == {"location"}


def test_a_snapshot_of_the_market_is_as_good_as_rows(priced):
    data = Interactions.from_columns(["a"] * 2, ["h00", "h02"])
    snapshot = snapshot_of([Property(str(row["ListingKey"]), 0, 0, row) for row in priced])
    by_rows, by_snapshot = (ContentBasedModel().fit(data, homes=homes) for homes in (priced, snapshot))
    assert by_rows.recommend("a")[0] == by_snapshot.recommend("a")[0]


def test_what_leads_choose_by_gets_the_weight(priced):
    rng = np.random.default_rng(3)
    leads, homes = [], []
    for lead in range(60):
        start = int(rng.integers(0, 32))
        leads += [lead] * 6
        homes += [f"h{n:02}" for n in rng.permutation(np.arange(start, start + 8))[:6]]
    model = ContentBasedModel().fit(Interactions.from_columns(leads, homes), homes=priced)
    weights = dict(zip([axis.name for axis in model.axes_], model.beta_, strict=True))
    assert weights["price"] > 1.0
    assert weights["near"] < 0.3
