"""A saved model of any of our classes, from its folder."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from homing.core.errors import BadInput
from homing.models import MODELS, artifact
from homing.models.base import LearningModel

__all__ = ["load_model"]


def load_model(folder: Path | str, *, checksum: str | None = None) -> LearningModel[Any]:
    """The model saved in a folder, whichever it is; only classes that `homing.models` lists are ever made."""
    name = artifact.read_manifest(folder)[0]["model"]
    if name not in MODELS:
        raise BadInput.of("folder", f"hold one of {sorted(MODELS)}", name)
    kind: type[LearningModel[Any]] = getattr(import_module(f"homing.models.{MODELS[name]}"), name)
    return kind.load(folder, checksum=checksum)
