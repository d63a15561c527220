"""`homing features`: what is known of one lead, home or agent, or of all of them as a table."""

from __future__ import annotations

import asyncio
import math
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from homing.cli.terminal import Terminal, moment
from homing.core.clock import format_moment, from_micros, to_micros
from homing.core.errors import BadInput, Fault, StorageError, UnknownId, reason, shown
from homing.interfaces import FeatureVector
from homing.store.events import EventQuery
from homing.wiring import Homing

__all__ = ["feature_document", "features"]

_TYPES: Final = ("lead", "agent", "property")


def features(
    context: typer.Context,
    entity: Annotated[str | None, typer.Argument(metavar="ID", help="Whose features.")] = None,
    kind: Annotated[str, typer.Option("--type", metavar="TYPE", help="lead, agent or property.")] = "lead",
    as_of: Annotated[
        str | None, typer.Option(metavar="MOMENT", help="As of this moment (RFC 3339; left out: now).")
    ] = None,
    everybody: Annotated[bool, typer.Option("--all", help="All of a type, to a Parquet file.")] = False,
    engine: Annotated[str, typer.Option(metavar="NAME", help="Where it runs: local.")] = "local",
    out: Annotated[Path | None, typer.Option(metavar="F.parquet", help="The Parquet file, with --all.")] = None,
) -> None:
    """The behavioral features of one id, or of all with --all --out FILE."""
    terminal: Terminal = context.obj
    _check(entity, kind, everybody, engine, out)
    at = moment(as_of)
    if out is not None:
        document = _table(terminal, kind, at, out)
        terminal.answer(document, lambda: terminal.line(f"{document['rows']:,} rows, {document['columns']} columns"))
    elif entity is not None:
        now = terminal.homing.clock() if at is None else at
        _known(terminal.homing, entity, kind, now)
        vector = asyncio.run(terminal.homing.engineer.extract_features(entity, kind, as_of=from_micros(now)))
        terminal.answer(feature_document(vector), lambda: _show(terminal, vector))


def _check(entity: str | None, kind: str, everybody: bool, engine: str, out: Path | None) -> None:
    """Everything that is wrong with what was asked for."""
    faults = []
    if kind not in _TYPES:
        faults.append(Fault("--type", f"be one of {', '.join(_TYPES)}", shown(kind)))
    if engine != "local":
        faults.append(Fault("--engine", "be local", shown(engine)))
    if everybody and entity is not None:
        faults.append(Fault("ID", "be left out with --all", shown(entity)))
    if everybody and out is None:
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


def _show(terminal: Terminal, vector: FeatureVector) -> None:
    from homing.feature_engineering import FEATURES  # the units, for people only

    units = {one.name: one.unit for one in FEATURES[vector.entity_type]}  # type: ignore[index]
    title = (
        f"{vector.entity_type} {vector.entity_id}, {vector.event_count} events, as of {vector.as_of:%Y-%m-%d %H:%M} UTC"
    )
    rows = [[name, f"{value:,.4g}", units.get(name, "")] for name, value in vector.numerical_features.items()]
    rows += [[name, value, ""] for name, value in vector.categorical_features.items()]
    terminal.table(title, ["feature", "value", "unit"], [[n, "–" if v == "nan" else v, u] for n, v, u in rows])


def _table(terminal: Terminal, kind: str, at: int | None, out: Path) -> dict[str, Any]:
    """Write the table whole or not at all."""
    import polars as pl  # heavy: loads only for files

    homing = terminal.homing
    with terminal.progress("features"):
        table = homing.engineer.feature_table(kind, as_of=from_micros(homing.clock() if at is None else at))
    columns: dict[str, Any] = {"entity_id": list(table.entity_ids)}
    columns |= {name: table.numbers[:, place] for place, name in enumerate(table.names)}
    columns |= {name: list(values) for name, values in table.categories.items()}
    frame = pl.DataFrame(columns, schema_overrides={"entity_id": pl.String})
    fresh = out.with_name(f".{out.name}.part")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(fresh)
        fresh.replace(out)
    except OSError as error:
        raise StorageError(f"{out} could not be written: {reason(error)}. Name another file with --out.") from error
    finally:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
    return {"rows": frame.height, "columns": frame.width, "out": str(out)}
