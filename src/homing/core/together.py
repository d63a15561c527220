"""Several parts of one input, read so that all that is wrong with any of them is told at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from homing.core.errors import BadInput, Fault

__all__ = ["read_all"]


def read_all(*checks: Callable[[], object], **reads: Callable[[], object]) -> dict[str, Any]:
    """What each reads, by name; the faults of all of them, and of checks that read nothing, are raised together.

    >>> def small(name, value):
    ...     if value > 9:
    ...         raise BadInput.of(name, "be at most 9", value)
    ...     return value
    >>> read_all(a=lambda: small("a", 3), b=lambda: small("b", 4))
    {'a': 3, 'b': 4}
    >>> read_all(lambda: small("c", 12), a=lambda: small("a", 3), b=lambda: small("b", 40))
    Traceback (most recent call last):
    homing.core.errors.BadInput: c must be at most 9; got 12; b must be at most 9; got 40
    """
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, read in (*((None, check) for check in checks), *reads.items()):
        try:
            value = read()
        except BadInput as error:
            faults += error.faults
            continue
        if name is not None:
            found[name] = value
    if faults:
        raise BadInput(faults)
    return found
