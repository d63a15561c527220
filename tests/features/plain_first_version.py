"""The first version's features, a second, naive reading of their definitions, event by event."""

from __future__ import annotations

import math
from collections import defaultdict
from zoneinfo import ZoneInfo

from plain import home_then, mean, share, top, visible
from scipy.stats import circstd

from homing.core.clock import from_micros
from homing.event_types import EventType as E
from homing.feature_engineering import FEATURES
from homing.feature_engineering.feature_extractors.vocabulary import BEHAVIOR, FIRST_VERSION

BY_NAME = {one.name: one for one in FEATURES["lead"]}
CASES = 50


def points(e):
    data, signs = e.event_data, {"positive": 1.0, "negative": -1.0, "neutral": 0.0}
    seconds = data.get("view_duration_seconds") or 0
    called_off = data.get("completed") is False
    return {
        E.PROPERTY_VIEW: 1.5 if seconds > 60 else 1.2 if seconds > 30 else 1.0,
        E.PROPERTY_SWIPE: {"left": -2.0, "right": 2.0}.get(data.get("swipe_direction"), 0.0),
        E.PROPERTY_SAVE: 3.0,
        E.PROPERTY_SHARE: 2.5,
        E.BOOKING_REQUEST: 5.0 * {"high": 1.3, "low": 0.8}.get(data.get("urgency"), 1.0),
        E.BOOKING_COMPLETED: -1.0 if called_off else 7.0,
        E.TOUR_COMPLETED: 0.0 if called_off else 1.0,
        E.SEARCH_QUERY: 1.5,
        E.FILTER_APPLIED: 1.2,
    }.get(e.event_type, signs[e.event_type.spec.polarity])


def rows_of_homes(events):
    rows, current = [], []
    for e in events:
        if e.event_type in {E.SEARCH_QUERY, E.FILTER_APPLIED}:
            rows, current = [*rows, current], []
        elif e.event_type in {E.PROPERTY_VIEW, E.PROPERTY_SWIPE}:
            current.append(e.property_id)
    return [row for row in [*rows, current] if row]


def plain(case):
    everything = visible(case)
    seen = [e for e in everything if e.event_type in BEHAVIOR]
    of = lambda *kinds: [e for e in seen if e.event_type in kinds]  # noqa: E731
    took_place = lambda kind: [e for e in of(kind) if e.event_data.get("completed") is not False]  # noqa: E731
    hours = [e.timestamp.astimezone(ZoneInfo(case.zone)) for e in seen]
    sessions = defaultdict(list)
    for e in seen:
        if e.session_id is not None:
            sessions[e.session_id].append(e.timestamp)
    lengths = [len(times) for times in sessions.values()]
    spans = [(times[-1] - times[0]).total_seconds() for times in sessions.values() if len(times) > 1]
    looked = [
        e.event_data["view_duration_seconds"]
        for e in of(E.PROPERTY_VIEW)
        if e.event_data.get("view_duration_seconds", 0) > 0
    ]
    rows = rows_of_homes(seen)
    homes = [home for row in rows for home in row]
    known = [home for home in homes if home]
    span = (seen[-1].timestamp - seen[0].timestamp).total_seconds() / 3600 if seen else 0.0
    views, saves, requests = len(of(E.PROPERTY_VIEW)), len(of(E.PROPERTY_SAVE)), len(of(E.BOOKING_REQUEST))
    likes = len(of(E.PROPERTY_LIKE)) + sum(e.event_data.get("swipe_direction") == "right" for e in of(E.PROPERTY_SWIPE))
    done, searches = len(took_place(E.BOOKING_COMPLETED)), len(of(E.SEARCH_QUERY))
    dates = {hour.date() for hour in hours}
    days = [hour.hour + hour.minute / 60 + (hour.second + hour.microsecond / 1e6) / 3600 for hour in hours]
    for_homes = [
        home_then(case, e, "kind")
        for e in seen
        if e.event_type.spec.polarity == "positive"
        and "property" in e.event_type.spec.needs
        and (e.event_type is not E.PROPERTY_SWIPE or e.event_data.get("swipe_direction") == "right")
    ]
    periods = [
        "night"
        if h.hour < 6 or h.hour >= 22
        else "morning"
        if h.hour < 12
        else "afternoon"
        if h.hour < 18
        else "evening"
        for h in hours
    ]
    values = {f"{kind}_count": len(of(kind)) for kind in FIRST_VERSION}
    return values | {
        "total_events": len(everything),
        "unique_sessions": len(sessions),
        "unique_properties": len({e.property_id for e in seen if e.property_id}),
        "booking_completed_count": done,
        "tour_completed_count": len(took_place(E.TOUR_COMPLETED)),
        "booking_cancelled_count": len(of(E.BOOKING_CANCELLED, E.BOOKING_COMPLETED)) - done,
        "activity_time_span_hours": span,
        "avg_events_per_hour": len(seen) / max(1.0, span),
        "avg_view_duration_seconds": mean(looked),
        "max_view_duration_seconds": max(looked, default=math.nan),
        "total_view_time_seconds": sum(looked),
        "engagement_score": sum(map(points, seen)),
        "avg_engagement_per_event": mean(list(map(points, seen))),
        "booking_requests_count": requests,
        "booking_completions_count": done,
        "booking_completion_rate": share(done, requests),
        "avg_session_length": mean(lengths),
        "max_session_length": max(lengths, default=math.nan),
        "avg_session_duration_seconds": mean(spans),
        "max_session_duration_seconds": max(spans, default=math.nan),
        "avg_properties_per_sequence": mean(list(map(len, rows))),
        "max_properties_per_sequence": max(map(len, rows), default=math.nan),
        "property_revisit_rate": 1 - len(set(known)) / len(known) if known else 0.0,
        "searches_per_session": searches / len(sessions) if sessions else 0.0,
        "filters_per_search": len(of(E.FILTER_APPLIED)) / searches if searches else 0.0,
        "view_to_like_rate": share(likes, views),
        "view_to_save_rate": share(saves, views),
        "view_to_booking_rate": share(requests, views),
        "save_to_booking_rate": share(requests, saves),
        "days_since_last_activity": (from_micros(case.as_of) - seen[-1].timestamp).days if seen else math.nan,
        "active_days": len(dates),
        "events_per_active_day": len(seen) / len(dates) if dates else math.nan,
        "most_active_weekday": top([hour.weekday() for hour in hours]),
        "activity_time_std": float(circstd(days, high=24)) if days else math.nan,
        "peak_activity_hour": top([hour.hour for hour in hours]),
        "primary_event_type": top([e.event_type.value for e in seen]) if seen else "unknown",
        "preferred_property_type": top([kind for kind in for_homes if kind]) if any(for_homes) else "unknown",
        "preferred_time_period": top(periods) if periods else "unknown",
    }
