"""A bad row is refused with all its faults through every door; the good one beside it is stored, and nothing else."""

from __future__ import annotations

import gzip
import json

import pytest
from api_ground import TENANT, build
from bad_rows import BAD_ROWS, broken_rows
from cli_ground import command

from homing.store.events import EventQuery

GOOD = {
    "events": {"event_type": "page_view", "timestamp": "2026-05-01T12:00:00Z", "lead_id": "good"},
    "listings": {"ListingKey": "good"},
    "leads": {"lead_id": "good"},
    "agents": {"agent_id": "good"},
}
CASES = [(what, case) for what, cases in BAD_ROWS.items() for case in cases]
IDS = ["-".join(case) for case in CASES]
CREATED = {"events": "stored"}


def text_of(row) -> bytes:
    return (row if isinstance(row, str) else json.dumps(row)).encode()


def imported(folder, what, name, content):
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_bytes(gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
    return command("--data-dir", folder / "data", "--json", "import", what, file)


def told(said, what):
    """The exit code, how many rows were read and stored, and what was said of the refused ones."""
    document = said.json
    return said.code, document["read"], document[CREATED.get(what, "created")], document["refused"]


@pytest.mark.parametrize(("what", "case"), CASES, ids=IDS)
def test_a_file_stores_its_good_rows_and_names_every_fault_of_the_bad(tmp_path, what, case):
    row, faults = BAD_ROWS[what][case]
    good, bad = text_of(GOOD[what]), text_of(row)
    expected = (0, 2, 1, [{"row": 1, "why": "; ".join(faults)}])
    for place, (name, content) in enumerate(
        {
            "rows.jsonl": bad + b"\n" + good,
            "rows.jsonl.gz": bad + b"\n" + good,
            "rows.json": b"[" + bad + b"," + good + b"]",
            "reso.json": b'{"@odata.context": "x", "value": [' + bad + b"," + good + b"]}",
        }.items()
    ):
        assert told(imported(tmp_path / str(place), what, name, content), what) == expected, name


@pytest.mark.parametrize(("what", "case"), CASES, ids=IDS)
def test_a_file_of_nothing_but_bad_rows_leaves_with_2_and_stores_nothing(tmp_path, what, case):
    row, _ = BAD_ROWS[what][case]
    said = imported(tmp_path, what, "rows.jsonl", text_of(row))
    assert told(said, what)[:3] == (2, 1, 0)
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("what", GOOD)
@pytest.mark.parametrize("case", broken_rows())
def test_a_line_that_is_no_object_is_refused_alone(tmp_path, what, case):
    line, why = broken_rows()[case]
    good = text_of(GOOD[what])
    code, read, stored, refused = told(imported(tmp_path, what, "rows.jsonl", line + b"\n" + good + b"\n"), what)
    assert (code, read, stored, [row["row"] for row in refused]) == (0, 2, 1, [1])
    assert refused[0]["why"].startswith(why)


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return build(tmp_path_factory.mktemp("served"))


POST = {"events": "/v1/events", "listings": "/v1/properties"}
PUT = {"listings": "/v1/properties/own", "leads": "/v1/leads/own", "agents": "/v1/agents/own"}
KEY = {"listings": "ListingKey", "leads": "lead_id", "agents": "agent_id"}


def kept(served):
    """How much the store holds, in all its parts."""
    return served.store.count(TENANT, EventQuery()), served.catalogue.revision(), served.directory.revision()


def faults_of(answer):
    body = answer.json()
    faults = [f"{one['where']} must {one['must']}; got {one['got']}" for one in body["faults"]]
    assert body["detail"] == "; ".join(faults)
    return answer.status_code, faults


@pytest.mark.parametrize(("what", "case"), [one for one in CASES if one[0] in POST])
@pytest.mark.parametrize("alone", [True, False])
def test_over_http_an_event_or_a_home_is_refused_with_the_same_faults(served, what, case, alone):
    row, faults = BAD_ROWS[what][case]
    before = kept(served)
    answer = served.client.post(POST[what], content=text_of(row) if alone else b"[" + text_of(row) + b"]")
    if alone:
        assert faults_of(answer) == (422, faults)
    else:
        (refused,) = answer.json()["refused"]
        assert (answer.status_code, refused["index"]) == (200, 0)
        assert [f"{one['where']} must {one['must']}; got {one['got']}" for one in refused["faults"]] == faults
    assert kept(served) == before


@pytest.mark.parametrize(("what", "case"), [one for one in CASES if one[0] in PUT])
def test_under_an_id_in_the_path_the_same_faults_come_and_that_of_another_id(served, what, case):
    row, faults = BAD_ROWS[what][case]
    before = kept(served)
    answer = served.client.put(PUT[what], content=text_of(row))
    others = [one for one in faults if not one.startswith(KEY[what])]
    if KEY[what] in text_of(row).decode():
        status, told = faults_of(answer)
        assert (status, told[1:]) == (422, others)
        assert told[0].startswith(f"{KEY[what]} must be left out or be 'own', as in the path; got ")
        assert kept(served) == before
    else:
        assert answer.status_code == 200


BROKEN = broken_rows()


@pytest.mark.parametrize("path", ["/v1/events", "/v1/properties", "/v1/rank", "/v1/feedback"])
@pytest.mark.parametrize("case", [case for case in BROKEN if not case.startswith("5 MB")])
def test_a_body_that_is_no_json_is_400_and_json_that_is_no_object_422(served, path, case):
    line, why = BROKEN[case]
    before = kept(served)
    answer = served.client.post(path, content=line)
    found = why.partition("got ")[2]
    if case in {"a list", "null", "a number"}:
        assert answer.status_code == (200 if case == "a list" and path in {"/v1/events", "/v1/properties"} else 422)
    else:
        assert (answer.status_code, answer.json()["faults"]) == (400, [])
        assert answer.json()["detail"].startswith(f"The body must be JSON; got {found}")
    assert kept(served) == before
