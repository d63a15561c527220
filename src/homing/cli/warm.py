"""`homing warm`: compile the features ahead, for container images and read-only disks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import typer

from homing.cli.terminal import Terminal

__all__ = ["warm"]


def warm(context: typer.Context) -> None:
    """Compile the features now, so that no process waits for it; the machine code stays in the cache folder.

    A folder made so may be read-only afterwards. It serves the same processor, Python and version of homing; on
    another machine the features are compiled anew, or stay interpreted where that is impossible.
    """
    from homing.feature_engineering import FEATURES  # numba
    from homing.feature_engineering.kernel import compile_kernel  # numba

    terminal: Terminal = context.obj
    folder = terminal.homing.settings.cache_dir / "features"
    kernels: list[dict[str, object]] = []
    with terminal.progress("compiling") as advance:
        for number, (subject, declared) in enumerate(FEATURES.items()):
            advance(number, len(FEATURES))
            seconds = compile_kernel(subject, declared, folder)
            kernels.append({"type": subject, "features": len(declared), "seconds": round(seconds, 1)})
    terminal.answer({"folder": str(folder), "kernels": kernels}, lambda: _show(terminal, folder, kernels))


def _show(terminal: Terminal, folder: Path, kernels: Sequence[Mapping[str, object]]) -> None:
    for kernel in kernels:
        done = f"compiled in {kernel['seconds']} s" if kernel["seconds"] else "there already"
        terminal.line(f"{kernel['type']}: {kernel['features']} features, {done}")
    terminal.line(f"in {folder}")
