"""`PersonalizationService`: the platform's door to answers, and back to what came of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from homing.core.clock import Clock, system_clock
from homing.core.errors import BadInput
from homing.event_types import EventType
from homing.interfaces import LearningContext, ModelPrediction, Recommendations
from homing.personalization.property_engine import PropertyPersonalizationEngine
from homing.tracking.behavior_tracker import BehaviorTracker
from homing.tracking.event_collector import EventCollector

__all__ = ["PersonalizationService"]


@dataclass(frozen=True, slots=True)
class PersonalizationService:
    """Delegates to the engine and the tracker; a `LearningContext` is obeyed field by field (see `in_context`).

    >>> import asyncio, pathlib, tempfile
    >>> from homing import InMemoryBehaviorTracker, PropertyPersonalizationEngine
    >>> from homing.market.catalogue import Catalogue
    >>> from homing.market.property import property_from
    >>> from homing.store.listings import ListingStore
    >>> from homing.store.sqlite import SqliteDatabase
    >>> tracker = InMemoryBehaviorTracker()
    >>> catalogue = Catalogue(ListingStore(SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "homes.sqlite3")))
    >>> rows = [{"ListingKey": f"home-{n}", "ListPrice": 400_000 + 50_000 * n} for n in range(4)]
    >>> counts = catalogue.put([property_from(row, now=1) for row in rows])
    >>> service = PersonalizationService(PropertyPersonalizationEngine(tracker, catalogue), tracker)
    >>> async def one_shopper():
    ...     ids = {"lead_id": "ann", "property_id": "home-0"}
    ...     await service.track_interaction("property_save", ids, context=LearningContext(session_id="s-1"))
    ...     context = LearningContext(max_results=2, business_rules={"where": "ListPrice le 500000"})
    ...     return await service.get_personalized_properties("ann", context=context)
    >>> answer = asyncio.run(one_shopper())
    >>> [item.property_id for item in answer], answer.event_count
    (['home-1', 'home-2'], 1)
    """

    engine: PropertyPersonalizationEngine
    tracker: BehaviorTracker
    clock: Clock = system_clock

    async def get_personalized_properties(
        self, lead_id: str, max_results: int = 10, context: LearningContext | None = None
    ) -> Recommendations:
        """The homes that a lead should see next, best first, with reasons, confidence and trace."""
        return await self.engine.get_recommendations(lead_id, "lead", max_results, context)

    async def get_explanation(self, lead_id: str, property_id: str) -> ModelPrediction:
        """Why a home has the score it has for a lead."""
        return await self.engine.get_explanation(lead_id, property_id)

    async def track_interaction(
        self,
        event_type: EventType | str,
        entity_data: Mapping[str, str],
        event_data: Mapping[str, Any] | None = None,
        context: LearningContext | None = None,
    ) -> str:
        """Store what happened now, durably, and return its event id; the next answer has seen it.

        `entity_data` names who and what by the fields of an event: `lead_id`, `property_id`, `agent_id`, ... A
        `session_id` left out is the context's. What a type needs and lacks is refused.
        """
        session = {} if context is None or context.session_id is None else {"session_id": context.session_id}
        row = {**session, **entity_data, "event_type": event_type, "event_data": event_data}
        done = await EventCollector(self.tracker, clock=self.clock).track_events_batch([row])
        for refused in done.refused:
            raise BadInput(refused.faults)
        return done.event_ids[0]

    async def record_feedback(
        self, lead_id: str, recommendation_id: str, property_id: str, event_type: EventType
    ) -> str:
        """Store what a lead did with a home of an answer; returns the event id, the same for a repeated report."""
        return await self.engine.record_feedback(lead_id, recommendation_id, property_id, event_type)

    async def record_outcome(self, event_id: str, outcome: str, outcome_value: float | None = None) -> bool:
        """Write what became of an event; False if there is no such event."""
        return await self.tracker.record_outcome(event_id, outcome, outcome_value)

    async def health_check(self) -> dict[str, object]:
        """From what answers are made now: `homes`, `models`, and `degraded` with every part that a fallback stands for.

        `status` is `ok`, or `degraded` if anything is. What cannot be read at all raises, as an answer would.
        """
        serving = await asyncio.to_thread(self.engine.serving)
        return {
            "status": "degraded" if serving.degraded else "ok",
            "homes": len(serving.market),
            "models": {"hybrid": serving.version} if serving.version else {},
            "degraded": list(serving.degraded),
        }
