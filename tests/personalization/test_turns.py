"""What takes some milliseconds is answered where it is asked; a server that is behind answers in brief, and says so."""

from __future__ import annotations

import asyncio
import threading
import time
from contextvars import ContextVar
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from homing.core.errors import Overloaded
from homing.interfaces import Recommendations
from homing.personalization.ask import Ask, TakesLonger
from homing.personalization.turns import BEHIND, GIVEN_UP, in_turn, soon

WHY = "left out, as this server was more than 25 ms behind; explain=true waits for them"
NO_REASONS = f"reasons: {WHY}"
FEWER_SOURCES = f"sources: homes that only single sources name are {WHY}"


def answered(ask, waited, **how):
    """How the question was put to the engine, and what came."""
    heard = []

    def answer(put):
        heard.append(put)
        return Recommendations(
            recommendation_id="r", lead_id="ann", as_of=datetime(2026, 11, 1, tzinfo=UTC), event_count=0, models={},
            experiment=None, degraded=("content: silent",), items=(), trace=(),
        )  # fmt: skip

    found = in_turn(answer, ask, time.monotonic() - waited, **how)
    (put,) = heard
    return put, found


@pytest.mark.parametrize(
    ("ask", "told"),
    [
        (Ask(lead_id="ann"), (NO_REASONS, FEWER_SOURCES)),
        (Ask(lead_id="ann", explain=False), (FEWER_SOURCES,)),
        (Ask(lead_id="ann", candidates=["home-1"], rank_all=True), (NO_REASONS,)),
    ],
    ids=["asked for reasons", "asked for none", "named the homes"],
)
def test_who_waited_too_long_is_answered_in_brief_and_told_why(ask, told):
    put, found = answered(ask, BEHIND + 0.01)
    assert put == replace(ask, explain=False, brief=True)
    assert found.degraded == ("content: silent", *told)


@pytest.mark.parametrize(
    ("ask", "waited"),
    [(Ask(lead_id="ann"), 0.0), (Ask(lead_id="ann", counterfactual=True), GIVEN_UP - 1.0)],
    ids=["in time", "asked for all"],
)
def test_else_the_answer_is_the_one_asked_for(ask, waited):
    put, found = answered(ask, waited)
    assert put is ask
    assert found.degraded == ("content: silent",)


def test_who_insists_on_reasons_waits_for_them():
    put, found = answered(Ask(lead_id="ann"), GIVEN_UP - 1.0, insists=True)
    assert put == Ask(lead_id="ann")
    assert found.degraded == ("content: silent",)


@pytest.mark.parametrize("ask", [Ask(lead_id="ann"), Ask(lead_id="ann", counterfactual=True)])
def test_who_waited_far_too_long_is_refused_and_nothing_is_worked_out(ask):
    with pytest.raises(Overloaded, match="more than 5 s behind"):
        in_turn(lambda _: pytest.fail("the engine was asked"), ask, time.monotonic() - GIVEN_UP)


OF_THE_REQUEST = ContextVar("of_the_request")


@pytest.mark.parametrize("is_short", [True, False])
def test_what_takes_longer_is_done_again_in_the_ranking_thread_in_the_same_context(is_short):
    begun = []

    def work(at_once):
        begun.append((at_once, threading.current_thread().name.startswith("homing-ranking"), OF_THE_REQUEST.get()))
        if at_once and not is_short:
            raise TakesLonger
        return "done"

    async def asked():
        OF_THE_REQUEST.set("this one")
        return await soon(work)

    assert asyncio.run(asked()) == "done"
    assert begun == [(True, False, "this one"), (False, True, "this one")][: 1 if is_short else 2]


def test_between_two_turns_the_loop_goes_round():
    order = []

    async def turns():
        asyncio.get_running_loop().call_soon(order.append, "what came meanwhile")
        await soon(lambda _at_once: order.append("first"))
        await soon(lambda _at_once: order.append("second"))

    asyncio.run(turns())
    assert order == ["first", "what came meanwhile", "second"]
