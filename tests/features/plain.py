"""What features may see, read plainly, event by event: for second readings of their definitions."""

from __future__ import annotations

import math
from collections import Counter
from datetime import timedelta
from itertools import pairwise

import numpy as np

from homing.core.clock import from_micros


def visible(case, days=30):
    """The events that may be seen, oldest first."""
    now = from_micros(case.as_of)
    inside = [e for e in case.events if now - timedelta(days=days) < e.timestamp <= now and e.received_at <= now]
    return sorted(inside, key=lambda e: (e.timestamp, e.event_id))


def known_versions(case, home):
    """The versions of a home that hold and are known at the moment asked about, oldest first."""
    known = {}
    for version in case.homes.homes.get(home, ()):
        if version.at <= case.as_of and version.known_at <= case.as_of:
            known[version.at] = version
    return [known[at] for at in sorted(known)]


def home_then(case, event, field):
    """What a home was at an event, as the event says or as it is known; None if nobody knows."""
    card = event.event_data.get("property_details") or {}
    own = {"price": "price", "beds": "bedrooms", "place": "location"}.get(field)
    if field == "kind" and "property_type" in event.event_data:
        return event.event_data["property_type"]
    if own in card:
        return card[own]
    versions = known_versions(case, event.property_id)
    if not versions:
        return None
    value = getattr(([v for v in versions if v.at <= event.at] or versions[:1])[-1], field)
    return None if value is None or (isinstance(value, float) and math.isnan(value)) else value


def peers(case, home="it"):
    """The homes like a home, the nearest in price first; None if nobody knows what it is like."""
    now = {one: (known_versions(case, one) or [None])[-1] for one in case.homes.homes}
    own = now.get(home)
    if own is None or own.kind is None or own.place is None or math.isnan(own.price):
        return None
    like = [
        (abs(one.price - own.price), name)
        for name, one in now.items()
        if one is not None and name != home and one.active == 1 and (one.kind, one.place) == (own.kind, own.place)
    ]
    return [name for off, name in sorted(like) if off <= 0.2 * own.price][:50]


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else math.nan


def top(values):
    """The commonest; of equal ones the one seen last."""
    counts = Counter(values)
    return max(reversed(values), key=counts.__getitem__) if values else math.nan


def share(part, whole):
    return min(1.0, part / whole) if whole else 0.0


def std(values):
    values = list(values)
    return math.sqrt(mean([(value - mean(values)) ** 2 for value in values])) if values else math.nan


def quantile(values, level):
    return float(np.quantile(values, level)) if values else math.nan


def entropy(values):
    """Shannon entropy in bits of how often each value occurs."""
    return -sum(n / len(values) * math.log2(n / len(values)) for n in Counter(values).values()) if values else math.nan


def gaps_between(events):
    """Seconds from one event to the next."""
    return [(b.timestamp - a.timestamp).total_seconds() for a, b in pairwise(events)]


def told(event, key):
    """Whether an event says a number under a key."""
    return isinstance(event.event_data.get(key), (int, float))
