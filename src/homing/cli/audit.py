"""`homing audit text | fair-housing`: what may not be said, and whether everybody is shown the same market."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from homing.cli.terminal import Terminal
from homing.services.audit_texts import AuditTexts, Judged

__all__ = ["audit"]

audit = typer.Typer(help="What may not be said of homes and areas, and whether areas and groups are shown alike.")

Strict = Annotated[bool, typer.Option("--strict", help="Exit 1 if anything is found or a check fails.")]


@audit.command()
def text(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Texts, a line each; or CSV, JSON, Parquet; .gz too.")],
    column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The column with the text (left out: text or PublicRemarks)."),
    ] = None,
    strict: Strict = False,
) -> None:
    """Judge texts by the rules of what must not be said: in which row, which words, and what to say instead."""
    terminal: Terminal = context.obj
    judged = list(AuditTexts(terminal.homing.text_guard)(file, column))
    read = [one for one in judged if one.fault is None]
    faults = [(one.row, str(one.fault)) for one in judged if one.fault is not None]
    broken = [one for one in read if not one.allowed]
    document = {
        "rules_as_of": terminal.homing.text_guard.rules.as_of,
        "read": len(judged),
        "not_allowed": len(broken),
        "items": [_item(one) for one in read],
        "refused": [{"row": row, "why": why} for row, why in faults],
    }
    terminal.answer(document, lambda: _show(terminal, broken, len(read)))
    terminal.refusals(faults, len(faults))
    if faults and not read:
        raise typer.Exit(2)
    if strict and broken:
        raise typer.Exit(1)


def _item(one: Judged) -> dict[str, Any]:
    """A row in the contract's shape; `category` and `instead` are of the first finding."""
    first = one.findings[0] if one.findings else None
    return {
        "row": one.row,
        "allowed": one.allowed,
        "category": None if first is None else first.category,
        "instead": None if first is None else first.instead,
        "findings": [
            {
                "category": found.category,
                "words": found.words,
                "start": found.start,
                "end": found.end,
                "why": found.why,
                "instead": found.instead,
            }
            for found in one.findings
        ],
    }


def _show(terminal: Terminal, broken: list[Judged], read: int) -> None:
    for one in broken:
        for found in one.findings:
            terminal.line(f"row {one.row}: {found.words!r} ({found.category.replace('_', ' ')})")
            terminal.line(f"     {found.why}; instead: {found.instead}", "dim")
    terminal.line(f"{len(broken):,} of {read:,} texts must not be said as they are")
