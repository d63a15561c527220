"""`homing demo`: the main job on real homes, from nothing to recommendations that one can look at."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.resources import as_file, files
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from homing.cli.imports import import_document
from homing.cli.learning import evaluation_document, learned_said, show_evaluation, training_document
from homing.cli.recommend import show_recommendations
from homing.cli.serve import check_address, start_server
from homing.cli.simulate import simulation_document
from homing.cli.terminal import Terminal
from homing.core.clock import to_micros
from homing.core.errors import BadInput
from homing.core.settings import SIMULATED_MARK
from homing.interfaces import Recommendations
from homing.personalization.answer import as_json
from homing.simulation.constants import fingerprint
from homing.store.events import EventQuery

__all__ = ["demo"]

LEADS: Final = 600
DAYS: Final = 60
SEED: Final = 7
STRANGER: Final = "somebody-new"

Result = TypeVar("Result")


def demo(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Print and leave; do not serve.")] = False,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Address to listen on; a loopback one.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="N", help="Port to listen on.", min=1, max=65535)] = 8080,
) -> None:
    """Real King County homes, simulated shoppers: load, learn, evaluate, recommend, serve."""
    outer: Terminal = context.obj
    if not once:
        check_address(host, port)
    terminal = _fresh(outer)
    document, answers = _run(terminal)

    def show() -> None:
        show_evaluation(terminal, document["evaluation"])
        for answer in answers:
            terminal.line()
            show_recommendations(terminal, answer)
        terminal.line()
        terminal.line("The homes are real, their shoppers are simulated.")

    terminal.answer(document, show)
    if not once:
        start_server(terminal, host, port, 1)


@dataclass
class _Steps:
    """Does one step after the other and says what each took."""

    terminal: Terminal
    seconds: dict[str, float]

    def __call__(self, what: str, work: Callable[[], Result], said: Callable[[Result], str]) -> Result:
        started = time.perf_counter()
        result = work()
        self.seconds[what] = round(time.perf_counter() - started, 2)
        self.terminal.say(f"{what}: {said(result)} ({self.seconds[what]:.1f} s)")
        return result


def _run(terminal: Terminal) -> tuple[dict[str, Any], list[Recommendations]]:
    step = _Steps(terminal, {})
    folder = terminal.homing.settings.data_dir / "simulated"
    with as_file(files("homing.data") / "kc_house_data.csv.gz") as homes:
        made = step("simulate", lambda: _simulated(terminal, homes, folder), _simulation_said)
    imported = {}
    for what in ("listings", "leads", "agents", "events"):
        load = partial(import_document, terminal, what, folder / f"{what}.jsonl.gz")
        imported[what] = step(f"import {what}", load, _import_said)
    trained = step("train", lambda: training_document(terminal), lambda d: learned_said(d["models"][-1]["metrics"]))
    evaluation = step(
        "evaluate",
        lambda: evaluation_document(terminal),
        lambda d: f"{d['leads']} leads, on what they did after {d['cut']}",
    )
    leads = _three_leads(terminal)
    answers = [terminal.homing.engine.recommend(lead, 10) for lead in leads]
    document = {
        "simulated_shoppers": True,
        "simulate": made,
        "import": imported,
        "train": trained,
        "evaluation": evaluation,
        "recommendations": [as_json(answer) for answer in answers],
        "seconds": step.seconds,
    }
    return document, answers


def _fresh(outer: Terminal) -> Terminal:
    """A terminal over an empty `demo` folder in the data folder; only a folder that a demo made is emptied."""
    folder = outer.homing.settings.data_dir / "demo"
    if folder.exists() and not (folder / SIMULATED_MARK).is_file():
        raise BadInput.of("--data-dir", f"hold no other folder named demo ({folder} was not made by a demo)", "one")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / SIMULATED_MARK).write_text(fingerprint())
    return replace(outer, data_dir=folder, database=None)


def _simulated(terminal: Terminal, homes: Path, folder: Path) -> dict[str, Any]:
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return simulation_document(
        terminal, leads=LEADS, days=DAYS, seed=SEED, listings=homes, end=to_micros(midnight), out=folder
    )


def _import_said(document: dict[str, Any]) -> str:
    kept = {name: count for name, count in document.items() if isinstance(count, int) and count and name != "read"}
    refused = len(document["refused"])
    said = ", ".join(f"{count:,} {name}" for name, count in kept.items())
    return f"{said}, {refused:,} refused" if refused else said


def _simulation_said(document: dict[str, Any]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in document["counts"].items())


def _three_leads(terminal: Terminal) -> Sequence[str]:
    """The lead that did most, one in the middle, and one that nobody knows."""
    homing = terminal.homing
    columns = homing.tracker.store.columns(homing.settings.tenant, EventQuery())
    counts: dict[str, int] = {}
    for code in columns.lead[columns.lead >= 0].tolist():
        name = columns.leads.ids[code]
        counts[name] = counts.get(name, 0) + 1
    ranked = sorted(counts, key=lambda name: (-counts[name], name))
    return [ranked[0], ranked[len(ranked) // 2], STRANGER]
