"""Questions asked together: fewer askings, none of them older than its question."""

from __future__ import annotations

import asyncio
import threading

import pytest

from homing.api.together import Together


def test_who_comes_while_it_is_asked_is_told_by_the_next_asking():
    begun, go_on = threading.Event(), threading.Event()
    told = []

    def ask(question):
        told.append(question)
        begun.set()
        go_on.wait(10)
        return len(told)

    async def ask_thrice():
        together = Together(ask, near=False)
        first = asyncio.create_task(together("key"))
        await asyncio.to_thread(begun.wait, 10)
        later = [asyncio.create_task(together("key")) for _ in range(2)]
        await asyncio.sleep(0)
        go_on.set()
        return await asyncio.gather(first, *later)

    assert asyncio.run(ask_thrice()) == [1, 2, 2]


@pytest.mark.parametrize("near", [True, False])
def test_a_failure_is_told_to_all_who_wait_and_not_to_those_who_come_after(near):
    failing = [True]

    def ask(question):
        if failing:
            raise ValueError(question)
        return question

    async def ask_three():
        together = Together(ask, near=near)
        failed = await asyncio.gather(together("key"), together("key"), return_exceptions=True)
        failing.clear()
        return [type(one) for one in failed], await together("key")

    assert asyncio.run(ask_three()) == ([ValueError, ValueError], "key")


def test_one_who_gives_up_takes_the_answer_from_nobody():
    async def ask_two():
        together = Together(str.upper, near=True)
        gone, stays = (asyncio.create_task(together("key")) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        return await stays

    assert asyncio.run(ask_two()) == "KEY"
