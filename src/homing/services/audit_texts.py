"""Which texts of a file may be said, and of those that may not, what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from homing.core.errors import Fault
from homing.integrations.text_files import open_texts
from homing.trust.text_guard import Finding, TextGuard

__all__ = ["AuditTexts", "Judged"]


@dataclass(frozen=True, slots=True)
class Judged:
    """One row's text with what must not be said in it; with a `fault` the row could not be read."""

    row: int
    text: str
    findings: tuple[Finding, ...] = ()
    fault: Fault | None = None

    @property
    def allowed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@dataclass(frozen=True, slots=True)
class AuditTexts:
    """Judges every text of a file; rows without a text are passed over."""

    guard: TextGuard

    def __call__(self, file: Path, column: str | None = None) -> Iterator[Judged]:
        """Each text in the order of the file; `BadInput` if the file cannot be read or has no such column."""
        for text in open_texts(file, column):
            if text.fault is not None:
                yield Judged(text.row, "", fault=text.fault)
            elif text.text:
                yield Judged(text.row, text.text, tuple(self.guard.findings(text.text)))
