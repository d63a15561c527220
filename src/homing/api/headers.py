"""One header of a request, read from the raw ones: many are looked at in every request, and few are there."""

from __future__ import annotations

from starlette.types import Scope

__all__ = ["header"]


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of a name, which is given in small letters; None if there is none.

    >>> header({"headers": [(b"host", b"x"), (b"origin", b"https://homes.example")]}, b"origin")
    'https://homes.example'
    """
    for own, value in scope["headers"]:
        if own == name:
            return str(value, "latin-1")
    return None
