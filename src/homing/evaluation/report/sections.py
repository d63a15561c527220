"""What a report says, before it is HTML or Markdown: charts, tables and sentences in their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from homing.evaluation.grading import BASELINES
from homing.evaluation.report.charts import Mark, forest, reliability_chart
from homing.evaluation.report.origin import Origin
from homing.evaluation.report.words import LEFT_OUT, MEASURES, PROTOCOLS, ROWS, label, number, spread, subject

__all__ = ["Chart", "Section", "Table", "sections"]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart: the name of its file, its SVG, and what it shows in words."""

    name: str
    svg: str
    says: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns, and rows of texts; the first is the name of the row, `strong` are rows that stand out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, sentences, and what they are about."""

    title: str
    lines: tuple[str, ...]
    shown: tuple[Chart | Table, ...] = ()


_METHODS: Final = {"platt": "a logistic curve", "isotonic": "isotonic steps"}
_SHOWN: Final = ("coverage", "novelty", "area_diversity", "price_diversity")


def sections(document: Mapping[str, Any], origin: Origin) -> list[Section]:
    """The sections of an evaluation."""
    parts = (_ranking, _against, _all_measures, _variety, _calibration, _selection)
    found = (part(document) for part in parts)
    return [*(section for section in found if section is not None), _method(document, origin)]


def _marks(rows: Sequence[Mapping[str, Any]], measure: str) -> list[Mark]:
    known = [row for row in rows if row.get(measure) is not None]
    return [
        Mark(
            label(row["model"]),
            row[measure],
            tuple(row["ci"][measure]) if measure in row["ci"] else None,
            row["model"] not in BASELINES,
        )
        for row in sorted(known, key=lambda row: -row[measure])
    ]


def _ranking(document: Mapping[str, Any]) -> Section:
    title = f"NDCG@{document['k']} by model"
    marks = _marks(document["rows"], "ndcg")
    says = "; ".join(f"{mark.label} {number(mark.value)}" for mark in marks)
    return Section(
        title,
        (
            f"Mean over {document['leads']:,} leads and its 95 % interval by bootstrap over leads. "
            "Baselines are grey, our models green.",
        ),
        (Chart("ndcg", forest(title, marks), says),),
    )


def _against(document: Mapping[str, Any]) -> Section | None:
    row = subject(document)
    if row is None or not row["differences"]:
        return None
    title = f"{label(row['model'])} less each baseline, NDCG@{document['k']}"
    marks = [
        Mark(label(name), found["ndcg"]["mean"], tuple(found["ndcg"]["ci"]), own=found["ndcg"]["ci"][0] > 0)
        for name, found in row["differences"].items()
    ]
    return Section(
        title[0].upper() + title[1:],
        ("The difference lead by lead and its 95 % interval. Green: the whole interval is above zero.",),
        (Chart("differences", forest(title, marks), "; ".join(f"{m.label} {number(m.value)}" for m in marks)),),
    )


def _all_measures(document: Mapping[str, Any]) -> Section:
    tables = _measured(document, [name for name in MEASURES if name not in _SHOWN])
    return Section("How right the lists are", (f"Of the first {document['k']} homes of each list.",), tables)


def _variety(document: Mapping[str, Any]) -> Section:
    marks = _marks(document["rows"], "coverage")
    says = "; ".join(f"{mark.label} {number(mark.value)}" for mark in marks)
    chart = Chart("coverage", forest("Coverage of the homes open to anybody", marks), says)
    lines = ("A list can be right by showing everybody the same; these measures tell.",)
    return Section("What the lists show", lines, (chart, *_measured(document, _SHOWN)))


def _measured(document: Mapping[str, Any], names: Sequence[str]) -> tuple[Table, Table]:
    """The measures of each row, best NDCG first, and what they mean."""
    known = [name for name in names if any(row.get(name) is not None for row in document["rows"])]
    rows = sorted(document["rows"], key=lambda row: -row["ndcg"])
    table = Table(
        ("model", *(MEASURES[name][0] for name in known)),
        tuple((label(row["model"]), *(number(row.get(name)) for name in known)) for row in rows),
        frozenset(place for place, row in enumerate(rows) if row["model"] not in BASELINES),
    )
    return table, Table(("measure", "what it is"), tuple(MEASURES[name] for name in known))


def _calibration(document: Mapping[str, Any]) -> Section | None:
    found = document.get("calibration")
    if found is None:
        return None
    title = "Can the confidence be taken at its word?"
    if "why" in found:
        return Section(
            title, (f"Not measured: {found['why']} ({found['n']:,} homes, {found['positives']:,} engaged with).",)
        )
    about = "opened" if found["opened_stand_in_for_shown"] else "shown"
    lines = (
        f"{found['n']:,} homes {about} after the cut, {found['positives']:,} of them engaged with within 14 days; "
        f"calibrated by {_METHODS[found['method']]}.",
        f"Calibration error {number(found['ece'])} {spread(found['ece_ci'])} (equal mass, debiased; 95 % interval by "
        f"lead), slope {number(found['slope'])} and intercept {number(found['intercept'])} (1 and 0 where calibrated), "
        f"Brier {number(found['brier'])}, skill {number(found['brier_skill'])}.",
    )
    told = "; ".join(f"{number(one['said'])} said, {number(one['seen'])} seen" for one in found["bins"])
    chart = Chart("reliability", reliability_chart("Probability said, rate seen", found["bins"]), told)
    return Section(title, lines, (chart, _slices(found["slices"])))


def _slices(found: Sequence[Mapping[str, Any]]) -> Table:
    """How far the confidence held in parts of what was shown."""
    rows = tuple(
        (one["slice"], f"{one['n']:,}", *(number(one[name]) for name in ("said", "seen", "ece")), spread(one["ece_ci"]))
        for one in found
    )
    return Table(("among", "homes", "said", "seen", "calibration error", "95 % interval"), rows)


def _selection(document: Mapping[str, Any]) -> Section | None:
    found = document.get("selection")
    if found is None:
        return None
    lines = (
        f"Chosen on {found['leads']:,} leads after {found['cut']}: {label(found['model'])}, with NDCG@{document['k']} "
        f"{number(found['ndcg_when_chosen'])} there and {number(found['ndcg_after'])} after the outer cut.",
    )
    rows = tuple((label(row["model"]), number(row["ndcg"]), spread(row["ci"])) for row in found["rows"])
    return Section(
        "What was chosen, and from what", lines, (Table(("model", "NDCG when chosen", "95 % interval"), rows),)
    )


def _method(document: Mapping[str, Any], origin: Origin) -> Section:
    facts = [
        ("shoppers", origin.kind),
        ("protocol", f"{document['protocol']}, k = {document['k']}"),
        *([("cut", f"{document['cut']}, graded up to {document['end']}")] if "cut" in document else []),
        *([("folds", str(document["folds"]))] if "folds" in document else []),
        ("leads graded", f"{document['leads']:,}"),
        ("candidates", f"{document['candidates']:,} homes"),
        ("test homes", f"{document['test_items']:,}"),
        ("seed", str(document["seed"])),
        ("command", origin.command),
        ("version", origin.version),
        ("date", origin.at),
    ]
    left_out = [f"{count:,} {LEFT_OUT[name]}" for name, count in document["left_out"].items() if count]
    lines = [PROTOCOLS[document["protocol"]]]
    if left_out:
        lines.append(f"Left out: {'; '.join(left_out)}.")
    lines += [f"Not in the table: {label(one['model'])}. {one['why']}" for one in document["absent"]]
    there = {row["model"] for row in document["rows"]}
    baselines = tuple((label(name), ROWS[name]) for name in BASELINES if name in there)
    tables = (Table(("what", "value"), tuple(facts)), Table(("baseline", "what it does"), baselines))
    return Section("How it was measured", tuple(lines), tables)
