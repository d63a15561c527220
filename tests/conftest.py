"""What all tests share: one folder of compiled features, so that no command or server compiles its own."""

from __future__ import annotations

import os


def pytest_configure(config):
    os.environ.setdefault("HOMING_CACHE_DIR", str(config.rootpath / ".pytest_cache" / "homing"))


collect_ignore = ["conftest.py"]
"""It holds no doctest, and there are others of its name."""
