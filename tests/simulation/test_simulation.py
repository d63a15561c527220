from __future__ import annotations

from collections import Counter, defaultdict
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pytest
from synthetic_homes import END, town

from homing.core.clock import DAY, HOUR, from_micros, parse_moment
from homing.core.errors import BadInput
from homing.event_types import EventType
from homing.simulation import constants
from homing.simulation.simulate import simulate
from homing.tracking.validation import event_from

ON_THE_SITE = {
    "property_view", "property_save", "property_like", "property_share", "property_dislike", "photos_viewed",
    "inquiry_sent", "booking_request", "recommendation_shown", "tour_completed", "offer_made",
}  # fmt: skip


@pytest.fixture(scope="module")
def lives(made):
    """Of each home its versions: (moment, status, price), in order of time."""
    found = defaultdict(list)
    for row in made.listings:
        found[row["ListingKey"]].append(
            (parse_moment(row["ModificationTimestamp"]), row["StandardStatus"], row["ListPrice"])
        )
    return found


@pytest.fixture(scope="module")
def households(made):
    return {lead: row for row in made.truth if row["kind"] == "household" for lead in row["leads"]}


def version_at(life, at):
    return [version for version in life if version[0] <= at][-1]


def encoded(made):
    return [msgspec.json.encode(table) for table in (made.listings, made.leads, made.agents, made.events, made.truth)]


def test_same_seed_end_and_homes_give_the_same_bytes(homes):
    runs = [encoded(simulate(homes, 15, 6, seed=3, end_at=END)) for _ in range(2)]
    assert runs[0] == runs[1]


def test_another_seed_gives_another_market_and_other_event_ids(homes, made):
    other = simulate(homes, 15, 6, seed=4, end_at=END)
    assert not {e["event_id"] for e in other.events} & {e["event_id"] for e in made.events}
    assert other.listings != made.listings


def test_every_event_is_one_the_importer_takes(made):
    for row in made.events:
        event_from(row, tenant="default", now=END, files=True)


def test_events_are_in_order_and_none_is_later_than_the_end(made):
    moments = [parse_moment(row["timestamp"]) for row in made.events]
    assert moments == sorted(moments)
    assert moments[0] >= END - 30 * DAY
    assert moments[-1] <= END
    assert all(parse_moment(row.get("received_at", row["timestamp"])) <= END for row in made.events)


def late(row):
    return parse_moment(row.get("received_at", row["timestamp"])) - parse_moment(row["timestamp"])


def test_some_of_it_is_known_only_later_and_nothing_before_it_happened(made):
    delays = [late(row) for row in made.events]
    assert min(delays) == 0
    assert 0.005 < np.mean(np.array(delays) > 0) < 0.25


def test_an_agent_may_write_a_tour_down_days_later(longer):
    tours = [late(row) for row in longer.events if row["event_type"] == "tour_completed"]
    assert max(tours) > DAY


def test_a_visit_without_a_connection_arrives_in_one_batch(made):
    batches = defaultdict(set)
    for row in made.events:
        if row.get("device_type") == "mobile" and late(row):
            batches[row["session_id"]].add(row["received_at"])
    assert len(batches) > 5
    assert {len(moments) for moments in batches.values()} == {1}


def test_what_agents_enter_in_their_crm_comes_at_night(longer):
    entered = [row for row in longer.events if row["event_type"] in {"call_made", "stage_changed"} and late(row)]
    hours = {
        from_micros(parse_moment(row["received_at"])).astimezone(ZoneInfo("America/Los_Angeles")).hour
        for row in entered
    }
    assert hours == {2}
    agents = {row["agent_id"] for row in entered}
    at_once = [row for row in longer.events if row["event_type"] == "call_made" and not late(row)]
    assert not agents & {row["agent_id"] for row in at_once}


def test_event_ids_are_unique(made):
    assert len({row["event_id"] for row in made.events}) == len(made.events)


def test_as_many_leads_as_asked_and_each_has_a_household_and_an_agent(made, households):
    assert [row["lead_id"] for row in made.leads] == [f"lead-{i + 1:05d}" for i in range(120)]
    assert {row["agent_id"] for row in made.leads} <= {row["agent_id"] for row in made.agents}
    assert all(households[row["lead_id"]]["household_id"] == row["household_id"] for row in made.leads)


def test_nothing_is_done_with_a_home_that_is_not_for_sale_at_that_moment(made, lives):
    for row in made.events:
        if row["event_type"] in ON_THE_SITE:
            status = version_at(lives[row["property_id"]], parse_moment(row["timestamp"]))[1]
            assert status == "Active", row


def test_saved_shared_toured_and_bid_homes_break_no_limit_at_the_price_of_then(made, lives, homes, households):
    fields = {row["ListingKey"]: row for row in homes}
    for row in made.events:
        if row["event_type"] in {"property_save", "property_share", "inquiry_sent", "offer_made"}:
            truth, home = households[row["lead_id"]], fields[row["property_id"]]
            price = version_at(lives[row["property_id"]], parse_moment(row["timestamp"]))[2]
            assert price <= truth["budget"]
            assert not truth["beds_hard"] or home["BedroomsTotal"] >= truth["beds"]
            assert not truth["areas_hard"] or home["PostalCode"] in truth["areas"]


def test_offers_stay_within_the_budget(longer):
    truth = {lead: row for row in longer.truth if row["kind"] == "household" for lead in row["leads"]}
    offers = [row for row in longer.events if row["event_type"] == "offer_made"]
    assert offers
    assert all(row["event_data"]["amount"] <= truth[row["lead_id"]]["budget"] for row in offers)


def test_stated_limits_and_search_filters_are_the_households_own(made, households):
    stated = 0
    for row in made.leads:
        truth, limits = households[row["lead_id"]], row["limits"]
        stated += "price_max" in limits
        assert limits.get("price_max", truth["budget"]) == truth["budget"]
        assert limits.get("bedrooms_min", truth["beds"]) == truth["beds"]
        assert limits.get("areas", truth["areas"]) == truth["areas"]
    assert 0.4 < stated / len(made.leads) < 0.8
    for row in made.events:
        if row["event_type"] == "search_query":
            assert row["event_data"]["search_filters"]["price_max"] == households[row["lead_id"]]["budget"]


def test_prices_only_fall_and_a_closed_home_stays_closed(lives):
    for life in lives.values():
        prices = [price for _, _, price in life]
        assert prices == sorted(prices, reverse=True)
        assert "Closed" not in [status for _, status, _ in life][:-1]


def utility(truth, home, price, world, hidden):
    """The household's utility of a home, computed again from the truth table alone."""
    dear = np.log(price / truth["comfortable"])
    seen = [dear, max(dear, 0.0), abs(np.log(home["LivingArea"] / truth["wanted_size"]))]
    for scale in world["standardised"].values():
        value = float(home[next(name for name in scale["fields"] if name in home)])
        value = np.log(value) if scale["log"] else value
        seen.append(float(np.clip((value - scale["mean"]) / scale["spread"], -4, 4)))
    apart = [
        np.hypot(home["Latitude"] - north, (home["Longitude"] - east) * np.cos(np.radians(north)))
        for north, east in truth["anchors"]
    ]
    seen += [np.log1p(min(apart) * 111.2 / 3.0), float(home["PostalCode"] in truth["areas"]), *hidden]
    first, second = np.array(truth["weights"]) @ np.array(seen)
    return truth["say"] * first + (1 - truth["say"]) * second - world["disagreement"] * abs(first - second)


@pytest.fixture(scope="module")
def worth(made, homes, lives, households):
    """The utility of (lead, home, moment), from the truth table."""
    fields = {row["ListingKey"]: row for row in homes}
    hidden = {row["property_id"]: row["hidden"] for row in made.truth if row["kind"] == "home"}

    def of(row):
        price = version_at(lives[row["property_id"]], parse_moment(row["timestamp"]))[2]
        key = row["property_id"]
        return utility(households[row["lead_id"]], fields[key], price, made.truth[0], hidden[key])

    return of


def test_opened_homes_are_truly_better_for_the_household_than_those_shown_and_left(made, worth):
    opened = {(row["session_id"], row["property_id"]) for row in made.events if row["event_type"] == "property_view"}
    gaps = []
    shown = defaultdict(lambda: ([], []))
    for row in made.events:
        if row["event_type"] == "recommendation_shown":
            shown[row["session_id"]][(row["session_id"], row["property_id"]) in opened].append(worth(row))
    for left, taken in shown.values():
        if left and taken:
            gaps.append(np.mean(taken) - np.mean(left))
    assert len(gaps) > 20
    assert np.mean(gaps) > 0.5
    assert np.mean(np.array(gaps) > 0) > 0.75


def test_saved_homes_are_above_the_households_own_bar_but_for_the_noise(made, worth, households):
    saves = [row for row in made.events if row["event_type"] == "property_save"]
    above = [worth(row) - households[row["lead_id"]]["bars"]["reference"] for row in saves]
    assert len(saves) > 50
    assert np.mean(np.array(above) > 0) > 0.95


def test_leads_save_different_homes(made):
    savers = Counter(row["property_id"] for row in made.events if row["event_type"] == "property_save")
    assert savers.most_common(1)[0][1] < 0.1 * 120
    assert len(savers) > 0.4 * savers.total()


def test_reasons_for_passing_are_true(made, lives, homes, households):
    fields = {row["ListingKey"]: row for row in homes}
    for row in made.events:
        if row["event_type"] == "property_dislike":
            truth, home = households[row["lead_id"]], fields[row["property_id"]]
            price = version_at(lives[row["property_id"]], parse_moment(row["timestamp"]))[2]
            if price > truth["budget"]:
                assert row["event_data"]["reason"] == "price_too_high"
            if row["event_data"]["reason"] == "size_too_large":
                assert home["LivingArea"] >= truth["wanted_size"]


def test_sessions_start_before_they_end_and_hold_their_events(made):
    spans = defaultdict(list)
    for row in made.events:
        if "session_id" in row:
            spans[row["session_id"]].append((parse_moment(row["timestamp"]), row["event_type"]))
    for events in spans.values():
        assert events[0][1] == "session_start"
        kinds = [kind for _, kind in events]
        assert kinds.count("session_start") == 1
        if "session_end" in kinds:
            assert max(events)[0] == next(at for at, kind in events if kind == "session_end")


def test_shown_homes_carry_their_rank_and_chance(made):
    shown = [row["event_data"] for row in made.events if row["event_type"] == "recommendation_shown"]
    assert {data["rank"] for data in shown} == set(range(1, constants.SLATE + 1))
    assert all(0 < data["propensity"] <= 1 for data in shown)


def test_volume_is_that_of_real_portals(made):
    views = Counter(row["lead_id"] for row in made.events if row["event_type"] == "property_view")
    assert 20 < len(made.events) / 120 < 200
    assert max(views.values()) > 3 * np.median(list(views.values()))


def test_it_uses_most_of_the_vocabulary(made):
    assert len({row["event_type"] for row in made.events}) > 20
    assert {row["event_type"] for row in made.events} <= {kind.value for kind in EventType}


def test_the_truth_says_that_it_is_simulated(made):
    assert all(row["simulated"] is True for row in made.truth)
    assert made.truth[0]["constants"] == constants.fingerprint()


def test_homes_without_place_or_details_can_be_shopped_for_too():
    bare = [{"ListingKey": row["ListingKey"], "ListPrice": row["ListPrice"]} for row in town(200)]
    made = simulate(bare, 10, 5, seed=1, end_at=END)
    assert any(row["event_type"] == "property_view" for row in made.events)
    assert all("areas" not in row["limits"] for row in made.leads)


def test_a_field_that_is_0_because_nobody_measured_it_is_unknown():
    unmeasured = [row | {"LotSizeSquareFeet": 0, "LivingArea": 0} if i % 3 else row for i, row in enumerate(town(200))]
    made = simulate(unmeasured, 10, 5, seed=1, end_at=END)
    assert any(row["event_type"] == "property_view" for row in made.events)


def test_rents_are_named_in_tens_and_budgets_in_hundreds():
    rents = [row | {"ListPrice": round(row["ListPrice"] / 200)} for row in town(300)]
    made = simulate(rents, 40, 30, seed=1, end_at=END)
    asked = {row["ListPrice"] for row in made.listings}
    assert len(asked) > 100
    assert all(price > 0 for price in asked)
    budgets = {row["budget"] for row in made.truth if row["kind"] == "household"}
    assert len(budgets) > 4
    assert max(budgets) <= max(asked)


def test_a_kind_of_home_that_no_listing_states_is_nobodys_limit(homes, made):
    bare = [{name: value for name, value in row.items() if name != "PropertyType"} for row in homes[:200]]
    without = simulate(bare, 40, 1, seed=7, end_at=END)
    assert all("types" not in row["limits"] for row in without.leads)
    assert any(row["limits"].get("types") == ["Residential"] for row in made.leads)


def test_leads_come_in_the_evening_at_whatever_hour_the_run_ends(homes):
    made = simulate(homes, 150, 30, seed=7, end_at=END + 13 * HOUR)
    hours = [
        from_micros(parse_moment(row["timestamp"])).astimezone(ZoneInfo("America/Los_Angeles")).hour
        for row in made.events
        if row["event_type"] == "session_start"
    ]
    evening, night = (sum(low <= hour < high for hour in hours) for low, high in ((17, 23), (0, 6)))
    assert evening > 3 * night > 0


def test_too_few_homes_are_refused():
    with pytest.raises(BadInput, match="at least 20 homes with a ListPrice to simulate a market; got 5"):
        simulate(town(5), 10, 5, seed=1, end_at=END)


def test_all_wrong_numbers_are_refused_together(homes):
    with pytest.raises(BadInput) as refused:
        simulate(homes, 0, 0, seed=-1, end_at=END)
    assert [fault.where for fault in refused.value.faults] == ["leads", "days", "seed"]


def test_progress_is_heard_day_by_day(homes):
    heard = []
    simulate(homes, 3, 4, seed=1, end_at=END, progress=lambda done, all_: heard.append((done, all_)))
    assert heard == [(1, 4), (2, 4), (3, 4), (4, 4)]
