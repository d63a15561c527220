"""Logs: structured lines on standard error, because standard output belongs to answers."""

from __future__ import annotations

import sys
from typing import Any

import structlog

__all__ = ["logger"]


class _StandardError:
    """Writes finished lines to whatever standard error is at that moment."""

    def msg(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = exception = msg


def logger(name: str) -> Any:
    """A structlog logger that says where it speaks from: `logger(__name__).warning("what happened", key=value)`."""
    return structlog.wrap_logger(_StandardError(), source=name)
