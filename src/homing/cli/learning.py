"""`homing train` and `homing evaluate`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from homing.cli.terminal import Terminal, moment
from homing.core.clock import from_micros
from homing.core.errors import BadInput

__all__ = [
    "Folds", "Length", "Protocol", "Rows", "Seed", "Share",
    "evaluate", "evaluation_document", "learned_said", "show_evaluation", "train", "training_document",
]  # fmt: skip

Protocol = Annotated[str, typer.Option(metavar="NAME", help="temporal, leave_last, k_fold or nested.")]
Length = Annotated[int, typer.Option("--k", "-k", metavar="N", help="Length of the list that is judged.")]
Rows = Annotated[str | None, typer.Option(metavar="NAME,…", help="Rows wanted; left out: all.")]
Seed = Annotated[int, typer.Option(metavar="N", help="The draw of samples.")]
Share = Annotated[float, typer.Option(metavar="X", help="The last part of the time that is the test of a cut.")]
Folds = Annotated[int, typer.Option(metavar="N", help="Folds of k_fold.")]


def train(
    context: typer.Context,
    models: Annotated[str | None, typer.Option(metavar="NAME,…", help="Parts to blend; left out: all.")] = None,
    as_of: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Learn only what was known then (RFC 3339; left out: now).")
    ] = None,
    engine: Annotated[str, typer.Option(metavar="NAME", help="Where it runs: local.")] = "local",
    seed: Annotated[int, typer.Option(metavar="N", help="The draw of samples.")] = 0,
) -> None:
    """Train the models and let the new version serve."""
    terminal: Terminal = context.obj
    if engine != "local":
        raise BadInput.of("--engine", "be local", engine)
    document = training_document(terminal, models=models, as_of=as_of, seed=seed)

    def show() -> None:
        rows = [
            [m["name"], m["version"], f"{m['samples']:,}", f"{m['seconds']:.2f}", _weight(m["metrics"])]
            for m in document["models"]
        ]
        terminal.table("Trained", ["model", "version", "samples", "seconds", "weight"], rows)
        terminal.line(learned_said(document["models"][-1]["metrics"]))

    terminal.answer(document, show)


def training_document(
    terminal: Terminal, *, models: str | None = None, as_of: str | None = None, seed: int = 0
) -> dict[str, Any]:
    """Train, with progress, and say what came of it in the contract's shape."""
    at = moment(as_of)
    with terminal.progress("training"):
        results = asyncio.run(
            terminal.homing.learning.train(
                as_of=None if at is None else from_micros(at), seed=seed, models=_names(models)
            )
        )
    return {
        "models": [
            {
                "name": result.model,
                "version": result.version,
                "samples": result.samples,
                "seconds": round(result.seconds, 3),
                "metrics": dict(result.metrics),
            }
            for result in results
        ]
    }


def evaluate(
    context: typer.Context,
    protocol: Protocol = "temporal",
    k: Length = 10,
    models: Rows = None,
    seed: Seed = 0,
    share: Share = 0.2,
    folds: Folds = 5,
) -> None:
    """Compare the models with baselines on what leads did after the models were trained."""
    terminal: Terminal = context.obj
    document = evaluation_document(terminal, protocol=protocol, k=k, models=models, seed=seed, share=share, folds=folds)
    terminal.answer(document, lambda: show_evaluation(terminal, document))


def evaluation_document(
    terminal: Terminal,
    *,
    protocol: str = "temporal",
    k: int = 10,
    models: str | None = None,
    seed: int = 0,
    share: float = 0.2,
    folds: int = 5,
) -> dict[str, Any]:
    """Evaluate, with progress; the report in the contract's shape."""
    with terminal.progress("evaluating"):
        work = terminal.homing.learning.evaluate(
            protocol=protocol, k=k, models=_names(models), seed=seed, share=share, folds=folds
        )
        return dict(asyncio.run(work))


def show_evaluation(terminal: Terminal, document: Mapping[str, Any]) -> None:
    """The table of an evaluation, each measure with its interval by lead."""
    measures = ("ndcg", "recall", "precision", "map", "mrr", "coverage")
    k = document["k"]
    title = f"{document['protocol']}, first {k} of each list, mean over leads [interval]"
    rows = [[row["model"], *(_shown(row, name) for name in measures)] for row in document["rows"]]
    terminal.table(title, ["model", *(f"{name}@{k}" for name in measures)], rows)
    if "selection" in document:
        terminal.line(f"selected before the cut: {document['selection']['model']}")
    for one in document["absent"]:
        terminal.line(f"{one['model']} is not in the table. {one['why']}")


def _shown(row: Mapping[str, Any], name: str) -> str:
    """A measure, the first two with their interval."""
    value = row[name]
    low, high = row["ci"].get(name, (None, None))
    if value is None:
        return "–"
    return f"{value:.4f}" if low is None or name not in {"ndcg", "recall"} else f"{value:.4f} [{low:.3f}, {high:.3f}]"


def _names(models: str | None) -> list[str] | None:
    return None if models is None else [name.strip() for name in models.split(",")]


def _weight(metrics: Mapping[str, Any]) -> str:
    return f"{metrics['weight']:.2f}" if "weight" in metrics else ""


def learned_said(card: Mapping[str, Any]) -> str:
    """What the score and the confidence of a version stand on."""
    shown = "opened" if card["opened_stand_in_for_shown"] else "shown"
    return (
        f"{card['says'].rstrip('.')}; confidence: calibrated on {card['calibrated_on']:,.0f} homes "
        f"{shown}, {card['calibrated_positives']:,.0f} of them engaged with"
    )
