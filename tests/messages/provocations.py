"""Everything that is to be refused, by the sentence it brings. A new message gets a row in the table it belongs to."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import provoked_features
import provoked_files
import provoked_intake
import provoked_keys
import provoked_models
import provoked_operations
import provoked_postgres
import provoked_python
import provoked_ranker
import provoked_trust
from api_ground import Served, build
from bad_files import BAD_FILES, IMPORTERS
from bad_rows import BAD_ROWS, broken_rows
from cli_ground import Said, command
from test_refusals import FAULTS

__all__ = ["PROVOCATIONS", "Act", "Ground", "corpus", "said"]


class Ground:
    """Where provocations happen: a folder, commands over data of its own, and a server."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._numbers = count()

    def new(self, name: str = "") -> Path:
        """A path that is not there yet, in a folder of its own."""
        folder = self.folder / str(next(self._numbers))
        folder.mkdir()
        return folder / name if name else folder

    def file(self, name: str, content: bytes | str | list[Any]) -> Path:
        """A file of this content, a list as JSON lines."""
        if isinstance(content, list):
            content = "".join(json.dumps(row) + "\n" for row in content)
        path = self.new(name)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def homing(self, *words: object) -> Said:
        """A command over the data of all provocations."""
        return command("--data-dir", self.folder / "data", *words)

    @cached_property
    def served(self) -> Served:
        """The API over a store of its own."""
        return build(self.new())


Act = Callable[[Ground], Any]


def said(ground: Ground, act: Act) -> str:
    """What a refused act brings: the error's sentence, a command's stderr, the body of an answer."""
    try:
        done = act(ground)
    except Exception as error:  # noqa: BLE001  # whatever it is, its words are what is wanted
        return str(error)
    if isinstance(done, Said) and done.code:
        return done.err
    if isinstance(done, httpx.Response) and done.is_error:
        return str(done.json()["detail"])
    return f"it was taken: {done!r:.200}"


def corpus(ground: Ground) -> None:
    """Every bad file and row through its importer, and every wrong command line."""
    for case in BAD_FILES.values():
        file = case.at(ground.new())
        for importer in IMPORTERS[:1] if isinstance(case.says, str) else IMPORTERS:
            ground.homing("import", importer, file)
    for what, cases in BAD_ROWS.items():
        rows = [row if isinstance(row, str) else json.dumps(row) for row, _ in cases.values()]
        ground.homing("import", what, ground.file("rows.jsonl", "\n".join(rows)))
    lines = [line for line, _ in broken_rows().values()]
    ground.homing("import", "events", ground.file("rows.jsonl", b"\n".join(lines)))
    for words in FAULTS:
        command(*words.split())


PROVOCATIONS: Mapping[str, Act] = {
    **provoked_features.TABLE, **provoked_files.TABLE, **provoked_intake.TABLE, **provoked_keys.TABLE,
    **provoked_models.TABLE,
    **provoked_operations.TABLE, **provoked_postgres.TABLE, **provoked_python.TABLE, **provoked_ranker.TABLE,
    **provoked_trust.TABLE,
}  # fmt: skip
