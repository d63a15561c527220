"""Leads for the benchmarks of features: columns of events at random with a fixed seed, and twenty features by hand.

The twenty are written in numpy (one lead), as a polars query and as SQL (many leads); before anything is timed each is
held equal to ours, to 1e-9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import DAY, HOUR
from homing.core.ids import Vocabulary
from homing.event_types import EventType
from homing.feature_engineering import FEATURES
from homing.feature_engineering.plan import needs_of
from homing.store.columns import TYPES, EventColumns
from homing.store.payload import Label

NOW = 1_780_000_000_000_000
VIEW, SAVE, LIKE, SEARCH, BOOKING = (
    TYPES.index(kind)
    for kind in (
        EventType.PROPERTY_VIEW, EventType.PROPERTY_SAVE, EventType.PROPERTY_LIKE, EventType.SEARCH_QUERY,
        EventType.BOOKING_REQUEST,
    )
)  # fmt: skip
TWENTY = (
    "property_view_count", "property_save_count", "property_like_count", "search_query_count", "booking_request_count",
    "unique_properties", "unique_sessions", "activity_time_span_hours", "avg_events_per_hour",
    "avg_view_duration_seconds", "max_view_duration_seconds", "total_view_time_seconds", "days_since_last_activity",
    "hours_since_last_activity", "active_days", "events_per_active_day", "avg_time_between_events",
    "view_to_save_rate", "view_to_booking_rate", "save_to_booking_rate",
)  # fmt: skip
_OTHERS = (
    EventType.PROPERTY_DISLIKE, EventType.PROPERTY_SHARE, EventType.FILTER_APPLIED, EventType.MESSAGE_SENT,
    EventType.MESSAGE_RECEIVED, EventType.PHOTOS_VIEWED, EventType.TOUR_SCHEDULED, EventType.EMAIL_OPENED,
)  # fmt: skip
_KINDS = np.array([VIEW, SAVE, LIKE, SEARCH, BOOKING, *map(TYPES.index, _OTHERS)], dtype=np.int16)
_SHARES = np.array([0.5, 0.07, 0.05, 0.1, 0.01, 0.05, 0.02, 0.08, 0.03, 0.02, 0.05, 0.01, 0.01])


def columns(leads: int, each: int, seed: int = 0) -> EventColumns:
    """The acts of so many leads in the 30 days before `NOW`, in visits, on homes that say price and size."""
    rng = np.random.default_rng(seed)
    n = leads * each
    lead = np.repeat(np.arange(leads, dtype=np.int32), each)
    visit = rng.integers(0, 29 * 24, (leads, max(1, each // 6)))
    age = np.take_along_axis(visit, rng.integers(0, visit.shape[1], (leads, each)), axis=1) * HOUR
    at = np.sort(NOW - age.ravel().reshape(leads, each) - rng.integers(0, HOUR, (leads, each)), axis=1).ravel()
    kind = rng.choice(_KINDS, n, p=_SHARES)
    about = ~np.isin(kind, [SEARCH, TYPES.index(EventType.FILTER_APPLIED), TYPES.index(EventType.EMAIL_OPENED)])
    home = np.where(about, rng.integers(0, 2_000, n), -1).astype(np.int32)
    needs = needs_of([one for features in FEATURES.values() for one in features])
    numbers = {key: np.full(n, np.nan) for key in needs.numbers}
    numbers["view_duration_seconds"][kind == VIEW] = rng.integers(1, 300, int((kind == VIEW).sum()))
    numbers["price"][about] = 300_000.0 + 250.0 * home[about]
    numbers["bedrooms"][about] = 1.0 + home[about] % 5
    numbers["square_feet"][about] = 800.0 + home[about]
    nothing = Label(np.full(n, -1, dtype=np.int32), Vocabulary(()))
    return EventColumns(
        sequence=np.arange(n), at=at, known_at=at, lead_known_at=at, type=kind, lead=lead, property=home,
        agent=np.full(n, -1, dtype=np.int32), session=((at // (4 * HOUR)) % 360 + 360 * (lead % 7)).astype(np.int32),
        leads=Vocabulary([f"lead-{number:06d}" for number in range(leads)]),
        properties=Vocabulary([f"home-{number}" for number in range(2_000)]), agents=Vocabulary(()),
        sessions=Vocabulary([f"visit-{number}" for number in range(360 * 7)]), event_ids=(), outcomes=nothing,
        numbers=numbers, labels=dict.fromkeys(needs.labels, nothing),
    )  # fmt: skip


def by_numpy(of: EventColumns, now: int) -> dict[str, float]:
    """The twenty of one lead, by hand."""
    since = np.searchsorted(of.at, now - 30 * DAY, side="right")
    upto = np.searchsorted(of.at, now, side="right")
    at, kind, known = of.at[since:upto], of.type[since:upto], _BEHAVIOR[of.type[since:upto]]
    looked = of.numbers["view_duration_seconds"][since:upto]
    looked = looked[(kind == VIEW) & (looked > 0)]
    count = np.bincount(kind, minlength=len(TYPES))
    at, home, session = at[known], of.property[since:upto][known], of.session[since:upto][known]
    span, days = (at[-1] - at[0]) / HOUR, len(np.unique(at // DAY))
    return {
        "property_view_count": count[VIEW],
        "property_save_count": count[SAVE],
        "property_like_count": count[LIKE],
        "search_query_count": count[SEARCH],
        "booking_request_count": count[BOOKING],
        "unique_properties": len(np.unique(home[home >= 0])),
        "unique_sessions": len(np.unique(session[session >= 0])),
        "activity_time_span_hours": span,
        "avg_events_per_hour": len(at) / max(1.0, span),
        "avg_view_duration_seconds": looked.mean(),
        "max_view_duration_seconds": looked.max(),
        "total_view_time_seconds": looked.sum(),
        "days_since_last_activity": (now - at[-1]) // DAY,
        "hours_since_last_activity": (now - at[-1]) / HOUR,
        "active_days": days,
        "events_per_active_day": len(at) / days,
        "avg_time_between_events": span * 3600 / (len(at) - 1),
        "view_to_save_rate": min(1.0, count[SAVE] / count[VIEW]) if count[VIEW] else 0.0,
        "view_to_booking_rate": min(1.0, count[BOOKING] / count[VIEW]) if count[VIEW] else 0.0,
        "save_to_booking_rate": min(1.0, count[BOOKING] / count[SAVE]) if count[SAVE] else 0.0,
    }


_BEHAVIOR: NDArray[np.bool_] = np.array(
    [kind in next(one.reads for one in FEATURES["lead"] if one.name == "active_days") for kind in TYPES]
)


def frame_of(of: EventColumns) -> object:
    """What polars and DuckDB are given: the columns that the twenty need, and whether an event is the lead's doing."""
    import polars as pl

    return pl.DataFrame(
        {
            "lead": of.lead, "at": of.at, "kind": of.type, "home": of.property, "visit": of.session,
            "looked": of.numbers["view_duration_seconds"], "own": _BEHAVIOR[of.type],
        }
    )  # fmt: skip


def polars_query(frame: object, now: int) -> object:
    """The twenty of every lead as a lazy query, in the order of the leads."""
    import polars as pl

    at, kind, own = pl.col("at"), pl.col("kind"), pl.col("own")
    when = at.filter(own)
    looked = pl.col("looked").filter((kind == VIEW) & (pl.col("looked") > 0))
    views, saves, bookings = ((kind == code).sum().cast(pl.Float64) for code in (VIEW, SAVE, BOOKING))
    span, days = (when.max() - when.min()) / HOUR, (when // DAY).n_unique()
    home, visit = pl.col("home").filter(own & (pl.col("home") >= 0)), pl.col("visit").filter(own)

    def rate(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
        return pl.when(whole > 0).then(pl.min_horizontal(1.0, part / whole)).otherwise(0.0)

    return (
        frame.lazy()  # type: ignore[attr-defined]
        .filter((at > now - 30 * DAY) & (at <= now))
        .group_by("lead")
        .agg(
            property_view_count=views,
            property_save_count=saves,
            property_like_count=(kind == LIKE).sum(),
            search_query_count=(kind == SEARCH).sum(),
            booking_request_count=bookings,
            unique_properties=home.n_unique(),
            unique_sessions=visit.n_unique(),
            activity_time_span_hours=span,
            avg_events_per_hour=when.len() / pl.max_horizontal(1.0, span),
            avg_view_duration_seconds=looked.mean(),
            max_view_duration_seconds=looked.max(),
            total_view_time_seconds=looked.sum(),
            days_since_last_activity=(now - when.max()) // DAY,
            hours_since_last_activity=(now - when.max()) / HOUR,
            active_days=days,
            events_per_active_day=when.len() / days,
            avg_time_between_events=pl.when(when.len() > 1).then(span * 3600 / (when.len() - 1)),
            view_to_save_rate=rate(saves, views),
            view_to_booking_rate=rate(bookings, views),
            save_to_booking_rate=rate(bookings, saves),
        )
        .sort("lead")
        .select(TWENTY)
    )


def duckdb_query(now: int) -> str:
    """The twenty of every lead in SQL over a table `events`, in the order of the leads."""
    return f"""
        with seen as (
            select lead, kind, case when own then "at" end did, case when own and home >= 0 then home end home,
                case when own then visit end visit, case when kind = {VIEW} and looked > 0 then looked end looked
            from events where "at" > {now - 30 * DAY} and "at" <= {now}
        ), counted as (
            select lead, count(*) filter (where kind = {VIEW}) v, count(*) filter (where kind = {SAVE}) s,
                count(*) filter (where kind = {LIKE}) l, count(*) filter (where kind = {SEARCH}) q,
                count(*) filter (where kind = {BOOKING}) b, count(distinct home) homes, count(distinct visit) visits,
                (max(did) - min(did)) / {HOUR}.0 span, count(did) n, avg(looked) mean_looked, max(looked) max_looked,
                coalesce(sum(looked), 0) all_looked, max(did) latest, count(distinct did // {DAY}) dates
            from seen group by lead
        )
        select v, s, l, q, b, homes, visits, span, n / greatest(1.0, span), mean_looked, max_looked, all_looked,
            ({now} - latest) // {DAY}, ({now} - latest) / {HOUR}.0, dates, n / dates,
            case when n > 1 then span * 3600 / (n - 1) end,
            case when v > 0 then least(1.0, s / v) else 0 end, case when v > 0 then least(1.0, b / v) else 0 end,
            case when s > 0 then least(1.0, b / s) else 0 end
        from counted order by lead
    """


def agree(wanted: NDArray[np.float64], tables: Mapping[str, NDArray[np.float64]]) -> None:
    """Stop unless every table (leads, twenty) is the one wanted, within 1e-9."""
    for name, found in tables.items():
        same = np.isclose(found, wanted, rtol=1e-9, atol=1e-9, equal_nan=True).all(axis=0)
        wrong = [feature for feature, is_same in zip(TWENTY, same.tolist(), strict=True) if not is_same]
        if wrong:
            raise SystemExit(f"{name} does not agree with ours on {', '.join(wrong)}.")


def places_of(names: Sequence[str]) -> list[int]:
    """Where features stand in a lead's vector."""
    order = [one.name for one in FEATURES["lead"]]
    return [order.index(name) for name in names]
