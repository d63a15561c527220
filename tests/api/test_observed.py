"""What a server tells of itself: its metrics, its spans, the lines of its log."""

import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest
import structlog
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families

from homing.api.tracing import Spans
from homing.core import telemetry
from homing.core.errors import BadInput

from api_ground import TENANT, home_row  # isort: skip

EVENT = {"event_type": "property_view", "lead_id": "lead-1", "property_id": "home-1"}


@pytest.fixture(autouse=True)
def as_before(monkeypatch):
    monkeypatch.setattr(telemetry, "_sinks", [])
    yield
    structlog.reset_defaults()


class Kept:
    """A sink that remembers."""

    def __init__(self):
        self.counts, self.values, self.times = [], [], []

    def add(self, name, amount, labels):
        self.counts.append((name, amount, dict(labels)))

    def move(self, name, by, labels):
        self.values.append((name, by, dict(labels)))

    def timed(self, name, labels):
        self.times.append((name, labels))
        return nullcontext()


def samples(text):
    return {
        (one.name, *sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_a_request_is_counted_by_the_address_with_its_names(served):
    telemetry.listen(kept := Kept())
    served.client.get("/v1/leads/lead-1/timeline")
    served.client.get("/v1/leads/lead-2/timeline")
    served.client.get("/nowhere")
    route = {"route": "/v1/leads/{lead_id:path}/timeline", "method": "GET", "status": "200"}
    assert kept.counts == [("http_requests", 1, route)] * 2 + [
        ("http_requests", 1, {"route": "none", "method": "GET", "status": "404"})
    ]


def test_events_are_counted_by_what_became_of_them(served):
    telemetry.listen(kept := Kept())
    served.client.post("/v1/events", json=[{**EVENT, "event_id": "e1"}, {**EVENT, "event_id": "e1"}, {"no": "event"}])
    told = {(name, labels.get("outcome")): amount for name, amount, labels in kept.counts}
    assert (told["events", "stored"], told["events", "duplicate"], told["refused_events", None]) == (1, 1, 1)
    assert [by for name, by, _ in kept.values if name == "events_waiting"] == [2, -2]


def test_whatever_is_told_has_a_row_in_the_table(served):
    telemetry.listen(kept := Kept())
    served.put(home_row(1))
    served.client.post("/v1/events", json=EVENT)
    served.client.get("/v1/leads/lead-1/recommendations")
    told = [(name, labels) for name, _, labels in (*kept.counts, *kept.values)] + kept.times
    assert told
    assert all(set(labels) == set(telemetry.METRICS[name].labels) for name, labels in told)


def test_metrics_are_those_of_all_workers(tmp_path):
    """Two processes measure into one folder, a third tells of both; a gauge of one that has ended is gone."""
    measured = tmp_path / "measured"
    measured.mkdir()
    source = (
        "from homing.api.metrics import measure, _registry; from prometheus_client import generate_latest;"
        "from homing.core.telemetry import count, move; import sys; measure();"
        "count('events', int(sys.argv[1]), outcome='stored'); move('streams', int(sys.argv[1]));"
        "print(generate_latest(_registry()).decode())"
    )
    for amount in "23":
        ran = subprocess.run(
            [sys.executable, "-c", source, amount],
            env={"PROMETHEUS_MULTIPROC_DIR": str(measured), "PYTHONPATH": ":".join(sys.path)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    found = samples(ran.stdout)
    assert (found["homing_events_total", ("outcome", "stored")], found["homing_streams",]) == (5, 3)


def test_metrics_of_one_process_are_in_the_format_of_prometheus(served):
    answer = served.client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert ("process_start_time_seconds",) in samples(answer.text)


def test_a_request_is_a_span_and_so_is_what_it_waits_for(served):
    spans = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    telemetry.listen(Spans(provider.get_tracer("homing")))
    served.client.get("/v1/leads/lead-1/timeline")
    (span,) = spans.get_finished_spans()
    assert span.name == "http_request GET /v1/leads/{lead_id:path}/timeline"
    assert span.attributes["homing.method"] == "GET"


def test_a_request_is_a_line_with_tenant_and_recommendation(served, capsys):
    telemetry.configure_logs("info", "json")
    answer = served.client.get("/v1/leads/lead-1/recommendations", headers={"X-Request-Id": "mine-1"})
    line = json.loads(capsys.readouterr().err)
    assert answer.headers["x-request-id"] == line["request_id"] == "mine-1"
    assert line["recommendation_id"] == answer.json()["recommendation_id"]
    assert (line["tenant"], line["status"], line["level"]) == (TENANT, 200, "info")


def test_an_id_that_could_break_a_line_is_replaced(served):
    sent = served.client.get("/healthz", headers={"X-Request-Id": "a b" * 40}).headers["x-request-id"]
    assert len(sent) == 16


@pytest.mark.parametrize(("level", "form"), [("loud", "text"), ("info", "xml")])
def test_an_unknown_level_or_format_is_refused(level, form):
    with pytest.raises(BadInput, match=r"HOMING_LOG_(LEVEL|FORMAT) must be one of"):
        telemetry.configure_logs(level, form)


def test_every_metric_is_in_the_documentation():
    page = (Path(__file__).parents[2] / "docs/how-to/observe.md").read_text()
    ending = {"counter": "_total", "gauge": "", "seconds": "_seconds"}
    rows = [
        f"| `homing_{name}{ending[metric.kind]}` | {', '.join(metric.labels)}{' ' if metric.labels else ''}|"
        for name, metric in telemetry.METRICS.items()
    ]
    assert [row for row in rows if row not in page] == []
