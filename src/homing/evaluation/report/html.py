"""A report as one HTML file: no script, nothing loaded from elsewhere, readable on paper and in the dark."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from homing.evaluation.report.charts import STYLE
from homing.evaluation.report.markdown import TITLE
from homing.evaluation.report.origin import Origin
from homing.evaluation.report.sections import Chart, Section, Table

__all__ = ["html"]

_STRONG: Final = ' class="strong"'
_PAGE: Final = """
:root { color-scheme: light dark; --ground: #f6f5f2; --paper: #fff; --ink: #1c2422; --soft: #59635f; --line: #dfddd6;
  --accent: #0f766e; --warn: #8a5a00; --warn-ground: #fdf3dc;
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
@media (prefers-color-scheme: dark) { :root { --ground: #131817; --paper: #1c2322; --ink: #e8ecea; --soft: #a3afab;
  --line: #323b39; --accent: #4fc3b5; --warn: #f0c766; --warn-ground: #33290f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); }
main { max-width: 58rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; letter-spacing: -.01em; }
h2 { margin: 0 0 .35rem; font-size: 1.15rem; }
.origin { display: inline-block; margin: 0 0 1rem; padding: .2rem .75rem; border-radius: 99px; font-size: .85rem;
  font-weight: 600; background: var(--warn-ground); color: var(--warn); }
.says { margin: .75rem 0 2rem; font-size: 1.15rem; }
section { margin: 0 0 1.25rem; padding: 1.5rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: 12px; }
p { margin: 0 0 .5rem; color: var(--soft); max-width: 44rem; }
.says { color: var(--ink); }
figure { margin: 1rem 0 0; overflow-x: auto; } figure svg { display: block; max-width: 100%; height: auto; }
figcaption { font-size: .875rem; font-weight: 600; margin-bottom: .25rem; }
.wide { overflow-x: auto; margin-top: 1rem; }
table { border-collapse: collapse; width: 100%; font-size: .875rem; }
th, td { padding: .4rem .6rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
th { color: var(--soft); font-weight: 550; vertical-align: bottom; }
tr:last-child td, tr:last-child th { border-bottom: 0; } thead th { border-bottom: 2px solid var(--line) !important; }
tbody th { color: var(--ink); white-space: nowrap;
  vertical-align: top; }
th:first-child { text-align: left; padding-left: 0; } .pairs td, .pairs thead th { text-align: left; }
td { font-variant-numeric: tabular-nums; } .pairs td { overflow-wrap: anywhere; }
.strong th { font-weight: 700; color: var(--accent); }
@media print { section { break-inside: avoid; } body { background: none; } }
"""


def html(says: str, origin: Origin, parts: Sequence[Section]) -> str:
    """The report as one document."""
    body = "".join(map(_section, parts))
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{TITLE}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_PAGE}{STYLE}</style></head>'
        f'<body><main><p class="origin">{escape(origin.kind)}</p><h1>{TITLE}</h1>'
        f'<p class="says">{escape(says)}</p>{body}</main></body></html>\n'
    )


def _section(part: Section) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in part.lines)
    shown = "".join(_table(one) if isinstance(one, Table) else _figure(one, part) for one in part.shown)
    return f"<section><h2>{escape(part.title)}</h2>{lines}{shown}</section>"


def _figure(chart: Chart, part: Section) -> str:
    named = sum(isinstance(one, Chart) for one in part.shown) > 1
    title = chart.svg.partition("<title>")[2].partition("</title>")[0]
    return f'<figure tabindex="0">{f"<figcaption>{title}</figcaption>" if named else ""}{chart.svg}</figure>'


def _table(table: Table) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    rows = "".join(
        f"<tr{_STRONG if place in table.strong else ''}>"
        f'<th scope="row">{escape(texts[0])}</th>{"".join(f"<td>{escape(text)}</td>" for text in texts[1:])}</tr>'
        for place, texts in enumerate(table.rows)
    )
    kind = " pairs" if len(table.columns) == 2 else ""
    return (
        f'<div class="wide{kind}" tabindex="0"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )
