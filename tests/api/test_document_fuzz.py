"""What schemathesis makes of the API's document, a few requests an operation; `make fuzz` sends many, by all scopes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

CASES = 4


@pytest.fixture
def fuzzing(monkeypatch):
    """The program of `make fuzz`."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    import fuzz

    return fuzz


@pytest.mark.parametrize("scope", ["none", "admin"])
def test_every_answer_is_one_that_the_document_knows(fuzzing, scope):
    statuses, faults = fuzzing.of_scope(scope, CASES)
    assert faults == []
    assert statuses.total() > 100
    assert statuses[200] > 0
    assert any(400 <= status < 500 for status in statuses)


@pytest.mark.parametrize(
    ("status", "kind", "wrong"),
    [
        (200, "application/json", None),
        (404, "application/problem+json", None),
        (404, "text/html", "no problem+json"),
        (500, "application/problem+json", "500"),
        (302, "text/html", "302"),
    ],
)
def test_an_answer_that_breaks_the_contract_is_a_fault(fuzzing, status, kind, wrong):
    operation = SimpleNamespace(definition=SimpleNamespace(raw={"responses": {"200": {}, "default": {}}}))
    answer = SimpleNamespace(status_code=status, headers={"content-type": [kind]}, text="")
    found = fuzzing.fault(operation, answer)
    assert found is None if wrong is None else wrong in found
