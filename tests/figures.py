"""Which figures stand in a text, and whether the text says what prints them and of whom they are."""

from __future__ import annotations

import csv
import re
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal
from pathlib import Path

__all__ = ["commands_named", "figures", "in_ledger", "sections", "unfounded"]

ROOT = Path(__file__).resolve().parent.parent

_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
_FIGURE = re.compile(
    r"(?<![\w.,/§-])(?:0?\.\d{2,}(?![\w.])|\d[\d,]*(?:\.\d+)?\s(?:ms|µs|seconds|times (?:as|faster|less))(?!\w))"
)
_HEADING = re.compile(r"(?m)^#+ .*$")
_PRINTS = re.compile(r"`(?:\.venv/bin/)?(?:python )?((?:benchmarks/)?[a-z_]+\.py|make [a-z]+|homing [a-z-]+)[^`]*`")
_OF_WHOM = re.compile(r"\b(real|simulated|synthetic|public|drawn)\b", re.IGNORECASE)


def sections(text: str) -> list[str]:
    """The text between one heading and the next, with its heading."""
    starts = [found.start() for found in _HEADING.finditer(text)]
    return [text[start:end] for start, end in zip([0, *starts], [*starts, len(text)], strict=True) if text[start:end]]


def figures(text: str) -> list[str]:
    """What was measured, as it is printed: decimals below one, and how long or how often.

    >>> figures("NDCG@10 was .081 [.060, .103] in 12 ms, at the 95 % level, in version 0.1.0, `cut=0.25`")
    ['.081', '.060', '.103', '12 ms']
    """
    return [found.strip() for found in _FIGURE.findall(_CODE.sub("", text))]


def commands_named(section: str) -> set[str]:
    """The commands in code style that print something and exist: of `homing`, of `make`, of `benchmarks/`."""
    return {name for name in _PRINTS.findall(section) if _exists(name)}


def unfounded(text: str) -> list[str]:
    """The sections with figures that name no command, or say not whether the data are real or simulated."""
    return [
        section.splitlines()[0]
        for section in sections(text)
        if figures(section) and not (commands_named(section) and _OF_WHOM.search(section))
    ]


def in_ledger(script: str) -> set[str]:
    """Every value and published value that a script left in the quality ledger, with two to four decimals."""
    with (ROOT / "benchmarks" / "quality_ledger.csv").open(newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["command"].startswith(f"benchmarks/{script}")]
    values = [Decimal(row[name]) for row in rows for name in ("value", "low", "high", "published") if row[name]]
    steps, ways = [Decimal("0.01"), Decimal("0.001"), Decimal("0.0001")], (ROUND_HALF_UP, ROUND_HALF_DOWN)
    return {str(value.quantize(step, way)).removeprefix("0") for value in values for step in steps for way in ways}


def _exists(name: str) -> bool:
    kind, _, rest = name.partition(" ")
    if name.endswith(".py"):
        return (ROOT / "benchmarks" / name.removeprefix("benchmarks/")).is_file()
    if kind == "make":
        return re.search(rf"(?m)^{rest}:", (ROOT / "Makefile").read_text()) is not None
    return f"## `homing {rest}" in (ROOT / "docs" / "reference" / "cli.md").read_text()
