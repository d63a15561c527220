"""The other features of leads against a second, naive reading of their definitions, event by event."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter, defaultdict
from itertools import groupby, pairwise
from statistics import median
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from plain import entropy, gaps_between, home_then, mean, quantile, share, std, told, top, visible
from plain_first_version import BY_NAME, CASES, points
from plain_first_version import plain as first_version

from homing.core.clock import DAY, HOUR, MINUTE
from homing.event_types import EventType as E
from homing.feature_engineering.checks import example_events, value_of_events
from homing.feature_engineering.declaration import ALL
from homing.feature_engineering.feature_extractors.vocabulary import BEHAVIOR, FOR_A_HOME
from homing.feature_engineering.worlds import case_of

FIRST = {
    "total_engagement_score": "engagement_score",
    "save_rate": "view_to_save_rate",
    "booking_follow_through": "booking_completion_rate",
    "search_refinement_rate": "filters_per_search",
    "explicit_sessions_count": "unique_sessions",
    "avg_events_per_day": "events_per_active_day",
    "events_per_hour": "avg_events_per_hour",
    "activity_hour_std": "activity_time_std",
}
NOTHING = math.nan
LOOKING = frozenset({E.PROPERTY_VIEW, E.PROPERTY_SAVE, E.PROPERTY_DISLIKE, E.SEARCH_QUERY, E.FILTER_APPLIED})


def direction(e):
    return e.event_data.get("swipe_direction")


def speaks(e):
    return e.event_type in FOR_A_HOME and (e.event_type is not E.PROPERTY_SWIPE or direction(e) == "right")


def passes(e):
    return e.event_type is E.PROPERTY_DISLIKE or (e.event_type is E.PROPERTY_SWIPE and direction(e) == "left")


def age(case, e):
    return case.as_of - e.at


class Seen:
    """What a lead spoke for in some days, and what those homes were then."""

    def __init__(self, case, days):
        self.case = case
        self.events = [e for e in visible(case, days) if speaks(e)]

    def __getitem__(self, field):
        return [value for e in self.events if (value := home_then(self.case, e, field)) is not None]

    def of_age(self, field, young, old):
        return [
            value
            for e in self.events
            if young <= age(self.case, e) < old and (value := home_then(self.case, e, field)) is not None
        ]


def tastes(case):
    seen = Seen(case, 30)
    prices, kinds, places = seen["price"], seen["kind"], seen["place"]
    bits = [{b for b in range(10) if int(value) >> b & 1} for value in seen["amenities"]]
    mentions = [b for held in bits for b in held]
    bands = [(0, 3e5), (3e5, 6e5), (6e5, 1e6), (1e6, math.inf)]
    shares = {
        f"price_range_{n}_ratio": sum(low <= p < high for p in prices) / len(prices) if prices else NOTHING
        for n, (low, high) in enumerate(bands)
    }
    return shares | {
        "property_type_diversity": len(set(kinds)) / len(kinds) if kinds else NOTHING,
        "most_viewed_type_ratio": kinds.count(top(kinds)) / len(kinds) if kinds else NOTHING,
        "avg_price_viewed": mean(prices),
        "min_price_viewed": min(prices, default=NOTHING),
        "max_price_viewed": max(prices, default=NOTHING),
        "price_std": std(prices),
        "price_range_span": max(prices) - min(prices) if prices else NOTHING,
        "location_diversity": len(set(places)) / len(places) if places else NOTHING,
        "location_concentration": places.count(top(places)) / len(places) if places else NOTHING,
        "avg_size_preference": mean(seen["area"]),
        "size_preference_std": std(seen["area"]),
        "avg_bedrooms_preference": mean(seen["beds"]),
        "bedroom_preference_std": std(seen["beds"]),
        "property_features_diversity": len(set(mentions)) / len(mentions) if mentions else 0.0,
    }


def manner(case):
    seen = [e for e in visible(case) if e.event_type in BEHAVIOR]
    scores = list(map(points, seen))
    gaps = gaps_between(seen)
    judged = [e for e in seen if e.event_type in {E.PROPERTY_LIKE, E.PROPERTY_DISLIKE, E.PROPERTY_SWIPE}]
    liked = sum(e.event_type is E.PROPERTY_LIKE or direction(e) == "right" for e in judged)
    verdicts = liked + sum(map(passes, judged))
    homes = [e.property_id for e in seen if e.property_id]
    return {
        "engagement_std": std(scores),
        "max_engagement_event": max(scores, default=NOTHING),
        "high_value_action_ratio": sum(score >= 3 for score in scores) / len(scores) if scores else 0.0,
        "avg_time_between_events": mean(gaps),
        "interaction_velocity": 1 / max(1.0, mean(gaps)) if gaps else NOTHING,
        "interaction_consistency": 1 / (1 + std(gaps)) if gaps else NOTHING,
        "burst_interaction_ratio": sum(gap < 30 for gap in gaps) / len(gaps) if gaps else 0.0,
        "like_ratio": liked / verdicts if verdicts else NOTHING,
        "decision_confidence": abs(2 * liked / verdicts - 1) if verdicts else NOTHING,
        "exploration_ratio": len(set(homes)) / len(homes) if homes else NOTHING,
        "property_loyalty": sum(n > 1 for n in Counter(homes).values()) / len(set(homes)) if homes else 0.0,
    }


def visits_of(events):
    visits = []
    for e in events:
        if visits and e.at - visits[-1][-1].at < 30 * MINUTE:
            visits[-1].append(e)
        else:
            visits.append([e])
    return visits


def visits(case):
    seen = [e for e in visible(case) if e.event_type in BEHAVIOR]
    local = [e.timestamp.astimezone(ZoneInfo(case.zone)) for e in seen]
    days = Counter(moment.date() for moment in local)
    weekdays, hours = Counter(m.weekday() for m in local), Counter(m.hour for m in local)
    sessions = Counter(e.session_id for e in seen if e.session_id)
    apart = [(b - a).days for a, b in pairwise(sorted(days))]
    each = visits_of(seen)
    slices = [0] * 5
    span = seen[-1].at - seen[0].at if seen else 0
    for e in seen:
        slices[min(4, (e.at - seen[0].at) * 5 // span) if span else 0] += 1
    slope = float(np.polyfit(range(5), slices, 1)[0]) if len(seen) >= 7 and span else NOTHING
    recent = sum(age(case, e) < DAY for e in seen)
    evenly = lambda counts, most: -sum(n / len(seen) * math.log(n / len(seen), most) for n in counts.values())  # noqa: E731
    return {
        "session_length_std": std(list(sessions.values())),
        "inferred_sessions_count": len(each),
        "avg_inferred_session_length": mean(map(len, each)),
        "avg_inferred_session_duration": mean((v[-1].at - v[0].at) / 1e6 for v in each),
        "max_events_per_day": max(days.values(), default=0),
        "weekday_consistency": max(0.0, 1 - std(weekdays.values()) / mean(weekdays.values())) if seen else NOTHING,
        "time_concentration": max(hours.values()) / len(seen) if seen else NOTHING,
        "night_share": sum(m.hour >= 22 or m.hour < 6 for m in local) / len(seen) if seen else 0.0,
        "weekend_share": sum(m.weekday() in {5, 6} for m in local) / len(seen) if seen else 0.0,
        "avg_days_between_sessions": mean(apart),
        "session_regularity": 1 / (1 + std(apart)) if apart else NOTHING,
        "weekday_entropy": evenly(weekdays, 7) if seen else NOTHING,
        "hourly_entropy": evenly(hours, 24) if seen else NOTHING,
        "activity_trend_slope": slope,
        "hours_since_last_activity": age(case, seen[-1]) / HOUR if seen else NOTHING,
        "recent_activity_count": recent,
        "recent_activity_ratio": recent / len(seen) if seen else 0.0,
        "week_share": sum(age(case, e) < 7 * DAY for e in seen) / len(seen) if seen else 0.0,
    }


def stated(case, limit, other=None):
    """Every statement of a limit, oldest first."""
    said = []
    for e in visible(case, 90):
        data = e.event_data
        value = data.get("filter_value")
        found = (data.get("search_filters") or {}).get(limit)
        if e.event_type not in {E.SEARCH_QUERY, E.SEARCH_SAVED, E.FILTER_APPLIED}:
            continue
        if found is None and isinstance(value, dict):
            found = value.get(limit)
        elif found is None and data.get("filter_type") == limit:
            found = value
        if found is not None:
            said.append(found)
    return said


def limits(case):
    seen = Seen(case, 90)
    price, area, beds = seen["price"], [a for a in seen["area"] if a > 0], seen["beds"]
    kinds, places = seen["kind"], seen["place"]
    log = lambda values, level: math.exp(quantile([math.log(v) for v in values], level)) if values else NOTHING  # noqa: E731
    of = lambda kind: [  # noqa: E731
        p for e in visible(case, 90) if e.event_type is kind and (p := home_then(case, e, "price")) is not None
    ]
    most, least, rooms, size = (
        (stated(case, name) or [NOTHING])[-1] for name in ("price_max", "price_min", "bedrooms_min", "square_feet_min")
    )
    beyond = lambda values, test, limit: (  # noqa: E731
        sum(map(test, values)) / len(values) if values and not math.isnan(limit) else NOTHING
    )
    return {
        "price_floor_90d": log(price, 0.1),
        "price_middle_90d": log(price, 0.5),
        "price_ceiling_90d": log(price, 0.9),
        "price_spread_90d": math.log(log(price, 0.75) / log(price, 0.25)),
        "beds_floor_90d": quantile(beds, 0.1),
        "beds_middle_90d": quantile(beds, 0.5),
        "beds_spread_90d": quantile(beds, 0.75) - quantile(beds, 0.25),
        "baths_middle_90d": quantile(seen["baths"], 0.5),
        "area_floor_90d": log(area, 0.1),
        "area_middle_90d": log(area, 0.5),
        "area_spread_90d": math.log(log(area, 0.75) / log(area, 0.25)),
        "kind_focus_90d": kinds.count(top(kinds)) / len(kinds) if kinds else NOTHING,
        "kind_spread_90d": entropy(kinds),
        "place_focus_90d": places.count(top(places)) / len(places) if places else NOTHING,
        "saved_to_viewed_price_90d": math.log(log(of(E.PROPERTY_SAVE), 0.5) / log(of(E.PROPERTY_VIEW), 0.5)),
        "stated_price_ceiling_90d": most,
        "stated_price_floor_90d": least,
        "stated_beds_floor_90d": rooms,
        "stated_area_floor_90d": size,
        "ceiling_to_stated_90d": math.log(log(price, 0.9) / most),
        "over_budget_share_90d": beyond(price, lambda p: p > most, most),
        "under_beds_share_90d": beyond(beds, lambda b: b < rooms, rooms),
        "under_area_share_90d": beyond(seen["area"], lambda a: a < size, size),
        "budget_raises_90d": sum(b > a for a, b in pairwise(stated(case, "price_max"))),
    }


def kilometers(a, b):
    return 111.195 * math.hypot(a[0] - b[0], (a[1] - b[1]) * math.cos(math.radians(b[0])))


def narrowing(case):
    seen = Seen(case, 90)
    values = {}
    for name, field in (("price", "price"), ("place", "place"), ("kind", "kind")):
        band = (lambda p: math.floor(math.log(p) / math.log(1.1))) if name == "price" else (lambda word: word)
        week, before = (
            entropy(list(map(band, seen.of_age(field, *ages)))) for ages in ((0, 7 * DAY), (7 * DAY, 90 * DAY))
        )
        values |= {f"{name}_entropy_7d": week, f"{name}_entropy_change_7d": week - before}
    placed = [(home_then(case, e, "latitude"), home_then(case, e, "longitude")) for e in seen.events]
    spots = [spot for spot in placed if None not in spot][::-1]
    groups = []
    for spot in spots:
        near = next((group for group in groups if kilometers(spot, group[0]) <= 3.0), None)
        if near is not None:
            near.append(spot)
        elif len(groups) < 12:
            groups.append([spot])
    heaviest = sorted(groups, key=len, reverse=True)[:3]
    middles = [(mean(s[0] for s in group), mean(s[1] for s in group)) for group in heaviest]
    for n in range(3):
        there = n < len(heaviest)
        values[f"anchor_{n + 1}_latitude_90d"] = middles[n][0] if there else NOTHING
        values[f"anchor_{n + 1}_longitude_90d"] = middles[n][1] if there else NOTHING
        values[f"anchor_{n + 1}_share_90d"] = len(heaviest[n]) / len(spots) if there else NOTHING
    values["anchor_spread_90d"] = mean(min(kilometers(spot, middle) for middle in middles) for spot in spots)
    return values


def intent(case):
    seen = [e for e in visible(case, 90) if e.event_type in BEHAVIOR]
    of = lambda *kinds: [e for e in seen if e.event_type in kinds]  # noqa: E731
    by_home = defaultdict(list)
    for e in of(E.PROPERTY_VIEW):
        by_home[e.property_id].append(e.at)
    by_home.pop(None, None)
    back = {home: [b - a for a, b in pairwise(times) if b - a >= 30 * MINUTE] for home, times in by_home.items()}
    silences = [(b.at - a.at, age(case, b)) for a, b in pairwise(seen)]
    week = sum(age(case, visit[0]) < 7 * DAY for visit in visits_of(seen))
    day = {e.property_id for e in of(E.PROPERTY_VIEW) if e.property_id and age(case, e) < DAY}
    dwell = [e.event_data["view_duration_seconds"] for e in of(E.PROPERTY_VIEW) if told(e, "view_duration_seconds")]
    middle = max(1.0, median(dwell)) if dwell else NOTHING
    photos = [
        min(1.0, e.event_data["photos_seen"] / e.event_data["photos_total"])
        for e in of(E.PHOTOS_VIEWED)
        if told(e, "photos_seen") and e.event_data.get("photos_total")
    ]
    first_save = {}
    for e in of(E.PROPERTY_SAVE):
        earlier = [at for at in by_home.get(e.property_id, ()) if place(seen, E.PROPERTY_VIEW, e, at)]
        if earlier and e.property_id not in first_save:
            first_save[e.property_id] = e.at - earlier[0]
    saved = {e.property_id for e in of(E.PROPERTY_SAVE)}
    returns = [gap for gaps in back.values() for gap in gaps]
    contacts = of(E.INQUIRY_SENT, E.CONTACT_CLICKED, E.CALL_RECEIVED, E.DIRECTIONS_CLICKED)
    return {
        "home_returns_90d": len(returns),
        "homes_returned_to_90d": sum(map(bool, back.values())),
        "most_home_returns_90d": max(map(len, back.values()), default=0),
        "hours_to_home_return_90d": mean(gap / HOUR for gap in returns),
        "longest_silence_90d": max((gap for gap, _ in silences), default=0) / DAY,
        "returned_after_14d_7d": int(any(gap >= 14 * DAY and ago < 7 * DAY for gap, ago in silences)),
        "visits_7d": week,
        "five_visits_7d": int(week >= 5),
        "homes_24h": len(day),
        "five_homes_24h": int(len(day) >= 5),
        "median_dwell_90d": median(dwell) if dwell else NOTHING,
        "last_dwell_to_median_90d": dwell[-1] / middle if dwell else NOTHING,
        "long_dwell_share_90d": mean([float(seconds >= 2 * middle) for seconds in dwell]),
        "photo_completion_90d": mean(photos),
        "shares_90d": len(of(E.PROPERTY_SHARE)),
        "partner_shares_90d": sum(e.event_data.get("share_method") in {"email", "sms"} for e in of(E.PROPERTY_SHARE)),
        "saved_homes_share_90d": share(len(saved & set(by_home)), len(by_home)),
        "hours_view_to_save_90d": mean(gap / HOUR for gap in first_save.values()),
        "contacts_90d": len(contacts),
    }


def place(seen, kind, save, at):
    """Whether some view of the saved home at this moment comes before the save, ties by event id."""
    own = [e for e in seen if e.event_type is kind and e.property_id == save.property_id and e.at == at]
    return any(seen.index(e) < seen.index(save) for e in own)


def dialogue(case):
    types = {
        E.MESSAGE_SENT: "out", E.CALL_MADE: "out", E.MESSAGE_RECEIVED: "in", E.CALL_RECEIVED: "in",
    }  # fmt: skip
    seen = visible(case, 90)
    words = [(types[e.event_type], e.at) for e in seen if e.event_type in types]
    turns = [(who, [at for _, at in said]) for who, said in groupby(words, key=lambda word: word[0])]
    replies = [(b[1][0] - a[1][0]) / HOUR for a, b in pairwise(turns) if a[0] == "out"]
    of = lambda *kinds: [e for e in seen if e.event_type in kinds]  # noqa: E731
    took_place = [e for e in of(E.TOUR_COMPLETED) if e.event_data.get("completed") is not False]
    off = len(of(E.TOUR_COMPLETED, E.TOUR_CANCELLED, E.TOUR_MISSED)) - len(took_place)
    waits, asked = [], None
    for e in of(E.BOOKING_REQUEST, E.TOUR_SCHEDULED):
        if e.event_type is E.BOOKING_REQUEST:
            asked = asked or e
        elif asked:
            waits.append((e.at - asked.at) / HOUR)
            asked = None
    return {
        "reply_hours_90d": median(replies) if replies else NOTHING,
        "replies_in_24h_share_90d": mean(float(hours <= 24) for hours in replies),
        "unanswered_messages_90d": len(turns[-1][1]) if turns and turns[-1][0] == "out" else 0,
        "messages_received_90d": len(of(E.MESSAGE_RECEIVED)),
        "tours_scheduled_90d": len(of(E.TOUR_SCHEDULED)),
        "tours_taken_90d": len(took_place),
        "tours_called_off_90d": off,
        "tour_cancel_share_90d": share(off, off + len(took_place)),
        "hours_request_to_tour_date_90d": mean(waits),
    }


def rejection(case):
    seen = visible(case, 90)
    off = [e for e in seen if passes(e)]
    reasons = [e.event_data["reason"] for e in off if "reason" in e.event_data]
    spoken = sum(map(speaks, seen))
    because = lambda reason, field: [  # noqa: E731
        value for e in off if e.event_data.get("reason") == reason and (value := home_then(case, e, field)) is not None
    ]
    part = lambda reason: reasons.count(reason) / len(reasons) if reasons else NOTHING  # noqa: E731
    wanted = sorted(Seen(case, 90)["price"])
    ceiling = math.exp(quantile(list(map(math.log, wanted)), 0.9)) if wanted else NOTHING
    dear = min(because("price_too_high", "price"), default=NOTHING)
    passed = [p for e in off if (p := home_then(case, e, "price")) is not None]
    middle = lambda prices: quantile(list(map(math.log, prices)), 0.5)  # noqa: E731
    return {
        "passes_90d": len(off),
        "pass_share_90d": share(len(off), len(off) + spoken),
        "passed_too_dear_share_90d": part("price_too_high"),
        "passed_too_cheap_share_90d": part("price_too_low"),
        "passed_place_share_90d": part("location"),
        "passed_style_share_90d": part("style"),
        "passed_too_small_share_90d": part("size_too_small"),
        "passed_too_large_share_90d": part("size_too_large"),
        "too_dear_from_90d": dear,
        "too_cheap_to_90d": max(because("price_too_low", "price"), default=NOTHING),
        "too_small_to_90d": max(because("size_too_small", "area"), default=NOTHING),
        "too_large_from_90d": min(because("size_too_large", "area"), default=NOTHING),
        "implied_price_limit_90d": math.sqrt(dear * ceiling) if ceiling < dear else dear,
        "passed_to_wanted_price_90d": middle(passed) - middle(wanted),
        "places_passed_90d": len(set(because("location", "place"))),
    }


def plain(case):
    values = first_version(case)
    values |= {name: values[same] for name, same in FIRST.items()}
    for family in (tastes, manner, visits, limits, narrowing, intent, dialogue, rejection):
        values |= family(case)
    return values


@pytest.fixture(scope="module")
def cases():
    rngs = [np.random.default_rng(100 + seed) for seed in range(CASES)]
    worlds = [
        (ALL, 30 * DAY),
        (LOOKING, 90 * DAY),
        (ALL, 90 * DAY),
        (LOOKING, 2 * DAY),
        (frozenset({E.LISTING_ALERT_SENT}), 400 * DAY),
    ]
    made = [case_of(rng, "lead", *worlds[n % len(worlds)]) for n, rng in enumerate(rngs)]
    return [(case, plain(case)) for case in made]


def test_every_feature_of_leads_is_read_twice(cases):
    assert set(cases[0][1]) == set(BY_NAME)


@pytest.mark.parametrize("name", BY_NAME)
def test_a_feature_is_what_its_definition_says(name, cases):
    for case, expected in cases:
        value = expected[name]
        close = value if isinstance(value, str) else pytest.approx(value, rel=1e-9, abs=1e-6, nan_ok=True)
        assert value_of_events(BY_NAME[name], case.events, case.as_of, case.zone, case.homes) == close


@pytest.mark.parametrize("name", BY_NAME)
def test_the_cases_tell_values_of_every_feature_apart(name, cases):
    values = {str(expected[name]) for _, expected in cases}
    assert len(values) > (name != "five_homes_24h")


def test_five_homes_in_a_day_raise_the_flag():
    flag = BY_NAME["five_homes_24h"]
    for homes, raised in ((4, 0.0), (5, 1.0)):
        events = [(HOUR, "property_view", {"property_id": f"home-{n}"}) for n in range(homes)]
        example = dataclasses.replace(flag.example, events=events)
        told = example_events(dataclasses.replace(flag, example=example))
        assert value_of_events(flag, told, example.at) == raised
