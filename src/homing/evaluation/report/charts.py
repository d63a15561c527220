"""Charts as SVG text: figures with their intervals in rows, and said against seen. They need no script and no file."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Final

from homing.evaluation.report.words import number

__all__ = ["STYLE", "Mark", "forest", "reliability_chart", "standing_alone", "ticks"]

STYLE: Final = """
.chart { --ink: #1c2422; --soft: #59635f; --line: #dfddd6; --accent: #0f766e; --plain: #8b948f;
  font: 13px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
.chart text { fill: var(--ink); } .chart .soft { fill: var(--soft); font-size: 12px; }
.chart .strong { font-weight: 650; } .chart .grid { stroke: var(--line); } .chart .zero { stroke: var(--soft); }
.chart .range { stroke: var(--plain); stroke-width: 2.5; stroke-linecap: round; } .chart .dot { fill: var(--plain); }
.chart .own .range { stroke: var(--accent); } .chart .own .dot { fill: var(--accent); }
.chart .ideal { stroke: var(--soft); stroke-dasharray: 4 4; fill: none; }
.chart .path { stroke: var(--accent); stroke-width: 2; fill: none; }
@media (prefers-color-scheme: dark) { .chart { --ink: #e8ecea; --soft: #a3afab; --line: #323b39;
  --accent: #4fc3b5; --plain: #7f8a86; } }
"""

_WIDTH, _LEFT, _RIGHT, _ROW, _TOP = 820, 204, 150, 28, 30
_SQUARE, _EDGE = 360, 48


@dataclass(frozen=True, slots=True)
class Mark:
    """A row of a chart: its label, its value with the ends of its interval where there is one; `own` stands out."""

    label: str
    value: float
    bounds: tuple[float, float] | None = None
    own: bool = False


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers that cover a range, at most so many steps of 1, 2 or 5 times a power of ten.

    An empty range is made one of length 1.

    >>> ticks(0.0, 0.093), ticks(-0.01, 0.03)
    ([0.0, 0.02, 0.04, 0.06, 0.08, 0.1], [-0.01, 0.0, 0.01, 0.02, 0.03])
    """
    high = high if high > low else low + 1.0
    wide = high - low
    power = 10.0 ** math.floor(math.log10(wide / most))
    step = next(size * power for size in (1, 2, 5, 10, 20) if wide / (size * power) <= most)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 10) for place in range(first, last + 1)]


def forest(title: str, marks: Sequence[Mark]) -> str:
    """Values in rows with their intervals, over an axis that holds zero."""
    ends = [end for mark in marks for end in (mark.bounds or (mark.value, mark.value))]
    scale = ticks(min(0.0, *ends), max(0.0, *ends)) if ends else [0.0, 1.0]
    height = _TOP + _ROW * len(marks) + 12
    wide = (_WIDTH - _LEFT - _RIGHT) / ((scale[-1] - scale[0]) or 1.0)

    def x(value: float) -> float:
        return round(_LEFT + (value - scale[0]) * wide, 1)

    digits = _decimals(scale)
    lines = [
        f'<line class="{"grid" if tick else "zero"}" x1="{x(tick)}" x2="{x(tick)}" y1="{_TOP}" y2="{height - 8}"/>'
        f'<text class="soft" x="{x(tick)}" y="{_TOP - 10}" text-anchor="middle">{_axis(tick, digits)}</text>'
        for tick in scale
    ]
    for place, mark in enumerate(marks):
        y = _TOP + _ROW * place + _ROW // 2 + 2
        strong = ' class="strong"' if mark.own else ""
        told = number(mark.value) + (f" [{number(mark.bounds[0])}, {number(mark.bounds[1])}]" if mark.bounds else "")
        lines.append(
            f'<g class="{"own" if mark.own else "other"}">'
            f'<text{strong} x="{_LEFT - 14}" y="{y + 4}" text-anchor="end">{escape(mark.label)}</text>'
            + (_range(x(mark.bounds[0]), x(mark.bounds[1]), y) if mark.bounds else "")
            + f'<circle class="dot" cx="{x(mark.value)}" cy="{y}" r="5"/>'
            f'<text class="soft" x="{_WIDTH}" y="{y + 4}" text-anchor="end">{told}</text></g>'
        )
    return _svg(title, _WIDTH, height, lines)


def reliability_chart(title: str, bins: Sequence[Mapping[str, Any]]) -> str:
    """What was said against what was seen, a dot a bin; on the dashed line where they agree."""
    most = max((max(one["said"], one["seen"]) for one in bins), default=1.0)
    scale = ticks(0.0, most, 5)
    size = (_SQUARE - 2 * _EDGE) / scale[-1]

    def x(value: float) -> float:
        return round(_EDGE + value * size, 1)

    def y(value: float) -> float:
        return round(_SQUARE - _EDGE - value * size, 1)

    lines = []
    digits = _decimals(scale)
    for tick in scale:
        told = _axis(tick, digits)
        lines += [
            f'<line class="grid" x1="{x(tick)}" x2="{x(tick)}" y1="{y(0)}" y2="{y(scale[-1])}"/>',
            f'<line class="grid" x1="{x(0)}" x2="{x(scale[-1])}" y1="{y(tick)}" y2="{y(tick)}"/>',
            f'<text class="soft" x="{x(tick)}" y="{y(0) + 18}" text-anchor="middle">{told}</text>',
            f'<text class="soft" x="{x(0) - 8}" y="{y(tick) + 4}" text-anchor="end">{told}</text>',
        ]
    path = " ".join(f"{x(one['said'])},{y(one['seen'])}" for one in bins)
    lines += [
        f'<line class="ideal" x1="{x(0)}" y1="{y(0)}" x2="{x(scale[-1])}" y2="{y(scale[-1])}"/>',
        f'<polyline class="path" points="{path}"/>',
        '<g class="own">',
        *(f'<circle class="dot" cx="{x(one["said"])}" cy="{y(one["seen"])}" r="5"/>' for one in bins),
        "</g>",
        f'<text class="soft" x="{_SQUARE / 2}" y="{_SQUARE - 8}" text-anchor="middle">probability said</text>',
        f'<text class="soft" transform="translate(14 {_SQUARE / 2}) rotate(-90)" text-anchor="middle">rate seen</text>',
    ]
    return _svg(title, _SQUARE, _SQUARE, lines)


def standing_alone(chart: str) -> str:
    """The chart as a file of its own, with its style inside."""
    return chart.replace("<title>", f"<style>{STYLE}</style><title>", 1) + "\n"


def _range(low: float, high: float, y: float) -> str:
    return f'<line class="range" x1="{low}" x2="{high}" y1="{y}" y2="{y}"/>'


def _decimals(scale: Sequence[float]) -> int:
    """How many decimals tell the ticks of an axis apart."""
    return max(0, -math.floor(math.log10(scale[1] - scale[0]) + 1e-9))


def _axis(tick: float, digits: int) -> str:
    return number(tick, digits) if tick else "0"


def _svg(title: str, width: float, height: float, lines: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" style="min-width: {min(width, 640)}px" role="img"><title>{escape(title)}</title>'
        f"{''.join(lines)}</svg>"
    )
