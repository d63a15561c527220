"""Fixtures of the HTTP tests."""

from __future__ import annotations

import pytest

from api_ground import build  # isort: skip


@pytest.fixture
def served(tmp_path):
    return build(tmp_path)


@pytest.fixture
def built(tmp_path):
    """For tests that need other services: `built(answer=...)`."""
    return lambda **changed: build(tmp_path, **changed)
