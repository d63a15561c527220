from __future__ import annotations

import numpy as np
import pytest

from homing.feature_engineering import FEATURES
from homing.feature_engineering.checks import Paths, value_of_events
from homing.feature_engineering.interpreter import interpreted
from homing.feature_engineering.kernel import Kernel


@pytest.fixture(scope="session")
def kernel_folder(request):
    """Compiled kernels outlive a run; their names are hashes of all they hold, so none is ever stale."""
    return request.config.rootpath / ".pytest_cache" / "homing" / "features"


@pytest.fixture(scope="session")
def kernels(kernel_folder):
    made = {subject: Kernel(subject, features, kernel_folder) for subject, features in FEATURES.items()}
    for kernel in made.values():
        assert kernel.wait(), kernel.state
    return made


class Matrices:
    """Whole matrices, computed once for the same histories; a feature is a column of them."""

    def __init__(self, compute):
        self.compute = compute
        self.held = {}

    def __call__(self, feature, of, as_of):
        if len(of) < 10:
            return interpreted([feature], of, as_of)[:, 0]
        if id(of) not in self.held:
            self.held[id(of)] = (of, self.compute(of, as_of))
        names = [one.name for one in FEATURES[of.subject]]
        return np.asarray(self.held[id(of)][1])[:, names.index(feature.name)]


@pytest.fixture(scope="session")
def paths(kernels):
    return Paths(
        one=value_of_events,
        many=Matrices(lambda of, as_of: interpreted(FEATURES[of.subject], of, as_of)),
        compiled=Matrices(lambda of, as_of: kernels[of.subject](of, as_of)),
    )
