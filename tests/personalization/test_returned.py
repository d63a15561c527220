"""Homes that are news again to those who liked them, as of any moment, with what was known then."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from homing.core.clock import DAY, HOUR
from homing.market.property import Property
from homing.people.lead import lead_from
from homing.personalization.answer import as_json
from homing.personalization.ask import Ask
from homing.personalization.histories import history
from homing.personalization.returned import Returned
from homing.personalization.shopper import shopper
from homing.services.train_models import TrainModels

from test_property_engine import NOW, Market  # isort: skip

HOUSE = {"StreetNumber": "12", "StreetName": "Elm St", "PostalCode": "98032", "BedroomsTotal": 3}


@pytest.fixture
def market(tmp_path):
    """Ann saved the home `liked` ten days ago, and has seen it since; it cost 500,000 then."""
    market = Market(tmp_path).homes()
    liked = {"ListingKey": "liked", "ListPrice": 500_000, **HOUSE}
    market.put(liked, at=NOW - 30 * DAY)
    market.saved = market.act("ann", "liked", "property_save", ago=10 * DAY)
    market.act("ann", "liked", "property_view", ago=8 * DAY)
    return market


def change(market, ago=DAY, key="liked", known_ago=None, **fields):
    """The listing says something else from a while ago on, and is known to from a while ago on."""
    at, known = NOW - ago, NOW - (ago if known_ago is None else known_ago)
    home = {"ListPrice": 500_000, **HOUSE, **fields}
    market.catalogue.put([Property(key, at, known, home)])


def reasons(market, home="liked", k=10, **options):
    """The reasons for a home in the answer to ann, by kind; none if it is not in it."""
    items = market.engine.recommend("ann", k, **options)
    return {reason.kind: reason for item in items if item.property_id == home for reason in item.reasons}


def test_a_home_liked_and_seen_does_not_come_back_without_news(market):
    assert "liked" not in market.ids("ann", 121)


def test_a_cut_price_brings_a_liked_home_back_with_both_prices_and_the_leads_own_act(market):
    change(market, ListPrice=450_000)
    reason = reasons(market)["price_cut"]
    assert dict(reason.attributes) == {
        "ListPrice": 450_000,
        "PreviousListPrice": 500_000,
        "cut_usd": 50_000,
        "cut_percent": 10,
    }
    assert reason.events == (market.saved,)
    assert reason.text == (
        "price cut from 500,000 to 450,000 USD (50,000 USD or 10 %) since this lead, who saved it, last looked"
    )


@pytest.mark.parametrize("status", ["Pending", "Active Under Contract", "Withdrawn", "Canceled", "Hold", "Delete"])
def test_a_home_that_is_offered_again_comes_back_and_says_what_it_was(market, status):
    change(market, 3 * DAY, StandardStatus=status)
    assert reasons(market) == {}
    change(market, StandardStatus="Active")
    reason = reasons(market)["back_on_market"]
    assert dict(reason.attributes) == {"was": status}
    assert reason.events == (market.saved,)
    assert reason.text == f"back on the market after {status}; this lead saved it"


def test_a_home_relisted_under_a_new_key_comes_back_as_the_one_the_lead_knows(market):
    change(market, 3 * DAY, StandardStatus="Expired")
    change(market, key="anew", ListPrice=480_000)
    found = reasons(market, "anew")
    assert found["back_on_market"].attributes == {
        "was": "Expired", "listing_before": "liked", "same_home_by": "address",
    }  # fmt: skip
    assert "under a new listing; this lead saved it as liked" in found["back_on_market"].text
    assert found["price_cut"].attributes["cut_usd"] == 20_000
    assert "liked" not in market.ids("ann", 121)


def test_what_was_dismissed_or_only_seen_once_stays_away_under_its_new_key(market):
    for lead, kind in (("dee", "property_dislike"), ("eve", "property_view")):
        market.act(lead, "liked", kind, ago=9 * DAY)
    assert "liked" in market.ids("fay", 121)
    change(market, 3 * DAY, StandardStatus="Expired")
    change(market, key="anew")
    assert ["anew" in market.ids(lead, 121) for lead in ("dee", "eve", "fay")] == [False, False, True]


def test_the_last_word_on_a_home_counts_whichever_listing_it_was_on(market):
    change(market, 3 * DAY, StandardStatus="Expired")
    change(market, 2 * DAY, key="anew", ListPrice=480_000)
    market.act("ann", "anew", "property_dislike", ago=DAY)
    change(market, HOUR, key="anew", ListPrice=400_000)
    answer = market.engine.recommend("ann", 121)
    assert "anew" not in {item.property_id for item in answer}
    assert answer.trace[0].removed["dismissed"] == 1


def test_the_news_is_over_when_the_lead_has_seen_it_until_there_is_more(market):
    change(market, 2 * DAY, ListPrice=450_000)
    market.act("ann", "liked", "property_view", ago=DAY)
    assert "liked" not in market.ids("ann", 121)
    change(market, HOUR, ListPrice=440_000)
    assert reasons(market)["price_cut"].attributes["cut_usd"] == 10_000


def test_being_shown_it_does_not_end_the_news(market):
    change(market, 2 * DAY, ListPrice=450_000)
    market.act("ann", "liked", "recommendation_shown", ago=DAY, rank=1)
    assert "price_cut" in reasons(market)


@pytest.mark.parametrize("price", [500_000, 520_000])
def test_a_price_that_did_not_fall_is_no_news(market, price):
    change(market, ListPrice=price, PublicRemarks="fresh paint")
    assert "liked" not in market.ids("ann", 121)


def test_a_home_that_comes_on_the_market_for_the_first_time_is_not_back(market):
    change(market, 20 * DAY, key="soon", StandardStatus="Coming Soon", StreetNumber="14")
    market.act("ann", "soon", "property_save", ago=10 * DAY)
    change(market, DAY, key="soon", StandardStatus="Active", StreetNumber="14")
    assert "soon" not in market.ids("ann", 122)


@pytest.mark.parametrize(("views", "back"), [(2, False), (3, True)])
def test_several_views_say_that_a_lead_likes_a_home(market, views, back):
    for number in range(views):
        market.act("bob", "liked", "property_view", ago=(9 - number) * DAY)
    change(market, ListPrice=450_000)
    assert ("liked" in market.ids("bob")) == back


def test_a_home_passed_on_after_it_was_liked_does_not_come_back(market):
    market.act("ann", "liked", "property_dislike", ago=5 * DAY)
    change(market, ListPrice=450_000)
    assert "liked" not in market.ids("ann", 121)


def test_news_adds_to_the_score_and_every_step_still_adds_up(market):
    change(market, 3 * DAY, StandardStatus="Pending")
    before = {item.property_id: item for item in market.engine.answer(_all("ann"))}
    change(market, ListPrice=450_000)
    answer = market.engine.answer(_all("ann"))
    found = next(item for item in answer if item.property_id == "liked")
    assert "liked" not in before
    assert [item.score for item in answer] == sorted((item.score for item in answer), reverse=True)
    listed = market.engine.recommend("ann", 6)
    assert next(item.score for item in listed if item.property_id == "liked") == pytest.approx(found.score)
    total = 121
    for stage in listed.trace:
        assert stage.kept + sum(stage.removed.values()) == total
        total = stage.kept
    assert total == len(listed) == 6
    for item in listed:
        assert sum(reason.share for reason in item.reasons) + item.rest == pytest.approx(1.0)


def test_the_trace_counts_the_homes_that_are_news_again(market):
    assert dict(market.engine.recommend("ann", 6).trace[0].returned) == {}
    change(market, 3 * DAY, StandardStatus="Pending")
    change(market, ListPrice=450_000)
    answer = market.engine.recommend("ann", 6)
    assert dict(answer.trace[0].returned) == {"back_on_market": 1, "price_cut": 1}
    assert "seen" not in answer.trace[0].removed
    assert as_json(answer)["trace"][0]["returned"] == {"back_on_market": 1, "price_cut": 1}
    assert all(set(stage) == {"stage", "kept", "removed"} for stage in as_json(answer)["trace"][1:])


def test_news_of_a_home_beyond_a_limit_is_not_told(market):
    market.directory.put_leads([lead_from({"lead_id": "ann", "limits": {"price_max": 440_000}})])
    change(market, ListPrice=450_000)
    answer = market.engine.recommend("ann", 121)
    assert "liked" not in {item.property_id for item in answer}
    assert dict(answer.trace[0].returned) == {}
    change(market, HOUR, ListPrice=440_000)
    assert reasons(market)["price_cut"].attributes["cut_usd"] == 60_000


def test_a_return_adds_to_the_score_and_nothing_to_the_probability(market):
    for lead in range(12):
        for n in range(16):
            fits, fails = (f"h{(9 * lead + there) % 120:03d}" for there in (n, 50 + 7 * n))
            for home in (fits, fails):
                market.act(f"lead-{lead}", home, ago=(50 - 2 * n) * DAY)
            market.act(f"lead-{lead}", fits, "property_save", ago=(50 - 2 * n) * DAY - HOUR)
    TrainModels(market.tracker, market.catalogue, market.registry)(NOW)
    asked = Ask(lead_id="ann", candidates=["liked", "h119"], rank_all=True)
    old, other = sorted(market.engine.answer(asked), key=lambda item: item.property_id != "liked")
    assert old.confidence != pytest.approx(other.confidence)  # so that a score that grew would tell
    change(market, 3 * DAY, StandardStatus="Pending")
    change(market)
    news = next(item for item in market.engine.answer(asked) if item.property_id == "liked")
    assert news.score == pytest.approx(old.score + 1.0)
    assert news.confidence == pytest.approx(old.confidence)
    assert news.interval == pytest.approx(old.interval)


def test_a_look_at_the_home_ends_the_news_of_its_price(market):
    asked = Ask(lead_id="ann", candidates=["liked"], rank_all=True)
    change(market, 2 * DAY, ListPrice=450_000)
    (news,) = market.engine.answer(asked)
    market.act("ann", "liked", "photos_viewed", ago=DAY)
    (old,) = market.engine.answer(asked)
    assert {"price_cut"} == {reason.kind for reason in news.reasons} - {reason.kind for reason in old.reasons}
    assert news.score > old.score


def test_a_third_of_a_list_is_reserved_to_news_and_no_more(market):
    for n in range(60):
        market.act("ann", f"h{n:03d}", "property_save", ago=9 * DAY)
    for n in range(60):
        at = NOW - DAY
        market.catalogue.put([Property(f"h{n:03d}", at, at, {"ListPrice": 250_000 + 5_000 * n})])
    answer = market.engine.recommend("ann", 9)
    assert sum(item.property_id < "h060" for item in answer) >= 3


def test_a_cut_in_price_finds_the_leads_who_saved_the_home(market):
    assert [item.lead_id for item in market.engine.leads_for("liked").items] == []
    change(market, ListPrice=450_000)
    (item,) = market.engine.leads_for("liked").items
    assert (item.lead_id, [r.kind for r in item.reasons if r.kind == "price_cut"]) == ("ann", ["price_cut"])


def test_a_home_under_its_new_key_is_not_like_itself(market):
    change(market, 3 * DAY, StandardStatus="Expired")
    change(market, key="anew")
    assert not {"anew", "liked"} & {found.property_id for found in market.engine.similar("liked", 100)}


# What no answer about the past may know


def told_late(market):
    """The price was cut five days ago; we hear of it half a day ago, and of a save on another home as late."""
    change(market, 5 * DAY, known_ago=DAY // 2, ListPrice=450_000)
    market.act("ann", "h100", "property_save", ago=9 * DAY, known_ago=DAY // 2)
    at = NOW - 2 * DAY
    market.catalogue.put([Property("h100", at, at, {"ListPrice": 100_000})])


def test_a_change_known_later_is_no_news_before_it_was_known(market):
    told_late(market)
    assert not {"liked", "h100"} & {home for home in market.ids("ann", 121, as_of=NOW - DAY) if _news(market, home)}
    assert _news(market, "liked", NOW)
    assert _news(market, "h100", NOW)


def test_a_change_to_come_is_no_news(market):
    market.catalogue.put([Property("liked", NOW + DAY, NOW - DAY, {"ListPrice": 450_000, **HOUSE})])
    assert not _news(market, "liked", NOW)
    market.now = NOW + DAY
    assert _news(market, "liked", NOW + DAY)


def test_a_cut_is_measured_from_the_price_that_the_lead_was_shown(market):
    """The cut began before the last look, but nobody knew: what was shown then was the old price."""
    change(market, 9 * DAY, known_ago=DAY, ListPrice=450_000)
    assert reasons(market)["price_cut"].attributes["PreviousListPrice"] == 500_000


def test_sources_that_look_ahead_are_found_out(market):
    """The mutants: one asks for versions whenever they became known, one takes what held for what was known."""
    told_late(market)
    then, everything = NOW - DAY, market.catalogue.versions_of
    assert cuts(market, then, partial(everything, known_upto=then), upto=then) == {}
    assert cuts(market, then, everything, upto=NOW) == {"liked": 50_000}
    change(market, 9 * DAY, known_ago=HOUR, ListPrice=470_000)
    as_it_held = lambda ids: [replace(home, known_at=home.at) for home in everything(ids)]  # noqa: E731
    assert cuts(market, NOW, everything, upto=NOW)["liked"] == 50_000
    assert cuts(market, NOW, as_it_held, upto=NOW)["liked"] == 20_000


def cuts(market, as_of, versions, upto):
    """By how much the prices of the homes that ann liked by a moment were cut, by a source made by hand."""
    view = market.catalogue.snapshot(upto)
    ask = Ask(lead_id="ann")
    who = shopper(history(market.tracker.store, "default", ask, as_of), ask, None, view, as_of)
    changes = Returned(view, versions, upto).changes(who.kept)
    return {view.ids.ids[row]: one.cut for row, one in changes.items()}


def _all(lead):
    return Ask(lead_id=lead, candidates=["liked", *(f"h{n:03d}" for n in range(0, 120, 3))], rank_all=True)


def _news(market, home, as_of=NOW - DAY):
    kinds = reasons(market, home, 121, as_of=as_of)
    return bool({"price_cut", "back_on_market"} & kinds.keys())
