"""The compiled kernel of one subject: found on disk, made in another process, or reported as not to be had."""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from homing.core.errors import StorageError, reason
from homing.core.telemetry import logger
from homing.feature_engineering.declaration import Feature
from homing.feature_engineering.kernel_source import KernelSource, arguments, kernel_source
from homing.feature_engineering.plan import needs_of
from homing.store.columns import columns_of
from homing.tracking.history import Histories, Subject, histories

__all__ = ["Kernel", "KernelState", "compile_kernel", "loaded_kernel"]

_log = logger(__name__)
_LONGEST_COMPILE_SECONDS = 900
_NICENESS = 5

Phase = Literal["not started", "compiling", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class KernelState:
    """Where the kernel stands; `reason` says why there is none, `seconds` what compiling or loading took."""

    phase: Phase = "not started"
    reason: str = ""
    seconds: float = 0.0


class Kernel:
    """All features of one subject in one compiled loop, once `state.phase` is "ready"; until then it declines.

    `start` brings it up in the background: loads it if this machine compiled it before, else compiles it in another
    process and then loads it. A damaged one is compiled anew. Whatever fails is logged and kept in `state`; nothing
    waits for it.
    """

    def __init__(self, subject: Subject, features: Sequence[Feature], folder: Path) -> None:
        self.subject: Subject = subject
        self.features = tuple(features)
        self.folder = folder
        self.state = KernelState()
        self._loaded: LoadedKernel | None = None
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def __call__(self, histories: Histories, as_of: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """The features of all entities, shape (entities, features), or None if the kernel is not ready."""
        return None if self._loaded is None else self._loaded(histories, as_of)

    def start(self) -> None:
        """Bring the kernel up in the background; only the first call does anything."""
        with self._starting:
            if self._thread is None:
                self.state = KernelState("compiling")
                self._thread = threading.Thread(target=self._bring_up, name=f"kernel-{self.subject}", daemon=True)
                self._thread.start()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until the kernel is up or has failed, at most so long; whether it is ready."""
        self.start()
        if self._thread is not None:
            self._thread.join(seconds)
        return self.state.phase == "ready"

    def _bring_up(self) -> None:
        began = time.monotonic()
        try:
            try:
                self._loaded = loaded_kernel(self.subject, self.features, self.folder)
            except StorageError:
                _compile_elsewhere(self.folder, self.subject)
                self._loaded = loaded_kernel(self.subject, self.features, self.folder)
        except Exception as error:  # noqa: BLE001  # the rim of this thread: the compiler raises whatever it likes
            self.state = KernelState("failed", str(error) or repr(error), time.monotonic() - began)
            _log.warning("features stay interpreted: no compiled kernel", subject=self.subject, reason=str(error))
        else:
            self.state = KernelState("ready", "", time.monotonic() - began)


def compile_kernel(subject: Subject, features: Sequence[Feature], folder: Path) -> float:
    """Compile these features in this process and leave the machine code in the folder; the seconds it took.

    Of several processes that try at once, one compiles and the others wait for it; 0 if it was there already.
    """
    import numba  # half a second, and only those who compile need it

    if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
        raise StorageError("The features cannot be compiled: numba is switched off by NUMBA_DISABLE_JIT.")
    source = kernel_source(features)
    began = time.monotonic()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / f"{source.name}.lock"):
            if _is_compiled(folder, source.name):
                return 0.0
            path = folder / f"{source.name}.py"
            path.write_text(source.text)
            os.utime(path, (int(time.time()),) * 2)  # images and archives cut times to whole seconds
            driver = _driver(path)
            for left_over in _machine_code(driver, source.name):
                left_over.unlink()
            _called_once(driver, source, subject)
            seconds = time.monotonic() - began
            marker = {
                "mtime_ns": path.stat().st_mtime_ns,
                "code": _digests(driver, source.name),
                "seconds": round(seconds, 2),
                "subject": subject,
            }
            _written(folder / f"{source.name}.json", json.dumps(marker))
            return seconds
    except OSError as error:
        raise StorageError(f"The compiled features cannot be kept in {folder}: {reason(error)}.") from error


def _is_compiled(folder: Path, name: str) -> bool:
    """Whether the folder holds this kernel, whole and unchanged."""
    return _kept(folder, name) is not None


def _kept(folder: Path, name: str) -> Any:
    """The driver that was compiled before, not yet called; None if it is not there, was touched or is damaged.

    numba looks at the time the source was written, and would silently compile here and now what it does not find.
    """
    try:
        marker = json.loads((folder / f"{name}.json").read_text())
        if marker["mtime_ns"] != (folder / f"{name}.py").stat().st_mtime_ns:
            return None
        driver = _driver(_readable_place(folder, name) / f"{name}.py")
        return driver if marker["code"] == _digests(driver, name) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _compile_elsewhere(folder: Path, subject: Subject) -> None:
    command = [sys.executable, "-P", "-m", "homing.feature_engineering.warm", "--cache-dir", str(folder.absolute())]
    done = subprocess.run(  # noqa: S603  # our own module under our own interpreter
        [*command, "--subject", subject, "--nice", str(_NICENESS)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(_import_path())},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_LONGEST_COMPILE_SECONDS,
        start_new_session=True,
        check=False,
    )
    if done.returncode != 0:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise StorageError(lines[-1])


def _import_path() -> list[str]:
    """Where this process finds its modules, and never the working folder, which may hold anything."""
    return [*(place for place in sys.path if place), str(Path(__file__).parents[2])]


@dataclass(frozen=True, slots=True)
class LoadedKernel:
    """Machine code that was found on disk; given histories and moments it returns (entities, features)."""

    source: KernelSource
    driver: Any

    def __call__(self, histories: Histories, as_of: NDArray[np.int64]) -> NDArray[np.float64]:
        given = arguments(self.source, histories, as_of)
        self.driver(*given)
        out: Any = given[3]
        return out  # type: ignore[no-any-return]


def loaded_kernel(subject: Subject, features: Sequence[Feature], folder: Path) -> LoadedKernel:
    """What `compile_kernel` left in the folder, called once; it refuses to compile for arguments of another kind."""
    source = kernel_source(features)
    driver = _kept(folder, source.name)
    if driver is None:
        raise StorageError(f"{folder} holds no compiled kernel {source.name}.")
    _called_once(driver, source, subject)
    driver.disable_compile()
    return LoadedKernel(source, driver)


def _called_once(driver: Callable[..., Any], source: KernelSource, subject: Subject) -> None:
    needs = needs_of(source.features)
    nothing = columns_of([], needs.numbers, needs.labels)
    nobody = histories(nothing, subject, ["nobody"], derived=needs.derived)
    driver(*arguments(source, nobody, np.zeros(1, dtype=np.int64)))


def _driver(path: Path) -> Any:
    """The driver of a written module, not yet compiled or loaded."""
    return _module(path).driver


def _machine_code(driver: Any, name: str) -> list[Path]:
    """The files in which numba keeps what it compiled of a module: beside it, or where NUMBA_CACHE_DIR says."""
    return sorted(Path(driver.stats.cache_path).glob(f"{name}.*"))


def _digests(driver: Any, name: str) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in _machine_code(driver, name)}


def _module(path: Path) -> ModuleType:
    found = importlib.util.spec_from_file_location(path.stem, path)
    if found is None or found.loader is None:
        raise ImportError(f"{path} is no Python module.")
    module = importlib.util.module_from_spec(found)
    sys.modules[path.stem] = module  # numba looks a cached function's module up by name
    found.loader.exec_module(module)
    return module


def _readable_place(folder: Path, name: str) -> Path:
    """The folder, or a copy with the same times: numba ignores what lies in a folder it cannot write to."""
    code = folder / "__pycache__"
    if not code.exists() or os.access(code, os.W_OK):
        return folder
    place = Path(tempfile.mkdtemp(prefix="homing-features-"))
    shutil.copy2(folder / f"{name}.py", place)
    shutil.copytree(code, place / "__pycache__")
    place.joinpath("__pycache__").chmod(0o700)
    return place


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _written(path: Path, text: str) -> None:
    draft = path.with_suffix(f".{os.getpid()}.draft")
    draft.write_text(text)
    draft.replace(path)
