"""Models from another package: the one in examples/, as pip would install it."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from homing.core.errors import BadInput, DamagedArtifact
from homing.models import OURS, Interactions, PopularityModel, artifact, load_model
from homing.models.checks import LAWS
from homing.models.installed import GROUP, installed, model_class
from homing.models.lawful import main

EXAMPLE = Path(__file__).parents[2] / "examples" / "nearest-price-model"
NAME = "NearestPriceModel"
SAVE = """
import sys
from nearest_price_model import NearestPriceModel
from homing.models import Interactions
homes = [{"ListingKey": f"h{n}", "ListPrice": 100_000 * n} for n in range(1, 6)]
print(NearestPriceModel().fit(Interactions.from_columns(["a"], ["h2"]), homes=homes).save(sys.argv[1]))
"""
LOAD = """
import sys
from homing.models import MODELS, load_model
from homing.core.errors import HomingError
try:
    model = load_model(sys.argv[1], checksum=sys.argv[2] if len(sys.argv) > 2 else None)
    print(type(model).__name__, model.recommend("a", k=2)[0], type(model).__name__ in MODELS)
except HomingError as error:
    print(error, "nearest_price_model" in sys.modules)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder of installed packages, made of what the example's own pyproject.toml says."""
    folder = tmp_path_factory.mktemp("site")
    said = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())
    info = folder / f"{said['project']['name'].replace('-', '_')}-{said['project']['version']}.dist-info"
    info.mkdir()
    info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {said['project']['name']}\nVersion: 0.1.0\n")
    points = said["project"]["entry-points"][GROUP]
    info.joinpath("entry_points.txt").write_text(f"[{GROUP}]\n" + "".join(f"{n} = {v}\n" for n, v in points.items()))
    for name in said["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]:
        (folder / name).write_text((EXAMPLE / name).read_text())
    return folder


def beside(site, *words):
    """What a Python process says in which these packages are installed."""
    path = os.pathsep.join([str(site), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-c", *map(str, words)],
        env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def saved(site, tmp_path_factory):
    """The folder of a saved model of the example, and its checksum."""
    folder = tmp_path_factory.mktemp("saved") / "model"
    return folder, beside(site, SAVE, folder)


def changed(folder, to, **changes):
    """A copy of a saved model whose manifest says something else."""
    to.mkdir()
    for path in folder.iterdir():
        (to / path.name).write_bytes(path.read_bytes())
    manifest = json.loads((folder / artifact.MANIFEST).read_text())
    (to / artifact.MANIFEST).write_text(json.dumps(manifest | changes))
    return to


def test_a_saved_model_of_an_installed_package_is_loaded(site, saved):
    assert beside(site, LOAD, *saved) == f"{NAME} ['h3', 'h1'] True"


def test_where_the_package_is_not_installed_it_is_refused(tmp_path, saved):
    told = beside(tmp_path, LOAD, *saved)
    assert told.startswith("folder must hold one of [")
    assert told.endswith(f"got '{NAME}' False")


def test_a_changed_byte_is_named_with_its_checksum_before_the_package_is_imported(site, saved, tmp_path):
    folder = changed(saved[0], tmp_path / "model")
    (folder / artifact.ARRAYS).write_bytes(b"other")
    told = beside(site, LOAD, folder)
    assert "arrays.safetensors has SHA-256 d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa" in told
    assert told.endswith("False")


def test_a_changed_manifest_is_named_with_its_checksum_before_anything_is_imported(site, saved, tmp_path):
    folder = changed(saved[0], tmp_path / "model", homing="0")
    told = beside(site, LOAD, folder, saved[1])
    assert "manifest.json has SHA-256" in told
    assert told.endswith("False")


@pytest.mark.parametrize(
    "name", ["os:system", "Interactions", "LearningModel", "nearest_price_model:NearestPriceModel", ["x"]]
)
def test_a_manifest_that_names_what_is_not_registered_makes_nothing(saved, tmp_path, name):
    folder = changed(saved[0], tmp_path / "model", model=name)
    with pytest.raises(BadInput, match="folder must hold one of "):
        load_model(folder)


def test_a_manifest_that_names_another_registered_model_is_refused(saved, tmp_path):
    with pytest.raises((BadInput, DamagedArtifact)):
        load_model(changed(saved[0], tmp_path / "model", model="PopularityModel"))


def test_the_example_keeps_every_law(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    assert main([f"nearest_price_model:{NAME}"]) == 0
    assert capsys.readouterr().out == f"{NAME}, {len(LAWS)} laws: 0 broken\n"


def test_a_model_that_breaks_a_law_is_told_with_what_was_seen(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(EXAMPLE))
    module = importlib.import_module("nearest_price_model")
    monkeypatch.setattr(module.NearestPriceModel, "_explain", lambda self, past, items: [{"price": 7.0}] * items.size)
    assert main([f"nearest_price_model:{NAME}"]) == 1
    assert f"{NAME} breaks parts_add_up: l01, h00: " in capsys.readouterr().out


def test_a_name_that_is_taken_is_refused():
    with pytest.raises(
        BadInput, match="the entry point PopularityModel of a package must have a name that homing's own"
    ):
        installed(OURS, [EntryPoint("PopularityModel", "ours:PopularityModel", GROUP)])
    twice = [EntryPoint(NAME, value, GROUP) for value in ("one:NearestPriceModel", "two:NearestPriceModel")]
    with pytest.raises(BadInput, match=f"the entry point {NAME} of a package must have a name that no other"):
        installed(OURS, twice)


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("odd", "math:sin", "name a subclass of LearningModel"),
        ("Other", "homing.models.popularity:PopularityModel", "name a subclass of LearningModel with its own name"),
        ("Gone", "no.such.module:Gone", "name a model that can be imported"),
    ],
)
def test_a_package_that_names_no_model_is_refused_by_name(name, value, why):
    points = installed(OURS, [EntryPoint(name, value, GROUP)])
    with pytest.raises(BadInput, match=f"the entry point {name} of a package must {why}"):
        model_class(name, points)


def test_a_model_of_ours_is_loaded_as_before(tmp_path):
    checksum = PopularityModel().fit(Interactions.from_columns(["a"], ["h1"])).save(tmp_path / "model")
    assert isinstance(load_model(tmp_path / "model", checksum=checksum), PopularityModel)
