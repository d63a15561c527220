"""What all tests share: one folder of compiled features, so that no command or server compiles its own, and how
Hypothesis draws: how long a draw takes is the machine's business (the first one in a fresh clone builds its tables)."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

settings.register_profile("homing", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("homing")


def pytest_configure(config):
    os.environ.setdefault("HOMING_CACHE_DIR", str(config.rootpath / ".pytest_cache" / "homing"))


collect_ignore = ["conftest.py"]
"""It holds no doctest, and there are others of its name."""
