"""The thread in which a server ranks."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Final

__all__ = ["RANKING"]

RANKING: Final[Executor] = ThreadPoolExecutor(1, thread_name_prefix="homing-ranking")
"""Ranking is computing, so it has one thread of its own in each process: several would only take the interpreter from
each other (six threads answered half as many as one), and events are stored beside it. It starts with its first work.
"""
