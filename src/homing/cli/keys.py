"""`homing keys create | list | revoke`: who may call the API."""

from __future__ import annotations

from typing import Annotated

import typer

from homing.cli.terminal import Terminal
from homing.core.clock import format_moment
from homing.services.keys import CreateKey, RevokeKey

__all__ = ["keys"]

keys = typer.Typer(help="Keys of the API: make, list and revoke them. Once there is one, every call needs one.")


@keys.command()
def create(
    context: typer.Context,
    scope: Annotated[str, typer.Option(metavar="SCOPE", help="site, read, write or admin.")],
    origin: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="A web site whose pages may use this site key; may be repeated."),
    ] = None,
) -> None:
    """Make a key for a tenant and show it, this once; it counts at once, also in a server that runs."""
    terminal: Terminal = context.obj
    homing = terminal.homing
    made = CreateKey(homing.keys, homing.settings.tenant, homing.clock)(scope, origin or ())
    kept = made.kept
    document = {
        "key": made.text, "id": kept.key_id, "scope": scope, "tenant": kept.tenant, "origins": list(kept.origins),
    }  # fmt: skip

    def show() -> None:
        terminal.line(made.text)
        terminal.say(f"{kept.key_id} of tenant {kept.tenant}, scope {scope}. It is shown this once: keep it now.")

    terminal.answer(document, show)


@keys.command("list")
def list_keys(context: typer.Context) -> None:
    """The tenant's keys, revoked ones too; never their texts."""
    terminal: Terminal = context.obj
    homing = terminal.homing
    found = homing.keys.all(homing.settings.tenant)

    def show() -> None:
        rows = [
            [one.key_id, one.scope, " ".join(one.origins), format_moment(one.created_at), _moment(one.revoked_at) or ""]
            for one in found
        ]
        columns = ["id", "scope", "origins", "created", "revoked"]
        terminal.table(f"Keys of {homing.settings.tenant}", columns, rows, range(5))

    document = [
        {
            "id": one.key_id, "scope": one.scope, "origins": list(one.origins),
            "created_at": format_moment(one.created_at), "revoked_at": _moment(one.revoked_at),
        }
        for one in found
    ]  # fmt: skip
    terminal.answer({"keys": document}, show)


@keys.command()
def revoke(context: typer.Context, key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id.")]) -> None:
    """Let a key count no longer, from the next request on; the last one too leaves the doors locked."""
    terminal: Terminal = context.obj
    homing = terminal.homing
    RevokeKey(homing.keys, homing.settings.tenant, homing.clock)(key_id)
    terminal.answer({"id": key_id, "revoked": True}, lambda: terminal.line(f"{key_id} counts no longer."))


def _moment(at: int | None) -> str | None:
    return None if at is None else format_moment(at)
