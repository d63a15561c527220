"""A file that cannot be read is refused by every importer in one clear sentence, and stores nothing."""

from __future__ import annotations

import pytest
from bad_files import BAD_FILES, IMPORTERS
from cli_ground import command


@pytest.mark.parametrize("importer", IMPORTERS)
@pytest.mark.parametrize("case", BAD_FILES)
def test_a_file_that_cannot_be_read_is_refused_and_nothing_is_stored(tmp_path, case, importer):
    file = BAD_FILES[case].at(tmp_path)
    said = command("--data-dir", tmp_path / "data", "--json", "import", importer, file)
    assert (said.code, said.out) == (2, "")
    for line, tail in zip(said.err.splitlines(), BAD_FILES[case].said_by(importer).splitlines(), strict=True):
        place = f"{file}{tail.partition(' ')[0]}" if tail[0] == "." else f"{file}"
        assert line.startswith(f"{place}: {file}{tail if tail[0] == '.' else ' ' + tail}")
    assert not (tmp_path / "data").exists()
