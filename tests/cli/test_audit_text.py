"""`homing audit text`: rows, words, what to say instead, and exit codes."""

from __future__ import annotations

import gzip
import json

import pytest
from cli_ground import command

TEXTS = "White cabinets.\n\nA safe neighborhood near great schools.\n"


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text(TEXTS)
    return path


def test_each_line_is_judged_under_its_number(texts):
    told = command("audit", "text", texts, "--json")
    assert told.code == 0
    first, second = told.json["items"]
    assert (first["row"], first["allowed"], first["category"]) == (1, True, None)
    assert (second["row"], second["allowed"], second["category"]) == (3, False, "crime_safety")
    assert [found["words"] for found in second["findings"]] == ["safe neighborhood", "great schools"]
    assert second["instead"] == second["findings"][0]["instead"]


def test_people_see_the_words_and_what_to_say_instead(texts):
    told = command("audit", "text", texts)
    assert "row 3: 'great schools' (schools)" in told.out
    assert "1 of 2 texts must not be said" in told.out


def test_strict_exits_1_where_something_is_found(texts, tmp_path):
    assert command("audit", "text", texts, "--strict").code == 1
    (tmp_path / "fine.txt").write_text("White cabinets.\n")
    assert command("audit", "text", tmp_path / "fine.txt", "--strict").code == 0


@pytest.mark.parametrize("name", ["homes.csv", "homes.jsonl", "homes.json", "homes.jsonl.gz"])
def test_the_remarks_of_listings_are_found_by_their_column(tmp_path, name):
    rows = [{"ListingKey": "1", "PublicRemarks": "No kids"}, {"ListingKey": "2", "PublicRemarks": "A den"}]
    lines = "\n".join(map(json.dumps, rows))
    content = {"homes.csv": "ListingKey,PublicRemarks\n1,No kids\n2,A den\n", "homes.json": json.dumps(rows)}
    path, text = tmp_path / name, content.get(name, lines).encode()
    path.write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert [item["allowed"] for item in command("audit", "text", path, "--json").json["items"]] == [False, True]
    told = command("audit", "text", path, "--column", "ListingKey", "--json")
    assert [item["allowed"] for item in told.json["items"]] == [True, True]


def test_rows_without_a_text_are_passed_over_and_faulty_ones_named(tmp_path):
    path = tmp_path / "homes.jsonl"
    path.write_text('{"text": "A den"}\n{"other": 1}\n{"text": null}\n{"text": 7}\nno row\n')
    told = command("audit", "text", path, "--json")
    assert told.code == 0
    assert [item["row"] for item in told.json["items"]] == [1]
    assert [row["row"] for row in told.json["refused"]] == [4, 5]


@pytest.mark.parametrize("content", [None, b"\xff\xfea\x00", b"\x1f\x8b\x08\x00cut"])
def test_a_file_that_cannot_be_read_exits_2(tmp_path, content):
    path = tmp_path / "texts.txt"
    if content is not None:
        path.write_bytes(content)
    told = command("audit", "text", path)
    assert told.code == 2
    assert str(path) in told.err


def test_the_rules_of_the_deployer_count(texts, tmp_path, monkeypatch):
    (tmp_path / "own.toml").write_text("[categories.schools]\noff = true\n[categories.crime_safety]\noff = true\n")
    monkeypatch.setenv("HOMING_TEXT_RULES", str(tmp_path / "own.toml"))
    assert command("audit", "text", texts, "--json").json["not_allowed"] == 0
