"""E-mail addresses and telephone numbers in one spelling each, so that one person's are found equal."""

from __future__ import annotations

from typing import Final

__all__ = ["one_spelling"]

_FEWEST_DIGITS: Final = 7
_NORTH_AMERICAN: Final = 10


def one_spelling(kind: str, text: str | int) -> str | None:
    """An `email` or `phone` in its one spelling; None of what is none.

    Letters of an address are small. A number is its digits; ten of them are a North American one, which begins with 1.

    >>> one_spelling("email", " Ann@Example.com "), one_spelling("phone", "206 555-0142"), one_spelling("phone", "n/a")
    ('ann@example.com', '12065550142', None)
    """
    written = str(text).strip().casefold()
    if kind == "email":
        name, _, host = written.rpartition("@")
        return written if name and host and not any(map(str.isspace, written)) else None
    digits = "".join(letter for letter in written if letter.isascii() and letter.isdigit())
    if len(digits) < _FEWEST_DIGITS:
        return None
    return f"1{digits}" if len(digits) == _NORTH_AMERICAN else digits
