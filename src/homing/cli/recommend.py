"""`homing recommend`: homes for one lead, with reasons."""

from __future__ import annotations

from typing import Annotated

import typer

from homing.cli.terminal import Terminal, moment
from homing.interfaces import Recommendations
from homing.personalization.answer import as_json

__all__ = ["recommend", "show_recommendations"]


def recommend(
    context: typer.Context,
    lead: Annotated[str, typer.Argument(help="The lead's id; an unknown one is a lead without history.")],
    k: Annotated[int, typer.Option("--k", "-k", help="How many homes.")] = 10,
    as_of: Annotated[str | None, typer.Option(help="Answer as of this moment (RFC 3339).")] = None,
) -> None:
    """The homes a lead should see next."""
    terminal: Terminal = context.obj
    answer = terminal.homing.engine.recommend(lead, k, as_of=moment(as_of))
    terminal.answer(as_json(answer), lambda: show_recommendations(terminal, answer))


def show_recommendations(terminal: Terminal, answer: Recommendations) -> None:
    """The list as a person reads it: the home, how likely, and why."""
    out = terminal.out
    out.print(f"[bold]{answer.lead_id}[/bold]: {answer.event_count} events, {_models(answer)}")
    for note in answer.degraded:
        out.print(f"  note: {note}", style="yellow", markup=False)
    for item in answer.items:
        home = item.home
        facts = [f"{home[name]:g} {word}" for name, word in (("beds", "bd"), ("baths", "ba")) if home[name] is not None]
        facts += [f"{home['area']:,.0f} sq ft"] if home["area"] is not None else []
        price = f"{home['ListPrice']:,.0f} USD" if home["ListPrice"] is not None else "price unknown"
        low, high = item.interval
        chance = f"{item.confidence:.0%} ({low:.0%} to {high:.0%}, {item.confidence_level.value})"
        out.print(f"{item.rank:>3}. {price}, {', '.join(facts)}  {home['address'] or ''}  \\[{item.property_id}]")
        out.print(f"     engages with {chance}", style="dim")
        for reason in item.reasons:
            out.print(f"     {reason.share:>4.0%} {reason.kind}: {reason.text}", markup=False)
    steps = " → ".join(f"{stage.stage} {stage.kept:,}{_removed(stage.removed)}" for stage in answer.trace)
    out.print(f"  {steps}", style="dim", markup=False)


def _models(answer: Recommendations) -> str:
    return ", ".join(f"{name} version {version}" for name, version in answer.models.items()) or "no trained model"


def _removed(removed: object) -> str:
    if not isinstance(removed, dict) or not removed:
        return ""
    return " (" + ", ".join(f"-{count:,} {reason}" for reason, count in removed.items()) + ")"
