from __future__ import annotations

import socket
import subprocess
import sys

import pytest
from cli_ground import command, home, view

FAULTS = {
    "recommend": "LEAD: LEAD must be given; got nothing",
    "recommend a b": "homing recommend: homing recommend must be given no further argument; got b",
    "recommend a -k many": "--k: --k must be a whole number; got 'many'",
    "recommend a -k": "-k: -k must come with a value; got nothing",
    "recommend a -k 0": "k: k must be from 1 to 1000; got 0",
    "recommend a -k 1001": "k: k must be from 1 to 1000; got 1001",
    "recommend a --loud": "--loud: --loud must be an option of homing recommend (see --help); got --loud",
    "recommend a --as-of yesterday": "--as-of: --as-of must be an RFC 3339 moment such as 2026-11-22T20:00:00Z; got 'yesterday'",
    "recommend a --as-of 2026-01-01": "--as-of: --as-of must be a moment with time and offset such as 2026-11-22T20:00:00Z; got '2026-01-01'",
    "recommend a --as-of 2026-01-01T00:00:00": "--as-of: --as-of must carry a time zone (for example 2026-11-22T20:00:00Z); got '2026-01-01T00:00:00'",
    "recommend a --tenant": "--tenant: --tenant must come with a value that is not empty; got ''",
    "recommend a --tenant=": "--tenant: --tenant must come with a value that is not empty; got ''",
    "recommend a --database mysql://x": "--database: --database must be sqlite:///PATH or postgresql://USER@HOST/NAME; got 'mysql://x'",
    "recommend a --data-dir /dev/null": "--data-dir: --data-dir must be a folder; got '/dev/null'",
    "--json=yes recommend a": "--json: --json must come without a value; got one",
    "teleport": "got 'teleport'",
    "import": "COMMAND: COMMAND must be one of listings, events, leads, agents; got nothing",
    "import events": "FILE: FILE must be given; got nothing",
    "features": "ID: ID must be given, or --all; got nothing",
    "features --all": "--out: --out must name a Parquet file with --all; got nothing",
    "features a --out f.parquet": "--out: --out must be left out without --all; got 'f.parquet'",
    "features --all --out /dev/null": "--out: --out must be a file or a new name; got /dev/null, which is something else",
    "features a --type house": "--type: --type must be one of lead, agent, property; got 'house'",
    "features a --engine abacus": "--engine: --engine must be local; got 'abacus'",
    "features nobody --type agent": "ID: ID must be an agent that was imported or has events; got 'nobody'",
    "features nowhere --type property": "ID: ID must be a home that was imported or has events; got 'nowhere'",
    "train --models magic": "models: models must be some of",
    "train --engine abacus": "--engine: --engine must be local; got 'abacus'",
    "evaluate --protocol vote": "--protocol: --protocol must be one of temporal, leave_last, k_fold, nested; got 'vote'",
    "evaluate --models magic": "--models: --models must be some of",
    "evaluate --k 0": "k: k must be at least 1; got 0",
    "evaluate --protocol k_fold --folds 1": "folds: folds must be at least 2; got 1",
    "evaluate --share 7": "share: share must lie between 0 and 1; got 7",
    "report": "--out: --out must be given; got nothing",
    "report --out /dev/null": "--out: --out must be a folder; got '/dev/null'",
    "simulate --leads 0": "--leads: --leads must be at least 1; got '0'",
    "simulate --leads 1 --days 1 --out o": "--listings: --listings must be given; got nothing",
    "simulate --leads 1 --days 1 --listings missing --out o": "missing: missing must be a file that exists on disk; got nothing",
    "serve --host 0.0.0.0": "--host: --host must be a loopback address such as 127.0.0.1 as long as there are no keys; got '0.0.0.0'",
    "serve --host ::": "--host: --host must be a loopback address",
    "serve --host example.com": "--host: --host must be a loopback address",
    "demo --host 0.0.0.0": "--host: --host must be a loopback address",
    "serve --port 0": "--port: --port must be at least 1; got '0'",
}  # fmt: skip


@pytest.mark.parametrize("words", FAULTS)
def test_bad_input_is_told_in_one_form_and_leaves_with_2(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = command(*words.split())
    assert (said.code, said.out) == (2, "")
    assert FAULTS[words] in said.err
    assert all(" must " in line and "; got " in line for line in said.err.splitlines())
    assert list(tmp_path.iterdir()) == []


def test_all_that_is_wrong_is_told_at_once():
    assert command(*["features", "a", "--all", "--type", "house", "--engine", "abacus"]).err.count(" must ") == 4
    said = command("recommend", " a", "-k", "0", "--as-of", "noon", "--where", "Zebra").err
    assert [line.split(":")[0] for line in said.splitlines()] == ["lead_id", "k", "--as-of", "--where"]


@pytest.mark.parametrize("lead", ["", " a", "a\nb", "x" * 256])
def test_an_id_that_no_lead_can_have_is_refused(homing, lead):
    said = homing("recommend", lead)
    assert said.code == 2
    assert "lead_id must be a text of 1 to 255 printable characters" in said.err


def test_a_home_or_an_agent_with_events_is_known(homing, write):
    file = write("events.jsonl", [view(agent_id="agent-1")])
    assert homing("import", "events", file).code == 0
    assert homing("features", "agent-1", "--type", "agent").json["entity_type"] == "agent"
    assert homing("features", "home-001", "--type", "property").json["entity_id"] == "home-001"


@pytest.mark.parametrize("words", ["recommend a", "features a"])
def test_a_database_that_is_none_is_a_failure_with_one_line(tmp_path, words):
    (tmp_path / "junk.sqlite3").write_bytes(b"not a database" * 1000)
    said = command(*words.split(), "--database", f"sqlite:///{tmp_path}/junk.sqlite3")
    assert (said.code, said.out, said.err.count("\n")) == (1, "", 1)
    assert "file is not a database" in said.err


def test_a_folder_that_cannot_be_made_is_a_failure_with_one_line(write):
    said = command("import", "events", write("events.jsonl", [view()]), "--data-dir", "/proc/nowhere")
    assert (said.code, said.err.count("\n")) == (1, 1)


def test_a_port_that_is_taken_is_said_before_anything_starts(homing):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = homing("serve", "--port", taken.getsockname()[1])
    assert said.code == 1
    assert "Choose another --port." in said.err


def test_evaluating_nothing_says_what_to_do_first(homing):
    said = homing("evaluate")
    assert (said.code, said.out) == (1, "")
    assert "Import more events." in said.err


@pytest.mark.parametrize("text", ["[/b]", "[red]x", ":house:", "Elm\x1b[31mSt"])
def test_what_data_say_is_printed_as_it_is_and_never_steers_the_terminal(tmp_path, write, text):
    file = write("homes.jsonl", [home(1, UnparsedAddress=f"1 {text} Street")])
    assert command("--data-dir", tmp_path / "data", "import", "listings", file).code == 0
    said = command("--data-dir", tmp_path / "data", "recommend", "lead [/b]")
    assert said.code == 0
    assert "lead [/b]: 0 events" in said.out
    assert text.replace("\x1b", "\ufffd") in said.out
    assert "\x1b" not in said.out


def test_a_fault_of_ours_is_one_line_and_no_traceback(homing, monkeypatch):
    monkeypatch.setenv("HOMING_TENANT", "default")
    monkeypatch.setattr("homing.cli.app.Terminal", None)
    said = homing("train")
    assert (said.code, said.err.count("\n")) == (1, 1)
    assert said.err.startswith("This is a fault of homing itself: TypeError: ")


def test_the_module_runs_as_a_command_and_leaves_with_its_code():
    ran = subprocess.run([sys.executable, "-m", "homing", "recommend"], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "LEAD: LEAD must be given; got nothing\n"


@pytest.mark.parametrize("words", ["", "-h", "import --help", "features --help", "import listings -h"])
def test_help_is_an_answer(words):
    said = command(*words.split())
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("Usage: homing")
