"""Where a server ranks, and what it does when questions come faster than it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

from homing.core.errors import Overloaded
from homing.interfaces import Recommendations
from homing.personalization.ask import Ask, TakesLonger

__all__ = ["BEHIND", "GIVEN_UP", "RANKING", "in_turn", "soon"]

T = TypeVar("T")

RANKING: Final[Executor] = ThreadPoolExecutor(1, thread_name_prefix="homing-ranking")
"""What is not answered at once has one thread of its own in each process: ranking is computing, and several threads
would only take the interpreter from each other (six answered half as many as one). It starts with its first work.
"""

BEHIND: Final = 0.025
"""After so many seconds of waiting for its turn a question is answered in brief, which takes half of the time: so a
server whose cores are busy answers about as soon as one that is not, as long as such answers can be had.
"""

GIVEN_UP: Final = 5.0
"""After so many seconds of waiting a question is refused: most who asked have gone, the others may ask again, and
those behind it wait the less. So a server that is asked more than it can answer has a queue of so many seconds at most.
"""

_BEHIND_TEXT: Final = f"as this server was more than {1_000 * BEHIND:.0f} ms behind; explain=true waits for them"
_NO_REASONS: Final = f"reasons: left out, {_BEHIND_TEXT}"
_FEWER_SOURCES: Final = f"sources: homes that only single sources name are left out, {_BEHIND_TEXT}"


async def soon(work: Callable[[bool], T]) -> T:
    """What `work` comes to, told whether to be done at once: then it is, where it is asked for.

    Work that `TakesLonger` is done again in the ranking thread, in the same context. A thread beside the event loop
    takes the interpreter from it and gives it back many times an answer: with 1,000 leads on two cores the median
    answer took three times as long.
    """
    try:
        done = work(True)
    except TakesLonger:
        inside = partial(copy_context().run, work, False)
        return await asyncio.get_running_loop().run_in_executor(RANKING, inside)
    await asyncio.sleep(0)  # what has come meanwhile is looked at before the next turn
    return done


def in_turn(
    answer: Callable[[Ask], Recommendations], ask: Ask, since: float, *, insists: bool = False
) -> Recommendations:
    """The answer to a question that waits since a moment of `time.monotonic`; in brief if that is too long.

    Who `insists` on reasons, or asked for the full answer, gets all. `Overloaded` after 5 s.
    """
    waited = time.monotonic() - since
    if waited >= GIVEN_UP:
        raise Overloaded(f"This server is more than {GIVEN_UP:.0f} s behind. Ask again in a second.")
    if waited < BEHIND or ask.counterfactual or insists:
        return answer(ask)
    found = answer(replace(ask, explain=False, brief=True))
    left_out = ((_NO_REASONS, ask.explain), (_FEWER_SOURCES, ask.candidates is None))
    return replace(found, degraded=(*found.degraded, *(told for told, is_so in left_out if is_so)))
