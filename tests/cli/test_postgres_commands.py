"""`--database postgresql://…` is all that a user changes: the same commands, the same answers as over SQLite."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing

import postgres_ground
import pytest
from cli_ground import Said, command

from homing.store.events import EventQuery
from homing.store.migrations import BASE
from homing.store.postgres import PostgresDatabase
from homing.store.postgres_events import PostgresEventStore

KINDS = ("listings", "leads", "agents", "events")
LATER = "2026-11-02T00:00:00Z"


@pytest.fixture(scope="module")
def url() -> str:
    server = postgres_ground.server()
    return server.url(server.new())


@pytest.fixture(scope="module")
def over_postgres(shop, simulated, url, tmp_path_factory) -> Callable[..., Said]:
    """The market of `shop` imported into PostgreSQL, and its models beside it."""
    data = tmp_path_factory.mktemp("postgres") / "data"

    def asked(*words):
        return command(*words, "--data-dir", data, "--database", url, "--json")

    asked.first = asked("doctor")
    asked.data = data
    asked.imported = [asked("import", what, simulated[0] / f"{what}.jsonl.gz") for what in KINDS]
    shutil.copytree(shop.data / "models", data / "models")
    return asked


def test_a_look_at_an_empty_database_makes_nothing(over_postgres):
    assert over_postgres.first.code == 0
    assert "holds nothing yet" in over_postgres.first.out


def test_imports_say_what_they_say_over_sqlite(over_postgres, shop, simulated, tmp_path):
    for what, said in zip(KINDS, over_postgres.imported, strict=True):
        other = command("import", what, simulated[0] / f"{what}.jsonl.gz", "--data-dir", tmp_path, "--json")
        assert (said.code, said.json) == (0, other.json)
    again = over_postgres("import", "events", simulated[0] / "events.jsonl.gz").json
    assert (again["stored"], again["duplicates"]) == (0, over_postgres.imported[-1].json["stored"])


@pytest.mark.parametrize("lead", ["lead-00001", "lead-00007", "nobody"])
def test_answers_are_those_over_sqlite(over_postgres, shop, lead):
    for words in (("recommend", lead, "--as-of", LATER), ("features", lead, "--as-of", LATER)):
        mine, other = over_postgres(*words).json, shop(*words).json
        for answer in (mine, other):
            answer.pop("recommendation_id", None)  # sealed with the key of its database
        assert mine == other


def test_training_brings_the_very_bytes_that_it_brings_over_sqlite(over_postgres, shop, tmp_path):
    shutil.copytree(shop.data, tmp_path / "data")
    words = ("train", "--seed", 1, "--models", "popularity,collaborative", "--as-of", LATER)
    mine, other = over_postgres(*words), command(*words, "--data-dir", tmp_path / "data", "--json")
    assert mine.code == other.code == 0
    trained = [sorted((data / "models").rglob("*.safetensors")) for data in (over_postgres.data, tmp_path / "data")]
    assert len(trained[0]) == len(trained[1]) > 0
    assert [path.read_bytes() for path in trained[0]] == [path.read_bytes() for path in trained[1]]


def test_doctor_looks_at_the_server_and_warns_of_one_that_forgets(over_postgres):
    said = over_postgres("doctor")
    checks = {one["name"]: one for one in said.json["checks"]}
    assert (said.code, checks["database"]["ok"]) == (1, False)
    assert "Switch fsync and full_page_writes on in the server" in checks["database"]["hint"]
    assert checks["writing"]["ok"]
    assert "240 homes, 40 leads" in checks["data"]["found"]


def test_doctor_is_content_with_a_server_that_keeps_everything(tmp_path):
    with closing(postgres_ground.PostgresServer()) as own:
        url = own.url(own.new())
        with closing(PostgresDatabase(url)) as made:
            made.migrate()
        said = command("doctor", "--data-dir", tmp_path / "data", "--database", url, "--json")
        assert said.code == 0
        assert "every event has its id" in said.out


@pytest.mark.parametrize("act", ["backup", "restore"])
def test_backup_and_restore_name_the_servers_own_tools(over_postgres, tmp_path, act):
    said = over_postgres(act, tmp_path / "b.tar")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert {"backup": "pg_dump", "restore": "pg_restore"}[act] in said.err


def test_init_says_whether_the_tables_were_made(tmp_path):
    made = postgres_ground.database()
    made.migrate(BASE)
    words = ("init", "--data-dir", tmp_path / "data", "--database", made._url, "--json")
    assert [command(*words).json["created"] for _ in range(2)] == [True, False]


def test_a_password_is_never_shown(tmp_path):
    said = command("recommend", "a", "--data-dir", tmp_path, "--database", "postgresql://ann:secret@127.0.0.1:1/homing")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert "postgresql://ann@127.0.0.1:1/homing" in said.err
    assert "secret" not in said.err


def test_the_driver_loads_only_where_it_is_used(tmp_path):
    asked = (
        "import sys, homing.wiring as w; w.build(w.read_settings({}));"
        " print({'asyncpg', 'sqlalchemy', 'alembic'} & set(sys.modules))"
    )
    told = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert told.stdout.strip() == "set()"


def test_a_database_of_this_market_has_every_event_once(over_postgres, url):
    with closing(PostgresDatabase(url)) as made:
        stored = PostgresEventStore(made).columns("default", EventQuery())
    assert len(set(stored.event_ids)) == len(stored) == over_postgres.imported[-1].json["stored"]
