"""The application over a real SQLite file, a real catalogue, and recommendations that a test can foresee."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import httpx

from homing.api import ApiServices, Check, Identify, Limits, Tenants, create_app
from homing.core.clock import from_micros, parse_moment
from homing.core.signing import Signer
from homing.dashboard import LeadList, PageServices
from homing.dashboard import routes as page_routes
from homing.event_types import EventType
from homing.interfaces import (
    ConfidenceLevel,
    FeatureVector,
    ModelPrediction,
    Reason,
    Recommendations,
    Stage,
)
from homing.market.card import card
from homing.market.catalogue import Catalogue
from homing.market.property import property_from
from homing.people.directory import Directory
from homing.people.lead import Lead
from homing.personalization.answer_token import AnswerToken
from homing.personalization.ask import Ask, TakesLonger
from homing.personalization.property_engine import PropertyPersonalizationEngine
from homing.personalization.realtime_engine import RealtimePersonalization
from homing.store.aliases import Aliases
from homing.store.events import EventQuery
from homing.store.keys import KeyStore
from homing.store.listings import ListingStore
from homing.store.profiles import ProfileStore
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore
from homing.tracking.behavior_tracker import BehaviorTracker

NOW = parse_moment("2026-11-22T20:00:00Z")
TENANT = "default"
IN_BAND = "in the 550,000 to 650,000 band of 9 of the 11 homes looked at"
SIGNER = Signer.for_this_process("answer")
SHOPPERS = Signer.for_this_process("shopper")
NEAR = "within 2 km of 3 of the 11 homes looked at"


@dataclass(frozen=True)
class FixedFeatures:
    """A feature engineer that knows one number, one that is missing, and one word."""

    store: SqliteEventStore

    async def extract_features(
        self, entity_id: str, entity_type: str = "lead", events: Any = None, *, as_of: datetime | None = None
    ) -> FeatureVector:
        found = self.store.count(TENANT, EventQuery(lead_id=entity_id))
        numbers = {"views": float(found), "average_price": float("nan")}
        return FeatureVector(
            entity_id, entity_type, as_of or from_micros(NOW), found, numbers, {"device": "phone"}, "1"
        )

    async def batch_extract_features(self, entities, events_by_entity=None, *, as_of=None):
        raise NotImplementedError

    def get_feature_names(self, entity_type: str = "lead") -> tuple[str, ...]:
        return ("views", "average_price", "device")


@dataclass(frozen=True)
class ByPrice:
    """Recommends the cheapest active homes that the lead did nothing with; reads all anew, so never at once."""

    store: SqliteEventStore
    catalogue: Catalogue

    def __call__(self, ask: Ask) -> Recommendations:
        if ask.at_once:
            raise TakesLonger
        events = self.store.select(TENANT, EventQuery(lead_id=ask.lead_id, anonymous_id=ask.anonymous_id))
        seen = {event.property_id for event in events}
        market = self.catalogue.snapshot()
        homes = [self.catalogue.get(home) for home in market.ids.ids if ask.rank_all is False or home in ask.candidates]
        k = len(homes) if ask.rank_all else ask.k
        kept = sorted((home for home in homes if home.property_id not in seen), key=lambda home: home.price)[:k]
        token = AnswerToken(
            tenant=TENANT,
            lead_id=ask.lead_id,
            anonymous_id=ask.anonymous_id,
            as_of=NOW,
            models={"hybrid": "3"},
            properties=tuple(home.property_id for home in kept),
        )
        return Recommendations(
            recommendation_id=token.text(SIGNER),
            lead_id=ask.lead_id,
            anonymous_id=ask.anonymous_id,
            as_of=from_micros(NOW if ask.as_of is None else ask.as_of),
            event_count=len(events),
            models={"hybrid": "3"},
            experiment=None,
            degraded=() if events else ("collaborative: the lead has no history, popular homes stand in",),
            items=tuple(
                shown if ask.explain else replace(shown, reasons=(), rest=1.0)
                for shown in (prediction(home, rank, events) for rank, home in enumerate(kept, 1))
            ),
            trace=(Stage("candidates", len(homes) - len(seen), {"seen": len(seen)}), Stage("chosen", len(kept), {})),
        )


def prediction(home: Any, rank: int, events: Any) -> ModelPrediction:
    proof = tuple(event.event_id for event in events)
    return ModelPrediction(
        property_id=home.property_id,
        rank=rank,
        score=1 / rank,
        confidence=0.14 / rank,
        interval=(0.09 / rank, 0.2 / rank),
        confidence_level=ConfidenceLevel.of_width(0.11 / rank),
        home=card(home),
        reasons=(
            Reason("price", 0.6, IN_BAND, "it sits right in your price range", proof, {"ListPrice": home.price}),
            Reason("location", 0.18, NEAR, "it is in the part of town that fits"),
        ),
        rest=0.22,
        stretch=rank == 10,
    )


def ending_streams(app: Any) -> Any:
    """The application, whose streams end with their first answer."""

    async def ended(scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            await send(message)
            if b"\ndata: " in message.get("body", b""):
                app.state.stopping.set()

        await app(scope, receive, sent)

    return ended


@dataclass(frozen=True)
class Client:
    """Asks the application without a network; an error inside is answered as a server would."""

    app: Any

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.many([(method, path, more)])[0]

    def many(self, requests: Sequence[tuple[str, str, Mapping[str, Any]]]) -> list[httpx.Response]:
        """The answers to requests that are all made at once."""

        async def asked() -> list[httpx.Response]:
            transport = httpx.ASGITransport(ending_streams(self.app), raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
                return await asyncio.gather(*(client.request(how, path, **more) for how, path, more in requests))

        return asyncio.run(asked())

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.request("POST", path, **more)

    def put(self, path: str, **more: Any) -> httpx.Response:
        return self.request("PUT", path, **more)

    def delete(self, path: str) -> httpx.Response:
        return self.request("DELETE", path)


@dataclass(frozen=True)
class Served:
    """The running application and what stands behind it."""

    client: Client
    app: Any
    store: SqliteEventStore
    catalogue: Catalogue
    checks: dict[str, Check]
    recommend: Callable[..., Any]
    directory: Directory
    keys: KeyStore

    def put(self, *rows: Mapping[str, Any]) -> None:
        self.catalogue.put([property_from(row, now=NOW - 1_000) for row in rows])

    def types_of(self, lead_id: str) -> list[EventType]:
        return [event.event_type for event in self.store.select(TENANT, EventQuery(lead_id=lead_id))]


@contextmanager
def listening(app: Any) -> Iterator[str]:
    """The address of the server that homing serves with, in this process."""
    from granian.server.embed import Server  # the loop that it wants is set when it is imported

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = Server(app, address="127.0.0.1", port=port, interface="asgi", websockets=False, log_enabled=False)
    started = threading.Event()
    server.on_startup(started.set)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=lambda: loop.run_until_complete(server.serve()), daemon=True)
    thread.start()
    assert started.wait(20)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        loop.call_soon_threadsafe(server.stop)
        thread.join(20)
        loop.close()


def home_row(number: int, **more: Any) -> dict[str, Any]:
    return {
        "ListingKey": f"home-{number}",
        "ListPrice": 500_000 + 10_000 * number,
        "BedroomsTotal": 3,
        "BathroomsTotalInteger": 2,
        "LivingArea": 1_700 + number,
        "CountyOrParish": "King",
        "StateOrProvince": "WA",
        "PostalCode": f"981{number:02}",
        **more,
    }


def build(
    folder: Any, answer: Callable[..., Any] | None = None, limits: Limits | None = None, **changed: Any
) -> Served:
    database = SqliteDatabase(folder / "homing.sqlite3")
    store = SqliteEventStore(database)
    catalogue = Catalogue(ListingStore(database), TENANT, clock=lambda: NOW)
    keys = KeyStore(database)
    checks = {
        "storage": Check("storage", ok=True, required=True),
        "models": Check("models", ok=False, hint="homing train"),
    }
    shared: dict[str, Any] = {
        "store": store, "tenant": TENANT, "catalogue": catalogue,
        "clock": lambda: NOW,
    }  # fmt: skip
    directory = Directory(ProfileStore(database), TENANT, clock=lambda: NOW, aliases=Aliases(database))
    directory.put_leads([Lead(lead_id="lead-1", time_zone="America/Los_Angeles")])
    tracker = BehaviorTracker(store, TENANT, clock=lambda: NOW)
    engine = PropertyPersonalizationEngine(tracker, catalogue, directory=directory, clock=lambda: NOW)
    answer = answer or ByPrice(store, catalogue)
    services = ApiServices(
        **shared, answer=answer, token=lambda text: AnswerToken.read(SIGNER, text, tenant=TENANT),
        leads_for=engine.leads_for, similar=engine.similar,
        realtime=RealtimePersonalization(answer, store, catalogue, every=0.01),
        engineer=FixedFeatures(store), directory=directory, checks=lambda: list(checks.values()),
        keys=keys, shoppers=SHOPPERS,
    )  # fmt: skip
    recommend = lambda lead_id, k, as_of: answer(Ask(lead_id=lead_id, k=k, as_of=as_of))  # noqa: E731
    pages = PageServices(
        **shared,
        recommend=recommend,
        time_zone_of=directory.time_zone_of,
        leads=LeadList(store, TENANT),
        simulated=True,
        **changed,
    )
    app = create_app(
        Tenants(lambda _tenant: services),
        Identify(keys, TENANT, SHOPPERS, lambda: NOW),
        page_routes(lambda _request: pages),
        limits=limits,
    )
    return Served(Client(app), app, store, catalogue, checks, recommend, directory, keys)
