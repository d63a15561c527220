"""Spans for OpenTelemetry: each request, and inside it the stages of its answer and the writing of its events."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any

from homing.core.errors import NotReady
from homing.core.telemetry import listen

__all__ = ["Spans", "trace"]


@cache
def trace(endpoint: str) -> None:
    """From now on send the spans of this process to a collector at this address, by OTLP over HTTP.

    The collector need not be there: what cannot be sent is dropped, and no answer waits for it.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # the extra `otel`
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise NotReady("HOMING_OTEL needs OpenTelemetry: pip install 'homing[otel]'.") from None
    provider = TracerProvider(resource=Resource.create({"service.name": "homing"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
    listen(Spans(provider.get_tracer("homing")))


class Spans:
    """A sink that makes a span of everything that takes a while, by an OpenTelemetry tracer; it counts nothing."""

    def __init__(self, tracer: Any) -> None:
        self._tracer = tracer

    def add(self, name: str, amount: float, labels: dict[str, str]) -> None:
        """Counters are for metrics."""

    def move(self, name: str, by: float, labels: dict[str, str]) -> None:
        """Gauges are for metrics."""

    def timed(self, name: str, labels: dict[str, str]) -> AbstractContextManager[object]:
        """A span, called by the name and its labels, inside the one that is open."""
        return self._timed(name, labels)

    @contextmanager
    def _timed(self, name: str, labels: dict[str, str]) -> Iterator[None]:
        with self._tracer.start_as_current_span(name) as span:
            try:
                yield
            finally:
                span.update_name(" ".join((name, *labels.values())))
                span.set_attributes({f"homing.{label}": value for label, value in labels.items()})
