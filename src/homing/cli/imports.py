"""`homing import listings | events | leads | agents`: files in, row by row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from homing.cli.terminal import Terminal
from homing.services.import_events import ImportEvents
from homing.services.import_listings import ImportListings
from homing.services.import_people import ImportAgents, ImportLeads
from homing.services.import_report import Advance, EventsImported, Progress, RowsImported

__all__ = ["import_document", "imports"]

imports = typer.Typer(help="Bring in files; good rows are stored, bad ones refused with their row number.")

File = Annotated[Path, typer.Argument(metavar="FILE", help="The file; .gz everywhere.")]


@imports.command()
def listings(
    context: typer.Context,
    file: File,
    layout: Annotated[str, typer.Option("--format", metavar="NAME", help="auto, reso, csv or kc.")] = "auto",
    mapping: Annotated[
        Path | None, typer.Option("--map", metavar="FILE.toml", help="Names the columns of a CSV.")
    ] = None,
) -> None:
    """Homes: RESO JSON or CSV, any CSV with a mapping, King County's sales."""
    _answer(context.obj, import_document(context.obj, "listings", file, layout, mapping))


@imports.command()
def events(
    context: typer.Context,
    file: File,
    layout: Annotated[
        str, typer.Option("--format", metavar="NAME", help="auto, jsonl, csv, parquet or reso.")
    ] = "auto",
    mapping: Annotated[
        Path | None, typer.Option("--map", metavar="FILE.toml", help="Names columns, types and moments of a CSV.")
    ] = None,
) -> None:
    """What people did; any CSV with a mapping."""
    _answer(context.obj, import_document(context.obj, "events", file, layout, mapping))


@imports.command()
def leads(context: typer.Context, file: File) -> None:
    """Leads with their stated limits, answers and consent."""
    _answer(context.obj, import_document(context.obj, "leads", file))


@imports.command()
def agents(context: typer.Context, file: File) -> None:
    """Agents with their zone, hours and capacity."""
    _answer(context.obj, import_document(context.obj, "agents", file))


def import_document(
    terminal: Terminal, what: str, file: Path, layout: str = "auto", mapping: Path | None = None
) -> dict[str, Any]:
    """Import one file with progress; the report in the contract's shape."""
    with terminal.progress(f"import {what}") as advance:

        def progress(so_far: Advance) -> None:
            advance(so_far.bytes_read, so_far.bytes_total)

        report = _run(terminal, what, file, layout, mapping, progress)
    refused: dict[str, Any] = {"refused": [{"row": row.row, "why": row.why} for row in report.refused]}
    if report.refused_count > len(report.refused):
        refused["refused_count"] = report.refused_count
    dropped = {"dropped": dict(report.dropped)} if report.dropped else {}
    if isinstance(report, EventsImported):
        counts = {"stored": report.stored, "duplicates": report.duplicates, "suppressed": report.suppressed}
        return {"read": report.read, **counts, **refused, **dropped}
    counts = {"created": report.created, "updated": report.updated, "unchanged": report.unchanged}
    return {"read": report.read, **counts, **refused, **dropped}


def _run(
    terminal: Terminal, what: str, file: Path, layout: str, mapping: Path | None, progress: Progress
) -> EventsImported | RowsImported:
    homing = terminal.homing
    if what == "listings":
        return ImportListings(homing.catalogue, homing.clock, homing.denied)(
            file, layout, mapping=mapping, progress=progress
        )
    if what == "events":
        load = ImportEvents(homing.tracker.store, homing.settings.tenant, homing.catalogue, homing.clock, homing.denied)
        return load(file, layout, mapping=mapping, progress=progress)
    people = ImportLeads if what == "leads" else ImportAgents
    return people(homing.directory, homing.denied)(file, progress=progress)


def _answer(terminal: Terminal, document: dict[str, Any]) -> None:
    refused = int(document.get("refused_count", len(document["refused"])))
    counts = {name: count for name, count in document.items() if isinstance(count, int) and name != "refused_count"}

    def show() -> None:
        terminal.line(", ".join([*(f"{count:,} {name}" for name, count in counts.items()), f"{refused:,} refused"]))
        if dropped := document.get("dropped"):
            left_out = ", ".join(f"{name} ({count:,})" for name, count in dropped.items())
            terminal.line(f"fields that may not be kept: {left_out}")

    terminal.answer(document, show)
    terminal.refusals([(row["row"], row["why"]) for row in document["refused"]], refused)
    if counts["read"] and counts["read"] == refused:
        raise typer.Exit(2)
