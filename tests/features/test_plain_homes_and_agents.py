"""The features of homes and agents against a second, naive reading of their definitions, event by event."""

from __future__ import annotations

import math
from collections import defaultdict
from itertools import pairwise
from statistics import median

import numpy as np
import pytest
from plain import known_versions, mean, peers, quantile, share, told, visible

from homing.core.clock import DAY, HOUR, MINUTE
from homing.event_types import EventType as E
from homing.feature_engineering import FEATURES
from homing.feature_engineering.checks import value_of_events
from homing.feature_engineering.declaration import ALL
from homing.feature_engineering.worlds import SUBJECT, case_of

NOTHING = math.nan
NEW = {(one.subject, one.name): one for subject in ("property", "agent") for one in FEATURES[subject]
       if one.family in {"interest", "market", "service"}}  # fmt: skip
ASKS = {E.MESSAGE_RECEIVED, E.CALL_RECEIVED, E.INQUIRY_SENT, E.BOOKING_REQUEST}
ANSWERS = {E.MESSAGE_SENT, E.CALL_MADE, E.TOUR_SCHEDULED, E.AGENT_INTERACTION}


def of(events, *kinds):
    return [e for e in events if e.event_type in kinds and e.event_data.get("completed") is not False]


def leads(events):
    return {e.lead_id for e in events if e.lead_id}


def younger(case, events, oldest, youngest=0):
    return [e for e in events if youngest <= case.as_of - e.at < oldest]


def momentum(case, events):
    before = len(leads(younger(case, events, 28 * DAY, 7 * DAY))) / 3
    return math.log((len(leads(younger(case, events, 7 * DAY))) + 1) / (before + 1))


def momentum_of_a_peer(case):
    """Of the mean viewers of homes like it, as far as known."""
    like = peers(case)
    if not like:
        return NOTHING
    known = [[v for v in case.homes.events if v.property_id == home and v.known_at <= case.as_of] for home in like]
    week = np.mean([len(leads(younger(case, views, 7 * DAY))) for views in known])
    before = np.mean([len(leads(younger(case, views, 28 * DAY, 7 * DAY))) for views in known])
    return math.log((week + 1) / (before / 3 + 1))


def passed(e):
    return e.event_type is E.PROPERTY_DISLIKE or e.event_data.get("swipe_direction") == "left"


def interest(case):
    seen = visible(case)
    views, saves = of(seen, E.PROPERTY_VIEW), of(seen, E.PROPERTY_SAVE)
    seconds = [e.event_data["view_duration_seconds"] for e in views if told(e, "view_duration_seconds")]
    photos = [
        min(1.0, e.event_data["photos_seen"] / e.event_data["photos_total"])
        for e in of(seen, E.PHOTOS_VIEWED)
        if told(e, "photos_seen") and e.event_data.get("photos_total")
    ]
    shown = of(seen, E.RECOMMENDATION_SHOWN)
    off = [e for e in seen if passed(e)]
    return {
        "view_count_7d": len(younger(case, views, 7 * DAY)),
        "unique_viewers_7d": len(leads(younger(case, views, 7 * DAY))),
        "views_per_viewer": sum(e.lead_id is not None for e in views) / len(leads(views)) if leads(views) else 0.0,
        "savers": len(leads(saves)),
        "save_rate_prior": (len(leads(saves)) + 1) / (len(leads(views) | leads(saves)) + 20),
        "median_view_duration_seconds": median(seconds) if seconds else NOTHING,
        "long_view_share": sum(s > 60 for s in seconds) / len(seconds) if seconds else 0.0,
        "share_count": len(of(seen, E.PROPERTY_SHARE)),
        "photo_completion": mean(photos),
        "inquiry_count": len(of(seen, E.INQUIRY_SENT)),
        "booking_request_count": len(of(seen, E.BOOKING_REQUEST)),
        "tour_count": len(of(seen, E.TOUR_COMPLETED)),
        "offer_count": len(of(seen, E.OFFER_MADE)),
        "shown_count": len(shown),
        "click_share": share(len(of(seen, E.RECOMMENDATION_CLICKED)), len(shown)),
        "pass_share": share(len(off), len(off) + len(saves)),
        "view_momentum_7d": momentum(case, views),
        "view_momentum_against_peers_7d": momentum(case, views) - momentum_of_a_peer(case) if seen else NOTHING,
        "save_momentum_7d": momentum(case, saves),
    }


def market(case):
    views = of(visible(case, 90), E.PROPERTY_VIEW)
    versions = known_versions(case, SUBJECT) if visible(case, 90) else []
    prices = [(v.at, v.price) for v in versions if not math.isnan(v.price)]
    cuts = [at for (_, before), (at, after) in pairwise(prices) if after < before]
    now = versions[-1] if versions else None
    listed = next((v.listed_at for v in reversed(versions) if not math.isnan(v.listed_at)), None)
    listed = listed if listed is not None or not versions else versions[0].at
    cut = cuts[-1] if cuts else None
    days = (case.as_of - cut) / DAY if cut is not None else NOTHING
    after = sum(e.at >= cut for e in views) if cut is not None else 0
    lift = math.log((after / days + 1 / 7) / ((len(views) - after) / (90 - days) + 1 / 7)) if 0 < days < 90 else NOTHING
    span = 90.0 if listed is None else min(90.0, max(1.0, (case.as_of - listed) / DAY))
    return {
        "days_on_market": max(0.0, (case.as_of - listed) / DAY) if listed is not None else NOTHING,
        "asking_price": now.price if now else NOTHING,
        "price_cuts": len(cuts) if prices else NOTHING,
        "price_change": math.log(now.price / prices[0][1]) if prices else NOTHING,
        "days_since_price_cut": days,
        "on_market": now.active if now else NOTHING,
        "views_per_day_90d": len(views) / span,
        "view_lift_after_cut": lift,
        "peers_on_market": len(peers(case)) if visible(case, 90) and peers(case) is not None else NOTHING,
    }


def service(case):
    seen = visible(case)
    turns = defaultdict(list)
    for e in seen:
        answers = e.event_type in ANSWERS and e.event_data.get("automated") is not True
        if e.lead_id and (e.event_type in ASKS or answers):
            turns[e.lead_id].append(("answer" if answers else "ask", e.at))
    waits, waiting = [], 0
    for said in turns.values():
        asked = None
        for who, at in said:
            if who == "ask":
                asked = at if asked is None else asked
            elif asked is not None:
                waits.append((at - asked) / MINUTE)
                asked = None
        waiting += asked is not None
    within = lambda minutes: (  # noqa: E731
        sum(w <= minutes for w in waits) / (len(waits) + waiting) if waits or waiting else NOTHING
    )
    known, done = leads(seen), [e for e in seen if e.event_type.spec.cause == "agent"]
    outreach = [e for e in seen if e.event_type in {E.CALL_MADE, E.MESSAGE_SENT} and e.lead_id]
    calls = of(seen, E.CALL_MADE)
    spoke = [e.event_data["answered"] for e in calls if "answered" in e.event_data]
    lengths = [e.event_data["duration_seconds"] for e in calls if e.event_data.get("duration_seconds")]
    toured = of(seen, E.TOUR_COMPLETED)
    off = [e for e in seen if e.event_type in {E.TOUR_COMPLETED, E.TOUR_CANCELLED, E.TOUR_MISSED}]
    return {
        "response_minutes_p50": quantile(waits, 0.5),
        "response_minutes_p75": quantile(waits, 0.75),
        "response_minutes_p90": quantile(waits, 0.9),
        "answered_in_5min_share": within(5),
        "answered_in_1h_share": within(60),
        "answered_in_24h_share": within(24 * 60),
        "leads_waiting": waiting,
        "coverage": len(leads(done)) / len(known) if known else 0.0,
        "coverage_7d": len(leads(younger(case, done, 7 * DAY))) / len(known) if known else 0.0,
        "follow_ups_per_lead": len(outreach) / len(leads(outreach)) - 1 if outreach else 0.0,
        "calls_made": len(calls),
        "calls_answered_share": mean(map(float, spoke)),
        "avg_call_seconds": mean(lengths),
        "messages_written": sum(e.event_data.get("automated") is not True for e in of(seen, E.MESSAGE_SENT)),
        "tours_scheduled": len(of(seen, E.TOUR_SCHEDULED)),
        "tours_kept_share": share(len(toured), len(off)),
        "offers_made": len(of(seen, E.OFFER_MADE)),
        "deals_closed": len(of(seen, E.DEAL_CLOSED)),
        "days_at_work": len({e.timestamp.date() for e in done}),
    }


@pytest.fixture(scope="module")
def cases():
    worlds = [(ALL, 30 * DAY), (ASKS | ANSWERS, 30 * DAY), (ALL, 90 * DAY), (ASKS | ANSWERS, 2 * HOUR)]
    worlds.append((frozenset({E.PROPERTY_VIEW, E.PROPERTY_SAVE, E.PROPERTY_DISLIKE, E.PROPERTY_SHARE}), 40 * DAY))
    found = {"property": [], "agent": []}
    for seed in range(50):
        for subject, families in (("property", (interest, market)), ("agent", (service,))):
            case = case_of(np.random.default_rng(seed), subject, *worlds[seed % len(worlds)])
            found[subject].append((case, {name: v for family in families for name, v in family(case).items()}))
    return found


def test_every_such_feature_is_read_twice(cases):
    assert set(NEW) == {(subject, name) for subject, made in cases.items() for name in made[0][1]}


@pytest.mark.parametrize(("subject", "name"), NEW)
def test_a_feature_is_what_its_definition_says(subject, name, cases):
    for case, expected in cases[subject]:
        close = pytest.approx(float(expected[name]), rel=1e-9, abs=1e-6, nan_ok=True)
        assert value_of_events(NEW[subject, name], case.events, case.as_of, case.zone, case.homes) == close


@pytest.mark.parametrize(("subject", "name"), NEW)
def test_the_cases_tell_values_of_every_feature_apart(subject, name, cases):
    assert len({str(expected[name]) for _, expected in cases[subject]}) > 1
