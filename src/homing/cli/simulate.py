"""`homing simulate`: households with known taste in a market of given homes."""

from __future__ import annotations

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
    )

    def show() -> None:
        rows = [[name, f"{document['counts'][name]:,}", path] for name, path in document["files"].items()]
        terminal.table("Simulated", ["what", "rows", "file"], rows, texts=(0, 2))

    terminal.answer(document, show)


def simulation_document(
    terminal: Terminal, *, leads: int, days: int, seed: int, listings: Path, end: int, out: Path
) -> dict[str, Any]:
    """Simulate with progress; the files and how many rows each holds."""
    from homing.services.simulate import Simulate  # numpy and the simulator load only for this

    with terminal.progress("simulating") as advance:
        written = Simulate(leads=leads, days=days, seed=seed, end=end)(listings, out, progress=advance)
    terminal.refusals([(row.row, row.why) for row in written.refused.rows], written.refused.count)
    return {"files": written.files, "counts": written.counts, "simulated": True}
