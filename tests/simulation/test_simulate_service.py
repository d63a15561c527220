from __future__ import annotations

import gzip
from pathlib import Path

import msgspec
import pytest
from synthetic_homes import END, town

from homing.market.property import property_from
from homing.people.lead import lead_from
from homing.services.simulate import Simulate


@pytest.fixture
def listings(tmp_path):
    path = tmp_path / "homes.jsonl"
    path.write_bytes(b"\n".join([*map(msgspec.json.encode, town(200)), b'{"ListPrice": 1}']))
    return path


def test_the_five_files_are_the_same_bytes_again(listings, tmp_path):
    first = Simulate(8, 5, 1, END)(listings, tmp_path / "a")
    again = Simulate(8, 5, 1, END)(listings, tmp_path / "b")
    assert sorted(first.files) == ["agents", "events", "leads", "listings", "truth"]
    for name, path in first.files.items():
        assert Path(path).name == f"{name}.jsonl.gz"
        assert Path(path).read_bytes() == Path(again.files[name]).read_bytes()


def test_rows_that_are_no_listing_are_named(listings, tmp_path):
    written = Simulate(3, 2, 1, END)(listings, tmp_path)
    assert [row.row for row in written.refused.rows] == [201]


def test_what_is_written_can_be_read_by_the_importers(listings, tmp_path):
    written = Simulate(8, 5, 1, END)(listings, tmp_path)
    rows = {
        name: [msgspec.json.decode(line) for line in gzip.decompress(Path(path).read_bytes()).splitlines()]
        for name, path in written.files.items()
    }
    assert {name: len(found) for name, found in rows.items()} == written.counts
    for row in rows["listings"]:
        property_from(row, now=END, files=True)
    for row in rows["leads"]:
        lead_from(row, "lead")
