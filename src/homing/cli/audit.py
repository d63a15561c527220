"""`homing audit text | fair-housing`: what may not be said, and whether everybody is shown the same market."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from homing.cli.terminal import Terminal, moment
from homing.integrations.group_files import read_groups
from homing.services.audit_texts import AuditTexts, Judged

if TYPE_CHECKING:
    from homing.evaluation.fairness_audit import Check
    from homing.services.audit_fairness import LeadsAudited

__all__ = ["audit"]

audit = typer.Typer(help="What may not be said of homes and areas, and whether areas and groups are shown alike.")

Strict = Annotated[bool, typer.Option("--strict", help="Exit 1 if anything is found or a check fails.")]


@audit.command()
def text(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Texts, a line each; or CSV, JSON, Parquet; .gz too.")],
    column: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The column with the text (left out: text or PublicRemarks)."),
    ] = None,
    strict: Strict = False,
) -> None:
    """Judge texts by the rules of what must not be said: in which row, which words, and what to say instead."""
    terminal: Terminal = context.obj
    judged = list(AuditTexts(terminal.homing.text_guard)(file, column))
    read = [one for one in judged if one.fault is None]
    faults = [(one.row, str(one.fault)) for one in judged if one.fault is not None]
    broken = [one for one in read if not one.allowed]
    document = {
        "rules_as_of": terminal.homing.text_guard.rules.as_of,
        "read": len(judged),
        "not_allowed": len(broken),
        "items": [_item(one) for one in read],
        "refused": [{"row": row, "why": why} for row, why in faults],
    }
    terminal.answer(document, lambda: _show(terminal, broken, len(read)))
    terminal.refusals(faults, len(faults))
    if faults and not read:
        raise typer.Exit(2)
    if strict and broken:
        raise typer.Exit(1)


@audit.command("fair-housing")
def fair_housing(
    context: typer.Context,
    groups: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The group of each lead (lead_id, group); read for the audit, kept nowhere."),
    ] = None,
    k: Annotated[int, typer.Option("--k", "-k", metavar="N", help="Length of the lists.")] = 10,
    as_of: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="Lists as of this moment (RFC 3339; left out: now).")
    ] = None,
    most: Annotated[int, typer.Option(metavar="N", help="Of more leads a sample is drawn.", min=1)] = 2_000,
    seed: Annotated[int, typer.Option(metavar="N", help="The draw of samples.", min=0)] = 0,
    strict: Strict = False,
) -> None:
    """Judge whether areas keep their share of what leads are shown, and whether groups are shown the same market."""
    from homing.services.audit_fairness import AuditFairness  # numba and scipy, by the models behind the lists

    terminal: Terminal = context.obj
    named = None if groups is None else read_groups(groups)
    with terminal.progress("making lists") as advance:
        judge = AuditFairness(terminal.homing.engine)
        done = judge(k, groups=named, as_of=moment(as_of), most=most, seed=seed, progress=advance)
    document = _audit_document(done, k)
    terminal.answer(document, lambda: _show_audit(terminal, document))
    if strict and not all(check["passed"] for check in document["checks"]):
        raise typer.Exit(1)


def _audit_document(done: LeadsAudited, k: int) -> dict[str, Any]:
    audited = done.audit
    return {
        "k": k,
        "leads": done.leads,
        "audited": audited.leads,
        "not_audited": done.strangers,
        "areas": audited.areas,
        "area_field": audited.area_field,
        "matched": audited.matched,
        "checks": [_check(one) for one in audited.checks],
        "left_out": [{"name": name, "why": why} for name, why in audited.left_out.items()],
        "groups": [{name: _number(value) for name, value in asdict(one).items()} for one in audited.groups],
    }


def _check(one: Check) -> dict[str, Any]:
    return {
        "name": one.name,
        "value": _number(one.interval.value),
        "interval": [_number(end) for end in one.interval.bounds],
        "limit": one.limit,
        "side": one.side,
        "passed": one.passed,
    }


def _number(value: Any) -> Any:
    """A number as JSON can hold it."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _show_audit(terminal: Terminal, document: dict[str, Any]) -> None:
    title = f"Lists of {document['k']} for {document['audited']:,} of {document['leads']:,} leads"
    rows = [
        ["ok" if one["passed"] else "FAILED", one["name"], *map(_shown, (one["value"], *one["interval"])),
         f"{one['side']} {one['limit']:g}"]
        for one in document["checks"]
    ]  # fmt: skip
    terminal.table(title, ["", "check", "value", "low", "high", "limit"], rows, texts=(0, 1))
    for one in document["left_out"]:
        terminal.line(f"{one['name']} was left out: {one['why']}")
    if document["groups"]:
        told = [[str(one["group"]), *map(_shown, list(one.values())[1:])] for one in document["groups"]]
        terminal.table("What each group is shown", list(document["groups"][0]), told)
        terminal.line(f"{document['matched']:.0%} of the leads of these groups have a match in another group")
    if document["not_audited"]:
        terminal.line(f"{document['not_audited']:,} leads of the file are not among the leads audited")


def _shown(value: float | int | None) -> str:
    return "-" if value is None else f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def _item(one: Judged) -> dict[str, Any]:
    """A row in the contract's shape; `category` and `instead` are of the first finding."""
    first = one.findings[0] if one.findings else None
    return {
        "row": one.row,
        "allowed": one.allowed,
        "category": None if first is None else first.category,
        "instead": None if first is None else first.instead,
        "findings": [
            {
                "category": found.category,
                "words": found.words,
                "start": found.start,
                "end": found.end,
                "why": found.why,
                "instead": found.instead,
            }
            for found in one.findings
        ],
    }


def _show(terminal: Terminal, broken: list[Judged], read: int) -> None:
    for one in broken:
        for found in one.findings:
            terminal.line(f"row {one.row}: {found.words!r} ({found.category.replace('_', ' ')})")
            terminal.line(f"     {found.why}; instead: {found.instead}", "dim")
    terminal.line(f"{len(broken):,} of {read:,} texts must not be said as they are")
