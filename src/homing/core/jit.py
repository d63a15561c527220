"""Numba's `njit` with its types kept: a compiled kernel has the signature of the function it was written as."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import numba

__all__ = ["fast_kernel", "kernel"]

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """Compile a plain loop over arrays on first call, and keep the machine code on disk for the next process.

    A kernel may call only kernels of its own file: numba's cache does not notice a change in another one. Of numpy's
    sorting it may use `sort` alone: the machine code of `argsort`, `median` and the like is made of functions that bear
    the same names as those of `sort`, so two kernels that were compiled in different processes can jump into each
    other's, which ends the process. An order is made outside and handed in.
    """
    return cast("F", numba.njit(_checked(function), cache=True, nogil=True))


def fast_kernel(function: F) -> F:
    """A kernel whose sums may be added in any order, which lets them use vector registers; NaN stays NaN."""
    return cast("F", numba.njit(_checked(function), cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"}))


_NOT_IN_KERNELS: Final = frozenset({"argsort", "median", "nanmedian", "partition", "percentile", "quantile", "unique"})


def _checked(function: F) -> F:
    if refused := _NOT_IN_KERNELS.intersection(function.__code__.co_names):
        raise TypeError(f"{function.__qualname__} must not use {', '.join(sorted(refused))} as a kernel. See `kernel`.")
    return function
