"""`POST /v1/events`, as the contract says it."""

from __future__ import annotations

import json

import pytest

from homing.core.clock import MINUTE, format_moment
from homing.event_types import EventType
from homing.store.checks import event
from homing.store.events import EventQuery

from api_ground import NOW, TENANT  # isort: skip

VIEW = {"event_type": "property_view", "lead_id": "lead-1", "property_id": "home-1", "event_id": "e-1"}


def test_one_event_is_stored_and_counted(served):
    answer = served.client.post("/v1/events", json=VIEW)
    assert answer.status_code == 200
    assert answer.json() == {"stored": 1, "duplicates": 0, "suppressed": 0, "refused": [], "sequence": 1}
    assert served.types_of("lead-1") == [EventType.PROPERTY_VIEW]


def test_the_same_event_again_is_a_duplicate(served):
    served.client.post("/v1/events", json=VIEW)
    answer = served.client.post("/v1/events", json=VIEW | {"property_id": "home-2"}).json()
    assert (answer["stored"], answer["duplicates"], answer["sequence"]) == (0, 1, 1)
    assert served.store.select(TENANT, EventQuery())[0].property_id == "home-1"


def test_a_left_out_timestamp_is_the_time_of_receipt(served):
    served.client.post("/v1/events", json=VIEW)
    event = served.store.select(TENANT, EventQuery())[0]
    assert (event.at, event.known_at) == (NOW, NOW)


def test_received_at_is_the_servers_clock(served):
    served.client.post("/v1/events", json=VIEW | {"timestamp": "2026-11-01T09:00:00-08:00"})
    event = served.store.select(TENANT, EventQuery())[0]
    assert (format_moment(event.at), event.known_at) == ("2026-11-01T17:00:00Z", NOW)


def test_in_an_array_the_good_are_stored_and_the_bad_named_with_all_their_faults(served):
    bad = {"event_type": "property_view", "timestamp": "yesterday"}
    answer = served.client.post("/v1/events", json=[VIEW, bad, 7])
    assert answer.status_code == 200
    body = answer.json()
    assert body["stored"] == 1
    assert [one["index"] for one in body["refused"]] == [1, 2]
    assert {fault["where"] for fault in body["refused"][0]["faults"]} == {"timestamp", "lead_id", "property_id"}
    assert all(set(fault) == {"where", "must", "got"} for one in body["refused"] for fault in one["faults"])


def test_an_array_answers_200_also_if_all_are_refused_or_none_is_there(served):
    answers = [served.client.post("/v1/events", json=rows) for rows in ([{}], [])]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[1].json() == {"stored": 0, "duplicates": 0, "suppressed": 0, "refused": [], "sequence": 0}


@pytest.mark.parametrize("body", [{}, {"event_type": "zebra"}, 7, "text", VIEW | {"colour": "red"}])
def test_a_single_refused_event_is_422_with_its_faults(served, body):
    answer = served.client.post("/v1/events", json=body)
    assert answer.status_code == 422
    assert answer.json()["faults"]
    assert served.store.count(TENANT, EventQuery()) == 0


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 50_000, b"NaN", b'{"a":"\\ud800"}'])
def test_what_is_not_json_is_400(served, body):
    answer = served.client.post("/v1/events", content=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_thousand_events_are_taken_and_one_more_is_413(served):
    rows = [VIEW | {"event_id": f"e-{number}"} for number in range(1_001)]
    assert served.client.post("/v1/events", json=rows).status_code == 413
    assert served.client.post("/v1/events", json=rows[:1_000]).json()["stored"] == 1_000


async def in_pieces(body):
    for start in range(0, len(body), 100_000):
        yield body[start : start + 100_000]


@pytest.mark.parametrize("announced", [True, False])
def test_more_than_a_megabyte_is_413_whether_announced_or_not(served, announced):
    body = json.dumps([VIEW | {"event_data": {"text": "x" * 1_000_000}}]).encode()
    answer = served.client.post("/v1/events", content=body if announced else in_pieces(body))
    assert answer.status_code == 413
    assert served.store.count(TENANT, EventQuery()) == 0


def test_a_clock_five_minutes_ahead_is_believed_and_no_more(served):
    ahead = [VIEW | {"event_id": str(more), "timestamp": format_moment(NOW + 5 * MINUTE + more)} for more in (0, 1)]
    answer = served.client.post("/v1/events", json=ahead).json()
    assert (answer["stored"], [one["index"] for one in answer["refused"]]) == (1, [1])


def test_a_compressed_body_is_refused_rather_than_misread(served):
    answer = served.client.post("/v1/events", content=b"x", headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415


@pytest.mark.parametrize(("size", "status"), [(1_000_000, 200), (1_000_001, 413)])
def test_the_limit_is_a_megabyte_to_the_byte(served, size, status):
    assert served.client.post("/v1/events", content=in_pieces(b"[" + b" " * (size - 2) + b"]")).status_code == status


def test_when_too_many_wait_it_is_429_and_says_when_to_come_again(served):
    with served.store.database.write():  # nothing can be written
        waiting = [served.store.submit(TENANT, [event(f"{n}-{m}") for m in range(1_000)]) for n in range(20)]
        answer = served.client.post("/v1/events", json=VIEW)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert answer.headers["content-type"] == "application/problem+json"
    assert all(one.result(30).count == 1_000 for one in waiting)
    assert served.client.post("/v1/events", json=VIEW).json()["stored"] == 1


def test_sixty_four_clients_at_once_are_all_answered_and_stored_once(served):
    answers = served.client.many(
        [("POST", "/v1/events", {"json": VIEW | {"event_id": f"e-{n % 48}"}}) for n in range(64)]
    )
    assert sum(answer.json()["stored"] for answer in answers) == 48
    assert served.store.count(TENANT, EventQuery()) == 48
