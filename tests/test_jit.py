"""What a compiled kernel may use."""

import numpy as np
import pytest

from homing.core.jit import fast_kernel, kernel


@pytest.mark.parametrize("compiled", [kernel, fast_kernel])
def test_of_numpys_sorting_a_kernel_may_use_sort_alone(compiled):
    def middle(numbers):
        return np.median(numbers)

    def order(numbers):
        return np.argsort(numbers)

    def in_order(numbers):
        return np.sort(numbers)

    for function, refused in ((middle, "median"), (order, "argsort")):
        with pytest.raises(TypeError, match=f"must not use {refused} as a kernel"):
            compiled(function)
    compiled(in_order)
