"""A report as Markdown; its charts are files beside it."""

from __future__ import annotations

from collections.abc import Sequence

from homing.evaluation.report.origin import Origin
from homing.evaluation.report.sections import Chart, Section, Table

__all__ = ["markdown"]

TITLE = "How well homes are recommended"


def markdown(says: str, origin: Origin, parts: Sequence[Section]) -> str:
    """The report as one text."""
    lines = [f"# {TITLE}", "", f"**{origin.kind}** {_cell(says)}", ""]
    for part in parts:
        lines += [f"## {_cell(part.title)}", ""]
        for line in part.lines:
            lines += [_cell(line), ""]
        for shown in part.shown:
            lines += [*(_table(shown) if isinstance(shown, Table) else _chart(shown)), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _chart(chart: Chart) -> list[str]:
    return [f"![{_cell(chart.says)}]({chart.name}.svg)"]


def _table(table: Table) -> list[str]:
    rule = "|".join(["---", *(["---:"] * (len(table.columns) - 1) if len(table.columns) > 2 else ["---"])])
    rows = [
        [f"**{_cell(text)}**" if row in table.strong and not place else _cell(text) for place, text in enumerate(texts)]
        for row, texts in enumerate(table.rows)
    ]
    return [f"| {' | '.join(map(_cell, table.columns))} |", f"|{rule}|", *(f"| {' | '.join(row)} |" for row in rows)]


def _cell(text: str) -> str:
    """The text so that it is nothing but text."""
    for letter in "\\`*_|<>[]":
        text = text.replace(letter, "\\" + letter)
    return text.replace("\n", " ")
