"""`/metrics`: what all workers of this server measured, in the text format of Prometheus."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import cache
from pathlib import Path
from typing import Any, Final

from fastapi.responses import PlainTextResponse
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.routing import BaseRoute

from homing.api.routing import part
from homing.core.settings import MEASURED_TOGETHER
from homing.core.telemetry import METRICS, Metric, listen

__all__ = ["measure", "routes"]

_SECONDS: Final = (0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


def routes(_tenants: object) -> list[BaseRoute]:
    """The route; it tells of the server, so it is the same for all tenants."""
    router = part("health")

    @router.get("/metrics", response_class=PlainTextResponse)
    def get_metrics() -> PlainTextResponse:
        """What all workers of this server measured, in the text format of Prometheus."""
        return PlainTextResponse(generate_latest(_registry()), media_type=CONTENT_TYPE_PLAIN_0_0_4)

    return router.routes


@cache
def measure() -> None:
    """From now on this process keeps what it is told; a second call changes nothing."""
    listen(_Prometheus())


def _registry() -> CollectorRegistry:
    """What to tell: of this process, or of all that share a folder."""
    folder = os.environ.get(MEASURED_TOGETHER)
    if folder is None:
        return REGISTRY
    for file in Path(folder).glob("gauge_live*.db"):
        if not Path(f"/proc/{file.stem.rpartition('_')[2]}").exists():
            with suppress(FileNotFoundError):
                file.unlink()  # of a worker that has ended; what it counted goes on to count
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]  # the library leaves it without types
    return together


class _Prometheus:
    """A sink that keeps each metric as one of Prometheus."""

    def __init__(self) -> None:
        self._kept: dict[str, Any] = {name: _kept(name, metric) for name, metric in METRICS.items()}
        self._labelled: dict[tuple[Any, ...], Any] = {}  # those that the library keeps for ever, found sooner

    def add(self, name: str, amount: float, labels: dict[str, str]) -> None:
        """A counter rose."""
        self._of(name, labels).inc(amount)

    def move(self, name: str, by: float, labels: dict[str, str]) -> None:
        """A gauge rose or fell."""
        self._of(name, labels).inc(by)

    def timed(self, name: str, labels: dict[str, str]) -> AbstractContextManager[object]:
        """What happens inside takes a while."""
        return _Timed(self._of, name, labels)

    def _of(self, name: str, labels: dict[str, str]) -> Any:
        if not labels:
            return self._kept[name]
        key = (name, *labels.items())
        found = self._labelled.get(key)
        if found is None:
            found = self._labelled[key] = self._kept[name].labels(**labels)
        return found


class _Timed:
    """A while that is told of when it ends."""

    __slots__ = ("_began", "_labels", "_name", "_of")

    def __init__(self, of: Callable[[str, dict[str, str]], Any], name: str, labels: dict[str, str]) -> None:
        self._of, self._name, self._labels = of, name, labels

    def __enter__(self) -> None:
        self._began = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._of(self._name, self._labels).observe(time.perf_counter() - self._began)


def _kept(name: str, metric: Metric) -> Counter | Gauge | Histogram:
    if metric.kind == "counter":
        return Counter(f"homing_{name}", metric.about, metric.labels)
    if metric.kind == "gauge":
        return Gauge(f"homing_{name}", metric.about, metric.labels, multiprocess_mode="livesum")
    return Histogram(f"homing_{name}_seconds", metric.about, metric.labels, buckets=_SECONDS)
