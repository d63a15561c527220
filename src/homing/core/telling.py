"""Telling many at once: what a thread has to say to another is said when it has said all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

__all__ = ["tell", "telling_many"]

_thread: Final = threading.local()


@contextmanager
def telling_many() -> Iterator[None]:
    """Until the end of the block this thread keeps to itself what it is to `tell`.

    Who is woken in between takes the interpreter, and the thread waits for it before it can go on to the next.

    >>> with telling_many():
    ...     tell(lambda: print("woken"))
    ...     print("all is said")
    all is said
    woken
    """
    later: list[Callable[[], object]] = []
    _thread.later = later
    try:
        yield
    finally:
        _thread.later = None
        for wake in later:
            wake()


def tell(wake: Callable[[], object]) -> None:
    """Call this, now or at the end of `telling_many`."""
    later: list[Callable[[], object]] | None = getattr(_thread, "later", None)
    if later is None:
        wake()
    else:
        later.append(wake)
