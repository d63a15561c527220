"""Every feature keeps every law."""

from __future__ import annotations

import pytest

from homing.feature_engineering import FEATURES
from homing.feature_engineering.checks import LAWS

EACH = [
    pytest.param(feature, LAWS[law], id=f"{feature.subject}-{feature.name}-{law}")
    for features in FEATURES.values()
    for feature in features
    for law in LAWS
]


@pytest.mark.parametrize(("feature", "law"), EACH)
def test_a_feature_keeps_a_law(feature, law, paths):
    assert law(feature, paths) > 0


def test_the_laws_were_asked_of_all():
    assert len(EACH) == len(LAWS) * sum(map(len, FEATURES.values())) == 12 * 259
