"""The commands, in the order in which a newcomer meets them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Final

import typer

from homing.cli.admin import backup, doctor, init, restore
from homing.cli.audit import audit
from homing.cli.demo import demo
from homing.cli.features import features
from homing.cli.imports import imports
from homing.cli.keys import keys
from homing.cli.leads_for import leads_for
from homing.cli.learning import evaluate, train
from homing.cli.recommend import recommend
from homing.cli.report import report
from homing.cli.serve import serve
from homing.cli.simulate import simulate
from homing.cli.terminal import Terminal
from homing.cli.warm import warm

__all__ = ["app"]

_EPILOG: Final = "--data-dir, --database, --tenant and --json may stand before or after the command: see homing --help."

app = typer.Typer(
    name="homing",
    help="A behavioral learning engine for real estate: which homes to show, and why.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    data_dir: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Folder of database, models and caches (or HOMING_DATA_DIR; default homing-data)."
        ),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="sqlite:///PATH or postgresql://USER@HOST/NAME (or HOMING_DATABASE; default in the folder).",
        ),
    ] = None,
    tenant: Annotated[
        str | None, typer.Option(metavar="ID", help="Whose data (or HOMING_TENANT; default: default).")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout, all else on stderr.")] = False,
) -> None:
    """These options are accepted before and after the command."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        return
    context.obj = Terminal(json=json, data_dir=data_dir, database=database, tenant=tenant)


def _add(command: Callable[..., None], line: str) -> None:
    app.command(short_help=line, epilog=_EPILOG)(command)


_add(demo, "See it work: real homes, simulated shoppers.")
_add(init, "Make the data folder now (never needed).")
_add(doctor, "Check the installation and all data.")
app.add_typer(imports, name="import", short_help="Bring in listings, events, leads or agents.", epilog=_EPILOG)
_add(features, "What is known of a lead, agent or home.")
_add(train, "Train the models and let them serve.")
_add(evaluate, "Compare the models with baselines.")
_add(report, "Write an evaluation as a page with plots.")
_add(recommend, "The homes a lead should see next.")
_add(leads_for, "The leads who want a home.")
app.add_typer(audit, name="audit", short_help="Check texts and fairness.", epilog=_EPILOG)
_add(simulate, "Write simulated shoppers over real homes.")
_add(warm, "Compile the features ahead of use.")
app.add_typer(keys, name="keys", short_help="Make, list and revoke keys of the API.", epilog=_EPILOG)
_add(serve, "Serve API and pages until stopped.")
_add(backup, "Write all data and models into one archive.")
_add(restore, "Bring a backup back.")
