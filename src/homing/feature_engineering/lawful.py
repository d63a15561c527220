"""Asks every law of the features of a module: `python -m homing.feature_engineering.lawful our_package.open_houses`.

For packages that bring features of their own. The features are compiled for it, which takes some seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from homing.feature_engineering.checks import LAWS, LawBroken, Paths, value_of_events
from homing.feature_engineering.declaration import Feature, declared_in
from homing.feature_engineering.interpreter import interpreted
from homing.feature_engineering.kernel import compile_kernel, loaded_kernel
from homing.tracking.history import Histories

__all__ = ["broken_laws", "main", "paths_of"]


def paths_of(features: Sequence[Feature], folder: Path) -> Paths:
    """The ways in which values of these features, all of one subject, are computed; compiled into a folder."""
    subject = features[0].subject
    compile_kernel(subject, features, folder)
    kernel = loaded_kernel(subject, features, folder)

    def many(one: Feature, of: Histories, as_of: NDArray[np.int64]) -> NDArray[np.float64]:
        return interpreted([one], of, as_of)[:, 0]

    def compiled(one: Feature, of: Histories, as_of: NDArray[np.int64]) -> NDArray[np.float64]:
        return kernel(of, as_of)[:, [each.name for each in features].index(one.name)]

    return Paths(one=value_of_events, many=many, compiled=compiled)


def broken_laws(one: Feature, paths: Paths) -> Mapping[str, str]:
    """The laws that a feature breaks, each with what was seen."""
    broken = {}
    for name, law in LAWS.items():
        try:
            law(one, paths)
        except LawBroken as seen:
            broken[name] = str(seen)
    return broken


def main(words: Sequence[str] | None = None) -> int:
    """Say which laws are broken by which features; the exit status is 1 if any is."""
    parser = argparse.ArgumentParser(prog="python -m homing.feature_engineering.lawful", description=__doc__)
    parser.add_argument("module", help="the module that declares the features")
    asked = parser.parse_args(words)
    declared = [features for features in declared_in(import_module(asked.module)).values() if features]
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        for features in declared:
            paths = paths_of(features, Path(folder))
            for one in features:
                found = broken_laws(one, paths)
                broken += len(found)
                for law, seen in found.items():
                    sys.stdout.write(f"{one.name} breaks {law}: {seen}\n")
    count = sum(map(len, declared))
    sys.stdout.write(f"{count} features, {len(LAWS)} laws: {broken} broken\n")
    return 1 if broken or not count else 0


if __name__ == "__main__":
    sys.exit(main())
