"""What a command is given: the built application, and a way to say things to people or to programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from homing.core.clock import parse_moment
from homing.core.progress import heard
from homing.wiring import Homing, build, read_settings

__all__ = ["Terminal", "moment", "printable"]

_FILE_WIDTH: Final = 160
_SHOWN_REFUSED: Final = 20

Advance = Callable[[int, int | None], None]
"""Called with how much is done and, where it is known, of how much."""


@dataclass
class Terminal:
    """The settings of one invocation. Answers go to stdout; progress and notes to stderr."""

    json: bool = False
    data_dir: Path | None = None
    database: str | None = None
    tenant: str | None = None
    notes: Console = field(default_factory=lambda: _console(sys.stderr))
    out: Console = field(default_factory=lambda: _console(sys.stdout))

    @cached_property
    def homing(self) -> Homing:
        """Everything, built from the settings; nothing is written before a command writes."""
        return build(read_settings(data_dir=self.data_dir, database=self.database, tenant=self.tenant))

    def say(self, text: str) -> None:
        """A note for a person."""
        self.notes.print(printable(text))

    def line(self, text: str = "", style: str | None = None) -> None:
        """A line of an answer for a person."""
        self.out.print(printable(text), style=style)

    def refusals(self, rows: Sequence[tuple[int, str]], count: int) -> None:
        """The first of the rows that were refused, and how many more of `count` there are."""
        for number, why in rows[:_SHOWN_REFUSED]:
            self.say(f"row {number}: {why}")
        if (more := count - _SHOWN_REFUSED) > 0:
            self.say(f"and {more:,} more rows refused")

    def answer(self, document: Mapping[str, Any], show: Callable[[], None]) -> None:
        """The JSON document if it was asked for, else what `show` prints."""
        if self.json:
            plain = "utf-8" not in (sys.stdout.encoding or "").lower()
            sys.stdout.write(json.dumps(document, ensure_ascii=plain, allow_nan=False) + "\n")
        else:
            show()

    def table(
        self, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], texts: Sequence[int] = (0,)
    ) -> None:
        """A table on stdout; the columns at the places `texts` are text, the others are flush right."""
        table = Table(title=printable(title), title_justify="left", box=None, pad_edge=False, header_style="bold")
        for place, column in enumerate(columns):
            table.add_column(column, justify="left" if place in texts else "right")
        for row in rows:
            table.add_row(*map(printable, row))
        self.out.print(table)

    @contextmanager
    def progress(self, what: str) -> Iterator[Advance]:
        """A progress bar on stderr while a long step runs; silent where stderr is no terminal."""
        columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        if not self.notes.is_terminal:
            yield lambda done, total: None
            return
        with Progress(*columns, TimeElapsedColumn(), console=self.notes, transient=True) as bar:
            task = bar.add_task(what, total=None)
            with heard(lambda text: bar.update(task, description=f"{what}: {text}")):
                yield lambda done, total: bar.update(task, completed=done, total=total)


def _console(stream: TextIO) -> Console:
    """As wide as the terminal; wide enough for every table where there is none. What data say is never markup."""
    width = None if stream.isatty() else _FILE_WIDTH
    return Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True, width=width)


def printable(text: str) -> str:
    r"""The text without characters that would steer a terminal; lines stay lines.

    >>> printable("Elm St\x1b[31m 12")
    'Elm St�[31m 12'
    """
    if text.isprintable():
        return text
    return "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in text)


def moment(text: str | None) -> int | None:
    """The moment that `--as-of` names, in microseconds; None if it was left out."""
    return None if text is None else parse_moment(text, "--as-of")
