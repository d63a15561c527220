"""Compiles the features ahead: `python -m homing.feature_engineering.warm --cache-dir DIR`.

For container images and for the background: 20 seconds of compiling must never sit in a request.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from homing.core.errors import HomingError
from homing.feature_engineering import FEATURES
from homing.feature_engineering.kernel import compile_kernel

__all__ = ["main"]


def main(words: Sequence[str] | None = None) -> int:
    """Compile the kernels of all subjects, or of those named; the exit status."""
    parser = argparse.ArgumentParser(prog="python -m homing.feature_engineering.warm", description=__doc__)
    parser.add_argument("--cache-dir", type=Path, required=True)
    parser.add_argument("--subject", choices=list(FEATURES), action="append")
    parser.add_argument("--nice", type=int, default=0, help="how far to step back behind other processes")
    asked = parser.parse_args(words)
    os.nice(asked.nice)
    try:
        for subject in asked.subject or FEATURES:
            seconds = compile_kernel(subject, FEATURES[subject], asked.cache_dir)
            sys.stderr.write(f"{subject}: {len(FEATURES[subject])} features compiled in {seconds:.1f} s\n")
    except HomingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
