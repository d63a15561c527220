from __future__ import annotations

import json
import shutil
from types import FunctionType

import numpy as np
import pytest

from homing.core.clock import DAY
from homing.core.errors import StorageError
from homing.event_types import EventType
from homing.feature_engineering import FEATURES
from homing.feature_engineering.declaration import Example, feature
from homing.feature_engineering.kernel import Kernel, _compile_elsewhere, _is_compiled, compile_kernel, loaded_kernel
from homing.feature_engineering.kernel_source import kernel_source
from homing.feature_engineering.plan import needs_of
from homing.feature_engineering.warm import main
from homing.store.columns import columns_of
from homing.tracking.history import History, histories

FACTOR = 2.0


def helper(value: float) -> float:
    return value * FACTOR


def doubled(h: History) -> float:
    """Twice the number of views."""
    return helper(h.size)


def declared(function):
    return feature(
        unit="events",
        family="tried",
        reads=[EventType.PROPERTY_VIEW],
        window=DAY,
        range=(0, 1e9),
        missing=0.0,
        example=Example([], 0.0),
        name="doubled",
    )(function)


def name_with(**changed):
    """The kernel's name if the module of the function and of its helper held other things."""
    world = {**globals(), **changed}
    world["helper"] = in_world(changed.get("helper", helper), world)
    return kernel_source([declared(in_world(doubled, world))]).name


def in_world(function, world):
    made = FunctionType(function.__code__, world, function.__name__)
    made.__annotations__, made.__doc__ = function.__annotations__, function.__doc__
    return made


def other_helper(value: float) -> float:
    return value * FACTOR + 1.0


def test_the_name_holds_everything_the_kernel_reaches():
    same, again = name_with(), name_with()
    assert same == again
    assert len({same, name_with(FACTOR=3.0), name_with(helper=other_helper)}) == 3


def test_a_kernel_that_was_compiled_before_is_there_in_a_moment(kernels, kernel_folder):
    again = Kernel("lead", FEATURES["lead"], kernel_folder)
    assert again.wait(60)
    assert again.state.seconds < 5
    assert compile_kernel("lead", FEATURES["lead"], kernel_folder) == 0.0


def test_a_ready_kernel_never_compiles_in_a_request(kernels):
    features = FEATURES["agent"]
    needs = needs_of(features)
    nothing = columns_of([], needs.numbers, needs.labels)
    nobody = histories(nothing, "agent", ["nobody"], derived=needs.derived)
    assert kernels["agent"](nobody, np.zeros(1, np.int64)).shape == (1, len(FEATURES["agent"]))
    with pytest.raises(TypeError, match="No matching definition"):
        kernels["agent"](nobody, np.zeros(1, np.float32))


def test_a_folder_that_cannot_be_written_is_reported_and_nothing_fails(tmp_path):
    file = tmp_path / "file"
    file.write_text("not a folder")
    kernel = Kernel("agent", FEATURES["agent"], file / "cache")
    assert not kernel.wait(120)
    assert kernel.state.phase == "failed"
    assert "cannot be kept" in kernel.state.reason
    assert kernel(None, None) is None


def test_warming_a_folder_that_cannot_be_written_exits_1(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["--cache-dir", str(tmp_path / "file" / "cache"), "--subject", "agent"]) == 1
    assert "cannot be kept" in capsys.readouterr().err


def test_warming_twice_compiles_once(kernels, kernel_folder, capsys):
    assert main(["--cache-dir", str(kernel_folder)]) == 0
    assert capsys.readouterr().err.count("compiled in 0.0 s") == len(FEATURES)


def test_a_kernel_whose_source_was_touched_is_not_taken_for_compiled(tmp_path):
    name = kernel_source(FEATURES["agent"]).name
    (tmp_path / f"{name}.py").write_text("")
    (tmp_path / f"{name}.json").write_text(json.dumps({"mtime_ns": 1}))
    assert not _is_compiled(tmp_path, name)
    with pytest.raises(StorageError, match="holds no compiled kernel"):
        loaded_kernel("agent", FEATURES["agent"], tmp_path)


@pytest.mark.parametrize("kind", ["nbi", "nbc"])
def test_damaged_machine_code_is_compiled_anew_and_never_here(kernels, kernel_folder, tmp_path, kind):
    folder = shutil.copytree(kernel_folder, tmp_path / "kernels")
    name = kernel_source(FEATURES["agent"]).name
    (damaged,) = (folder / "__pycache__").glob(f"{name}.*.1.nbc" if kind == "nbc" else f"{name}.*.nbi")
    whole = damaged.read_bytes()
    damaged.write_bytes(whole[:20])
    kernel = Kernel("agent", FEATURES["agent"], folder)
    assert kernel.wait(120), kernel.state
    assert len(damaged.read_bytes()) > 20
    assert not kernel._loaded.driver.stats.cache_misses


def test_whatever_goes_wrong_the_state_says_so(tmp_path):
    kernel = Kernel("agent", [None], tmp_path)
    assert not kernel.wait(60)
    assert kernel.state.phase == "failed"
    assert "NoneType" in kernel.state.reason


def test_a_kernel_outlives_an_archive_that_keeps_whole_seconds_only(kernels, kernel_folder):
    name = kernel_source(FEATURES["agent"]).name
    assert (kernel_folder / f"{name}.py").stat().st_mtime_ns % 1_000_000_000 == 0


def test_what_lies_in_the_working_folder_does_not_matter(kernels, kernel_folder, tmp_path, monkeypatch):
    (tmp_path / "argparse.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    _compile_elsewhere(kernel_folder, "agent")


def test_without_the_compiler_the_reason_is_told(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    with pytest.raises(StorageError, match="NUMBA_DISABLE_JIT"):
        _compile_elsewhere(tmp_path, "agent")
