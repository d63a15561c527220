"""`homing simulate`: households with known taste in a market of given homes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from homing.cli.terminal import Terminal, moment
from homing.core.clock import to_micros

__all__ = ["simulate", "simulation_document"]


def simulate(
    context: typer.Context,
    leads: Annotated[int, typer.Option(metavar="N", help="How many leads.", min=1)],
    days: Annotated[int, typer.Option(metavar="N", help="How many days they shop.", min=1)],
    listings: Annotated[Path, typer.Option(metavar="FILE", help="Homes: any file that import listings recognises.")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the five files.")],
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed, end and listings give the same bytes.")] = 0,
    end: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="No event is later (RFC 3339; left out: today 00:00 UTC).")
    ] = None,
    moments: Annotated[
        bool, typer.Option("--moments", help="Print what is published of house hunters beside the same of the run.")
    ] = False,
) -> None:
    """Write simulated shoppers over real homes: listings, leads, agents, events and the truth behind them."""
    terminal: Terminal = context.obj
    at = moment(end)
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    document = simulation_document(
        terminal,
        leads=leads,
        days=days,
        seed=seed,
        listings=listings,
        end=to_micros(midnight) if at is None else at,
        out=out,
        moments=moments,
    )

    def show() -> None:
        rows = [[name, f"{document['counts'][name]:,}", path] for name, path in document["files"].items()]
        terminal.table("Simulated", ["what", "rows", "file"], rows, texts=(0, 2))
        if moments:
            title = f"Published and simulated (constants {document['constants']})"
            columns = ["moment", "published", "simulated", "95 % interval", "cases", "holds", "published by"]
            terminal.table(title, columns, [_moment_row(one) for one in document["moments"]], texts=(0, 6))

    terminal.answer(document, show)


def simulation_document(
    terminal: Terminal, *, leads: int, days: int, seed: int, listings: Path, end: int, out: Path, moments: bool = False
) -> dict[str, Any]:
    """Simulate with progress; the files and how many rows each holds, and the published moments if wanted."""
    from homing.services.simulate import Simulate  # numpy and the simulator load only for this
    from homing.simulation.constants import fingerprint

    with terminal.progress("simulating") as advance:
        run = Simulate(leads=leads, days=days, seed=seed, end=end)
        written = run(listings, out, progress=advance, with_moments=moments)
    terminal.refusals([(row.row, row.why) for row in written.refused.rows], written.refused.count)
    document = {"files": written.files, "counts": written.counts, "simulated": True, "constants": fingerprint()}
    if moments:
        document["moments"] = [{**asdict(one), "holds": one.holds} for one in written.moments]
    return document


def _moment_row(one: Mapping[str, Any]) -> list[str]:
    """A moment as a row of the table; without enough cases its value is a dash."""
    band = f"{one['low']:g} to {one['high']:g}"
    if one["value"] is None:
        return [one["name"], band, "–", "", f"{one['n']:,}", "too few", one["source"]]
    low, high = one["interval"]
    holds = "yes" if one["holds"] else "no"
    return [one["name"], band, f"{one['value']:.3g}", f"{low:.3g} to {high:.3g}", f"{one['n']:,}", holds, one["source"]]
