"""The trained models of one tenant on disk: numbered versions, of which the newest complete one serves."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote, unquote

from homing.core.clock import format_moment, parse_moment
from homing.core.durable import write_file
from homing.core.errors import DamagedArtifact, StorageError, reason
from homing.models import artifact
from homing.models.hybrid_model import HybridRecommendationModel

__all__ = ["ModelRegistry", "sealed"]

_CARD = "card.json"
_SEAL = "card_checksum"
_MODEL = "hybrid"


class ModelRegistry:
    """Folders `1`, `2`, … below `folder/<tenant>`, each holding a whole model and a card that says when it was trained.

    A version counts once its card is there; the card is written last, so a training that was cut off leaves nothing
    that would serve, and what it left is removed by the next one. One training of a tenant publishes at a time.
    """

    def __init__(self, folder: Path, tenant: str = "default") -> None:
        self.folder = folder / quote(tenant, safe="").replace(".", "%2E")

    @staticmethod
    def all_in(folder: Path) -> list[ModelRegistry]:
        """The registries of all tenants that ever trained, by name of tenant."""
        if not folder.is_dir():
            return []
        return [ModelRegistry(folder, unquote(entry.name)) for entry in sorted(folder.iterdir()) if entry.is_dir()]

    def versions(self) -> list[str]:
        """All complete versions, oldest first."""
        try:
            with os.scandir(self.folder) as entries:
                names = [entry.name for entry in entries if entry.name.isdigit()]
        except (FileNotFoundError, NotADirectoryError):
            return []
        whole = [name for name in names if os.path.isfile(f"{self.folder}/{name}/{_CARD}")]  # noqa: PTH113  # every answer asks, and a Path takes longer to make than to look up
        return sorted(whole, key=int)

    def written(self, version: str) -> int:
        """When the card of a version was written, in nanoseconds; 0 if it is gone."""
        try:
            return os.stat(f"{self.folder}/{version}/{_CARD}").st_mtime_ns  # noqa: PTH116  # as in `versions`
        except OSError:
            return 0

    def left_over(self) -> list[Path]:
        """What trainings that were cut off have left, or one that is at work has begun."""
        if not self.folder.is_dir():
            return []
        return sorted(entry for entry in self.folder.iterdir() if entry.is_dir() and not (entry / _CARD).is_file())

    def check(self, version: str) -> None:
        """Raise `DamagedArtifact` unless every byte of a version is as it was written."""
        artifact.read(self._checked(version))

    def newest(self) -> str | None:
        """The newest complete version."""
        return next(reversed(self.versions()), None)

    def trained_as_of(self, version: str) -> int:
        """The moment whose knowledge a version was trained on."""
        return parse_moment(str(self.card(version)["trained_as_of"]), "trained_as_of")

    def card(self, version: str) -> dict[str, object]:
        """What is known of a version: when, on what, how good, and the checksum of its manifest."""
        path = self.folder / version / _CARD
        try:
            card = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise DamagedArtifact(
                f"{path} is not a readable card: {reason(error)}. Train anew, or restore a backup."
            ) from error
        if not isinstance(card, dict):
            raise DamagedArtifact(f"{path} is not a card. Train anew, or restore a backup.")
        seal, found = card.pop(_SEAL, "no checksum"), _seal(card)
        if seal != found:
            raise DamagedArtifact(f"{path} has SHA-256 {found}, its seal is {seal}. Train anew, or restore a backup.")
        return card

    def load(self, version: str) -> HybridRecommendationModel:
        """A version, with every byte checked against what was written."""
        return HybridRecommendationModel.load(self._checked(version))

    def publish(self, model: HybridRecommendationModel, trained_as_of: int, card: dict[str, object]) -> str:
        """Save a model as the next version and let it serve; returns the version."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with self._alone():
                taken = [int(entry.name) for entry in self.folder.iterdir() if entry.name.isdigit()]
                for entry in self.left_over():
                    shutil.rmtree(entry)
                version = str(max(taken, default=0) + 1)
                checksum = model.save(self.folder / version / _MODEL)
                whole = {
                    **card,
                    "version": version,
                    "checksum": checksum,
                    "trained_as_of": format_moment(trained_as_of),
                }
                write_file(self.folder / version / _CARD, sealed(whole))
        except StorageError:
            raise
        except OSError as error:
            raise StorageError(f"The model could not be written to {self.folder}: {reason(error)}.") from error
        return version

    def _checked(self, version: str) -> Path:
        """The folder of a version's model, if its manifest is the one that the card was written for."""
        folder = self.folder / version / _MODEL
        checksum = str(self.card(version).get("checksum", ""))
        _, found = artifact.read_manifest(folder)
        if checksum != found:
            raise DamagedArtifact(
                f"{folder / artifact.MANIFEST} has SHA-256 {found}, its card says {checksum}. Train anew."
            )
        return folder

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def sealed(card: Mapping[str, object]) -> bytes:
    """A card as it is written: with the SHA-256 of all the rest of it, so that one changed by hand is not believed."""
    return json.dumps({**card, _SEAL: _seal(card)}, indent=2, sort_keys=True).encode()


def _seal(card: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(card, sort_keys=True).encode()).hexdigest()
