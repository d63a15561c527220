"""The files of a report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from homing.evaluation.report.charts import standing_alone
from homing.evaluation.report.html import html
from homing.evaluation.report.markdown import markdown
from homing.evaluation.report.origin import Origin
from homing.evaluation.report.sections import Chart, sections
from homing.evaluation.report.words import headline

__all__ = ["written"]


def written(document: Mapping[str, Any], origin: Origin) -> dict[str, str]:
    """The content of each file by its name: evaluation.html, evaluation.md with its charts as SVG, evaluation.json.

    `document` is what an evaluation answers. The HTML stands alone.
    """
    parts, says = sections(document, origin), headline(document)
    charts = [shown for part in parts for shown in part.shown if isinstance(shown, Chart)]
    return {
        "evaluation.html": html(says, origin, parts),
        "evaluation.md": markdown(says, origin, parts),
        "evaluation.json": json.dumps({"origin": asdict(origin), **document}, indent=1, allow_nan=False) + "\n",
        **{f"{chart.name}.svg": standing_alone(chart.svg) for chart in charts},
    }
