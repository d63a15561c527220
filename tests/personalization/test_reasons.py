"""Every reason is a true sentence, with the events that prove it, and the shares add up."""

from dataclasses import replace

import numpy as np
import pytest

from homing.core.clock import DAY
from homing.market.property import Property
from homing.market.snapshot import snapshot_of
from homing.models.query import Query
from homing.people.lead import Limits
from homing.personalization.attention import Drawn
from homing.personalization.reason_wording import Facts
from homing.personalization.reasons import ENOUGH, MOST, reasons
from homing.personalization.shopper import Acts, Shopper
from homing.trust.text_guard import shipped_text_guard

NOW = 100 * DAY

TOWN, CONDO = {"PropertySubType": "Townhouse"}, {"PropertySubType": "Condominium"}
HOMES = [
    {"ListPrice": 599_000.0, "BedroomsTotal": 3.0, "Latitude": 47.60, "Longitude": -122.30, **TOWN},
    {"ListPrice": 610_000.0, "BedroomsTotal": 3.0, "Latitude": 47.601, "Longitude": -122.30, **TOWN},
    {"ListPrice": 560_000.0, "BedroomsTotal": 2.0, "Latitude": 47.70, "Longitude": -122.30, **CONDO},
    {"ListPrice": 900_000.0, "BedroomsTotal": 5.0, "Latitude": 47.90, "Longitude": -122.30},
]
MARKET = snapshot_of([Property(f"h{n}", 98 * DAY, 98 * DAY, row) for n, row in enumerate(HOMES)])


def acts(*rows):
    ids = tuple(f"h{row}" for row in rows)
    prices = np.array([HOMES[row]["ListPrice"] for row in rows], dtype=float)
    return Acts(np.array(rows, dtype=np.int64), ids, tuple(f"evt_{row}" for row in rows), prices)


def shopper(liked=(1, 2, 3), passed=()):
    return Shopper("lead-1", None, 3, Query("lead-1", ()), acts(*liked), acts(*passed), np.zeros(0, dtype=np.int64))


def given(parts, who=None):
    return reasons(parts, Facts(MARKET, 0, NOW, lambda: Drawn(7, 9)), who or shopper())


def test_the_price_reason_counts_the_homes_of_the_band_and_cites_exactly_their_events():
    (reason,), rest = given({"content:price": 2.0})
    assert reason.text == "in the 550,000 to 650,000 band of 2 of the 3 homes looked at"
    assert reason.events == ("evt_1", "evt_2")
    assert reason.attributes == {"ListPrice": 599_000}
    assert (reason.share, rest) == (1.0, 0.0)


def test_the_price_of_an_old_act_is_the_price_of_then():
    liked = acts(1)
    then = Acts(liked.rows, liked.property_ids, liked.event_ids, np.array([900_000.0]))
    who = Shopper("lead-1", None, 1, Query("lead-1", ()), then, acts(), np.zeros(0, dtype=np.int64))
    (reason,), _ = given({"content:price": 1.0}, who)
    assert "nearest looked at had 900,000" in reason.text


def test_words_of_the_description_are_quoted_with_the_homes_that_have_them():
    said = ("Sunny deck.", "A sunny deck, big", "Near the park", "Deck, sunny")
    homes = snapshot_of([Property(f"h{n}", 0, 0, {"PublicRemarks": text}) for n, text in enumerate(said)])

    def told(*words):
        facts = Facts(homes, 0, NOW, Drawn, words=lambda: words)
        return reasons({"content:remarks": 1.0}, facts, shopper())[0][0]

    reason = told("no such", "sunny deck", "park")
    assert reason.text == "words of its description (“sunny deck”, “park”) stand in those of 2 of the 3 homes looked at"
    assert told("sunny", "deck").events == ("evt_1", "evt_3")
    assert len(told("sunny", "deck", "park", "near").attributes["PublicRemarks"]) == 3
    assert told("sunny").attributes == {"PublicRemarks": ["sunny"]}
    assert told("lake").text == told().text == "its description, as the model weighs it for everybody"


def test_location_counts_homes_within_two_kilometres():
    (reason,), _ = given({"content:location": 1.0})
    assert reason.text == "within 2 km of 1 of the 3 homes looked at"
    assert reason.events == ("evt_1",)


def test_a_category_names_its_value():
    (reason,), _ = given({"content:type": 1.0})
    assert reason.text == "Townhouse, as 1 of the 3 homes looked at"


def test_shares_are_fractions_of_the_positive_part_and_negative_parts_are_no_reason():
    found, rest = given({"content:price": 3.0, "content:beds": 1.0, "content:location": -5.0})
    assert [reason.kind for reason in found] == ["price", "beds"]
    assert [reason.share for reason in found] == [0.75, 0.25]
    assert rest == pytest.approx(0.0)


def test_reasons_cover_at_least_sixty_percent_of_the_positive_part():
    parts = {f"content:{kind}": 1.0 for kind in ("price", "beds", "location", "type", "lot", "age", "size", "stories")}
    found, rest = given(parts)
    assert sum(reason.share for reason in found) >= ENOUGH
    assert len(found) == MOST
    assert [reason.text.count(";") for reason in found] == [1, 0, 0, 0]
    assert sum(reason.share for reason in found) + rest == pytest.approx(1.0)


def test_behaviour_of_others_cites_the_acts_of_this_lead_that_it_stands_on():
    (reason,), _ = given({"collaborative:h1": 0.5, "collaborative:h2": -0.1, "collaborative:h9": 0.2})
    assert reason.events == ("evt_1",)
    assert "h1" in reason.text


def test_what_attributes_let_expect_is_not_called_the_behaviour_of_others_on_a_home():
    for name in ("collaborative:attributes", "similar_homes:attributes"):
        (reason,), _ = given({name: 0.5})
        assert (reason.kind, reason.text) == ("fit", "it has what homes liked by shoppers like this lead have")
        assert reason.events == ("evt_1", "evt_2", "evt_3")


@pytest.mark.parametrize(
    ("limits", "text", "attributes"),
    [
        (Limits(price_max=600_000, bedrooms_min=3), "within", {"ListPrice": 599_000, "BedroomsTotal": 3}),
        (Limits(types=("townhouse",)), "within", {}),
        (Limits(price_max=500_000), "close to", {}),
        (None, "close to", {}),
    ],
)
def test_stated_limits_are_said_to_hold_only_where_they_do(limits, text, attributes):
    (reason,), _ = given({"collaborative:stated_limits": 0.5}, replace(shopper(), limits=limits))
    assert (reason.kind, reason.text) == ("stated_limits", f"it is {text} what this lead asked for")
    assert (dict(reason.attributes), reason.events) == (attributes, ())


def test_the_shipped_rules_let_these_reasons_be_said():
    may_say = shipped_text_guard().allows
    for kind in ("attributes", "stated_limits"):
        (reason,), _ = given({f"collaborative:{kind}": 0.5}, replace(shopper(), limits=Limits(price_max=600_000)))
        assert may_say(reason.text)
        assert may_say(reason.say)


def test_popularity_says_how_many_shoppers_looked():
    (reason,), _ = given({"popularity": 0.4})
    assert reason.text == "drew 7 shoppers in the last 30 days"


def test_freshness_says_when_it_was_listed():
    (reason,), _ = given({"recency": 0.4})
    assert reason.text == "listed 2 days ago"


def test_a_lead_that_only_passed_on_homes_is_told_what_is_different():
    (reason,), _ = given({"content:beds": 0.4}, shopper(liked=(), passed=(3,)))
    assert reason.events == ("evt_3",)
    assert "passed on" in reason.text


def test_a_home_with_nothing_in_its_favour_says_so():
    (reason,), rest = given({"content:price": -1.0})
    assert reason.kind == "exploration"
    assert (reason.share, rest) == (1.0, 0.0)


def test_nothing_said_aloud_recites_what_was_tracked():
    kinds = ("price", "size", "beds", "baths", "location", "age", "lot", "type")
    found, _ = given({**{f"content:{kind}": 1.0 for kind in kinds}, "popularity": 1.0, "collaborative:h1": 1.0})
    for reason in found:
        assert not any(word in reason.say for word in ("view", "click", "looked", "saved", "track"))


def test_any_attribute_of_the_homes_can_be_a_reason():
    homes = snapshot_of([Property(f"h{n}", n, n, {"AssociationFee": 5.0, "PoolPrivateYN": n < 2}) for n in range(3)])
    who = Shopper("l", None, 2, Query("l", ()), acts(1, 2), acts(), np.zeros(0, dtype=np.int64))
    parts = {"content:AssociationFee": 1.0, "content:pool": 1.0}
    found, _ = reasons(parts, Facts(homes, 0, NOW, Drawn()), who)
    assert {reason.text for reason in found} == {
        "AssociationFee 5, as in 2 of the 2 homes looked at",
        "a pool, as in 1 of the 2 homes looked at",
    }
