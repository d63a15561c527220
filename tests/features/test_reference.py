from __future__ import annotations

from pathlib import Path

from homing.feature_engineering import FEATURES, version_of
from homing.feature_engineering.reference import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "features.md"


def test_the_reference_page_is_what_the_declarations_say():
    assert PAGE.read_text() == page(), (
        "run: python -m homing.feature_engineering.reference > docs/reference/features.md"
    )


def test_every_feature_has_a_row():
    text = PAGE.read_text()
    assert [one.name for features in FEATURES.values() for one in features if f"| `{one.name}` |" not in text] == []


def test_the_distributions_are_those_of_these_declarations():
    text = PAGE.with_name("feature-distributions.md").read_text()
    for features in FEATURES.values():
        assert f"version `{version_of(features)}`" in text, "run: python tools/feature_distributions.py"
        assert [one.name for one in features if f"| `{one.name}` |" not in text] == []
    assert "**simulated**" in text
