"""The commands, in the order in which a newcomer meets them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from homing.cli.demo import demo
from homing.cli.features import features
from homing.cli.imports import imports
from homing.cli.learning import evaluate, train
from homing.cli.recommend import recommend
from homing.cli.serve import serve
from homing.cli.simulate import simulate
from homing.cli.terminal import Terminal

__all__ = ["app"]

app = typer.Typer(
    name="homing",
    help="A behavioral learning engine for real estate: which homes to show, and why.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def start(
    context: typer.Context,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder of database, models and caches (or HOMING_DATA_DIR).")
    ] = None,
    database: Annotated[str | None, typer.Option(help="sqlite:///PATH (or HOMING_DATABASE).")] = None,
    tenant: Annotated[str | None, typer.Option(help="Whose data (default: default).")] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, all else on stderr.")] = False,
) -> None:
    """These options are accepted before and after the command."""
    context.obj = Terminal(json=json, data_dir=data_dir, database=database, tenant=tenant)


app.command()(demo)
app.add_typer(imports, name="import")
app.command()(features)
app.command()(train)
app.command()(evaluate)
app.command()(recommend)
app.command()(simulate)
app.command()(serve)
