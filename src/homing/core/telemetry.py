"""What the engine tells of itself: structured log lines, and measurements for whoever listens.

Lines go to standard error, because standard output belongs to answers. Measurements go to the sinks of the process; as
long as there are none, telling costs next to nothing.
"""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Final, Literal, NamedTuple, Protocol

import structlog

from homing.core.errors import BadInput

__all__ = [
    "LOG_FORMATS", "LOG_LEVELS", "METRICS", "Metric", "Sink", "configure_logs", "count", "listen", "logger", "move",
    "timed",
]  # fmt: skip

LOG_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
LOG_FORMATS: Final = ("text", "json")


class Metric(NamedTuple):
    """What is measured: a counter that only rises, a gauge that holds the last value, or seconds spread over a time."""

    kind: Literal["counter", "gauge", "seconds"]
    about: str
    labels: tuple[str, ...] = ()


METRICS: Final = {
    "http_requests": Metric("counter", "Requests answered.", ("route", "method", "status")),
    "http_request": Metric("seconds", "From the arrival of a request to the end of its answer.", ("route", "method")),
    "events": Metric("counter", "Events, by whether they were stored, a duplicate or failed.", ("outcome",)),
    "events_waiting": Metric("gauge", "Events in the queue of the writer; a large one counts for several."),
    "commit": Metric("seconds", "Writing one group of events durably."),
    "answer": Metric("seconds", "The stages of a recommendation.", ("stage",)),
    "degraded": Metric("counter", "Answers in which a part answered by a fallback.", ("part",)),
    "feature_cache": Metric("counter", "Feature vectors asked for, by whether they were held.", ("outcome",)),
    "refused_events": Metric("counter", "Events that were not what they must be."),
    "model": Metric("gauge", "How many tenants are served with a version of their model.", ("version",)),
    "swaps": Metric("counter", "Changes of what is served.", ("what",)),
    "streams": Metric("gauge", "Live streams that are open."),
}
"""Everything that is measured, by name. One that does not stand here cannot be told. No label names a tenant, a lead or
a home: measurements are of the server, and whoever may read them is of one tenant."""


class Sink(Protocol):
    """Takes measurements, from any thread."""

    def add(self, name: str, amount: float, labels: dict[str, str]) -> None:
        """A counter rose."""
        ...

    def move(self, name: str, by: float, labels: dict[str, str]) -> None:
        """A gauge rose or fell."""
        ...

    def timed(self, name: str, labels: dict[str, str]) -> AbstractContextManager[object]:
        """What happens inside takes a while; the labels are complete when it ends."""
        ...


_sinks: list[Sink] = []


def listen(sink: Sink) -> None:
    """From now on this sink is told as well."""
    _sinks.append(sink)


def count(name: str, amount: float = 1, /, **labels: str) -> None:
    """Tell that a counter rose.

    >>> count("events", 3, outcome="stored")
    """
    for sink in _sinks:
        sink.add(name, amount, labels)


def move(name: str, by: float, /, **labels: str) -> None:
    """Tell by how much a gauge rose, or fell where it is negative."""
    for sink in _sinks:
        sink.move(name, by, labels)


class timed:  # noqa: N801  # called like a function
    """Tell how long the block takes, also if it fails; labels that it learns only inside it may add.

    >>> with timed("http_request", method="GET") as labels:
    ...     labels["route"] = "/healthz"
    """

    __slots__ = ("_labels", "_within")

    def __init__(self, name: str, /, **labels: str) -> None:
        self._labels = labels
        self._within = [sink.timed(name, labels) for sink in _sinks]

    def __enter__(self) -> dict[str, str]:
        for one in self._within:
            one.__enter__()
        return self._labels

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in reversed(self._within):
            one.__exit__(kind, error, trace)


class _StandardError:
    """Writes finished lines to whatever standard error is at that moment."""

    def msg(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")

    debug = info = warning = error = critical = exception = msg


def logger(name: str) -> Any:
    """A structlog logger that says where it speaks from: `logger(__name__).warning("what happened", key=value)`."""
    return structlog.wrap_logger(_StandardError(), source=name)


def configure_logs(level: str, form: str) -> None:
    """Let all loggers say what is at least of this level, as text to read or as JSON, one object a line."""
    if level not in LOG_LEVELS:
        raise BadInput.of("HOMING_LOG_LEVEL", f"be one of {', '.join(LOG_LEVELS)}", level)
    if form not in LOG_FORMATS:
        raise BadInput.of("HOMING_LOG_FORMAT", f"be one of {', '.join(LOG_FORMATS)}", form)
    last = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info if form == "json" else structlog.processors.StackInfoRenderer(),
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LOG_LEVELS[level]),
    )
