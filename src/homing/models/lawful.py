"""Asks every law of a model: `python -m homing.models.lawful our_package:OurModel`.

For packages that bring a model of their own. The model is made without options.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from homing.core.errors import HomingError
from homing.core.laws import LawBroken
from homing.models.checks import LAWS, Subject

__all__ = ["broken_laws", "main"]


def broken_laws(subject: Subject) -> Mapping[str, str]:
    """The laws that a model breaks, each with what was seen."""
    broken = {}
    for name, law in LAWS.items():
        try:
            law(subject)
        except (LawBroken, HomingError, ValueError) as seen:
            broken[name] = str(seen)
    return broken


def main(words: Sequence[str] | None = None) -> int:
    """Say which laws are broken; the exit status is 1 if any is."""
    parser = argparse.ArgumentParser(prog="python -m homing.models.lawful", description=__doc__)
    parser.add_argument("model", help="the module and the class in it: our_package:OurModel")
    module, _, name = parser.parse_args(words).model.partition(":")
    kind = getattr(import_module(module), name)
    broken = broken_laws(Subject(name, kind))
    for law, seen in broken.items():
        sys.stdout.write(f"{name} breaks {law}: {seen}\n")
    sys.stdout.write(f"{name}, {len(LAWS)} laws: {len(broken)} broken\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
