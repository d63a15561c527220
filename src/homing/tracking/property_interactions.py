"""What a lead does with the cards and lists of a listing page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final, Literal, Protocol

from homing.core.errors import BadInput
from homing.tracking.event_collector import EventCollector

__all__ = ["CardInteraction", "PropertyInteractionCollector", "PropertySource"]

CardInteraction = Literal["hover", "click", "expand", "collapse"]
_INTERACTIONS: Final = ("hover", "click", "expand", "collapse")


class PropertySource(Protocol):
    """Whatever knows a home's record by its id."""

    async def get_property_by_id(self, property_id: str) -> Mapping[str, object] | None:
        """The record of a home, None if it is not known."""
        ...


class PropertyInteractionCollector:
    """Tracks what a lead does with cards, comparisons and lists of homes.

    Only a click opens a home and is a view; a card that is hovered over, expanded or collapsed is a `lead_interaction`
    about it. With a `property_service` the home's record goes along under `event_data.property_details`.

    >>> import asyncio
    >>> from homing.tracking.behavior_tracker import InMemoryBehaviorTracker
    >>> tracker = InMemoryBehaviorTracker()
    >>> cards = PropertyInteractionCollector(EventCollector(tracker))
    >>> async def hovered():
    ...     await cards.track_property_card_interaction("lead-1", "home-7", "hover", card_position=2)
    ...     return await tracker.get_events("lead-1")
    >>> [event] = asyncio.run(hovered())
    >>> event.event_type.value, event.property_id, event.event_data["card_position"]
    ('lead_interaction', 'home-7', 2)
    """

    def __init__(self, event_collector: EventCollector, property_service: PropertySource | None = None) -> None:
        self.event_collector = event_collector
        self.property_service = property_service

    async def track_property_card_interaction(  # noqa: PLR0913 - the arguments that the platform knows
        self,
        lead_id: str | None,
        property_id: str,
        interaction_type: CardInteraction,
        session_id: str | None = None,
        card_position: int | None = None,
        total_cards: int | None = None,
        *,
        anonymous_id: str | None = None,
        timestamp: datetime | None = None,
        event_id: str | None = None,
    ) -> str:
        """A card was hovered over, clicked, expanded or collapsed; returns the event id."""
        if interaction_type not in _INTERACTIONS:
            raise BadInput.of("interaction_type", f"be one of {', '.join(_INTERACTIONS)}", interaction_type)
        data = {"card_position": card_position, "total_cards": total_cards}
        known = {name: value for name, value in data.items() if value is not None} | await self._details(property_id)
        if interaction_type == "click":
            return await self.event_collector.track_property_view(
                lead_id, property_id, session_id, page_source="property_card", anonymous_id=anonymous_id,
                event_data={"interaction_type": "click", **known}, timestamp=timestamp, event_id=event_id,
            )  # fmt: skip
        return await self.event_collector.track_lead_interaction(
            lead_id, f"property_card_{interaction_type}", None, {"page_source": "property_card", **known}, session_id,
            property_id=property_id, anonymous_id=anonymous_id, timestamp=timestamp, event_id=event_id,
        )  # fmt: skip

    async def track_property_comparison(
        self,
        lead_id: str | None,
        property_ids: Sequence[str],
        session_id: str | None = None,
        *,
        anonymous_id: str | None = None,
        timestamp: datetime | None = None,
        event_id: str | None = None,
    ) -> str:
        """Homes were put side by side; returns the event id."""
        homes = list(property_ids)
        return await self.event_collector.track_lead_interaction(
            lead_id, "property_comparison", None, None, session_id,
            compared_properties=homes, comparison_count=len(homes),
            anonymous_id=anonymous_id, timestamp=timestamp, event_id=event_id,
        )  # fmt: skip

    async def track_property_list_scroll(
        self,
        lead_id: str | None,
        properties_viewed: Sequence[str],
        scroll_depth_percent: float,
        session_id: str | None = None,
        *,
        anonymous_id: str | None = None,
        timestamp: datetime | None = None,
        event_id: str | None = None,
    ) -> str:
        """A list of homes was scrolled; `scroll_depth_percent` is from 0 to 100. Returns the event id."""
        homes = list(properties_viewed)
        return await self.event_collector.track_lead_interaction(
            lead_id, "property_list_scroll", None, {"properties_in_view": len(homes)}, session_id,
            properties_viewed=homes, scroll_depth_percent=scroll_depth_percent,
            anonymous_id=anonymous_id, timestamp=timestamp, event_id=event_id,
        )  # fmt: skip

    async def _details(self, property_id: str) -> dict[str, object]:
        """The home's record as a part of a payload; empty without a service, or where it knows no such home."""
        record = None if self.property_service is None else await self.property_service.get_property_by_id(property_id)
        return {} if record is None else {"property_details": dict(record)}
