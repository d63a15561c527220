"""An evaluation as a page for people: HTML with its plots inside, Markdown with its plots beside it, figures as JSON.

`written` makes all files of a report from the document that `homing evaluate --json` prints and from where it came.
"""

from __future__ import annotations

from homing.evaluation.report.files import written
from homing.evaluation.report.origin import Origin

__all__ = ["Origin", "written"]
