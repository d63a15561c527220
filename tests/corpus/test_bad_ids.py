"""What is no id is refused at every door in the same words; what only looks strange goes in and comes out unharmed."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from api_ground import NOW, build
from bad_ids import BAD_IDS, STRANGE_IDS
from cli_ground import command, home, view

from homing.models.registry import ModelRegistry

PATHS = [
    ("GET", "/v1/leads/{}"), ("GET", "/v1/leads/{}/recommendations"), ("GET", "/v1/leads/{}/features"),
    ("GET", "/v1/leads/{}/timeline"), ("GET", "/v1/visitors/{}/recommendations"), ("GET", "/v1/agents/{}"),
    ("GET", "/v1/properties/{}"), ("GET", "/v1/properties/{}/leads"), ("GET", "/v1/properties/{}/similar"),
    ("DELETE", "/v1/properties/{}"), ("PUT", "/v1/properties/{}"), ("PUT", "/v1/leads/{}"), ("PUT", "/v1/agents/{}"),
    ("POST", "/v1/leads/{}/merge"), ("POST", "/v1/leads/{}/unmerge"),
]  # fmt: skip
WORDS = [
    ["recommend"], ["features"], ["features", "--type", "agent"], ["features", "--type", "property"], ["leads-for"],
]  # fmt: skip
NAMES = {"POST": {"anonymous_id": "v"}, "PUT": {}}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    return build(tmp_path_factory.mktemp("ids"))


def shorter(name):
    """How a test is called after an id."""
    return ascii(name[:20])


@pytest.mark.parametrize("name", BAD_IDS, ids=shorter)
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_no_route_takes_what_is_no_id(served, method, path, name):
    answer = served.client.request(method, path.format(quote(name, safe="")), json=NAMES.get(method))
    detail = answer.json()["detail"]
    if "\n" in name:
        assert (answer.status_code, detail) == (404, "There is no such address. See /docs for those there are.")
    else:
        assert answer.status_code == 422
        assert detail.endswith(f"_id {BAD_IDS[name]}")


@pytest.mark.parametrize("name", BAD_IDS, ids=shorter)
@pytest.mark.parametrize("words", WORDS, ids=" ".join)
def test_no_command_takes_what_is_no_id(tmp_path, words, name):
    said = command("--data-dir", tmp_path / "data", *words, "--", name)
    assert (said.code, said.out) == (2, "")
    assert said.err.endswith(f" {BAD_IDS[name]}\n")
    assert said.err.count("\n") == 1
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("name", BAD_IDS, ids=shorter)
def test_no_tenant_is_called_what_is_no_id(tmp_path, name):
    said = command("--data-dir", tmp_path / "data", "--tenant", name, "recommend", "a")
    assert (said.code, said.out, said.err) == (2, "", f"--tenant: --tenant {BAD_IDS[name]}\n")


def test_strange_ids_go_through_every_door_and_nothing_is_written_elsewhere(tmp_path):
    data, before = tmp_path / "data", sorted(tmp_path.iterdir())
    rows = [view(name, name, agent_id=name, session_id=name, event_id=name) for name in STRANGE_IDS]
    homes = [home(1, ListingKey=name) for name in STRANGE_IDS]
    for what, content in {"events": rows, "listings": homes}.items():
        assert command("--data-dir", data, "--json", "import", what, file_of(tmp_path, content)).code == 0
    for name in STRANGE_IDS:
        for words in WORDS:
            said = command("--data-dir", data, "--json", *words, "--", name)
            assert (said.code, name in said.json.values()) == (0, True), (words, name, said.err)
    assert sorted(tmp_path.iterdir()) == sorted([*before, data, tmp_path / "rows.jsonl"])


def file_of(folder, rows):
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize("name", [name for name in STRANGE_IDS if name != ".."], ids=shorter)  # no address can end so
def test_strange_ids_come_back_over_http_as_they_went_in(served, name):
    place = quote(name, safe="")
    assert served.client.put(f"/v1/leads/{place}", json={"stage": "new"}).status_code == 200
    assert served.client.get(f"/v1/leads/{place}").json() == {"lead_id": name, "stage": "new"}
    assert served.client.put(f"/v1/properties/{place}", json={"ListPrice": NOW}).status_code == 422
    assert served.client.put(f"/v1/properties/{place}", json={"ListPrice": 5}).status_code == 200
    assert served.client.get(f"/v1/properties/{place}").json()["ListingKey"] == name
    event = {"event_type": "property_view", "lead_id": name, "property_id": name}
    assert served.client.post("/v1/events", json=event).json()["stored"] == 1
    (shown,) = served.client.get(f"/v1/leads/{place}/timeline").json()["events"]
    assert (shown["property_id"], served.client.get(f"/leads/{place}").status_code) == (name, 200)


def test_a_tenant_of_any_name_keeps_its_models_below_the_folder_of_models(tmp_path):
    folders = {ModelRegistry(tmp_path, name).folder for name in STRANGE_IDS}
    assert len(folders) == len(STRANGE_IDS)
    assert {folder.parent for folder in folders} == {tmp_path}
