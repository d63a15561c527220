"""`homing leads-for`: which leads want a home."""

from __future__ import annotations

from typing import Annotated

import typer

from homing.cli.recommend import in_one_line
from homing.cli.terminal import Terminal, moment
from homing.core.ids import checked_id
from homing.personalization.answer import leads_json
from homing.personalization.leads_for import LeadsAnswer

__all__ = ["leads_for"]


def leads_for(
    context: typer.Context,
    home: Annotated[str, typer.Argument(metavar="PROPERTY", help="The home's ListingKey.")],
    k: Annotated[int, typer.Option("--k", "-k", metavar="N", help="How many leads.")] = 10,
    as_of: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Answer as of this moment (RFC 3339; left out: now).")
    ] = None,
) -> None:
    """The leads most likely to want a home, such as one listed a minute ago."""
    terminal: Terminal = context.obj
    answer = terminal.homing.engine.leads_for(checked_id(home, "PROPERTY"), k, as_of=moment(as_of))
    terminal.answer(leads_json(answer), lambda: _show(terminal, answer))


def _show(terminal: Terminal, answer: LeadsAnswer) -> None:
    terminal.line(f"{in_one_line(answer.home)}  [{answer.property_id}]", "bold")
    for note in answer.degraded:
        terminal.line(f"  note: {note}", "yellow")
    if not answer.items:
        terminal.line("  no lead is known to want it")
    for item in answer.items:
        low, high = item.interval
        chance = f"{item.confidence:.0%} ({low:.0%} to {high:.0%}, {item.confidence_level.value})"
        terminal.line(f"{item.rank:>3}. {item.lead_id}")
        terminal.line(f"     engages with {chance}", "dim")
        for reason in item.reasons:
            terminal.line(f"     {reason.share:>4.0%} {reason.kind.replace('_', ' ')}: {reason.text}")
    for stage in answer.trace:
        left_out = ", ".join(f"-{count:,} {reason.replace('_', ' ')}" for reason, count in stage.removed.items())
        terminal.line(f"  {stage.stage} {stage.kept:,}{f' ({left_out})' if left_out else ''}", "dim")
