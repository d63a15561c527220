"""The trained models of one tenant on disk: numbered versions, of which the newest complete one serves."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

from homing.core.clock import format_moment, parse_moment
from homing.core.errors import DamagedArtifact, StorageError
from homing.models import artifact
from homing.models.hybrid_model import HybridRecommendationModel

__all__ = ["ModelRegistry"]

_CARD = "card.json"


class ModelRegistry:
    """Folders `1`, `2`, … below `folder/<tenant>`, each holding a whole model and a card that says when it was trained.

    A version counts once its card is there; the card is written last, so a training that was cut off leaves nothing
    that would serve.
    """

    def __init__(self, folder: Path, tenant: str = "default") -> None:
        self.folder = folder / quote(tenant, safe="").replace(".", "%2E")

    def versions(self) -> list[str]:
        """All complete versions, oldest first."""
        if not self.folder.is_dir():
            return []
        found = [entry.name for entry in self.folder.iterdir() if entry.name.isdigit() and (entry / _CARD).is_file()]
        return sorted(found, key=int)

    def newest(self, *, trained_by: int | None = None) -> str | None:
        """The newest version, or the newest whose training saw nothing later than a moment."""
        for version in reversed(self.versions()):
            if trained_by is None or self.trained_as_of(version) <= trained_by:
                return version
        return None

    def trained_as_of(self, version: str) -> int:
        """The moment whose knowledge a version was trained on."""
        return parse_moment(str(self.card(version)["trained_as_of"]), "trained_as_of")

    def card(self, version: str) -> dict[str, object]:
        """What is known of a version: when, on what, how good, and the checksum of its manifest."""
        path = self.folder / version / _CARD
        try:
            card = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise DamagedArtifact(f"{path} is not a readable card: {error}") from error
        if not isinstance(card, dict):
            raise DamagedArtifact(f"{path} is not a card")
        return card

    def load(self, version: str) -> HybridRecommendationModel:
        """A version, with every byte checked against what was written."""
        folder = self.folder / version / "hybrid"
        checksum = str(self.card(version).get("checksum", ""))
        _, found = artifact.read_manifest(folder)
        if checksum != found:
            raise DamagedArtifact(f"{folder / artifact.MANIFEST} has SHA-256 {found}, its card says {checksum}")
        return HybridRecommendationModel.load(folder)

    def publish(self, model: HybridRecommendationModel, trained_as_of: int, card: dict[str, object]) -> str:
        """Save a model as the next version and let it serve; returns the version."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            taken = [int(entry.name) for entry in self.folder.iterdir() if entry.name.isdigit()]
            version = str(max(taken, default=0) + 1)
            checksum = model.save(self.folder / version / "hybrid")
            whole = {**card, "version": version, "checksum": checksum, "trained_as_of": format_moment(trained_as_of)}
            artifact.write_file(self.folder / version / _CARD, json.dumps(whole, indent=2, sort_keys=True).encode())
        except OSError as error:
            raise StorageError(f"The model could not be written to {self.folder}: {error}") from error
        return version
