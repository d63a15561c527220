"""The features of one lead with 100 events, from events at hand to a vector, against the same by hand.

Ours is `extract_features`: all features of a lead. The peers compute some of them, held equal to ours before anything
is timed: a function written by hand in numpy, and a lazy query of polars. So ours does more; the note says how much.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

import asyncio
import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np
import polars as pl
from side_by_side import Row, cpu, in_turn, main, row

from homing.core.clock import DAY, HOUR, MINUTE, from_micros
from homing.event_types import EventType
from homing.feature_engineering.standard_feature_engineer import StandardFeatureEngineer
from homing.interfaces import BehavioralEvent

NOW = 1_780_000_000_000_000
VIEW, SAVE, LIKE, SEARCH = (
    EventType.PROPERTY_VIEW, EventType.PROPERTY_SAVE, EventType.PROPERTY_LIKE, EventType.SEARCH_QUERY
)  # fmt: skip
SOME = (
    "property_view_count", "property_save_count", "property_like_count", "search_query_count", "unique_properties",
    "unique_sessions", "activity_time_span_hours", "avg_events_per_hour", "avg_view_duration_seconds",
    "max_view_duration_seconds", "total_view_time_seconds", "days_since_last_activity", "active_days",
    "events_per_active_day", "view_to_save_rate",
)  # fmt: skip


def events(count: int = 100) -> list[BehavioralEvent]:
    """A lead's acts of 25 days on 30 homes in 20 visits, oldest first."""
    rng = np.random.default_rng(0)
    kinds = rng.choice(np.array([VIEW, SAVE, LIKE, SEARCH], dtype=object), count, p=[0.7, 0.1, 0.1, 0.1])
    ages = np.sort(rng.integers(HOUR, 25 * DAY, count))[::-1]
    return [
        BehavioralEvent(
            event_id=f"e{number}",
            event_type=kind,
            timestamp=from_micros(NOW - int(age)),
            lead_id="lead-1",
            session_id=f"visit-{number // 5}",
            property_id=None if kind is SEARCH else f"home-{rng.integers(30)}",
            event_data={"view_duration_seconds": int(rng.integers(5, 200))} if kind is VIEW else {},
        )
        for number, (kind, age) in enumerate(zip(kinds, ages.tolist(), strict=True))
    ]


def by_numpy(acts: Sequence[BehavioralEvent], now: int) -> dict[str, float]:
    at = np.fromiter((act.at for act in acts), np.int64, len(acts))
    kind = np.array([act.event_type for act in acts], dtype=object)
    known = (at > now - 30 * DAY) & (at <= now)
    at, kind = at[known], kind[known]
    acts = [act for act, is_known in zip(acts, known.tolist(), strict=True) if is_known]
    looked = np.array([act.event_data.get("view_duration_seconds", 0) for act in acts if act.event_type is VIEW], float)
    looked = looked[looked > 0]
    views, saves, days = int((kind == VIEW).sum()), int((kind == SAVE).sum()), len(np.unique(at // DAY))
    span = float(at.max() - at.min()) / HOUR
    return {
        "property_view_count": views,
        "property_save_count": saves,
        "property_like_count": int((kind == LIKE).sum()),
        "search_query_count": int((kind == SEARCH).sum()),
        "unique_properties": len({act.property_id for act in acts} - {None}),
        "unique_sessions": len({act.session_id for act in acts} - {None}),
        "activity_time_span_hours": span,
        "avg_events_per_hour": len(at) / max(1.0, span),
        "avg_view_duration_seconds": float(looked.mean()),
        "max_view_duration_seconds": float(looked.max()),
        "total_view_time_seconds": float(looked.sum()),
        "days_since_last_activity": int((now - at.max()) // DAY),
        "active_days": days,
        "events_per_active_day": len(at) / days,
        "view_to_save_rate": min(1.0, saves / views),
    }


def by_polars(acts: Sequence[BehavioralEvent], now: int) -> dict[str, float]:
    table = pl.DataFrame(
        {
            "at": [act.at for act in acts],
            "kind": [act.event_type.value for act in acts],
            "home": [act.property_id for act in acts],
            "visit": [act.session_id for act in acts],
            "looked": [act.event_data.get("view_duration_seconds") for act in acts],
        }
    )
    at, kind, looked = pl.col("at"), pl.col("kind"), pl.col("looked").filter(pl.col("looked") > 0)
    count = {name: (kind == kind_of.value).sum() for name, kind_of in (("v", VIEW), ("s", SAVE), ("l", LIKE))}
    span, days = (at.max() - at.min()) / HOUR, (at // DAY).n_unique()
    asked = (
        table.lazy()
        .filter((at > now - 30 * DAY) & (at <= now))
        .select(
            property_view_count=count["v"],
            property_save_count=count["s"],
            property_like_count=count["l"],
            search_query_count=(kind == SEARCH.value).sum(),
            unique_properties=pl.col("home").drop_nulls().n_unique(),
            unique_sessions=pl.col("visit").drop_nulls().n_unique(),
            activity_time_span_hours=span,
            avg_events_per_hour=pl.len() / pl.max_horizontal(1.0, span),
            avg_view_duration_seconds=looked.mean(),
            max_view_duration_seconds=looked.max(),
            total_view_time_seconds=looked.sum(),
            days_since_last_activity=(now - at.max()) // DAY,
            active_days=days,
            events_per_active_day=pl.len() / days,
            view_to_save_rate=pl.min_horizontal(1.0, count["s"] / count["v"]),
        )
    )
    return asked.collect().row(0, named=True)


def unequal(found: dict[str, float], wanted: dict[str, float]) -> list[str]:
    """The features that are not the same within 1e-9."""
    return [name for name in SOME if not math.isclose(found[name], wanted[name], rel_tol=1e-9, abs_tol=1e-9)]


def measure(quick: bool = False) -> list[Row]:
    engineer, acts, moments = StandardFeatureEngineer(None), events(), iter(range(NOW, NOW + MINUTE))
    compiled = engineer.warm("lead", None)
    with asyncio.Runner() as runner:

        def ours() -> object:
            return runner.run(engineer.extract_features("lead-1", "lead", acts, as_of=from_micros(next(moments))))

        vector = ours()
        wanted = vector.numerical_features
        peers = {"by hand in numpy": by_numpy, "polars, lazy": by_polars}
        wrong = {name: found for name, peer in peers.items() if (found := unequal(peer(acts, NOW), wanted))}
        if wrong:
            raise SystemExit(f"The sides do not agree: {wrong}")
        note = (
            f"ours: all {len(wanted) + len(vector.categorical_features)} features, "
            f"{'compiled' if compiled else 'interpreted'}; the peer: {len(SOME)} of them, equal to 1e-9"
        )
        rounds, calls = (7, 5) if quick else (31, 20)
        rows = []
        for name, peer in peers.items():
            theirs = partial(_of_peer, peer, acts, moments)
            taken = in_turn(lambda: cpu(ours, calls), partial(cpu, theirs, calls), rounds)
            rows.append(row("features of one lead, 100 events", name, "µs", taken, note))
        return rows


def _of_peer(peer: Callable[..., object], acts: Sequence[BehavioralEvent], moments: Iterator[int]) -> object:
    return peer(acts, next(moments))


if __name__ == "__main__":
    main(measure, __doc__)
