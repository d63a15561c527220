"""Which leads want a home, and which homes are like one."""

from __future__ import annotations

import numpy as np
import pytest

from homing.core.clock import DAY
from homing.core.errors import BadInput, UnknownId
from homing.people.lead import lead_from
from homing.personalization.ask import Ask
from homing.services.train_models import TrainModels

from test_property_engine import NOW, Market  # isort: skip


@pytest.fixture
def market(tmp_path):
    """Cheap Kent is what ann likes, dear Renton what bob likes; cy said only what he can pay; dee passed on all."""
    market = Market(tmp_path).homes()
    for n in (3, 5, 7, 9):
        market.act("ann", f"h{n:03d}", "property_save", ago=n * DAY)
    for n in (108, 110, 112, 114):
        market.act("bob", f"h{n:03d}", "property_save", ago=(n - 100) * DAY)
    for n in (4, 6, 8):
        market.act("dee", f"h{n:03d}", "property_dislike")
    market.directory.put_leads([lead_from({"lead_id": "cy", "limits": {"price_max": 350_000}})])
    return market


def leads(market, home, **options):
    return [item.lead_id for item in market.engine.leads_for(home, **options).items]


def test_a_home_listed_a_moment_ago_finds_the_leads_who_like_its_kind(market):
    cheap = {"ListingKey": "new-1", "ListPrice": 330_000, "BedroomsTotal": 3, "City": "Kent", "Latitude": 47.32}
    dear = {"ListingKey": "new-2", "ListPrice": 860_000, "BedroomsTotal": 4, "City": "Renton", "Latitude": 47.74}
    market.put({**cheap, "Longitude": -122.3}, {**dear, "Longitude": -122.3})
    market.now += 1
    assert leads(market, "new-1")[0] == "ann"
    assert leads(market, "new-2")[0] == "bob"


def test_a_lead_with_stated_limits_only_is_among_them_and_a_broken_limit_is_counted(market):
    assert "cy" in leads(market, "h001")
    answer = market.engine.leads_for("h100")
    assert "cy" not in {item.lead_id for item in answer.items}
    assert answer.trace[0].removed["over_budget"] == 1


def test_who_saw_or_dismissed_the_home_is_left_out_and_counted(market):
    assert market.engine.leads_for("h003").trace[0].removed == {"seen": 1}
    dismissed = market.engine.leads_for("h004")
    assert "dee" not in {item.lead_id for item in dismissed.items}
    assert dismissed.trace[0].removed == {"dismissed": 1}


def test_a_sold_home_is_for_nobody(market):
    market.put({"ListingKey": "h050", "ListPrice": 1, "StandardStatus": "Closed"})
    market.now += 1
    answer = market.engine.leads_for("h050")
    assert answer.items == ()
    assert answer.trace[0].removed == {"not_active": 4}


def test_the_order_is_that_of_the_probability(market):
    TrainModels(market.tracker, market.catalogue, market.registry)(NOW)
    chances = [item.confidence for item in market.engine.leads_for("h060").items]
    assert chances == sorted(chances, reverse=True)
    assert len(chances) == 3


@pytest.mark.parametrize("home", ["h001", "h060", "h119"])
def test_a_leads_score_is_that_of_its_own_answer(market, home):
    for item in market.engine.leads_for(home).items:
        asked = Ask(lead_id=item.lead_id, k=1, candidates=[home], whatever_its_state=True)
        (own,) = market.engine.answer(asked)
        np.testing.assert_allclose(item.score, own.score, rtol=1e-6)
        assert (item.confidence, item.reasons) == (own.confidence, own.reasons)


def test_the_past_does_not_know_what_came_later(market):
    assert leads(market, "h001", as_of=NOW - 8 * DAY) == leads(market, "h001", as_of=NOW - 8 * DAY)
    assert "dee" not in leads(market, "h001", as_of=NOW - 8 * DAY)
    assert "dee" in leads(market, "h001")


def test_a_merged_visitor_counts_as_its_lead(market):
    market.directory.put_leads([lead_from({"lead_id": "eve"})])
    assert "eve" not in leads(market, "h001")
    market.act(None, "h011", "property_save", anonymous_id="anon-1")
    market.tracker.store.identities.merge("default", "anon-1", "eve", NOW)
    assert "eve" in leads(market, "h001")


def test_a_stranger_home_and_a_senseless_k_are_refused(market):
    with pytest.raises(UnknownId, match="catalogue"):
        market.engine.leads_for("zebra")
    with pytest.raises(BadInput, match="be from 1 to 1000"):
        market.engine.leads_for("h001", 0)


def test_similar_homes_are_near_in_price_size_and_place(market):
    found = market.engine.similar("h060", 5)
    assert all(50 <= int(home.property_id[1:]) <= 70 for home in found)
    assert "h060" not in {home.property_id for home in found}
    assert [home.score for home in found] == sorted((home.score for home in found), reverse=True)
    assert {"price", "location"} & {fact["kind"] for fact in found[0].alike}


def test_what_is_like_a_sold_home_is_on_the_market(market):
    market.put(*({"ListingKey": f"h{n:03d}", "ListPrice": 600_000, "StandardStatus": "Closed"} for n in (60, 61)))
    market.now += 1
    found = {home.property_id for home in market.engine.similar("h060", 100)}
    assert found
    assert not found & {"h060", "h061"}


def test_a_home_of_which_only_the_key_is_known_has_homes_like_it_or_none(tmp_path):
    bare = Market(tmp_path)
    bare.put({"ListingKey": "a"}, {"ListingKey": "b"})
    assert {home.property_id for home in bare.engine.similar("a")} <= {"b"}
