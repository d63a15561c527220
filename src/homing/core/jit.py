"""Numba's `njit` with its types kept: a compiled kernel has the signature of the function it was written as."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

__all__ = ["fast_kernel", "kernel"]

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a plain loop over arrays on first call, and keep the machine code on disk for the next process.

    A kernel may call only kernels of its own file: numba's cache does not notice a change in another one.
    """
    return cast("F", numba.njit(function, cache=True, nogil=True))


def fast_kernel(function: F) -> F:
    """A kernel whose sums may be added in any order, which lets them use vector registers; NaN stays NaN."""
    return cast("F", numba.njit(function, cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"}))
