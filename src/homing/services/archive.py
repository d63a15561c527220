"""The form of a backup: a tar archive with a manifest first, then every file that the manifest names.

manifest.json                             what is inside, and the SHA-256 and size of each file
homing.sqlite3                            events, homes, people, keys: all tenants
models/<tenant>/<version>/...             the complete versions of every tenant's models
simulated-shoppers                        only where the leads are simulated
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import IO, Final

from homing.core.errors import BadInput
from homing.core.settings import SIMULATED_MARK

__all__ = ["DATABASE", "LONGEST_MANIFEST", "MANIFEST", "MODELS", "Contents", "Written", "copied"]

MANIFEST: Final = "manifest.json"
DATABASE: Final = "homing.sqlite3"
MODELS: Final = "models"
LONGEST_MANIFEST: Final = 64 * 2**20
_FORMAT: Final = "homing backup 1"
_PIECE: Final = 2**20


@dataclass(frozen=True, slots=True)
class Written:
    """The SHA-256 and the size in bytes of one file."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup holds: when and by which homing it was made, how much of everything, and its files."""

    made_at: str
    homing: str
    counts: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, Written] = field(default_factory=dict)

    def text(self) -> bytes:
        """The manifest."""
        files = {name: {"sha256": file.sha256, "size": file.size} for name, file in self.files.items()}
        about = {"format": _FORMAT, "made_at": self.made_at, "homing": self.homing}
        return json.dumps({**about, "counts": dict(self.counts), "files": files}, indent=2).encode()

    @classmethod
    def read(cls, text: bytes, where: str) -> Contents:
        """The inverse of `text`; what is no manifest, or names a file that no backup has, is refused."""
        try:
            told = json.loads(text)
            form = str(told["format"])
            files = {str(name): Written(str(one["sha256"]), int(one["size"])) for name, one in told["files"].items()}
            counts = {str(name): int(count) for name, count in told["counts"].items()}
            contents = cls(str(told["made_at"]), str(told["homing"]), counts, files)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise BadInput.of(where, "hold a manifest that homing backup wrote", text[:80]) from None
        if form != _FORMAT:
            raise BadInput.of(where, f"be of the form {_FORMAT!r}", form)
        strange = [name for name in files if not _belongs(name)]
        if strange or DATABASE not in files:
            raise BadInput.of(where, f"hold {DATABASE} and files below {MODELS}/, and no other", sorted(files)[:5])
        return contents


def _belongs(name: str) -> bool:
    path = PurePosixPath(name)
    whole = str(path) == name and not path.is_absolute() and ".." not in path.parts and "\0" not in name
    return whole and (name in (DATABASE, SIMULATED_MARK) or (path.parts[0] == MODELS and len(path.parts) > 1))


def copied(source: IO[bytes], target: IO[bytes] | None = None, limit: int | None = None) -> Written:
    """Read a stream piece by piece, at most so many bytes, perhaps into another; what went by."""
    digest, size = hashlib.sha256(), 0
    while piece := source.read(_PIECE if limit is None else min(_PIECE, limit - size)):
        digest.update(piece)
        size += len(piece)
        if target is not None:
            target.write(piece)
    return Written(digest.hexdigest(), size)
