"""Whatever a reason can say may be said; where words from listing data may not, the reason is left out."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from homing.core.clock import DAY
from homing.market.property import Property
from homing.market.snapshot import snapshot_of
from homing.models.content_based import ContentBasedModel
from homing.models.interactions import Interactions
from homing.models.query import Query
from homing.personalization.attention import Drawn
from homing.personalization.reason_wording import _CATEGORIES, _NUMBERS, Facts
from homing.personalization.reasons import reasons
from homing.personalization.returned import BACK, CUT, LIKED, Act, Change, Kept
from homing.personalization.shopper import Acts, Shopper
from homing.trust.text_guard import shipped_text_guard

NOW = 100 * DAY
GUARD = shipped_text_guard()
ATTRIBUTES = {number.attribute for numbers in _NUMBERS.values() for number in numbers}
PLACES = ("Black Diamond", "Christiansburg", "Church Hill", "White Center", "Deaf Smith County", "Queen Anne", "98104")


def home(value, place):
    return {name: float(value) for name in ATTRIBUTES} | {
        "ListPrice": 400_000.0 + value, "PropertySubType": "Single Family Residence", "City": place,
        "PublicRemarks": "A sunny deck.",
    }  # fmt: skip


def market_of(place):
    rows = [home(1, place), home(1, place), home(0, "Kent") | {"Latitude": 47.6, "Longitude": -122.3}]
    return snapshot_of([Property(f"h{n}", 98 * DAY, 98 * DAY, row) for n, row in enumerate(rows)])


def acts(*rows):
    ids = tuple(f"h{row}" for row in rows)
    return Acts(np.array(rows, dtype=np.int64), ids, ids, np.full(len(rows), 400_000.0))


def shopper(liked, passed):
    return Shopper("lead-1", None, 3, Query("lead-1", ()), acts(*liked), acts(*passed), np.zeros(0, dtype=np.int64))


def changes():
    words = [*LIKED.values(), "viewed 3 times"]
    for word, was, listing in product(words, (None, "Pending", "Withdrawn"), (None, "h9")):
        kept = Kept(word, ("e",), Act(0, 1, 0, 1.0, "e"))
        yield Change(kept, 500_000.0, 450_000.0, back=True, was=was, listing=listing, by="its parcel")


def every_reason(place):
    """Every kind of reason for every sort of shopper, each alone, with this place's name in it."""
    market = market_of(place)
    kinds = [f"content:{kind}" for kind in (*_NUMBERS, *_CATEGORIES, "unheard_of")]
    behind = [((1,), ()), ((2,), ()), ((1, 2), (2,)), ((), (1, 2)), ((), ())]
    for row, (liked, passed) in product((0, 2), behind):
        who = shopper(liked, passed)
        for kind in (
            *kinds,
            "content:remarks",
            "popularity",
            "recency",
            "collaborative:h1",
            "collaborative:h7",
            "nothing",
        ):
            for drawn in (Drawn(1, 1), Drawn(0, 9)):
                parts = {} if kind == "nothing" else {kind: 1.0}
                facts = Facts(market, row, NOW, lambda drawn=drawn: drawn, words=lambda: ["sunny deck", "garden"])
                yield from reasons(parts, facts, who)[0]
    for change in changes():
        facts = Facts(market, 0, NOW, Drawn, change)
        yield from reasons({CUT: 1.0, BACK: 1.0}, facts, shopper((), ()))[0]


def test_every_kind_of_reason_may_be_said():
    given = list(every_reason("Kent"))
    kinds = {reason.kind for reason in given}
    assert kinds >= {
        *_NUMBERS,
        *_CATEGORIES,
        CUT,
        BACK,
        "remarks",
        "popularity",
        "recency",
        "similar_homes",
        "exploration",
    }
    refused = {text for reason in given for text in (reason.text, reason.say) if not GUARD.allows(text)}
    assert refused == set()


@pytest.mark.parametrize("place", PLACES)
def test_the_name_of_a_place_is_no_hindrance(place):
    given = [reason for reason in every_reason(place) if place in reason.text]
    assert given
    assert all(GUARD.allows(reason.text) for reason in given)


BAD = "Safe Family Neighborhood"


def test_a_reason_with_words_that_may_not_be_said_is_left_out_and_its_share_is_the_rest():
    parts, who = {"content:location": 3.0, "content:price": 1.0}, shopper((1,), ())
    facts = Facts(market_of(BAD), 0, NOW, Drawn)
    assert [reason.kind for reason in reasons(parts, facts, who)[0]] == ["location", "price"]
    given, rest = reasons(parts, facts, who, GUARD.allows)
    assert [reason.kind for reason in given] == ["price"]
    assert (given[0].share, rest) == (0.25, 0.75)


def test_another_reason_takes_the_place_of_one_left_out():
    many = {f"content:{kind}": 1.0 for kind in ("beds", "lot", "age", "size", "stories", "baths")}
    parts, who = {"content:location": 9.0, **many}, shopper((1,), ())
    given, rest = reasons(parts, Facts(market_of(BAD), 0, NOW, Drawn), who, GUARD.allows)
    assert [reason.text.count(";") for reason in given] == [2, 0, 0, 0]
    assert rest == pytest.approx(9 / 15)


def test_where_the_only_reason_may_not_be_said_none_is_given():
    facts = Facts(market_of(BAD), 0, NOW, Drawn)
    assert reasons({"content:location": 1.0}, facts, shopper((1,), ()), GUARD.allows) == ((), 1.0)


def test_a_label_that_may_not_be_said_is_never_learned_from():
    rows = [
        {"ListingKey": f"h{n}", "ListPrice": 100_000 * n, "Feel": ("Adults only", "Sunny")[n % 2]} for n in range(1, 9)
    ]
    model = ContentBasedModel().fit(Interactions.from_columns(["a", "a"], ["h2", "h4"]), homes=rows)
    (axis,) = (axis for axis in model.axes_ if axis.name == "Feel")
    assert axis.labels == ("Sunny",)
    assert "Feel" not in model.explain("a", "h6")
    assert "Feel" in model.explain("a", "h3")


def test_a_sentence_that_may_not_be_said_is_never_learned_from():
    said = ("Adults only. Sunny deck", "Perfect for families. Big garden")
    rows = [{"ListingKey": f"h{n}", "ListPrice": 100_000 * n, "PublicRemarks": said[n % 2]} for n in range(1, 9)]
    model = ContentBasedModel().fit(Interactions.from_columns(["a"], ["h2"]), homes=rows)
    assert model.lexicon_.terms.ids == ("big", "big garden", "deck", "garden", "sunny", "sunny deck")


def test_the_twin_of_the_law_finds_a_reason_that_must_not_be_said():
    given = [replace(reason, say="it is in a safe neighborhood") for reason in every_reason("Kent")][:1]
    assert [reason for reason in given if not GUARD.allows(reason.say)] == given
