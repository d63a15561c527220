"""Writes docs/reference/feature-distributions.md: how each feature is distributed over the demo's simulated market.

Run: .venv/bin/python tools/feature_distributions.py (some minutes). The market ends at a fixed moment, so the page is
the same on any day; `tests/features/test_reference.py` refuses one that was made of other declarations.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from homing.cli.demo import DAYS, LEADS, SEED
from homing.feature_engineering import FEATURES, version_of

PAGE = Path(__file__).resolve().parent.parent / "docs" / "reference" / "feature-distributions.md"
END = "2026-11-01T00:00:00Z"
SUBJECTS = {"lead": "Leads", "property": "Homes", "agent": "Agents"}
HEAD = """# Distributions of features

Over the market of the demo as of {end}: {leads} **simulated** shoppers, {days} days, seed {seed}, on real homes of
King County. They say what to expect of a feature's scale and how often it is missing; nothing of real leads. Written by
`python tools/feature_distributions.py`. `homing features --all --type lead --distributions` prints those of your data.
"""


def homing(folder: Path, *words: str) -> Any:
    """What a command answers."""
    command = [sys.executable, "-m", "homing", "--data-dir", str(folder), "--json", *words]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)  # noqa: S603  # our own commands
    return json.loads(done.stdout)


def distributions(folder: Path) -> dict[str, Any]:
    """Of each subject, over a market made anew."""
    market = folder / "market"
    with as_file(files("homing.data") / "kc_house_data.csv.gz") as homes:
        sizes = ("--leads", str(LEADS), "--days", str(DAYS), "--seed", str(SEED), "--end", END)
        homing(folder, "simulate", *sizes, "--listings", str(homes), "--out", str(market))
    for what in ("listings", "leads", "agents", "events"):
        homing(folder, "import", what, str(market / f"{what}.jsonl.gz"))
    asked = ("features", "--all", "--distributions", "--as-of", END)
    return {subject: homing(folder, *asked, "--type", subject)["features"] for subject in SUBJECTS}


def page(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> str:
    """The page as Markdown."""
    head = HEAD.format(end=END, leads=LEADS, days=DAYS, seed=SEED)
    return "\n".join([head, *(line for subject, features in found.items() for line in section(subject, features))])


def section(subject: str, features: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """One subject: numbers, then categories."""
    yield f"## {SUBJECTS[subject]}: version `{version_of(FEATURES[subject])}`\n"
    yield "| feature | missing | lowest | 10 % | median | 90 % | highest |\n|---|---|---|---|---|---|---|"
    for one in features:
        if not one["commonest"]:
            numbers = (
                ["–"] * 5
                if one["quantiles"] is None
                else [f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}" for value in one["quantiles"]]
            )
            yield f"| `{one['name']}` | {one['missing']:.0%} | {' | '.join(numbers)} |"
    yield ""
    texts = [one for one in features if one["commonest"]]
    if texts:
        yield "| category | unknown | commonest |\n|---|---|---|"
        for one in texts:
            told = ", ".join(f"{text} {share:.0%}" for text, share in one["commonest"])
            yield f"| `{one['name']}` | {one['missing']:.0%} | {told} |"
        yield ""


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        PAGE.write_text(page(distributions(Path(made))))
