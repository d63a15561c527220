"""`homing report`: an evaluation as a page with plots, in a folder."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from homing import __version__
from homing.cli.learning import Folds, Length, Protocol, Rows, Seed, Share, evaluation_document, show_evaluation
from homing.cli.terminal import Terminal
from homing.core.clock import SECOND, format_moment
from homing.core.errors import BadInput
from homing.core.settings import SIMULATED_MARK

__all__ = ["report"]

_DEFAULTS = {"protocol": "temporal", "k": 10, "models": None, "seed": 0, "share": 0.2, "folds": 5}


def report(  # noqa: PLR0913, PLR0917  # each is an option of the command
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write into; it is made.")],
    protocol: Protocol = "temporal",
    k: Length = 10,
    models: Rows = None,
    seed: Seed = 0,
    share: Share = 0.2,
    folds: Folds = 5,
    simulated: Annotated[
        bool | None,
        typer.Option("--simulated/--real", help="Say whose acts these are; left out: what the data folder says."),
    ] = None,
) -> None:
    """Evaluate, and write what came of it as HTML and Markdown with plots, and as JSON."""
    from homing.evaluation.report import Origin, written  # numba and scipy, by the models behind it

    terminal: Terminal = context.obj
    if out.exists() and not out.is_dir():
        raise BadInput.of("--out", "be a folder", str(out))
    asked = {"protocol": protocol, "k": k, "models": models, "seed": seed, "share": share, "folds": folds}
    document = evaluation_document(terminal, **asked)  # type: ignore[arg-type]  # each has its own type
    mark = terminal.homing.settings.data_dir / SIMULATED_MARK
    is_marked = mark.is_file()
    origin = Origin(
        command=_command(asked),
        version=__version__,
        at=format_moment(terminal.homing.clock() // SECOND * SECOND),
        simulated=simulated if simulated is not None else (True if is_marked else None),
        constants=mark.read_text().strip() if is_marked else "",
    )
    out.mkdir(parents=True, exist_ok=True)
    files = []
    for name, text in written(document, origin).items():
        (out / name).write_text(text, encoding="utf-8")
        files.append(str(out / name))

    def show() -> None:
        show_evaluation(terminal, document)
        terminal.line(origin.kind)
        for name in files:
            terminal.line(name)

    terminal.answer({**document, "simulated": origin.simulated, "files": files}, show)


def _command(asked: dict[str, Any]) -> str:
    """The command that gives the same figures from the same data."""
    given = [word for name, value in asked.items() if value != _DEFAULTS[name] for word in (f"--{name}", str(value))]
    return shlex.join(["homing", "evaluate", *given])
