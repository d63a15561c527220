from __future__ import annotations

import io
import json
import tracemalloc

import polars
import pytest

from homing.core.errors import BadInput
from homing.integrations.files import open_rows


def rows(path, layout=None):
    return [(row.number, dict(row.values) if not row.faults else None) for row in open_rows(path, layout).rows()]


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz", "rows", "rows.json", "rows.gz"])
def test_lines_of_json_are_rows_numbered_by_line_and_blank_lines_are_none(write, name):
    assert rows(write(name, '{"a": 1}\n\n  \nnope\n[1]\n{"a": 2}')) == [
        (1, {"a": 1}),
        (4, None),
        (5, None),
        (6, {"a": 2}),
    ]


@pytest.mark.parametrize(
    "content", ['[{"a": 1}, 2, {"a": 3}]', '{"value": [{"a": 1}, 2, {"a": 3}]}', '[\n{"a":1},\n2,{"a": 3}]\n']
)
@pytest.mark.parametrize("name", ["rows.json", "rows.json.gz", "rows"])
def test_elements_of_one_document_are_rows_numbered_by_place(write, name, content):
    assert rows(write(name, content)) == [(1, {"a": 1}), (2, None), (3, {"a": 3})]


def test_an_object_spread_over_lines_is_one_row(write):
    assert rows(write("home.json", '{\n "ListingKey": "h1"\n}\n')) == [(1, {"ListingKey": "h1"})]


def test_lines_whose_first_is_broken_are_still_lines(write):
    assert rows(write("rows.txt", '{"a": \n{"a": 2}\n')) == [(1, None), (2, {"a": 2})]


@pytest.mark.parametrize("name", ["rows.csv", "rows.csv.gz", "rows"])
def test_records_are_numbered_by_the_line_they_begin_on_and_the_header_is_line_1(write, name):
    content = '\ufeffa,b\r\n1,"two\nlines"\r\n\r\n3,4,5\r\n6,\r\n'
    assert rows(write(name, content)) == [(2, {"a": "1", "b": "two\nlines"}), (5, None), (6, {"a": "6"})]


def test_a_quote_that_is_never_closed_is_refused_where_it_opens(write):
    assert rows(write("rows.csv", 'a,b\n1,2\n3,"four\n')) == [(2, {"a": "1", "b": "2"}), (3, None)]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_other_separators_are_seen_by_the_header(write, separator):
    assert rows(write("rows.csv", f"a{separator}b\n1,5{separator}2\n")) == [(2, {"a": "1,5", "b": "2"})]


def test_a_line_that_is_not_utf_8_is_refused_alone(write):
    assert rows(write("rows.csv", b"a,b\n1,caf\xe9\n2,3\n")) == [(2, None), (3, {"a": "2", "b": "3"})]
    assert rows(write("rows.jsonl", b'{"a": "caf\xe9"}\n{"a": 1}\n')) == [(1, None), (2, {"a": 1})]


def test_json_that_no_text_can_be_made_of_is_refused(write):
    deep = "[" * 100_000 + "]" * 100_000
    content = '{"a": "\\ud800"}\n{"a": ' + deep + '}\n{"a": 1}\n'
    assert rows(write("rows.jsonl", content)) == [(1, None), (2, None), (3, {"a": 1})]


def test_one_nan_in_an_array_leaves_the_other_rows_alone(write):
    found = rows(write("rows.json", '[{"a": NaN}, {"a": 1}]'))
    assert (str(found[0][1]), found[1]) == ("{'a': nan}", (2, {"a": 1}))


@pytest.mark.parametrize("name", ["rows.parquet", "rows.parquet.gz", "rows"])
def test_parquet_is_read_by_place_without_its_nulls(write, name):
    buffer = io.BytesIO()
    polars.DataFrame({"a": [1, None], "b": ["x", "y"]}).write_parquet(buffer)
    assert rows(write(name, buffer.getvalue())) == [(1, {"a": 1, "b": "x"}), (2, {"b": "y"})]


@pytest.mark.parametrize("name", ["none.jsonl", "none.csv", "none.json", "none"])
def test_an_empty_file_has_no_rows(write, name):
    assert rows(write(name, "")) == []


def gone(write, tmp_path):
    return tmp_path / "nowhere.jsonl"


def folder(write, tmp_path):
    return tmp_path


def cut(write, tmp_path):
    whole = write("whole.jsonl.gz", [{"a": number} for number in range(1000)]).read_bytes()
    return write("cut.jsonl", whole[:-20])


def cut_to_nothing(write, tmp_path):
    path = write("nothing.jsonl.gz", [])
    path.write_bytes(b"")
    return path


def flipped(write, tmp_path):
    whole = bytearray(write("whole.jsonl.gz", [{"a": number} for number in range(1000)]).read_bytes())
    whole[len(whole) // 2] ^= 0xFF
    return write("flipped.jsonl", bytes(whole))


def plain_named_gz(write, tmp_path):
    path = write("plain.jsonl.gz", [])
    path.write_bytes(b'{"a": 1}\n')
    return path


def half_an_array(write, tmp_path):
    return write("half.json", '[{"a": 1}, {"a"')


def twice_named(write, tmp_path):
    return write("twice.csv", "a,b,a\n1,2,3\n")


def half_parquet(write, tmp_path):
    buffer = io.BytesIO()
    polars.DataFrame({"a": list(range(1000))}).write_parquet(buffer)
    return write("half.parquet", buffer.getvalue()[:-50])


def wide_text(write, tmp_path):
    return write("wide", '{"a": 1}\n'.encode("utf-16"))


@pytest.mark.parametrize(
    "damage",
    [gone, folder, cut, cut_to_nothing, flipped, plain_named_gz, half_an_array, twice_named, half_parquet, wide_text],
)
def test_a_file_that_cannot_be_read_to_its_end_is_refused_before_its_first_row(write, tmp_path, damage):
    path = damage(write, tmp_path)
    with pytest.raises(BadInput, match=path.name):
        open_rows(path)


def test_a_long_file_is_never_in_memory(write):
    path = write("long.jsonl.gz", json.dumps({"a": "x" * 10_000}) + "\n")
    path.write_bytes(path.read_bytes() * 2_000)
    tracemalloc.start()
    count = sum(1 for _ in open_rows(path).rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 2_000
    assert peak < 5_000_000


@pytest.mark.parametrize("opening", ['{"value": [', '{"@odata.context": "x", "value": [{"a": 0},'])
def test_a_document_that_ends_early_gives_no_rows_at_all(write, opening):
    with pytest.raises(BadInput, match="one JSON array or object"):
        open_rows(write("rows.json", f'{opening}\n{{"a": 1}},\n{{"a": 2}}\n'))


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.json", "rows.csv", "rows"])
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_text_in_another_encoding_than_utf_8_is_refused_as_a_whole(write, name, encoding):
    with pytest.raises(BadInput, match="must be text in UTF-8"):
        open_rows(write(name, '{"a": 1}\n'.encode(encoding)))
