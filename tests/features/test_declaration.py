from __future__ import annotations

import random

import pytest

from homing.core.clock import DAY
from homing.core.errors import BadInput
from homing.event_types import EventType
from homing.feature_engineering import FEATURES, version_of
from homing.feature_engineering.arithmetic import ratio
from homing.feature_engineering.declaration import Category, Example, feature
from homing.tracking.history import History

PARTS = {
    "unit": "events",
    "family": "tried",
    "reads": [EventType.PROPERTY_VIEW],
    "window": 30 * DAY,
    "range": (0, 10),
    "missing": 0.0,
    "example": Example([], 0.0),
}

FIRST_VERSION = """
total_events unique_sessions unique_properties property_view_count property_swipe_count property_like_count
property_dislike_count property_share_count property_save_count booking_request_count booking_completed_count
booking_cancelled_count agent_interaction_count agent_action_count lead_interaction_count search_query_count
filter_applied_count tour_scheduled_count tour_completed_count form_submission_count email_opened_count
email_clicked_count page_view_count session_start_count session_end_count activity_time_span_hours avg_events_per_hour
avg_view_duration_seconds max_view_duration_seconds total_view_time_seconds engagement_score avg_engagement_per_event
booking_requests_count booking_completions_count booking_completion_rate avg_session_length max_session_length
avg_session_duration_seconds max_session_duration_seconds avg_properties_per_sequence max_properties_per_sequence
property_revisit_rate searches_per_session filters_per_search view_to_like_rate view_to_save_rate view_to_booking_rate
save_to_booking_rate days_since_last_activity active_days events_per_active_day most_active_weekday activity_time_std
peak_activity_hour primary_event_type preferred_property_type preferred_time_period
"""


def test_the_features_of_the_first_version_are_all_there():
    names = FIRST_VERSION.split()
    assert len(names) == 57
    assert set(names) <= {one.name for one in FEATURES["lead"]}


def test_features_of_behavior_are_not_about_the_person():
    assert {one.about for features in FEATURES.values() for one in features} == {"behavior"}


def test_all_faults_of_a_declaration_are_told_together():
    with pytest.raises(BadInput) as refused:

        @feature(**(PARTS | {"unit": "parsecs", "missing": 11.0, "window": 0, "version": 0}))
        def odd(h: History) -> str:
            """No full stop"""
            return h.horoscope[0]

    wrong = {fault.where for fault in refused.value.faults}
    assert wrong == {
        f"feature odd.{part}"
        for part in ("unit", "docstring", "window", "missing", "version", "return annotation", "h.horoscope")
    }


def test_a_function_that_could_not_be_compiled_is_refused_by_name():
    with pytest.raises(BadInput, match=r"unsure: random must be a number, a tuple of numbers, a plain function"):

        @feature(**PARTS)
        def unsure(h: History) -> float:
            """A matter of luck."""
            return random.random() * h.size


def test_a_history_may_not_be_passed_around_whole():
    with pytest.raises(BadInput, match=r"whole: h must be used only as h\.column"):

        @feature(**PARTS)
        def whole(h: History) -> float:
            """All of it."""
            return len([h])


def test_a_helper_is_called_with_plain_arguments():
    with pytest.raises(BadInput, match=r"by_name: ratio must be called with plain arguments in their order"):

        @feature(**PARTS)
        def by_name(h: History) -> float:
            """A share."""
            return ratio(h.size, whole=2.0)


def test_a_category_names_its_texts():
    with pytest.raises(BadInput, match="return annotation must be float or int"):

        @feature(**PARTS)
        def kind(h: History) -> Category:
            """Which kind."""
            return Category(h.type[0])


def test_the_version_changes_with_a_feature():
    features = FEATURES["lead"]
    assert len({version_of(features), version_of(features[1:]), version_of(features[::-1])}) == 3
