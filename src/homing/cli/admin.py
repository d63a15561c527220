"""`homing init`, `doctor`, `backup`, `restore`: what an operator does with a data folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from homing import __version__
from homing.cli.terminal import Terminal
from homing.core.clock import format_moment
from homing.services.archive import Contents

__all__ = ["backup", "doctor", "init", "restore"]


def init(context: typer.Context) -> None:
    """Make the data folder and the database now; never needed, since the first write makes them."""
    terminal: Terminal = context.obj
    homing = terminal.homing
    created = not homing.database.exists()
    with homing.database.write():
        pass
    document = {
        "data_dir": str(homing.settings.data_dir),
        "database": homing.database.name,
        "tenant": homing.settings.tenant,
        "created": created,
    }

    def show() -> None:
        terminal.line(f"{homing.database.name} {'is made' if created else 'was there already'}. Next:")
        for step in ("import listings FILE", "import events FILE", "train", "serve"):
            terminal.line(f"  homing {step}")

    terminal.answer(document, show)


def doctor(context: typer.Context) -> None:
    """Check the installation and all data; exit 1 if anything is not well."""
    from homing.services.examine import Examine  # numba and scipy, by the models that it checks

    terminal: Terminal = context.obj
    homing = terminal.homing
    findings = Examine(homing.settings, homing.database, homing.clock)()

    def show() -> None:
        rows = [["ok" if one.ok else "FAULT", one.name, one.found] for one in findings]
        terminal.table("", ["", "check", "found"], rows, texts=(0, 1, 2))
        for one in findings:
            if one.hint:
                terminal.line(f"{one.name}: {one.hint}")

    terminal.answer({"checks": [asdict(one) for one in findings]}, show)
    if not all(one.ok for one in findings):
        raise typer.Exit(1)


def backup(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="The archive, a new file; left out: homing-backup-MOMENT.tar.gz here."),
    ] = None,
) -> None:
    """Write all tenants' data and models into one archive; nothing has to be stopped for it."""
    from homing.services.back_up import BackUp  # numba and scipy, by the models that it checks

    terminal: Terminal = context.obj
    homing = terminal.homing
    name = format_moment(homing.clock()).partition(".")[0].rstrip("Z").replace(":", "-")
    target = file or Path(f"homing-backup-{name}Z.tar.gz")
    contents = BackUp(homing.settings, homing.database, homing.clock, __version__)(target)
    _answer(terminal, {"file": str(target), "bytes": target.stat().st_size}, contents, f"{target} holds")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An archive that homing backup wrote.")],
    replace: Annotated[bool, typer.Option("--replace", help="Give up what the data folder holds.")] = False,
) -> None:
    """Bring a backup back, checked whole before anything changes; all that uses the data folder must be stopped."""
    from homing.services.restore import Restore  # only for this

    terminal: Terminal = context.obj
    contents = Restore(terminal.homing.settings)(file, replace=replace)
    _answer(terminal, {"data_dir": str(terminal.homing.settings.data_dir)}, contents, "Restored:")


def _answer(terminal: Terminal, about: dict[str, Any], contents: Contents, verb: str) -> None:
    document = {**about, "made_at": contents.made_at, "homing": contents.homing, "counts": dict(contents.counts)}
    counts = ", ".join(
        f"{count:,} {name if count != 1 else name.removesuffix('s')}" for name, count in contents.counts.items()
    )
    terminal.answer(document, lambda: terminal.line(f"{verb} {counts} (all tenants, as of {contents.made_at})"))
