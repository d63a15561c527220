"""One shape for every error, a document that holds every route, and no help for pages of other sites."""

from __future__ import annotations

import json

import pytest

from homing.api.problems import STATUS, status_of
from homing.core import errors

PROBLEMS = [
    ("GET", "/nowhere", 404),
    ("GET", "/v1/properties/home-1", 404),
    ("GET", "/v1/call-list", 404),
    ("DELETE", "/v1/events", 405),
    ("PATCH", "/v1/properties/home-1", 405),
    ("POST", "/v1/events", 400),
    ("GET", "/v1/leads/lead-1/recommendations?k=0", 422),
    ("GET", "/v1/leads/lead-1/timeline?limit=0", 422),
    ("GET", "/assets/zebra.css", 404),
]


@pytest.mark.parametrize(("method", "path", "status"), PROBLEMS)
def test_every_error_has_one_shape(served, method, path, status):
    answer = served.client.request(method, path)
    body = answer.json()
    assert (answer.status_code, body["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert set(body) == {"type", "title", "status", "detail", "faults"}
    assert all(set(fault) == {"where", "must", "got"} for fault in body["faults"])


def test_what_nobody_foresaw_is_500_and_tells_no_secret(built):
    def broken(*_):
        raise KeyError("/etc/secret")

    answer = built(answer=broken).client.get("/v1/leads/lead-1/recommendations")
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "secret" not in answer.text


def test_a_method_that_is_not_there_is_answered_with_those_that_are(served):
    assert served.client.request("PATCH", "/v1/properties/home-1").headers["allow"] == "DELETE, GET, PUT"


def test_every_error_class_has_a_status_through_its_ancestors():
    raised = [
        one for one in map(errors.__dict__.get, errors.__all__) if isinstance(one, type) and issubclass(one, Exception)
    ]
    assert {one.__name__: status_of(one.__new__(one)) for one in raised} == {
        "BadInput": 422,
        "DamagedArtifact": 503,
        "HomingError": 500,
        "NotReady": 503,
        "Overloaded": 429,
        "StorageError": 503,
        "UnknownId": 404,
    }
    assert status_of(KeyError()) == STATUS[Exception] == 500


def document(served):
    return served.client.get("/openapi.json").json()


def test_the_document_holds_every_route_of_the_api(served):
    described = {(method.upper(), path) for path, methods in document(served)["paths"].items() for method in methods}
    pages = {"/", "/docs", "/openapi.json", "/leads/{lead_id}", "/leads/{lead_id}/act", "/assets/{name}"}
    there = {
        (method, route.path.replace(":path}", "}"))
        for route in served.app.routes
        for method in route.methods - {"HEAD"}
    }
    assert described == {(method, path) for method, path in there if path not in pages}


def test_every_reference_in_the_document_leads_somewhere(served):
    found = document(served)
    schemas = set(found["components"]["schemas"])
    names = set()

    def walk(value):
        if isinstance(value, dict):
            if "$ref" in value:
                names.add(value["$ref"].rpartition("/")[2])
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(found)
    assert names <= schemas
    assert "HTTPValidationError" not in schemas


def test_every_operation_may_answer_with_a_problem(served):
    operations = [one for methods in document(served)["paths"].values() for one in methods.values()]
    assert [
        one["operationId"]
        for one in operations
        if "application/problem+json" not in one["responses"]["default"]["content"]
    ] == []


def test_the_documentation_page_needs_no_other_host(served):
    page = served.client.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text.replace("http://testserver", "")
    assert "https://" not in page.text
    for path in document(served)["paths"]:
        assert path in page.text


def test_a_page_of_another_site_cannot_write(served):
    headers = {"Sec-Fetch-Site": "cross-site"}
    event = {"event_type": "page_view", "lead_id": "lead-1"}
    assert served.client.post("/v1/events", json=event, headers=headers).status_code == 403
    assert served.client.post("/v1/events", json=event, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 200
    assert served.types_of("lead-1") == ["page_view"]


def test_every_answer_forbids_framing_and_guessing_its_type(served):
    for path in ("/", "/healthz", "/nowhere"):
        headers = served.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_the_document_speaks_to_callers_not_to_python(served):
    assert ">>>" not in json.dumps(document(served))
