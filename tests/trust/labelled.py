"""Sentences with the category they break, `-` where they are innocent: a half to write the rules by, a half to judge.

All were written for this test before there were rules. Which half a sentence is in follows from its own bytes; the
half that judges is frozen by its hash, and the rules are never written with an eye on it.
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

__all__ = ["INNOCENT", "Labelled", "frozen", "half", "sentences"]

INNOCENT = "-"
_FILE = Path(__file__).parent / "labelled_sentences.tsv"


class Labelled(NamedTuple):
    """One sentence and its category."""

    category: str
    text: str


def sentences() -> list[Labelled]:
    """All of them, in the order of the file."""
    return [Labelled(*line.split("\t")) for line in _FILE.read_text().splitlines()]


def half(name: str) -> list[Labelled]:
    """The half called `tune` or `test`."""
    return [one for one in sentences() if (sha256(one.text.encode()).digest()[0] % 2 == 0) == (name == "test")]


def frozen() -> str:
    """The SHA-256 of the half that judges."""
    return sha256("\n".join(f"{one.category}\t{one.text}" for one in half("test")).encode()).hexdigest()
