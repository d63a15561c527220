"""Everything a user can meet is documented, and every Python example in the documentation runs."""

from __future__ import annotations

import re
import runpy
from dataclasses import fields
from pathlib import Path

import pytest

from figures import figures, in_ledger, sections, unfounded
from homing import models
from homing.api.problems import status_of
from homing.core import errors
from homing.core.settings import Settings
from homing.event_types import EventType

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = ROOT / "docs" / "reference"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def documented(page: str) -> set[str]:
    """The names in code style at the head of a table row or of a heading."""
    text = (REFERENCE / page).read_text()
    return set(re.findall(r"(?m)^(?:\| |#+ )\[?`([^`]+)`", text))


def test_every_event_type_is_documented():
    assert {kind.value for kind in EventType} - documented("events.md") == set()


def test_every_error_is_documented():
    raised = {name for name in errors.__all__ if isinstance(getattr(errors, name), type)} - {"Fault"}
    assert raised - documented("errors.md") == set()


def test_every_setting_is_documented():
    assert {field.name for field in fields(Settings)} - documented("settings.md") == set()


@pytest.mark.parametrize("page", ["cli.md", "http.md"])
def test_the_pages_written_from_the_program_are_fresh(page):
    written = runpy.run_path(str(ROOT / "tools" / "reference.py"))["PAGES"][page]()
    assert (REFERENCE / page).read_text() == written, "stale: run .venv/bin/python tools/reference.py"


def test_every_model_is_documented():
    assert {name for name in models.__all__ if name.endswith("Model")} - {"LearningModel"} - documented(
        "models.md"
    ) == set()


def test_every_error_is_documented_with_the_status_it_has():
    page = (REFERENCE / "errors.md").read_text()
    for name in documented("errors.md"):
        row = next(line for line in page.splitlines() if line.startswith(f"| `{name}` |"))
        error = getattr(errors, name)
        assert f" {status_of(error.__new__(error))} " in row.rsplit("|", 3)[1]


def test_every_decision_is_listed():
    decisions = ROOT / "docs" / "decisions"
    index = (decisions / "index.md").read_text()
    assert [path.name for path in sorted(decisions.glob("0*.md")) if path.name not in index] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_between_pages_leads_somewhere(page):
    targets = [target for target in LINK.findall(page.read_text()) if not target.startswith("http")]
    assert [target for target in targets if not (page.parent / target).exists()] == []


WRITTEN = [page for page in [*PAGES, ROOT / "CHANGELOG.md"] if REFERENCE not in page.parents]


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_figure_stands_beside_the_command_that_prints_it_and_says_of_whom_it_is(page):
    assert unfounded(page.read_text()) == []


@pytest.mark.parametrize(
    "script",
    [
        "recommender_quality.py",
        "demo_quality.py",
        "cold_quality.py",
        "calibration_quality.py",
        "simulated_calibration.py",
        "knowable_engagement.py",
    ],
)
def test_every_figure_of_a_command_with_a_ledger_stands_in_the_ledger(script):
    kept = in_ledger(script)
    told = [part for page in WRITTEN for part in sections(page.read_text()) if f"benchmarks/{script}`" in part]
    assert told
    assert [figure for part in told for figure in figures(part) if figure not in kept] == []


FOUNDED = "## Speed\nOn simulated leads `make bench` prints 12 ms and .081.\n"


@pytest.mark.parametrize(
    "broken",
    [
        FOUNDED.replace("`make bench`", "we"),
        FOUNDED.replace("make bench", "make believe"),
        FOUNDED.replace("make bench", "benchmarks/bench_nothing.py"),
        FOUNDED.replace("make bench", "homing boast"),
        FOUNDED.replace("simulated", "some"),
        f"{FOUNDED}## Quality\nOurs has .43, on real data.\n",
    ],
)
def test_a_figure_without_its_command_or_its_kind_is_found(broken):
    assert unfounded(FOUNDED) == []
    assert len(unfounded(broken)) == 1


def test_what_is_no_figure_is_none():
    assert figures("version 0.1.0 of `x=.25`, 95 % of 1,000 events, 14 days, docs/.05x") == []
    assert figures("| .384 [.367, .400] | 1,200 µs |") == [".384", ".367", ".400", "1,200 µs"]


EXAMPLES = [
    pytest.param(code, id=f"{page.relative_to(ROOT).as_posix()}-{number}")
    for page in PAGES
    for number, code in enumerate(PYTHON.findall(page.read_text()), 1)
]


@pytest.mark.parametrize("code", EXAMPLES)
def test_every_python_example_runs(code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "example", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out
