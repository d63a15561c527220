"""A saved model: a folder with arrays and a manifest of checksums. Nothing in it can run code.

    folder/arrays.safetensors   every learned array
    folder/manifest.json        class, version of homing, configuration, and the SHA-256 of each file

The folder appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from homing.core.durable import sync_folder, write_through
from homing.core.errors import BadInput, DamagedArtifact, StorageError, reason, shown
from homing.core.ids import Vocabulary

__all__ = [
    "Artifact",
    "ids_from",
    "packed_ids",
    "packed_text",
    "read",
    "read_manifest",
    "text_from",
    "write",
]

ARRAYS = "arrays.safetensors"
MANIFEST = "manifest.json"
_WAY_OUT = "Train it anew, or restore a backup."
_FORMAT = 1

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Artifact:
    """What one folder holds: the model's class by name, its configuration, and its arrays."""

    model: str
    config: Mapping[str, Any]
    arrays: Arrays = field(default_factory=dict)
    version: str = ""
    checksum: str = ""


def write(folder: Path | str, artifact: Artifact) -> str:
    """Write an artifact; an older one in the same place is replaced. Returns the SHA-256 of the manifest."""
    target = Path(folder)
    plain = {name: np.ascontiguousarray(array) for name, array in artifact.arrays.items()}
    content = save(plain)
    manifest = {
        "format": _FORMAT,
        "model": artifact.model,
        "homing": artifact.version,
        "config": dict(artifact.config),
        "files": {ARRAYS: hashlib.sha256(content).hexdigest()},
    }
    text = json.dumps(manifest, indent=2, sort_keys=True, allow_nan=False).encode()
    try:
        _place(target, {ARRAYS: content, MANIFEST: text})
    except OSError as error:
        raise StorageError(f"The model could not be written to {target}: {reason(error)}.") from error
    return hashlib.sha256(text).hexdigest()


def read_manifest(folder: Path | str) -> tuple[Mapping[str, Any], str]:
    """The manifest of a folder and its SHA-256; a folder without a readable one is a damaged artifact."""
    path = Path(folder) / MANIFEST
    try:
        text = path.read_bytes()
        manifest = json.loads(text)
        known = manifest["format"] == _FORMAT and {"model", "homing", "config", "files"} <= set(manifest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedArtifact(f"{path} is not a readable manifest: {reason(error)}. {_WAY_OUT}") from error
    if not known or not isinstance(manifest["files"], dict) or not isinstance(manifest["config"], dict):
        raise DamagedArtifact(f"{path} is not a manifest of format {_FORMAT}. {_WAY_OUT}")
    return manifest, hashlib.sha256(text).hexdigest()


def read(folder: Path | str, checksum: str | None = None) -> Artifact:
    """Read a folder whose bytes are those that were written; otherwise `DamagedArtifact` names the file.

    `checksum` is what `write` returned; if given, the manifest itself must have it.
    """
    manifest, found = read_manifest(folder)
    if checksum is not None and checksum != found:
        raise DamagedArtifact(f"{Path(folder) / MANIFEST} has SHA-256 {found}, not {checksum}. {_WAY_OUT}")
    contents = {name: _checked(Path(folder), name, digest) for name, digest in manifest["files"].items()}
    try:
        arrays = load(contents[ARRAYS])
    except (KeyError, SafetensorError) as error:
        raise DamagedArtifact(f"{Path(folder) / ARRAYS} does not hold arrays: {reason(error)}. {_WAY_OUT}") from error
    return Artifact(str(manifest["model"]), manifest["config"], arrays, str(manifest["homing"]), found)


def packed_ids(name: str, ids: Vocabulary[Any]) -> dict[str, NDArray[Any]]:
    """Ids as arrays: UTF-8 bytes, where each ends, and whether they are whole numbers."""
    texts = [str(one).encode("utf-8", "surrogatepass") for one in ids.ids]
    ends = np.cumsum([len(text) for text in texts], dtype=np.int64)
    whole = bool(ids.ids) and isinstance(ids.ids[0], int)
    return {
        f"{name}.text": np.frombuffer(b"".join(texts), dtype=np.uint8),
        f"{name}.ends": ends,
        f"{name}.whole": np.array([whole], dtype=np.uint8),
    }


def ids_from(name: str, arrays: Arrays) -> Vocabulary[Any]:
    """The inverse of `packed_ids`."""
    content, ends = arrays[f"{name}.text"].tobytes(), arrays[f"{name}.ends"].tolist()
    starts = [0, *ends][: len(ends)]
    texts = [content[start:end].decode("utf-8", "surrogatepass") for start, end in zip(starts, ends, strict=True)]
    return Vocabulary[Any](map(int, texts) if arrays[f"{name}.whole"][0] else texts)


def packed_text(text: str) -> NDArray[np.uint8]:
    """A text as an array, for what is neither number nor id (for example the configuration of a part)."""
    return np.frombuffer(text.encode(), dtype=np.uint8)


def text_from(array: NDArray[Any]) -> str:
    """The inverse of `packed_text`."""
    return bytes(array.tobytes()).decode()


def _checked(folder: Path, name: str, digest: str) -> bytes:
    if Path(name).name != name:
        raise DamagedArtifact(f"{folder / MANIFEST} names a file outside its folder: {shown(name)}. {_WAY_OUT}")
    try:
        content = (folder / name).read_bytes()
    except OSError as error:
        raise DamagedArtifact(f"{folder / name} cannot be read: {reason(error)}. {_WAY_OUT}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != digest:
        raise DamagedArtifact(f"{folder / name} has SHA-256 {found}, its manifest says {digest}. {_WAY_OUT}")
    return content


def _place(target: Path, contents: Mapping[str, bytes]) -> None:
    if target.exists() and not (target / MANIFEST).exists() and any(target.iterdir()):
        raise BadInput.of("folder", "be new, empty, or hold a saved model", str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.parent / f".{target.name}.{secrets.token_hex(6)}"
    try:
        fresh.mkdir()
        for name, content in contents.items():
            write_through(fresh / name, content)
        sync_folder(fresh)
        _swap(fresh, target)
        sync_folder(target.parent)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _swap(fresh: Path, target: Path) -> None:
    if not target.exists():
        fresh.rename(target)
        return
    old = target.parent / f".{target.name}.{secrets.token_hex(6)}"
    target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old)
