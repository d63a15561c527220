"""`PropertyPersonalizationEngine`: which homes a lead should see next, why, and how sure we are."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from homing.core.clock import MINUTE, Clock, from_micros, system_clock, to_micros
from homing.core.errors import BadInput, UnknownId
from homing.core.signing import Signer
from homing.core.telemetry import timed
from homing.event_types import EventType
from homing.interfaces import (
    ConfidenceLevel,
    LearningContext,
    ModelPrediction,
    Reason,
    Recommendations,
    Stage,
)
from homing.market.catalogue import Catalogue
from homing.market.links import LinkTemplate
from homing.market.snapshot import MarketSnapshot
from homing.market.where import Where
from homing.models.query import Codes
from homing.models.registry import ModelRegistry
from homing.people.directory import Directory
from homing.personalization.answer_token import AnswerToken
from homing.personalization.ask import LONGEST_LIST, Ask, TakesLonger
from homing.personalization.attention import Attention
from homing.personalization.counterfactual import counterfactuals
from homing.personalization.feedback import feedback_event
from homing.personalization.histories import Histories
from homing.personalization.in_context import ask_in, unmet
from homing.personalization.leads_for import InterestedLead, LeadsAnswer, wanting
from homing.personalization.proven import Alike, proven
from homing.personalization.ranking import Ranked, open_to, ranked_homes, stage
from homing.personalization.reason_wording import Facts
from homing.personalization.reasons import reasons
from homing.personalization.returned import Returned
from homing.personalization.serving import LiveServing, Serving
from homing.personalization.shopper import Shopper, shopper, shoppers
from homing.personalization.shown import Shown
from homing.personalization.similar import SimilarHome, similar
from homing.personalization.sms import sms_line
from homing.personalization.stated import with_stated
from homing.store.columns import EventColumns
from homing.tracking.behavior_tracker import BehaviorTracker
from homing.trust.text_guard import TextGuard, shipped_text_guard

__all__ = ["PropertyPersonalizationEngine"]

_NO_ACTS: Final = "content, collaborative: no act of this lead on a home is known; ranked by popularity and freshness"
_STATED_ONLY: Final = (
    "content: no act of this lead on a home is known; ranked by its stated limits, popularity and freshness"
)


@dataclass(frozen=True, slots=True)
class _Everybody:
    """All leads as last read, and what they were read from."""

    stamp: tuple[int, ...]
    market: MarketSnapshot
    weights: NDArray[np.float64]
    leads: list[Shopper]


class PropertyPersonalizationEngine:
    """Ranks the homes on the market for one lead: candidates, scores on one scale, blend, diversity, reasons.

    The answer is made from the lead's events as they stand in the store at that moment, so that an act counts in the
    next answer of every process. Asking changes nothing. Without any trained model it ranks by the lead's own acts,
    popularity and freshness, and says so in `degraded`. A reason with words that `guard` refuses is not given. With
    `swaps_in_background` nobody waits for a new model to be loaded; the one before answers meanwhile.

    >>> import pathlib, tempfile
    >>> from homing.market.property import property_from
    >>> from homing.store.listings import ListingStore
    >>> from homing.store.sqlite import SqliteDatabase
    >>> from homing.tracking.behavior_tracker import InMemoryBehaviorTracker
    >>> database = SqliteDatabase(pathlib.Path(tempfile.mkdtemp()) / "homes.sqlite3")
    >>> catalogue = Catalogue(ListingStore(database))
    >>> rows = [{"ListingKey": f"home-{n}", "ListPrice": 400_000 + 50_000 * n} for n in range(4)]
    >>> counts = catalogue.put([property_from(row, now=system_clock()) for row in rows])
    >>> engine = PropertyPersonalizationEngine(InMemoryBehaviorTracker(), catalogue)
    >>> answer = engine.recommend("lead-1", k=2)
    >>> len(answer), answer.items[0].confidence_level.value, answer.trace[0].kept
    (2, 'uncertain', 4)
    """

    def __init__(  # noqa: PLR0913  # where things come from, each by its name
        self,
        tracker: BehaviorTracker,
        catalogue: Catalogue,
        *,
        directory: Directory | None = None,
        registry: ModelRegistry | None = None,
        clock: Clock = system_clock,
        signer: Signer | None = None,
        links: LinkTemplate | None = None,
        guard: TextGuard | None = None,
        swaps_in_background: bool = False,
    ) -> None:
        self._tracker, self._catalogue, self._directory, self._clock = tracker, catalogue, directory, clock
        self._known: _Everybody | None = None
        self._histories = Histories(tracker.store, tracker.tenant)
        self._attention = Attention(tracker.store, tracker.tenant)
        self._signer, self._links = signer or Signer.for_this_process("answer"), links
        self._may_say = (guard or shipped_text_guard()).allows
        self._serving = LiveServing(
            tracker.store, catalogue, registry, tenant=tracker.tenant, clock=clock, in_background=swaps_in_background
        )

    async def get_recommendations(
        self,
        entity_id: str,
        entity_type: str = "lead",
        max_results: int = 10,
        context: LearningContext | None = None,
        *,
        as_of: datetime | None = None,
    ) -> Recommendations:
        """The best homes for a lead; every field of a context that is about an answer is obeyed (see `in_context`)."""
        if entity_type != "lead":
            raise BadInput.of("entity_type", "be 'lead'", entity_type)
        at = None if as_of is None else to_micros(as_of, "as_of")
        if context is None:
            return await asyncio.to_thread(self.answer, Ask(lead_id=entity_id, k=max_results, as_of=at))
        answer = await asyncio.to_thread(self.answer, ask_in(context, entity_id, max_results, at))
        return replace(answer, degraded=(*answer.degraded, *unmet(context, answer)))

    async def get_explanation(self, entity_id: str, property_id: str) -> ModelPrediction:
        """Why a home has the score it has for a lead; rank 1, as it is the only one asked about."""
        ask = Ask(lead_id=entity_id, k=1, candidates=[property_id], whatever_its_state=True)
        return (await asyncio.to_thread(self.answer, ask)).items[0]

    async def record_feedback(
        self, entity_id: str, recommendation_id: str, property_id: str, event_type: EventType
    ) -> str:
        """Store what the lead did with a home of an answer; returns the event id, the same for a repeated report.

        `recommendation_shown` reports an exposure. An id that is not of an answer to this lead is refused.
        """
        token = self.token(recommendation_id)
        if entity_id not in (token.lead_id, token.anonymous_id):
            raise BadInput.of("recommendation_id", f"be of an answer to {entity_id!r}", token.answer_id)
        event = feedback_event(token, property_id, event_type, self._clock())
        await self._tracker.track_event(event)
        return event.event_id

    def token(self, recommendation_id: str) -> AnswerToken:
        """What a `recommendation_id` says of its answer; one that this tenant's engine did not give is refused."""
        return AnswerToken.read(self._signer, recommendation_id, tenant=self._tracker.tenant)

    def warm(self) -> None:
        """Load homes, model and compiled code now, so that the first lead need not wait; asking changes nothing."""
        self.recommend("nobody", 1)

    def recommend(
        self,
        lead_id: str,
        k: int = 10,
        *,
        as_of: int | None = None,
        candidates: Sequence[str] | None = None,
        where: Where | None = None,
    ) -> Recommendations:
        """The best k homes for a lead as of a moment in microseconds (left out: now), best first."""
        return self.answer(Ask(lead_id=lead_id, k=k, as_of=as_of, candidates=candidates, where=where))

    def answer(self, ask: Ask) -> Recommendations:
        """The answer to one question. A candidate that is not in the catalogue is an `UnknownId`.

        Ranking all of a caller's own candidates leaves out an unknown one and says so in the trace.
        """
        started = time.perf_counter()
        if ask.at_once and not (ask.is_short and self._tracker.store.is_near):
            raise TakesLonger
        with timed("answer", stage="snapshot"):
            serving = self._serving.at_once() if ask.at_once else self._serving.at(ask.as_of)
        moment = self._clock() if ask.as_of is None else ask.as_of
        lead = None if self._directory is None or ask.lead_id is None else self._directory.lead(ask.lead_id, ask.as_of)
        limits = None if lead is None else lead.limits
        returned = self._returned(serving, moment, ask.as_of)
        with timed("answer", stage="history"):
            history = self._histories.of(ask, moment, present=ask.as_of is None)

        def found(ask: Ask) -> tuple[Shopper, Ranked]:
            with timed("answer", stage="shopper"):
                who = shopper(history, ask, limits, serving.market, moment, serving.weights)
            with timed("answer", stage="candidates"):
                who = with_stated(who, serving.within)
                news = returned.changes(who.kept)
                allowed = open_to(serving, who, ask, news)
            with timed("answer", stage="ranking"):
                return who, ranked_homes(serving, who, allowed, ask, news)

        who, ranked = found(ask)
        late = ask.within_ms is not None and 1_000 * (time.perf_counter() - started) >= ask.within_ms
        if late:
            ask = replace(ask, explain=False, counterfactual=False)
        with timed("answer", stage="reasons"):
            items = self._items(serving, who, ranked, moment, ask)
        if ask.counterfactual and not ask.rank_all:
            items = self._hanging_on(serving, items, history.events, ask, lambda ask: found(ask)[1].rows)
            items = self._proven(serving, items, history.events, ask, lambda ask: found(ask)[1])
        trace = ranked.trace
        if len(items) < len(ranked.rows):
            trace += (stage("confident", len(items), below_min_confidence=len(ranked.rows) - len(items)),)
        answer = self._answer(serving, who, items, trace, moment, ask)
        told = (f"reasons: left out, as ranking took longer than {ask.within_ms} ms",) if late else ()
        return replace(answer, degraded=(*answer.degraded, *told))

    def serving(self) -> Serving:
        """The homes and the model that answers are made from now."""
        return self._serving.at()

    def leads_for(self, property_id: str, k: int = 10, *, as_of: int | None = None) -> LeadsAnswer:
        """The k leads most likely to engage with a home as of a moment (left out: now), most likely first."""
        _checked_k(k)
        serving, moment = self._serving.at(as_of), self._clock() if as_of is None else as_of
        row = _row_of(serving, property_id)
        everybody = self._everybody(serving, moment, as_of)
        found = wanting(serving, everybody, row, k, self._returned(serving, moment, as_of))
        ask = Ask(lead_id="everybody", as_of=as_of)
        items = []
        for place, (who, change) in enumerate(zip(found.leads, found.changes, strict=True)):
            news = {} if change is None else {row: change}
            one = Ranked(np.array([row]), found.scores[place : place + 1], news, ())
            given, rest = self._why(serving, who, one, moment, ask)(0)
            low, high = float(found.low[place]), float(found.high[place])
            items.append(
                InterestedLead(
                    lead_id=who.lead_id,
                    rank=place + 1,
                    score=float(found.scores[place]),
                    confidence=float(found.probability[place]),
                    interval=(low, high),
                    confidence_level=ConfidenceLevel.of_width(high - low),
                    reasons=given,
                    rest=rest,
                )
            )
        return LeadsAnswer(
            property_id=property_id,
            as_of=from_micros(moment),
            models={"hybrid": serving.version} if serving.version else {},
            degraded=serving.degraded,
            home=self._card(serving, row),
            items=tuple(items),
            trace=found.trace,
        )

    def shown_to(
        self, k: int = 10, *, most: int = 2_000, seed: int = 0, as_of: int | None = None
    ) -> tuple[int, Iterator[Shown]]:
        """How many leads are known by an act or a stated limit, and of each the list that `recommend` gives it.

        Of more than `most` leads a sample is drawn. All are read in one pass and no reasons are made.
        """
        _checked_k(k)
        serving, moment = self._serving.at(as_of), self._clock() if as_of is None else as_of
        returned = self._returned(serving, moment, as_of)
        known = [who for who in self._everybody(serving, moment, as_of) if len(who.query) or who.limits]
        drawn = np.sort(np.random.default_rng(seed).permutation(len(known))[:most]).tolist()

        def shown(known: Shopper) -> Shown:
            who = with_stated(known, serving.within)
            ask, news = Ask(lead_id=who.lead_id, k=k), returned.changes(who.kept)
            found = open_to(serving, who, ask, news)
            liked = who.liked.rows[who.liked.rows >= 0]
            return Shown(
                who.lead_id, serving.market, found.rows, ranked_homes(serving, who, found, ask, news).rows, liked
            )

        return len(known), (shown(known[place]) for place in drawn)

    def similar(self, property_id: str, k: int = 10) -> list[SimilarHome]:
        """The k homes on the market most like a home, which may itself be sold; most alike first."""
        _checked_k(k)
        serving = self._serving.at(None)
        _row_of(serving, property_id)
        return similar(serving, property_id, k)

    def _everybody(self, serving: Serving, moment: int, as_of: int | None) -> list[Shopper]:
        """All leads; those of now are read again when an event, a merge, a profile or a home has changed."""
        store, tenant = self._tracker.store, self._tracker.tenant
        profiles = 0 if self._directory is None else self._directory.revision()
        stamp = (store.append(tenant, ()).sequence, store.identities.revision(tenant), profiles, moment // MINUTE)
        known = self._known
        same = known is not None and known.market is serving.market and np.array_equal(known.weights, serving.weights)
        if as_of is None and known is not None and known.stamp == stamp and same:
            return known.leads
        limits = {} if self._directory is None else self._directory.limits(as_of)
        leads = shoppers(store, tenant, limits, serving.market, moment, serving.weights)
        if as_of is None:
            self._known = _Everybody(stamp, serving.market, serving.weights, leads)
        return leads

    def _items(
        self, serving: Serving, who: Shopper, ranked: Ranked, moment: int, ask: Ask
    ) -> tuple[ModelPrediction, ...]:
        acts = np.full(len(ranked.rows), float(len(who.query)))
        again = np.isin(ranked.rows, who.seen).astype(np.float64)
        sure = serving.model.confidence(ranked.of_the_model, acts, again)
        rows, why = ranked.rows, self._why(serving, who, ranked, moment, ask)
        items: list[ModelPrediction] = []
        for place, row in enumerate(rows.tolist()):
            if sure.probability[place] < ask.min_confidence:
                continue
            given, rest = why(place)
            low, high, home = float(sure.low[place]), float(sure.high[place]), self._card(serving, row)
            items.append(
                ModelPrediction(
                    property_id=serving.market.ids.ids[row],
                    rank=len(items) + 1,
                    score=float(ranked.scores[place]),
                    confidence=float(sure.probability[place]),
                    interval=(low, high),
                    confidence_level=ConfidenceLevel.of_width(high - low),
                    home=home,
                    reasons=given,
                    rest=rest,
                    sms=sms_line(home, given[0].say) if given else "",
                )
            )
        return tuple(items)

    def _why(
        self, serving: Serving, who: Shopper, ranked: Ranked, moment: int, ask: Ask
    ) -> Callable[[int], tuple[tuple[Reason, ...], float]]:
        """The reasons of the home at a place, and the rest of its score; none if they were not asked for."""
        if not ask.explain:
            return lambda _place: ((), 1.0)
        codes = Codes(serving.codes[ranked.rows])
        parts, pulls = serving.model.explain_many(who.query, codes), serving.model.pulls(who.query, codes)
        rows, news = ranked.rows.tolist(), ranked.news
        homes, present = [serving.market.ids.ids[row] for row in rows], ask.as_of is None
        drawn = cache(lambda: self._attention.drawn(homes, moment, present=present))
        order = cache(pulls.order)

        def why(place: int) -> tuple[tuple[Reason, ...], float]:
            row = rows[place]
            home = homes[place]
            facts = Facts(
                serving.market, row, moment,
                drawn=lambda: drawn()[home],
                change=news.get(row),
                words=lambda: serving.model.words(who.query, home),
                pull=lambda acted: pulls.on(place, acted),
                by_pull=lambda acted: order(acted)[place],
            )  # fmt: skip
            added = {} if facts.change is None else facts.change.parts()
            return reasons({**parts[place], **added}, facts, who, self._may_say)

        return why

    def _hanging_on(
        self,
        serving: Serving,
        items: tuple[ModelPrediction, ...],
        events: EventColumns,
        ask: Ask,
        listed: Callable[[Ask], NDArray[np.int64]],
    ) -> tuple[ModelPrediction, ...]:
        """The items with the acts without which each would not be in the list; `listed` makes the list anew."""
        rows = serving.market.ids.codes([item.property_id for item in items]).tolist()

        def without(ids: frozenset[str]) -> frozenset[int]:
            return frozenset(listed(replace(ask, without=ask.without | ids)).tolist())

        found = counterfactuals(serving.market, events, rows, without, self._may_say)
        return tuple(replace(item, counterfactual=found.get(row)) for item, row in zip(items, rows, strict=True))

    def _proven(
        self,
        serving: Serving,
        items: tuple[ModelPrediction, ...],
        events: EventColumns,
        ask: Ask,
        ranked: Callable[[Ask], Ranked],
    ) -> tuple[ModelPrediction, ...]:
        """The items with reasons whose first act was left out to see whether it counts."""
        homes = [item.property_id for item in items]
        rows = serving.market.ids.codes(homes)
        again = replace(ask, candidates=homes, rank_all=True, whatever_its_state=True, explain=False)

        def scores(ids: frozenset[str]) -> NDArray[np.float64]:
            one = ranked(replace(again, without=ask.without | ids))
            order = np.argsort(one.rows)
            return one.scores[order[np.searchsorted(one.rows, rows, sorter=order)]]

        return proven(items, scores, Alike.of(events))

    def _card(self, serving: Serving, row: int) -> dict[str, object]:
        """What is shown of a home, with its address on the tenant's own site if that is known."""
        own = None if self._links is None else self._links.of(serving.market.home(row))
        return dict(serving.card(row)) if own is None else {**serving.card(row), "url": own}

    def _returned(self, serving: Serving, moment: int, as_of: int | None) -> Returned:
        """Where homes come from that are news again; the present reaches as far ahead as the catalogue's."""
        upto = self._catalogue.present() if as_of is None else moment
        return Returned(serving.market, partial(self._catalogue.versions_of, known_upto=upto), upto)

    def _answer(
        self,
        serving: Serving,
        who: Shopper,
        items: tuple[ModelPrediction, ...],
        trace: tuple[Stage, ...],
        moment: int,
        ask: Ask,
    ) -> Recommendations:
        models = {"hybrid": serving.version} if serving.version else {}
        token = AnswerToken(
            tenant=self._tracker.tenant,
            lead_id=ask.lead_id,
            anonymous_id=ask.anonymous_id,
            as_of=moment,
            models=models,
            properties=tuple(item.property_id for item in items),
        )
        return Recommendations(
            recommendation_id=token.text(self._signer),
            lead_id=ask.lead_id,
            anonymous_id=ask.anonymous_id,
            as_of=from_micros(moment),
            event_count=who.event_count,
            models=models,
            experiment=None,
            degraded=(*serving.degraded, *_without_acts(serving, who)),
            items=items,
            trace=trace,
        )


def _without_acts(serving: Serving, who: Shopper) -> tuple[str, ...]:
    """What an answer has to say where no act of a lead on a home is known."""
    if len(who.query):
        return ()
    stated = who.query.within is not None and "collaborative" in serving.model.parts
    return (_STATED_ONLY if stated else _NO_ACTS,)


def _checked_k(k: int) -> None:
    if not 1 <= k <= LONGEST_LIST:
        raise BadInput.of("k", f"be from 1 to {LONGEST_LIST}", k)


def _row_of(serving: Serving, property_id: str) -> int:
    row = serving.market.ids.code(property_id)
    if row < 0:
        raise UnknownId.of("property_id", "be in the catalogue", property_id)
    return row
