"""An event store broken on purpose for each law of event stores."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace

import numpy as np

from homing.core.errors import BadInput
from homing.interfaces import BehavioralEvent
from homing.store.checks import LAWS
from homing.store.columns import EventColumns
from homing.store.event_rows import stored_event
from homing.store.events import Appended, EventQuery, Extent, Named
from homing.store.identities import MemoryIdentities
from homing.store.memory_events import MemoryEventStore
from homing.store.payload import Label


class _Changed(MemoryEventStore):
    """A store whose questions are changed before they are asked."""

    def asked(self, query: EventQuery) -> EventQuery:
        return query

    def select(self, tenant: str, query: EventQuery) -> list[BehavioralEvent]:
        return super().select(tenant, self.asked(query))

    def count(self, tenant: str, query: EventQuery) -> int:
        return super().count(tenant, self.asked(query))

    def columns(
        self, tenant: str, query: EventQuery, numbers: Sequence[str] = (), labels: Sequence[str] = ()
    ) -> EventColumns:
        return super().columns(tenant, self.asked(query), numbers, labels)


class LosesTheCampaign(MemoryEventStore):
    def select(self, tenant: str, query: EventQuery) -> list[BehavioralEvent]:
        return [replace(e, campaign_id=None) for e in super().select(tenant, query)]


class KeepsTheCallersPayload(MemoryEventStore):
    def append(self, tenant: str, events: Sequence[BehavioralEvent]) -> Appended:
        self.given = {e.event_id: e.event_data for e in events}
        return super().append(tenant, events)

    def select(self, tenant: str, query: EventQuery) -> list[BehavioralEvent]:
        return [replace(e, event_data=self.given.get(e.event_id, e.event_data)) for e in super().select(tenant, query)]


class LetsTheLastContentWin(MemoryEventStore):
    def append(self, tenant: str, events: Sequence[BehavioralEvent]) -> Appended:
        before = self._shelf(tenant).kept
        again = [e for e in events if e.event_id in before and e.lead_id != before[e.event_id].lead_id]
        appended = super().append(tenant, events)
        for e in again:
            kept = self._shelf(tenant).kept
            kept[e.event_id] = stored_event(e, kept[e.event_id].sequence)
        return appended


class SaysTwiceOfTwins(MemoryEventStore):
    def append(self, tenant: str, events: Sequence[BehavioralEvent]) -> Appended:
        old = set(self._shelf(tenant).kept)
        appended = super().append(tenant, events)
        return Appended(tuple(e.event_id not in old for e in events), appended.sequence)


class LosesWhatIsSubmitted(MemoryEventStore):
    def submit(self, tenant: str, events: Sequence[BehavioralEvent]) -> Future[Appended]:
        return super().submit(tenant, events[:1])


class LagsForEver(MemoryEventStore):
    def has_seen(self, tenant: str, sequence: int) -> bool:
        return False


class ShowsOneTenantToTheOther(MemoryEventStore):
    def record_outcome(
        self, tenant: str, event_id: str, outcome: str, value: float | None, at: int, known_at: int
    ) -> bool:
        super().record_outcome("a", event_id, outcome, value, at, known_at)
        return super().record_outcome(tenant, event_id, outcome, value, at, known_at)


class TakesAnyTenant(MemoryEventStore):
    def append(self, tenant: str, events: Sequence[BehavioralEvent]) -> Appended:
        return super().append(tenant, [replace(e, tenant=tenant) for e in events])


class IgnoresTheVisitor(_Changed):
    def asked(self, query: EventQuery) -> EventQuery:
        return replace(query, anonymous_id=None)


class TakesEitherId(_Changed):
    def asked(self, query: EventQuery) -> EventQuery:
        return replace(query, lead_id=None) if query.session_id else query


class TakesTheFirstOfASet(_Changed):
    def asked(self, query: EventQuery) -> EventQuery:
        return replace(query, lead_ids=frozenset(sorted(query.lead_ids)[:1])) if query.lead_ids else query


class OverlooksLateEvents(MemoryEventStore):
    def extent(self, tenant: str, query: EventQuery) -> Extent:
        found = self.select(tenant, query)
        count, _ = super().extent(tenant, query)
        newest = max(found, key=lambda e: e.at, default=None)
        return Extent(count, 0 if newest is None else self._shelf(tenant).kept[newest.event_id].sequence)


class NamesVisitorsAsLeads(MemoryEventStore):
    def names(self, tenant: str, kind: Named, query: EventQuery) -> tuple[str, ...]:
        found = {getattr(row, f"{kind}_id") or row.anonymous_id for row in self._shelf(tenant).rows(query)}
        return tuple(sorted(filter(None, found)))


class CountsWithoutTheType(MemoryEventStore):
    def count(self, tenant: str, query: EventQuery) -> int:
        return super().count(tenant, replace(query, event_types=None) if query.lead_id else query)


class LeavesOutTheEnd(_Changed):
    def asked(self, query: EventQuery) -> EventQuery:
        return replace(query, upto=query.upto - 1) if query.upto and query.since else query


class TurnsTiesWrong(MemoryEventStore):
    def select(self, tenant: str, query: EventQuery) -> list[BehavioralEvent]:
        found = super().select(tenant, query)
        return sorted(found, key=lambda e: (-e.at, e.event_id)) if query.newest_first and query.limit is None else found


class LimitsTheOldest(_Changed):
    def asked(self, query: EventQuery) -> EventQuery:
        return replace(query, newest_first=query.newest_first and query.limit is None)


class KnowsEverythingAtOnce(MemoryEventStore):
    def append(self, tenant: str, events: Sequence[BehavioralEvent]) -> Appended:
        early = [replace(e, received_at=e.timestamp) if e.device_type is None else e for e in events]
        return super().append(tenant, early)


class ForgetsTheSequence(MemoryEventStore):
    def append(self, tenant: str, events: Sequence[BehavioralEvent]) -> Appended:
        appended = super().append(tenant, events)
        return appended if events else Appended(appended.stored, 0)


class LosesTheOutcomesMoment(MemoryEventStore):
    def record_outcome(
        self, tenant: str, event_id: str, outcome: str, value: float | None, at: int, known_at: int
    ) -> bool:
        return super().record_outcome(tenant, event_id, outcome, value, known_at, known_at)


class SaysYesToAnyOutcome(MemoryEventStore):
    def record_outcome(
        self, tenant: str, event_id: str, outcome: str, value: float | None, at: int, known_at: int
    ) -> bool:
        super().record_outcome(tenant, event_id, outcome, value, at, known_at)
        return True


class ShowsLaterOutcomesInColumns(MemoryEventStore):
    def columns(
        self, tenant: str, query: EventQuery, numbers: Sequence[str] = (), labels: Sequence[str] = ()
    ) -> EventColumns:
        found = super().columns(tenant, query, numbers, labels)
        every = super().columns(tenant, replace(query, known_upto=None), numbers, labels)
        return replace(found, outcomes=every.outcomes) if len(found) == len(every) else found


class KeepsTheOutcomeWrittenLast(MemoryEventStore):
    def record_outcome(
        self, tenant: str, event_id: str, outcome: str, value: float | None, at: int, known_at: int
    ) -> bool:
        kept = self._shelf(tenant).kept
        if event_id in kept:
            kept[event_id] = kept[event_id]._replace(outcome_known_at=None)
        return super().record_outcome(tenant, event_id, outcome, value, at, known_at)


class SortsColumnsByMomentOnly(MemoryEventStore):
    def columns(
        self, tenant: str, query: EventQuery, numbers: Sequence[str] = (), labels: Sequence[str] = ()
    ) -> EventColumns:
        found = super().columns(tenant, query, numbers, labels)
        order = np.argsort(found.at, kind="stable")
        names = ("sequence", "at", "known_at", "lead_known_at", "type", "lead", "property", "agent", "session")
        return replace(
            found,
            event_ids=tuple(found.event_ids[place] for place in order),
            **{name: getattr(found, name)[order] for name in names},
        )


class CodesHomesByArrival(MemoryEventStore):
    def columns(
        self, tenant: str, query: EventQuery, numbers: Sequence[str] = (), labels: Sequence[str] = ()
    ) -> EventColumns:
        found = super().columns(tenant, query, numbers, labels)
        return replace(found, property=found.property[np.argsort(np.argsort(found.sequence))])


class MakesTextOfNumbers(MemoryEventStore):
    def columns(
        self, tenant: str, query: EventQuery, numbers: Sequence[str] = (), labels: Sequence[str] = ()
    ) -> EventColumns:
        found = super().columns(tenant, query, numbers, labels)
        changed = {key: Label(np.abs(label.codes), label.names) for key, label in found.labels.items()}
        return replace(found, labels=changed)


class KeepsTheGoodHalf(MemoryEventStore):
    def append(self, tenant: str, events: Sequence[BehavioralEvent]) -> Appended:
        try:
            return super().append(tenant, events)
        except BadInput:
            if events[0].tenant == tenant == "default":
                super().append(tenant, events[:1])
            raise


class CountsWithoutTheVisitor(MemoryEventStore):
    def count(self, tenant: str, query: EventQuery) -> int:
        return len(self._shelf(tenant).rows(query)) if query.lead_id else super().count(tenant, query)


class GivesTheVisitorsLeadToEverything(MemoryEventStore):
    def select(self, tenant: str, query: EventQuery) -> list[BehavioralEvent]:
        found = super().select(tenant, query)
        owners = [self.identities.lead_of(tenant, e.anonymous_id) if e.anonymous_id else None for e in found]
        return [replace(e, lead_id=owner or e.lead_id) for e, owner in zip(found, owners, strict=True)]


class _WithPeople(MemoryEventStore):
    """A store whose identities are broken."""

    people: type[MemoryIdentities]

    def __init__(self) -> None:
        super().__init__()
        self.identities = self.people()


class KnowsMergesAtOnce(_WithPeople):
    class people(MemoryIdentities):
        def lead_of(self, tenant: str, anonymous_id: str, known_upto: int | None = None) -> str | None:
            known_upto = None if self._visitors.keys() == {(tenant, "ann")} else known_upto
            return super().lead_of(tenant, anonymous_id, known_upto)


class KnewTheVisitorAllAlong(MemoryEventStore):
    def columns(
        self, tenant: str, query: EventQuery, numbers: Sequence[str] = (), labels: Sequence[str] = ()
    ) -> EventColumns:
        found = super().columns(tenant, query, numbers, labels)
        return replace(found, lead_known_at=found.known_at)


class KeepsTheVisitorForEver(_WithPeople):
    class people(MemoryIdentities):
        def visitors_of(self, tenant: str, lead_id: str, known_upto: int | None = None) -> tuple[str, ...]:
            ever = tuple(self._visitors.get((tenant, lead_id), ()))
            return ever if known_upto is None else super().visitors_of(tenant, lead_id, known_upto)


class MovesTheVisitor(_WithPeople):
    class people(MemoryIdentities):
        def merge(self, tenant: str, anonymous_id: str, lead_id: str, known_at: int) -> bool:
            if self.lead_of(tenant, anonymous_id) not in (None, lead_id):
                self.unmerge(tenant, anonymous_id, known_at)
            return super().merge(tenant, anonymous_id, lead_id, known_at)


class MergesForAllTenants(_WithPeople):
    class people(MemoryIdentities):
        def lead_of(self, tenant: str, anonymous_id: str, known_upto: int | None = None) -> str | None:
            tenants = {name for name, _ in self._changes} | {tenant}
            found = [super(type(self), self).lead_of(name, anonymous_id, known_upto) for name in sorted(tenants)]
            return next(filter(None, found), None)


class BelievesTheClock(_WithPeople):
    class people(MemoryIdentities):
        def lead_of(self, tenant: str, anonymous_id: str, known_upto: int | None = None) -> str | None:
            told = super().lead_of(tenant, anonymous_id, known_upto)
            if told is None and self.unmerged_at < self.merged_at:
                return "ann"
            return told

        merged_at = unmerged_at = 0

        def merge(self, tenant: str, anonymous_id: str, lead_id: str, known_at: int) -> bool:
            self.merged_at = self.unmerged_at = known_at
            return super().merge(tenant, anonymous_id, lead_id, known_at)

        def unmerge(self, tenant: str, anonymous_id: str, known_at: int) -> bool:
            done = super().unmerge(tenant, anonymous_id, known_at)
            self.unmerged_at = known_at
            return done


_IN_THE_ORDER_OF_THE_LAWS = (
    LosesTheCampaign, KeepsTheCallersPayload, LetsTheLastContentWin, SaysTwiceOfTwins, LosesWhatIsSubmitted,
    LagsForEver,
    ShowsOneTenantToTheOther,
    TakesAnyTenant, IgnoresTheVisitor, TakesEitherId, TakesTheFirstOfASet, OverlooksLateEvents, NamesVisitorsAsLeads,
    CountsWithoutTheType, LeavesOutTheEnd, TurnsTiesWrong,
    LimitsTheOldest, KnowsEverythingAtOnce, ForgetsTheSequence, LosesTheOutcomesMoment, SaysYesToAnyOutcome,
    ShowsLaterOutcomesInColumns, KeepsTheOutcomeWrittenLast, SortsColumnsByMomentOnly, CodesHomesByArrival,
    MakesTextOfNumbers, KeepsTheGoodHalf, CountsWithoutTheVisitor, GivesTheVisitorsLeadToEverything, KnowsMergesAtOnce,
    KnewTheVisitorAllAlong, KeepsTheVisitorForEver, MovesTheVisitor, MergesForAllTenants, BelievesTheClock,
)  # fmt: skip
MUTANTS = dict(zip(LAWS, _IN_THE_ORDER_OF_THE_LAWS, strict=True))
