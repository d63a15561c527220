"""Right after the click: one event through the API, and the next answer has moved the way the event says."""

from __future__ import annotations

import numpy as np
import pytest

from homing.personalization.passes import REASONS
from homing.wiring import build, read_settings, served

from api_ground import Client  # isort: skip

HOMES, LEADS = 240, 12
RNG = np.random.default_rng(3)
PRICE = np.round(RNG.uniform(300_000, 900_000, HOMES), -3)
AREA = RNG.integers(900, 3_000, HOMES)
NORTH, EAST = 47.3 + 0.3 * RNG.random(HOMES), -122.4 + 0.3 * RNG.random(HOMES)
TYPE, BUILT, STORIES = RNG.integers(3, size=HOMES), RNG.integers(1920, 2022, HOMES), RNG.integers(1, 3, HOMES)
IDS = [f"h{n:03d}" for n in range(HOMES)]


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """The application as it is served, over homes whose attributes are independent of each other."""
    client = Client(served(build(read_settings({}, data_dir=tmp_path_factory.mktemp("data")))))
    rows = [
        {
            "ListingKey": IDS[n], "ListPrice": PRICE[n], "LivingArea": int(AREA[n]), "Latitude": NORTH[n],
            "Longitude": EAST[n], "PropertySubType": ("Townhouse", "Condominium", "Cabin")[TYPE[n]],
            "YearBuilt": int(BUILT[n]), "StoriesTotal": int(STORIES[n]),
            "OnMarketTimestamp": f"2026-0{1 + n % 8}-10T00:00:00Z",
        }
        for n in range(HOMES)
    ]  # fmt: skip
    assert client.post("/v1/properties", json=rows).json()["created"] == HOMES
    return client


def act(client, lead, home, kind, **data):
    event = {"event_type": kind, "lead_id": lead, "property_id": IDS[home], "event_data": data}
    assert client.post("/v1/events", json=event).json()["stored"] == 1


def ranked(client, lead):
    """The scores of all homes, NaN of those passed on, and the list of ten."""
    found = client.post("/v1/rank", json={"lead_id": lead, "property_ids": IDS, "explain": False}).json()["items"]
    scores = {item["property_id"]: item["score"] for item in found}
    ten = client.get(f"/v1/leads/{lead}/recommendations?explain=false").json()["items"]
    return np.array([scores.get(name, np.nan) for name in IDS]), [item["property_id"] for item in ten]


def place(scores):
    """The place of each home from 0, best, to 1."""
    return np.argsort(np.argsort(-np.nan_to_num(scores, nan=-99.0))) / len(scores)


def kilometres(home):
    return np.hypot((NORTH - NORTH[home]) * 111.2, (EAST - EAST[home]) * 75.4)


def alike(reason, home):
    """The homes that a pass for this reason speaks against, and those that it says nothing about."""
    match reason:
        case "price_too_high":
            return PRICE[home] <= PRICE, 0.8 * PRICE[home] > PRICE
        case "price_too_low":
            return PRICE[home] >= PRICE, 1.25 * PRICE[home] < PRICE
        case "size_too_small":
            return AREA[home] >= AREA, 1.3 * AREA[home] < AREA
        case "size_too_large":
            return AREA[home] <= AREA, 0.75 * AREA[home] > AREA
        case "location":
            return kilometres(home) < 2.0, kilometres(home) > 4.5
        case "style":
            same = (TYPE[home] == TYPE) & (STORIES[home] == STORIES) & (np.abs(BUILT - BUILT[home]) <= 15)
            return same, (TYPE[home] != TYPE) & (STORIES[home] != STORIES)


def test_each_reason_that_an_event_can_give_is_tried():
    assert set(REASONS) == {"price_too_high", "price_too_low", "size_too_small", "size_too_large", "location", "style"}


@pytest.mark.parametrize("reason", REASONS)
def test_a_pass_with_a_reason_lets_homes_fall_that_are_like_it_in_just_that(client, reason):
    """Beside each lead goes a twin that does the same but gives no reason."""
    for number in range(LEADS):
        lead, twin = f"{reason}-{number}", f"{reason}-{number}-twin"
        for home in np.random.default_rng(number).choice(HOMES, 5, replace=False):
            for who in (lead, twin):
                act(client, who, int(home), "property_view")
        before, ten = ranked(client, lead)
        passed = IDS.index(ten[number % 5])
        act(client, lead, passed, "property_dislike", reason=reason)
        act(client, twin, passed, "property_dislike", reason="other")
        (after, next_ten), (of_twin, _) = ranked(client, lead), ranked(client, twin)
        against, untouched = alike(reason, passed)
        told, out = against & np.isfinite(after), untouched & np.isfinite(after)
        assert next_ten != ten
        assert IDS[passed] not in next_ten
        assert (after[told] < of_twin[told]).all()
        assert after[out] == pytest.approx(of_twin[out], abs=1e-4)
        if told.any() and out.any():
            assert (place(after) - place(before))[told].mean() > (place(after) - place(before))[out].mean()


@pytest.mark.parametrize("kind", ["property_like", "property_save", "property_share", "property_view"])
def test_an_act_in_favour_lets_homes_like_it_rise(client, kind):
    for number in range(LEADS):
        lead = f"{kind}-{number}"
        for home in np.random.default_rng(100 + number).choice(HOMES, 4, replace=False):
            act(client, lead, int(home), "property_view")
        before, ten = ranked(client, lead)
        liked = int(np.random.default_rng(number).integers(HOMES))
        act(client, lead, liked, kind)
        after, next_ten = ranked(client, lead)
        like_it = np.argsort(kilometres(liked) / 2 + np.abs(np.log(PRICE / PRICE[liked])) / 0.1)[1:9]
        assert next_ten != ten
        assert np.mean((after - before)[like_it]) > np.nanmean(after - before)


def test_a_later_like_belies_a_pass(client):
    act(client, "belied", 0, "property_dislike", reason="price_too_high")
    passed, _ = ranked(client, "belied")
    dearer = int(np.argmax(PRICE))
    act(client, "belied", dearer, "property_save")
    act(client, "plain", 0, "property_dislike")
    act(client, "plain", dearer, "property_save")
    belied, plain = ranked(client, "belied")[0], ranked(client, "plain")[0]
    assert belied == pytest.approx(plain, abs=1e-4, nan_ok=True)
    assert not np.allclose(np.nan_to_num(passed), np.nan_to_num(plain))


def test_the_full_explanation_has_a_message_and_what_a_home_hangs_on_and_can_be_asked_again(client):
    for home in range(5):
        act(client, "full", home, "property_save")
    path = "/v1/leads/full/recommendations"
    plain, full = (client.get(f"{path}?explain={asked}").json()["items"] for asked in ("true", "full"))
    assert [set(item) for item in full] == [set(item) | {"sms", "counterfactual"} for item in plain]
    told = next(item for item in full if item["counterfactual"])
    again = client.get(path, params={"without": told["counterfactual"]["events"]}).json()["items"]
    assert told["property_id"] not in [item["property_id"] for item in again]
    assert told["sms"].endswith(told["reasons"][0]["say"])
