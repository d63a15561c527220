"""What compiling costs those who wait: the first compiled answer of a new process, and answers while it compiles.

The first: wall time from the start of a process to its first vector of a lead with 100 events out of the kernel, which
was compiled before; beside it a process that imports numba and calls one compiled line of its own. The second: the
99th percentile of the wall time of interpreted answers while another process compiles all kernels, beside the same
without that.
"""

from __future__ import annotations

import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS"):
    os.environ.setdefault(_name, "1")

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
from bench_features import CACHE, kernel
from feature_data import NOW, columns
from side_by_side import Row, in_turn, main, row

from homing.feature_engineering import FEATURES
from homing.feature_engineering.interpreter import interpreted
from homing.feature_engineering.plan import needs_of
from homing.tracking.history import histories

_OURS = """
import numpy as np
from pathlib import Path
from homing.feature_engineering import FEATURES
from homing.feature_engineering.kernel import loaded_kernel
from homing.feature_engineering.plan import needs_of
from homing.store.columns import columns_of
from homing.tracking.history import histories
features = FEATURES["lead"]
needs = needs_of(features)
of = histories(columns_of([], needs.numbers, needs.labels), "lead", ["ann"], derived=needs.derived)
values = loaded_kernel("lead", features, Path({cache!r}))(of, np.zeros(1, dtype=np.int64))
assert values.shape == (1, len(features))
"""
_LINE = """
import numba
@numba.njit(cache=True)
def line(x):
    return x + 1.0
line(1.0)
"""


def process(program: Path, modules: Path) -> float:
    """Wall seconds of a new process that runs a program, its modules as compiled as Python keeps them."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PYTHONPYCACHEPREFIX": str(modules)}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    subprocess.run([sys.executable, str(program)], env=env, check=True)
    return time.perf_counter() - began


def first_answer(folder: Path, rounds: int) -> Row:
    kernel()
    programs = {"ours": _OURS.format(cache=str(CACHE)), "theirs": _LINE}
    for name, text in programs.items():
        (folder / f"{name}.py").write_text(text)
        process(folder / f"{name}.py", folder / "modules")
    sides = [partial(process, folder / f"{name}.py", folder / "modules") for name in programs]
    note = "wall; a new process, kernel on disk, all features of a lead; the peer: import numba, one line of its own"
    return row("first compiled answer of a process", "numba, one cached line", "ms", in_turn(*sides, rounds), note)


def answering() -> Callable[[], object]:
    """One interpreted answer of all features of a lead with 100 events."""
    held, features, moments = columns(1, 100), FEATURES["lead"], count(NOW)
    of = histories(held, "lead", held.leads.ids, derived=needs_of(features).derived)
    return lambda: interpreted(features, of, np.array([next(moments)]))


def slowest(work: Callable[[], object], calls: int) -> float:
    """The 99th percentile of the wall time of a call, in seconds."""
    taken = []
    for _ in range(calls):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return float(np.quantile(taken, 0.99))


def while_compiling(folder: Path, rounds: int, calls: int) -> Row:
    work, numbers = answering(), count()

    def beside() -> float:
        words = [sys.executable, "-m", "homing.feature_engineering.warm", "--nice", "5", "--cache-dir"]
        env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
        with subprocess.Popen([*words, str(folder / str(next(numbers)))], env=env, stderr=subprocess.DEVNULL) as other:
            time.sleep(2.0)  # past its imports
            took = slowest(work, calls)
            if other.poll() is not None:
                raise SystemExit("The compiler was done before the answers were: more features, or fewer answers.")
            other.terminate()
        return took

    taken = in_turn(beside, lambda: slowest(work, calls), rounds)
    note = f"wall, 99th percentile of {calls:,} interpreted answers; ours: while another process compiles all kernels"
    return row("answers while the features compile", "the same without compiling", "ms", taken, note)


def measure(quick: bool = False) -> list[Row]:
    rounds, calls = (3, 200) if quick else (9, 600)
    with tempfile.TemporaryDirectory() as folder:
        return [first_answer(Path(folder), rounds), while_compiling(Path(folder), rounds, calls)]


if __name__ == "__main__":
    main(measure, __doc__)
