"""Whatever comes, an import holds only a few rows: its memory is bounded, and said, however large the file."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import pytest
from bad_files import bomb

MOST = 100_000_000
"""Bytes that an import may hold beyond what the same import of one row holds."""

IMPORT = """
import contextlib, io, json, resource, sys
from homing.cli.main import run
what, *files = sys.argv[1:]
said = []
for file in files:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(["--data-dir", f"{file}.data", "--json", "import", what, file])
    said.append([code, out.getvalue(), err.getvalue().splitlines()])
print(json.dumps([resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, said]))
"""


def imported(what, *files):
    """The greatest memory of a process that imports these files one after the other, and what it says of each."""
    words = [sys.executable, "-c", IMPORT, what, *map(str, files)]
    return json.loads(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    """The memory of an import of one row."""
    file = tmp_path_factory.mktemp("usual") / "row.jsonl"
    file.write_text('{"event_type": "teleport"}\n')
    return imported("events", file)[0]


def sparse(path, start, end, size):
    """A file that takes no room on the disk: zeros between its start and its end."""
    with path.open("wb") as file:
        file.write(start)
        file.truncate(size)
        file.seek(0, 2)
        file.write(end)
    return path


def test_a_row_of_a_gigabyte_is_refused_alone_in_little_memory(tmp_path, usual):
    line = b'{"ListingKey": "first"}\n{"ListingKey": "', b'"}\n{"ListingKey": "last"}\n'
    value = b'[{"ListingKey": "first"},\n{"ListingKey": "', b'"}, {"ListingKey": "last"}]'
    cell = b"ListingKey\nfirst\n", b"\nlast\n"
    files = [
        sparse(tmp_path / "a.jsonl", *line, 1 << 30),
        sparse(tmp_path / "a.json", *value, 1 << 29),
        sparse(tmp_path / "a.csv", *cell, 1 << 28),
    ]
    peak, told = imported("listings", *files)
    for code, out, said in told:
        (refused,) = json.loads(out)["refused"]
        assert (code, json.loads(out)["created"]) == (0, 2)
        assert refused["why"] == "row must be at most 4,000,000 bytes long; got more"
        assert said == [f"row {refused['row']}: {refused['why']}"]
    assert peak - usual < MOST


def test_a_gzip_bomb_is_refused_in_little_memory_and_stores_nothing(tmp_path, usual):
    files = [tmp_path / name for name in ("a.jsonl.gz", "a.json.gz", "a.csv.gz", "a.parquet.gz")]
    for file in files:
        bomb(file, megabytes=4_000, start=b"[" if ".json." in file.name else b"")
    peak, told = imported("listings", *files)
    for file, (code, out, said) in zip(files, told, strict=True):
        must = "must be a file that can be read to its end; got gzip that unpacks to more than 200 times its size"
        assert (code, out, said) == (2, "", [f"{file}: {file} {must}"])
        assert not file.with_name(f"{file.name}.data").exists()
    assert peak - usual < MOST


def test_of_very_many_faults_some_are_listed_all_are_counted_and_little_is_held(tmp_path, usual):
    row = json.dumps({"event_type": "teleport", "timestamp": "soon", "lead_id": "", "colour": "red"}).encode() + b"\n"
    many_rows, many_fields = tmp_path / "rows.jsonl.gz", tmp_path / "row.jsonl"
    many_rows.write_bytes(gzip.compress(row * 100_000, 1))
    many_fields.write_text("{" + ", ".join(f'"field_{number}": 1' for number in range(200_000)) + "}\n")
    peak, [(code, out, said), (_, other, _)] = imported("events", many_rows, many_fields)
    report = json.loads(out)
    assert (code, report["read"], report["stored"], report["refused_count"]) == (2, 100_000, 0, 100_000)
    assert [refused["row"] for refused in report["refused"]] == list(range(1, 10_001))
    assert said[20:] == ["and 99,980 more rows refused"]
    assert json.loads(other)["refused"][0]["why"].endswith("; and 199,902 more faults.")
    assert peak - usual < MOST
