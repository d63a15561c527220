"""Normalisation is learned across leads, survives saving, and never takes what is missing for a value."""

from __future__ import annotations

import numpy as np
import pytest

from homing.core.errors import BadInput, DamagedArtifact
from homing.feature_engineering.normalisation import Method, Normalisation
from homing.models.artifact import Artifact, read, write

METHODS = ("min_max", "z_score", "robust", "quantile")
NAMES = ("price", "views", "same", "nobody_has_it")


@pytest.fixture
def leads():
    rng = np.random.default_rng(3)
    values = np.column_stack([
        rng.lognormal(13, 0.4, 500), rng.poisson(0.4, 500).astype(float), np.full(500, 7.0), np.full(500, np.nan),
    ])  # fmt: skip
    values[::5, 0] = np.nan
    return values


@pytest.mark.parametrize("method", METHODS)
def test_what_is_missing_stays_missing_and_nothing_else_becomes_so(leads, method):
    scaled = Normalisation.fit(leads, NAMES, method)(leads, NAMES)
    np.testing.assert_array_equal(np.isnan(scaled), np.isnan(leads))


@pytest.mark.parametrize("method", METHODS)
def test_a_feature_that_was_the_same_for_all_says_nothing(leads, method):
    known = Normalisation.fit(leads, NAMES, method)
    stranger = np.array([[1.0, 1.0, 1_000.0, 1.0]])
    assert known(stranger, NAMES)[0, 2] == 0.0
    assert np.isnan(known(stranger, NAMES)[0, 3])


@pytest.mark.parametrize("method", METHODS)
def test_order_among_leads_is_kept_and_other_features_do_not_matter(leads, method):
    known = Normalisation.fit(leads, NAMES, method)
    asked = np.tile([0.0, 2.0, 7.0, np.nan], (50, 1))
    asked[:, 0] = np.linspace(1e5, 2e6, 50)
    scaled = known(asked, NAMES)
    assert (np.diff(scaled[:, 0]) >= 0).all()
    assert scaled[-1, 0] > scaled[0, 0]
    assert len(set(scaled[:, 1])) == 1


@pytest.mark.parametrize("method", METHODS)
def test_saved_among_a_models_arrays_it_says_the_same_to_the_bit(leads, method, tmp_path):
    known = Normalisation.fit(leads, NAMES, method)
    write(tmp_path / "model", Artifact("AnyModel", {}, known.state()))
    again = Normalisation.restore(read(tmp_path / "model").arrays)
    assert (again.method, again.names) == (method, NAMES)
    assert again(leads, NAMES).tobytes() == known(leads, NAMES).tobytes()


def test_known_scales():
    column = np.array([[1.0], [2.0], [3.0], [4.0], [10.0]])
    asked = np.array([[3.0], [10.0], [100.0]])
    expected = {
        "min_max": [2 / 9, 1.0, 1.0],
        "z_score": [(x - 4.0) / np.sqrt(10.0) for x in (3.0, 10.0, 100.0)],
        "robust": [0.0, 3.5, 48.5],
        "quantile": [0.5, 1.0, 1.0],
    }
    for method, values in expected.items():
        scaled = Normalisation.fit(column, ["x"], method)(asked, ["x"])[:, 0]
        np.testing.assert_allclose(scaled, values, rtol=1e-12)


def test_half_of_those_alike_are_below():
    column = np.array([[0.0]] * 80 + [[5.0]] * 20)
    zero, five = Normalisation.fit(column, ["x"], "quantile")(np.array([[0.0], [5.0]]), ["x"])[:, 0]
    assert zero == pytest.approx(0.4, abs=0.01)
    assert five == pytest.approx(0.9, abs=0.01)


def test_the_middle_half_alike_is_scaled_by_the_standard_deviation():
    column = np.array([[0.0]] * 90 + [[10.0]] * 10)
    assert Normalisation.fit(column, ["x"], "robust")(np.array([[3.0]]), ["x"])[0, 0] == 1.0


def test_columns_are_found_by_name(leads):
    known = Normalisation.fit(leads, NAMES, "z_score")
    turned = known(np.column_stack([leads[:, ::-1], leads[:, 0]]), (*NAMES[::-1], "more"))
    np.testing.assert_array_equal(turned, known(leads, NAMES))


def test_a_feature_that_was_learned_and_is_not_there_is_refused_by_name(leads):
    known = Normalisation.fit(leads, NAMES)
    with pytest.raises(BadInput, match="names must hold views, which was learned"):
        known(leads[:, :1], NAMES[:1])


def test_nonsense_is_refused(leads):
    with pytest.raises(BadInput, match="method must be one of min_max, z_score, robust, quantile"):
        Normalisation.fit(leads, NAMES, "magic")
    with pytest.raises(BadInput, match="name each feature once"):
        Normalisation.fit(leads[:, :2], ("a", "a"))
    with pytest.raises(BadInput, match="be a table of 4 columns"):
        Normalisation.fit(leads[:, :2], NAMES)


def test_arrays_of_something_else_are_damage(leads):
    state = Normalisation.fit(leads, NAMES).state()
    with pytest.raises(DamagedArtifact, match="cannot be read"):
        Normalisation.restore({})
    with pytest.raises(DamagedArtifact, match="another shape"):
        Normalisation.restore(state | {"normalisation.table": np.zeros((2, 2))})


def test_every_method_is_tried():
    assert set(METHODS) == set(Method.__args__)
