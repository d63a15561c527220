"""Saying what a long piece of work is doing, to whoever listens; without a listener nothing happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["heard", "say"]

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("progress", default=None)


def say(text: str) -> None:
    """Tell the listener, if there is one, what is being done.

    >>> lines = []
    >>> with heard(lines.append):
    ...     say("fitting 3 models")
    >>> lines
    ['fitting 3 models']
    """
    listener = _listener.get()
    if listener is not None:
        listener(text)


@contextmanager
def heard(listener: Callable[[str], None]) -> Iterator[None]:
    """Within this context, `listener` is called with each line that is said."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
