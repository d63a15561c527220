from __future__ import annotations

import pytest
from synthetic_homes import END, town

from homing.simulation.simulate import simulate


@pytest.fixture(scope="session")
def homes():
    return town()


@pytest.fixture(scope="session")
def longer():
    """Long enough for tours and bids."""
    return simulate(town(2_000), 250, 110, seed=11, end_at=END)


@pytest.fixture(scope="session")
def made(homes):
    return simulate(homes, 120, 30, seed=7, end_at=END)
