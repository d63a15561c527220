"""The first version's four extractors: each gives a part of a lead's features, for events at hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

import numpy as np

from homing.core.clock import Clock, system_clock
from homing.feature_engineering import FEATURES
from homing.feature_engineering.feature_extractors.first_version import EXTRACTED
from homing.feature_engineering.interpreter import interpreted
from homing.feature_engineering.loading import Loading
from homing.interfaces import BehavioralEvent, moment_or_now
from homing.tracking.homes import HomeSource

__all__ = [
    "BehaviorFeatureExtractor",
    "PropertyFeatureExtractor",
    "SessionFeatureExtractor",
    "TimeFeatureExtractor",
]

_LEAD = "lead"


class _Extractor:
    """Gives its features as `StandardFeatureEngineer` does, which holds them all; see there for the parameters.

    The names are always the same and always all there: NaN where there is no evidence. The events are taken for those
    of one lead, whoever they name, and in any order.
    """

    group: ClassVar[str]

    def __init__(self, *, time_zone: str = "UTC", homes: HomeSource | None = None, clock: Clock = system_clock) -> None:
        self._clock = clock
        by_name = {one.name: one for one in FEATURES["lead"]}
        self.features = tuple(by_name[name] for name in EXTRACTED[self.group])
        self._loading = Loading("lead", self.features, lambda _lead, _as_of: time_zone, homes)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names in their order."""
        return tuple(one.name for one in self.features)

    def extract(self, events: Sequence[BehavioralEvent], *, as_of: datetime | None = None) -> dict[str, float]:
        """The features of the lead who did this, as of a moment (left out: now), raw and in their declared units."""
        at = moment_or_now(as_of, self._clock())
        own = {event.event_id: replace(event, lead_id=_LEAD) for event in reversed(events)}
        of, failed = self._loading.histories(self._loading.columns_of(own.values()), [_LEAD], at)
        for error in failed.values():
            raise error
        values = interpreted(self.features, of, np.array([at]))[0].tolist()
        return dict(zip(self.feature_names, values, strict=True))


class PropertyFeatureExtractor(_Extractor):
    """What a lead's homes have in common: types, prices, places, sizes, rooms, amenities. 18 numbers.

    >>> from datetime import UTC, datetime
    >>> from homing.event_types import EventType
    >>> view = BehavioralEvent(event_type=EventType.PROPERTY_VIEW, timestamp=datetime(2026, 5, 1, 9, tzinfo=UTC),
    ...                        lead_id="lead-1", event_data={"property_details": {"price": 450_000}})
    >>> values = PropertyFeatureExtractor().extract([view], as_of=datetime(2026, 5, 3, tzinfo=UTC))
    >>> values["avg_price_viewed"], values["price_range_1_ratio"], len(values)
    (450000.0, 1.0, 18)
    """

    group = "PropertyFeatureExtractor"


class BehaviorFeatureExtractor(_Extractor):
    """How a lead acts: engagement, tempo, likes and saves, exploring or returning. 16 numbers.

    >>> from datetime import UTC, datetime
    >>> from homing.event_types import EventType
    >>> acts = [BehavioralEvent(event_type=kind, timestamp=datetime(2026, 5, 1, 9, minute, tzinfo=UTC),
    ...                         lead_id="lead-1", property_id="home-7")
    ...         for minute, kind in enumerate((EventType.PROPERTY_VIEW, EventType.PROPERTY_SAVE))]
    >>> values = BehaviorFeatureExtractor().extract(acts, as_of=datetime(2026, 5, 3, tzinfo=UTC))
    >>> values["save_rate"], values["avg_time_between_events"], len(values)
    (1.0, 60.0, 16)
    """

    group = "BehaviorFeatureExtractor"


class SessionFeatureExtractor(_Extractor):
    """How a lead's visits come: how many, how long, on which days. 14 numbers.

    >>> from datetime import UTC, datetime
    >>> from homing.event_types import EventType
    >>> acts = [BehavioralEvent(event_type=EventType.PAGE_VIEW, timestamp=datetime(2026, 5, 1, hour, tzinfo=UTC),
    ...                         lead_id="lead-1") for hour in (9, 12)]
    >>> values = SessionFeatureExtractor().extract(acts, as_of=datetime(2026, 5, 3, tzinfo=UTC))
    >>> values["inferred_sessions_count"], values["active_days"], len(values)
    (2.0, 1.0, 14)
    """

    group = "SessionFeatureExtractor"


class TimeFeatureExtractor(_Extractor):
    """When a lead acts, on its own clock, and how its activity changes. 13 numbers.

    >>> from datetime import UTC, datetime
    >>> from homing.event_types import EventType
    >>> act = BehavioralEvent(event_type=EventType.PAGE_VIEW, timestamp=datetime(2026, 5, 1, 16, tzinfo=UTC),
    ...                       lead_id="lead-1")
    >>> extractor = TimeFeatureExtractor(time_zone="America/Los_Angeles")
    >>> values = extractor.extract([act], as_of=datetime(2026, 5, 3, tzinfo=UTC))
    >>> values["peak_activity_hour"], values["hours_since_last_activity"], len(values)
    (9.0, 32.0, 13)
    """

    group = "TimeFeatureExtractor"
