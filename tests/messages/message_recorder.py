"""Which messages are made while something runs, and where: a light tracer that sees calls and exceptions, no lines."""

from __future__ import annotations

import sys
import threading
from collections import defaultdict
from collections.abc import Iterable
from types import CodeType, FrameType, TracebackType
from typing import Any

from message_sites import SOURCE, Site

from homing.core.errors import Fault

__all__ = ["Recorder"]

_TELLERS = {"problem": "detail", "_failed": "why"}
"""Functions that tell a message themselves, and what they call it."""
_FAULT: CodeType = Fault.__post_init__.__code__


class Recorder:
    """As a context it notes in `messages` what is said at which of the sites, in every thread that begins in it."""

    def __init__(self, sites: Iterable[Site]) -> None:
        self.messages: dict[Site, set[str]] = defaultdict(set)
        self._at: dict[str, list[Site]] = defaultdict(list)
        for site in sites:
            self._at[str(SOURCE / site.file)].append(site)

    def __enter__(self) -> Recorder:
        self._before = sys.gettrace()
        threading.settrace(self._called)
        sys.settrace(self._called)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(self._before)
        threading.settrace(self._before)  # type: ignore[arg-type]

    def _called(self, frame: FrameType, event: str, _: object) -> Any:
        code = frame.f_code
        if code is _FAULT:
            return self._made
        if code.co_name in _TELLERS and code.co_filename in self._at and "self" not in frame.f_locals:
            self._note(frame.f_back, str(frame.f_locals.get(_TELLERS[code.co_name], "")))
        if code.co_name == "__init__" and isinstance(frame.f_locals.get("self"), Exception):
            self._note(frame.f_back, str(frame.f_locals.get("detail") or ""))
        if code.co_filename not in self._at:
            return None
        frame.f_trace_lines = False
        return self._told

    def _made(self, frame: FrameType, event: str, _: object) -> Any:
        """A fault, once it is whole."""
        if event == "return":
            self._note(frame.f_back, str(frame.f_locals["self"]))
        return self._made

    def _told(self, frame: FrameType, event: str, given: Any) -> Any:
        """An error that is raised in this frame itself, or returned."""
        error = given[1] if event == "exception" and _first(given[2]) else given if event == "return" else None
        if isinstance(error, Exception):
            self._note(frame, str(getattr(error, "detail", None) or error))
        return self._told

    def _note(self, frame: FrameType | None, message: str) -> None:
        while frame is not None and message:
            for site in self._at.get(frame.f_code.co_filename, ()):
                if site.first <= frame.f_lineno <= site.last:
                    self.messages[site].add(message)
            frame = frame.f_back


def _first(trace: TracebackType | None) -> bool:
    return trace is not None and trace.tb_next is None
