"""Streams: an answer at once, one after each act whoever stored it, resumed, cut where nobody reads."""

import asyncio
import json

import pytest
from api_ground import NOW, ByPrice

from homing.api.streams import EventStream, end_streams
from homing.core.clock import from_micros
from homing.core.errors import Overloaded
from homing.event_types import EventType
from homing.interfaces import BehavioralEvent
from homing.personalization.ask import Ask
from homing.personalization.realtime_engine import Position, RealtimePersonalization
from homing.store.sqlite import SqliteDatabase
from homing.store.sqlite_events import SqliteEventStore

SOON = 10.0


class Listener:
    """Asks the application for a stream, as a server would, and reads what it sends."""

    def __init__(self, app, path, **headers):
        self.sent, self.left = asyncio.Queue(), asyncio.Event()
        named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
        scope = {
            "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"k=2",
            "headers": named, "http_version": "1.1", "scheme": "http", "server": ("testserver", 80),
            "client": ("127.0.0.1", 1), "root_path": "",
        }  # fmt: skip
        self.task = asyncio.ensure_future(app(scope, self._receive, self.sent.put))

    async def _receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def next(self):
        """The id and the data of the next event."""
        while True:
            message = await asyncio.wait_for(self.sent.get(), SOON)
            fields = dict(
                line.split(": ", 1) for line in message.get("body", b"").decode().splitlines() if ": " in line
            )
            if "data" in fields:
                return fields["id"], json.loads(fields["data"])

    async def leave(self):
        self.left.set()
        await asyncio.wait_for(self.task, SOON)


def homes(served, **prices):
    rows = [{"ListingKey": name, "ListPrice": price} for name, price in prices.items()]
    assert served.client.post("/v1/properties", json=rows).status_code == 200


@pytest.fixture
def stocked(served):
    homes(served, a=100_000, b=200_000, c=300_000)
    return served


async def post(served, path, body):
    return await asyncio.to_thread(served.client.post, path, json=body)


def view(home, **who):
    return {"event_type": "property_view", "property_id": home, **(who or {"lead_id": "lead-1"})}


def ids(answer):
    return [item["property_id"] for item in answer["items"]]


def test_an_answer_comes_at_once_and_anew_after_each_act(stocked):
    async def run():
        listener = Listener(stocked.app, "/v1/leads/lead-1/stream")
        before = await listener.next()
        await post(stocked, "/v1/events", view("a"))
        after = await listener.next()
        await listener.leave()
        return before, after

    (first, before), (second, after) = asyncio.run(run())
    assert ids(before) == ["a", "b"]
    assert ids(after) == ["b", "c"]
    assert Position.read(second).sequence == Position.read(first).sequence + 1


def test_an_act_that_another_process_stored_is_answered_too(stocked):
    elsewhere = SqliteEventStore(SqliteDatabase(stocked.store.database.path))

    async def run():
        listener = Listener(stocked.app, "/v1/leads/lead-1/stream")
        await listener.next()
        event = BehavioralEvent(
            event_type=EventType.PROPERTY_VIEW, timestamp=from_micros(NOW), lead_id="lead-1", property_id="a"
        )
        await asyncio.to_thread(elsewhere.append, "default", [event])
        answer = await listener.next()
        await listener.leave()
        return answer

    assert ids(asyncio.run(run())[1]) == ["b", "c"]


def test_a_visitor_has_a_stream_and_others_acts_do_not_wake_it(stocked):
    async def run():
        listener = Listener(stocked.app, "/v1/visitors/v1/stream")
        await listener.next()
        await post(stocked, "/v1/events", view("a", lead_id="lead-2"))
        await post(stocked, "/v1/events", view("b", anonymous_id="v1"))
        answer = await listener.next()
        await listener.leave()
        return answer[1], listener.sent.qsize()

    answer, more = asyncio.run(run())
    assert (answer["anonymous_id"], ids(answer), more) == ("v1", ["a", "c"], 0)


def test_a_changed_price_is_told_to_those_who_were_shown_the_home(stocked):
    async def run():
        listener = Listener(stocked.app, "/v1/leads/lead-1/stream")
        _, before = await listener.next()
        await asyncio.to_thread(homes, stocked, a=350_000)
        _, after = await listener.next()
        await listener.leave()
        return ids(before), ids(after)

    assert asyncio.run(run()) == (["a", "b"], ["b", "c"])


@pytest.mark.parametrize("acts", [0, 1])
def test_who_comes_back_is_answered_at_once_only_if_something_happened(stocked, acts):
    async def run():
        listener = Listener(stocked.app, "/v1/leads/lead-1/stream")
        heard, _ = await listener.next()
        await listener.leave()
        for _ in range(acts):
            await post(stocked, "/v1/events", view("a"))
        again = Listener(stocked.app, "/v1/leads/lead-1/stream", last_event_id=heard)
        await post(stocked, "/v1/events", view("b", lead_id="lead-2"))
        if not acts:
            await post(stocked, "/v1/events", view("c"))
        _, answer = await again.next()
        await again.leave()
        return answer["event_count"]

    assert asyncio.run(run()) == 1


def test_a_heartbeat_is_sent_and_who_does_not_read_is_cut_off():
    async def nothing():
        await asyncio.Event().wait()
        yield

    async def run():
        sent = asyncio.Queue()
        beating = asyncio.ensure_future(EventStream(nothing(), heartbeat_s=0.01)({}, asyncio.Event().wait, sent.put))
        while b"still here" not in (await asyncio.wait_for(sent.get(), SOON)).get("body", b""):
            pass
        end_streams()
        await asyncio.wait_for(beating, SOON)

        async def deaf(message):
            if message["type"] == "http.response.body":
                await asyncio.Event().wait()

        await asyncio.wait_for(EventStream(nothing(), slowest_s=0.01)({}, asyncio.Event().wait, deaf), SOON)

    asyncio.run(run())


def test_a_server_that_stops_ends_its_streams(stocked):
    async def run():
        listener = Listener(stocked.app, "/v1/leads/lead-1/stream")
        await listener.next()
        end_streams()
        await asyncio.wait_for(listener.task, SOON)

    asyncio.run(run())


def test_beyond_the_most_nobody_is_taken_and_who_leaves_makes_room(stocked):
    realtime = RealtimePersonalization(
        ByPrice(stocked.store, stocked.catalogue), stocked.store, stocked.catalogue, every=0.01, most=1
    )

    async def run():
        first = realtime.listen(Ask(lead_id="lead-1"))
        await anext(first)
        with pytest.raises(Overloaded, match="Already 1 listen"):
            realtime.listen(Ask(lead_id="lead-2"))
        await first.aclose()
        second = realtime.listen(Ask(lead_id="lead-2"))
        await anext(second)
        await second.aclose()
        return realtime.listeners

    assert asyncio.run(run()) == 0
