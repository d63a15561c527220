from __future__ import annotations

from pathlib import Path

from homing.feature_engineering import FEATURES
from homing.feature_engineering.reference import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "features.md"


def test_the_reference_page_is_what_the_declarations_say():
    assert PAGE.read_text() == page(), (
        "run: python -m homing.feature_engineering.reference > docs/reference/features.md"
    )


def test_every_feature_has_a_row():
    text = PAGE.read_text()
    assert [one.name for features in FEATURES.values() for one in features if f"| `{one.name}` |" not in text] == []
