"""Two real logs as worlds, where HOMING_BENCH_DATA names the folder that has them: they never become part of homing."""

from __future__ import annotations

import csv
import gzip
import os
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from homing.core.clock import DAY, from_micros, to_micros
from homing.event_types import EventType
from homing.feature_engineering.worlds import World, in_order
from homing.interfaces import BehavioralEvent
from homing.tracking.given_homes import GivenHomes

__all__ = ["airbnb_dublin", "trivago"]

_ZONES = ("Europe/Berlin", "America/Los_Angeles", "UTC")
_OPENED = "2116"
"""The action of a session that opens a home."""


@cache
def rows_of(*names):
    """The rows of a table of measuring data."""
    folder = os.environ.get("HOMING_BENCH_DATA")
    path = Path(folder or ".").joinpath(*names)
    if folder is None or not path.exists():
        pytest.skip(f"needs {'/'.join(names)} in the folder that HOMING_BENCH_DATA names")
    with gzip.open(path, "rt", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def world(subject, events_of, moments, size):
    """Some of the entities, drawn with a fixed seed, each looked at from one of these moments."""
    rng = np.random.default_rng(11)
    ids = tuple(sorted(events_of))
    ids = tuple(ids[place] for place in np.sort(rng.choice(len(ids), min(size, len(ids)), replace=False)).tolist())
    events = tuple(in_order([event for one in ids for event in events_of[one]]))
    leads = {event.lead_id for event in events}
    zones = {lead: _ZONES[number % len(_ZONES)] for number, lead in enumerate(sorted(leads))}
    return World(subject, ids, rng.choice(np.array(moments), len(ids)), events, zones, GivenHomes({}))


def trivago(size=400):
    """Shoppers of accommodation over three days: what they opened, and all else as pages seen; 20 seconds a step."""
    events_of = defaultdict(list)
    for row in rows_of("trivago_sessions", "case_study_actions_target.tsv.gz"):
        day = datetime.strptime(row["ymd"], "%Y%m%d").replace(tzinfo=UTC)
        began = int(row["session_id"]) % (20 * 3600)
        opened = row["action_id"] == _OPENED
        events_of[row["user_id"]].append(
            BehavioralEvent(
                event_type=EventType.PROPERTY_VIEW if opened else EventType.PAGE_VIEW,
                timestamp=day + timedelta(seconds=began + 20 * int(row["step"])),
                event_id=f"{row['session_id']}-{row['step']}-{row['action_id']}-{row['reference']}",
                lead_id=row["user_id"],
                session_id=row["session_id"],
                property_id=row["reference"] if opened else None,
            )
        )
    last = to_micros(datetime(2017, 5, 1, tzinfo=UTC))
    return world("lead", events_of, [last, last - DAY, last - 3 * DAY // 2], size)


def moment(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def asked_and_answered():
    """Contacts of guests with hosts: the question, the host's reply, the visit agreed, the booking."""
    steps = (
        ("ts_contact_at", EventType.INQUIRY_SENT),
        ("ts_reply_at", EventType.MESSAGE_SENT),
        ("ts_accepted_at", EventType.TOUR_SCHEDULED),
        ("ts_booking_at", EventType.BOOKING_COMPLETED),
    )
    for number, row in enumerate(rows_of("airbnb_dublin", "contacts.tsv.gz")):
        for step, kind in steps:
            if row[step] != "NULL":
                yield BehavioralEvent(
                    event_type=kind,
                    timestamp=moment(row[step]),
                    event_id=f"contact-{number:05d}-{step}",
                    lead_id=row["id_guest"],
                    agent_id=row["id_host"],
                    property_id=row["id_listing"],
                )


def searched():
    """Searches of guests, known by the day: noon."""
    for number, row in enumerate(rows_of("airbnb_dublin", "searches.tsv.gz")):
        limits = {"price_min": row["filter_price_min"], "price_max": row["filter_price_max"]}
        filters = {name: int(limit) for name, limit in limits.items() if limit.isdigit()}
        yield BehavioralEvent(
            event_type=EventType.SEARCH_QUERY,
            timestamp=datetime.fromisoformat(row["ds"]).replace(tzinfo=UTC, hour=12),
            event_id=f"search-{number:05d}",
            lead_id=row["id_user"],
            event_data={"search_filters": filters, "results_count": int(row["n_searches"])},
        )


def airbnb_dublin(subject, size=400):
    """Guests, hosts ("agent") or listings ("property") of Dublin in October 2014."""
    events_of = defaultdict(list)
    for event in (*asked_and_answered(), *(searched() if subject == "lead" else ())):
        events_of[getattr(event, f"{subject}_id")].append(event)
    last = to_micros(datetime(2014, 10, 20, tzinfo=UTC))
    return world(subject, events_of, [last, last - 5 * DAY, last - DAY // 3], size)


def reply_minutes(host, at):
    """Minutes from each contact to the host's reply within 30 days before a moment, straight from the table."""
    since = from_micros(at - 30 * DAY)
    return [
        (moment(row["ts_reply_at"]) - moment(row["ts_contact_at"])).total_seconds() / 60
        for row in rows_of("airbnb_dublin", "contacts.tsv.gz")
        if row["id_host"] == host and row["ts_reply_at"] != "NULL"
        and since < moment(row["ts_contact_at"]) and moment(row["ts_reply_at"]) <= from_micros(at)
    ]  # fmt: skip
