"""`homing features`: what is known of one lead, home or agent, or of all of them as a table."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from homing.cli.terminal import Terminal, moment
from homing.core.clock import format_moment, from_micros, to_micros
from homing.core.errors import BadInput, Fault, UnknownId, shown
from homing.core.ids import id_fault
from homing.core.settings import SIMULATED_MARK
from homing.interfaces import FeatureVector
from homing.store.events import EventQuery
from homing.wiring import Homing

if TYPE_CHECKING:
    from homing.feature_engineering.behind import Behind

__all__ = ["feature_document", "features"]

_TYPES: Final = ("lead", "agent", "property")


def features(  # noqa: PLR0913, PLR0917  # the options of the command
    context: typer.Context,
    entity: Annotated[str | None, typer.Argument(metavar="ID", help="Whose features.")] = None,
    kind: Annotated[str, typer.Option("--type", metavar="TYPE", help="lead, agent or property.")] = "lead",
    as_of: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="As of this moment (RFC 3339; left out: now).")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="All of a type, to a Parquet file.")] = False,
    engine: Annotated[str, typer.Option(metavar="NAME", help="Where it runs: local.")] = "local",
    out: Annotated[Path | None, typer.Option(metavar="F.parquet", help="The Parquet file, with --all.")] = None,
    distributions: Annotated[
        bool, typer.Option("--distributions", help="With --all: how each feature is distributed, in place of a file.")
    ] = False,
    stats: Annotated[bool, typer.Option("--stats", help="Also how it was computed: path, cache, kernel.")] = False,
) -> None:
    """The behavioral features of one id with the events behind each, or of all with --all --out FILE."""
    terminal: Terminal = context.obj
    _check(entity, kind, everybody, engine, out, distributions)
    at = moment(as_of)
    if distributions:
        document = _distributions(terminal, kind, at)
        terminal.answer(_with_stats(terminal, document, stats), lambda: _show_distributions(terminal, document))
    elif out is not None:
        document = _table(terminal, kind, at, out)
        said = f"{document['rows']:,} rows, {document['columns']} columns"
        terminal.answer(_with_stats(terminal, document, stats), lambda: terminal.line(said))
    elif entity is not None:
        now = terminal.homing.clock() if at is None else at
        _known(terminal.homing, entity, kind, now)
        vector = asyncio.run(terminal.homing.engineer.extract_features(entity, kind, as_of=from_micros(now)))
        made_of = terminal.homing.engineer.behind(entity, kind, as_of=from_micros(now))
        document = feature_document(vector) | {"behind": _behind_document(made_of)}
        terminal.answer(_with_stats(terminal, document, stats), lambda: _show(terminal, vector, made_of))
    if stats and not terminal.json:
        _show_stats(terminal)


def _check(entity: str | None, kind: str, everybody: bool, engine: str, out: Path | None, distributions: bool) -> None:
    """Everything that is wrong with what was asked for."""
    faults = []
    if entity is not None and (fault := id_fault(entity, "ID")):
        faults.append(fault)
    if kind not in _TYPES:
        faults.append(Fault("--type", f"be one of {', '.join(_TYPES)}", shown(kind)))
    if engine != "local":
        faults.append(Fault("--engine", "be local", shown(engine)))
    if everybody and entity is not None:
        faults.append(Fault("ID", "be left out with --all", shown(entity)))
    if distributions and not everybody:
        faults.append(Fault("--distributions", "be left out without --all", "--distributions"))
    if distributions and out is not None:
        faults.append(Fault("--out", "be left out with --distributions", shown(str(out))))
    if everybody and out is None and not distributions:
        faults.append(Fault("--out", "name a Parquet file with --all", "nothing"))
    if not everybody and entity is None:
        faults.append(Fault("ID", "be given, or --all", "nothing"))
    if not everybody and out is not None:
        faults.append(Fault("--out", "be left out without --all", shown(str(out))))
    if out is not None and out.exists() and not out.is_file():
        faults.append(Fault("--out", "be a file or a new name", f"{out}, which is something else"))
    if faults:
        raise BadInput(faults)


def _known(homing: Homing, entity: str, kind: str, at: int) -> None:
    """Refuse a home or an agent that nothing is known of; a lead nobody knows is a lead without history."""
    if kind == "agent":
        there = homing.directory.agent(entity) is not None
        query = EventQuery(agent_id=entity, limit=1)
    elif kind == "property":
        there = homing.catalogue.get(entity) is not None or homing.catalogue.get(entity, at) is not None
        query = EventQuery(property_id=entity, limit=1)
    else:
        return
    if not there and not homing.tracker.store.count(homing.settings.tenant, query):
        word = "a home" if kind == "property" else "an agent"
        raise UnknownId.of("ID", f"be {word} that was imported or has events", entity)


def feature_document(vector: FeatureVector) -> dict[str, Any]:
    """A vector as JSON-ready values; what is missing is null and listed."""
    return {
        "entity_id": vector.entity_id,
        "entity_type": vector.entity_type,
        "as_of": format_moment(to_micros(vector.as_of)),
        "event_count": vector.event_count,
        "numeric": {name: None if math.isnan(value) else value for name, value in vector.numerical_features.items()},
        "categorical": dict(vector.categorical_features),
        "missing": list(vector.missing),
    }


def _behind_document(made_of: Mapping[str, Behind]) -> dict[str, Any]:
    return {
        name: {
            "events": one.count,
            "latest": [{"event_id": event_id, "at": format_moment(at)} for event_id, at in one.latest],
        }
        for name, one in made_of.items()
    }


def _show(terminal: Terminal, vector: FeatureVector, made_of: Mapping[str, Behind]) -> None:
    """One table a family, as on the reference page."""
    from homing.feature_engineering import FEATURES  # units and families, for people only

    as_of = f"{vector.as_of:%Y-%m-%d %H:%M} UTC"
    terminal.line(f"{vector.entity_type} {vector.entity_id}, {vector.event_count} events, as of {as_of}", "bold")
    values = {name: _number(one) for name, one in vector.numerical_features.items()}
    values |= vector.categorical_features
    rows: dict[str, list[list[str]]] = {}
    for one in FEATURES[vector.entity_type]:  # type: ignore[index]
        behind = made_of[one.name]
        latest = ", ".join(event_id for event_id, _ in behind.latest)
        rows.setdefault(one.family, []).append([one.name, values[one.name], one.unit, str(behind.count), latest])
    for family, some in rows.items():
        terminal.line()
        terminal.table(family, ["feature", "value", "unit", "made of", "latest events"], some, texts=(0, 4))


def _number(value: float) -> str:
    """Four digits, more only of large numbers; a dash where there is none."""
    return "–" if math.isnan(value) else f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"


def _table(terminal: Terminal, kind: str, at: int | None, out: Path) -> dict[str, Any]:
    """Write the table whole or not at all, a part of the entities at a time."""
    from homing.feature_engineering.parquet import write_parquet  # numpy

    homing = terminal.homing
    moment_asked = from_micros(homing.clock() if at is None else at)
    with terminal.progress("features") as advance:
        count, parts = homing.engineer.feature_tables(kind, as_of=moment_asked)
        rows, columns = write_parquet(parts, out, lambda done: advance(done, count))
    return {"rows": rows, "columns": columns, "out": str(out)}


def _distributions(terminal: Terminal, kind: str, at: int | None) -> dict[str, Any]:
    from homing.feature_engineering.distributions import distributions_of  # numpy

    homing = terminal.homing
    now = homing.clock() if at is None else at
    with terminal.progress("features") as advance:
        count, parts = homing.engineer.feature_tables(kind, as_of=from_micros(now))
        found = distributions_of(parts, lambda done: advance(done, count))
    simulated = (homing.settings.data_dir / SIMULATED_MARK).is_file()
    return {
        "entity_type": kind,
        "as_of": format_moment(now),
        "simulated": simulated,
        "features": [asdict(one) for one in found],
    }


def _show_distributions(terminal: Terminal, document: dict[str, Any]) -> None:
    title = f"features of each {document['entity_type']}" + (", simulated" if document["simulated"] else "")
    columns = ["feature", "missing", "lowest", "10 %", "median", "90 %", "highest", "commonest"]
    terminal.table(title, columns, [_distribution_row(one) for one in document["features"]], texts=(0, 7))


def _distribution_row(one: dict[str, Any]) -> list[str]:
    quantiles = ["–"] * 5 if one["quantiles"] is None else list(map(_number, one["quantiles"]))
    return [
        one["name"],
        f"{one['missing']:.0%}",
        *quantiles,
        ", ".join(f"{text} {share:.0%}" for text, share in one["commonest"]),
    ]


def _with_stats(terminal: Terminal, document: dict[str, Any], asked: bool) -> dict[str, Any]:
    """The document, with how it was computed if that was asked for."""
    if not asked:
        return document
    stats = terminal.homing.engineer.stats()
    cache = asdict(stats.cache) | {"hit_rate": stats.cache.hit_rate}
    kernels = {subject: state.phase for subject, state in stats.kernels.items()}
    told = {"compiled": stats.compiled, "interpreted": stats.interpreted, "failed": stats.failed}
    return document | {"stats": told | {"cache": cache, "kernels": kernels}}


def _show_stats(terminal: Terminal) -> None:
    stats = terminal.homing.engineer.stats()
    terminal.line(f"computed: {stats.compiled:,} compiled, {stats.interpreted:,} interpreted, {stats.failed:,} failed")
    terminal.line(f"cache: {stats.cache.hit_rate:.0%} of {stats.cache.hits + stats.cache.misses:,} found there")
