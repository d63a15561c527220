"""`homing recommend`: homes for one lead, with reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Any

import typer

from homing.cli.terminal import Terminal, moment
from homing.core.together import read_all
from homing.interfaces import Recommendations, Stage
from homing.market.where import where as filter_from
from homing.personalization.answer import as_json
from homing.personalization.ask import Ask

__all__ = ["in_one_line", "recommend", "show_recommendations"]


def recommend(
    context: typer.Context,
    lead: Annotated[
        str, typer.Argument(metavar="LEAD", help="The lead's id; an unknown one is a lead without history.")
    ],
    k: Annotated[int, typer.Option("--k", "-k", metavar="N", help="How many homes.")] = 10,
    as_of: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Answer as of this moment (RFC 3339; left out: now).")
    ] = None,
    where: Annotated[
        str | None,
        typer.Option(
            metavar="EXPR", help="Only homes that pass this, such as \"ListPrice le 600000 and City eq 'Kent'\"."
        ),
    ] = None,
) -> None:
    """The homes a lead should see next."""
    terminal: Terminal = context.obj
    asked = read_all(
        ask=lambda: Ask(lead_id=lead, k=k),
        as_of=lambda: moment(as_of),
        where=lambda: None if where is None else filter_from(where, "--where"),
    )
    answer = terminal.homing.engine.answer(replace(asked.pop("ask"), **asked))
    terminal.answer(as_json(answer), lambda: show_recommendations(terminal, answer))


def show_recommendations(terminal: Terminal, answer: Recommendations) -> None:
    """The list as a person reads it: the home, how likely, and why."""
    terminal.line(f"{answer.lead_id}: {answer.event_count:,} events, {_models(answer)}", "bold")
    for note in answer.degraded:
        terminal.line(f"  note: {note}", "yellow")
    if not answer.items:
        terminal.line("  no home can be recommended")
    for item in answer.items:
        low, high = item.interval
        chance = f"{item.confidence:.0%} ({low:.0%} to {high:.0%}, {item.confidence_level.value})"
        terminal.line(f"{item.rank:>3}. {in_one_line(item.home)}  [{item.property_id}]")
        terminal.line(f"     engages with {chance}", "dim")
        for reason in item.reasons:
            terminal.line(f"     {reason.share:>4.0%} {reason.kind.replace('_', ' ')}: {reason.text}")
    steps = " → ".join(f"{stage.stage} {stage.kept:,}{_counts(stage)}" for stage in answer.trace)
    terminal.line(f"  {steps}", "dim")


def in_one_line(home: Mapping[str, Any]) -> str:
    """Price, size and address on one line, as far as they are known."""
    facts = [f"{home['ListPrice']:,.0f} USD" if home["ListPrice"] is not None else "price unknown"]
    facts += [f"{home[name]:g} {word}" for name, word in (("beds", "bd"), ("baths", "ba")) if home[name] is not None]
    facts += [f"{home['area']:,.0f} sq ft"] if home["area"] is not None else []
    return "  ".join(filter(None, (", ".join(facts), home["address"])))


def _models(answer: Recommendations) -> str:
    return ", ".join(f"{name} version {version}" for name, version in answer.models.items()) or "no trained model"


def _counts(stage: Stage) -> str:
    """How many a step left out, and how many of the kept are news again, each by reason."""
    told = [f"-{count:,} {reason.replace('_', ' ')}" for reason, count in stage.removed.items()]
    told += [f"{count:,} of the kept news again: {kind.replace('_', ' ')}" for kind, count in stage.returned.items()]
    return f" ({', '.join(told)})" if told else ""
