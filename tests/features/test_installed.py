"""Features from another package: the one in examples/, as pip would install it."""

from __future__ import annotations

import dataclasses
import importlib
import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from homing.core.clock import MINUTE
from homing.core.errors import BadInput
from homing.feature_engineering.checks import LAWS
from homing.feature_engineering.installed import GROUP, installed
from homing.feature_engineering.lawful import broken_laws, main, paths_of
from homing.store.columns import TYPES

EXAMPLE = Path(__file__).parents[2] / "examples" / "open-house-features"
NAMES = ["open_houses_90d", "asked_after_open_house_share_90d"]


@pytest.fixture
def site(tmp_path):
    """A folder of installed packages, made of what the example's own pyproject.toml says."""
    said = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    info = tmp_path / f"{said['project']['name'].replace('-', '_')}-{said['project']['version']}.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {said['project']['name']}\nVersion: 0.1.0\n")
    points = said["project"]["entry-points"][GROUP]
    info.joinpath("entry_points.txt").write_text(f"[{GROUP}]\n" + "".join(f"{n} = {v}\n" for n, v in points.items()))
    for name in said["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]:
        (tmp_path / name).write_text((EXAMPLE / name).read_text())
    return tmp_path


@pytest.fixture
def declared(monkeypatch):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    module = importlib.import_module("open_house_features")
    return [getattr(module, name) for name in NAMES]


def beside(site, *words):
    """A Python process in which these packages are installed."""
    path = os.pathsep.join([str(site), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, *words], env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_installed_is_in_every_vector(site, tmp_path):
    words = ("-m", "homing", "--data-dir", str(tmp_path / "data"), "features", "ann", "--json")
    told = json.loads(beside(site, *words))
    assert [told["numeric"][name] for name in NAMES] == [0.0, 0.0]
    assert "open_houses_90d" not in json.loads(beside(tmp_path / "nothing", *words))["numeric"]


def test_the_example_keeps_every_law(declared, capsys):
    assert main(["open_house_features"]) == 0
    assert capsys.readouterr().out == f"2 features, {len(LAWS)} laws: 0 broken\n"


def ahead(one):
    """The same feature by an author who reaches round the walls, for what happens a few minutes after the moment."""

    def peeking(h):
        lists = sys._getframe(1).f_locals["lists"]
        later = [at for at, kind in zip(lists["at"], lists["type"], strict=True) if TYPES[kind] in one.reads]
        return one.function(h) + sum(h.as_of + 2 * MINUTE < at < h.as_of + 5 * MINUTE for at in later)

    return dataclasses.replace(one, function=peeking, high=one.high + 1e9)


def test_one_that_peeks_ahead_fails_exactly_that_law(declared, tmp_path):
    paths = paths_of(declared, tmp_path)
    for one in declared:
        assert broken_laws(one, paths) == {}
        assert set(broken_laws(ahead(one), paths)) == {"blind_to_the_future"}


def test_a_feature_that_breaks_a_law_is_told_with_what_was_seen(declared, capsys, monkeypatch):
    module = importlib.import_module("open_house_features")
    monkeypatch.setattr(module, NAMES[0], dataclasses.replace(declared[0], high=0.0))
    assert main(["open_house_features"]) == 1
    out = capsys.readouterr().out
    assert "open_houses_90d breaks stays_in_range: open_houses_90d is " in out
    assert out.endswith("1 broken\n")


def test_a_package_that_brings_no_features_is_refused_by_name():
    for value, why in (("math", "a module that declares features"), ("no.such.module", "can be imported")):
        with pytest.raises(BadInput, match=f"the entry point odd of a package .*{why}"):
            installed([EntryPoint("odd", value, GROUP)])


def test_modules_come_in_the_order_of_the_names_of_their_entry_points(declared):
    ours = "homing.feature_engineering.feature_extractors.trend"
    found = installed([EntryPoint("b", ours, GROUP), EntryPoint("a", "open_house_features", GROUP)])
    assert [module.__name__ for module in found] == ["open_house_features", ours]
