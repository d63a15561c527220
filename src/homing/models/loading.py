"""A saved model of any registered class, from its folder."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from homing.core.errors import BadInput
from homing.models import OURS, artifact
from homing.models.base import LearningModel
from homing.models.installed import installed, model_class

__all__ = ["load_model", "registered"]


def registered() -> tuple[str, ...]:
    """The names of the models that can be loaded: homing's own, then those that installed packages bring."""
    return (*OURS, *installed(OURS))


def load_model(folder: Path | str, *, checksum: str | None = None) -> LearningModel[Any]:
    """The model saved in a folder, whichever it is; only classes that are registered are ever made.

    Every byte is checked against the manifest, and the manifest against `checksum` where one is given, before the class
    is looked up; so of a folder that was changed nothing is made and no package imported.
    """
    content = artifact.read(folder, checksum)
    points = {} if content.model in OURS else installed(OURS)
    kind: type[LearningModel[Any]]
    if content.model in OURS:
        kind = getattr(import_module(f"homing.models.{OURS[content.model]}"), content.model)
    elif content.model in points:
        kind = model_class(content.model, points)
    else:
        raise BadInput.of("folder", f"hold one of {sorted([*OURS, *points])}", content.model)
    return kind.unpacked(content.config, content.arrays)
