"""The features of the first version's four extractors, by the names and in the order it had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["EXTRACTED"]

EXTRACTED: Final[Mapping[str, tuple[str, ...]]] = {
    "PropertyFeatureExtractor": (
        "property_type_diversity", "most_viewed_type_ratio", "avg_price_viewed", "min_price_viewed",
        "max_price_viewed", "price_std", "price_range_span", "price_range_0_ratio", "price_range_1_ratio",
        "price_range_2_ratio", "price_range_3_ratio", "location_diversity", "location_concentration",
        "avg_size_preference", "size_preference_std", "avg_bedrooms_preference", "bedroom_preference_std",
        "property_features_diversity",
    ),
    "BehaviorFeatureExtractor": (
        "total_engagement_score", "avg_engagement_per_event", "engagement_std", "max_engagement_event",
        "high_value_action_ratio", "avg_time_between_events", "interaction_velocity", "interaction_consistency",
        "burst_interaction_ratio", "like_ratio", "decision_confidence", "save_rate", "booking_follow_through",
        "exploration_ratio", "property_loyalty", "search_refinement_rate",
    ),
    "SessionFeatureExtractor": (
        "explicit_sessions_count", "avg_session_length", "max_session_length", "session_length_std",
        "avg_session_duration_seconds", "max_session_duration_seconds", "inferred_sessions_count",
        "avg_inferred_session_length", "avg_inferred_session_duration", "active_days", "avg_events_per_day",
        "max_events_per_day", "weekday_consistency", "time_concentration",
    ),
    "TimeFeatureExtractor": (
        "activity_time_span_hours", "events_per_hour", "activity_hour_std", "peak_activity_hour",
        "avg_days_between_sessions", "session_regularity", "weekday_entropy", "hourly_entropy",
        "activity_trend_slope", "hours_since_last_activity", "days_since_last_activity", "recent_activity_count",
        "recent_activity_ratio",
    ),
}  # fmt: skip
"""Which lead features each extractor gives."""
