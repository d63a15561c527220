"""Ids that nothing may have, with what is said of them, and strange ones that are ids like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["BAD_IDS", "STRANGE_IDS"]

_MUST: Final = "must be a text of 1 to 255 printable characters"
_ENDS: Final = f"{_MUST} without blanks at its ends"

BAD_IDS: Final[Mapping[str, str]] = {
    " ": f"{_ENDS}; got ' '",
    " a": f"{_ENDS}; got ' a'",
    "a ": f"{_ENDS}; got 'a '",
    "a\tb": rf"{_ENDS}; got 'a\tb'",
    "a\nb": rf"{_ENDS}; got 'a\nb'",
    "a\r\nSet-Cookie: x": rf"{_ENDS}; got 'a\r\nSet-Cookie: x'",
    "a\0b": rf"{_ENDS}; got 'a\x00b'",
    "../\0": rf"{_ENDS}; got '../\x00'",
    "a\x1b[2J": rf"{_ENDS}; got 'a\x1b[2J'",
    "\u202eabc": rf"{_ENDS}; got '\u202eabc'",
    "a\u2028b": rf"{_ENDS}; got 'a\u2028b'",
    "👩\u200d👧": rf"{_ENDS}; got '👩\u200d👧'",
    "x" * 256: f"{_MUST}; got '{'x' * 79}… (258 long)",
    "x" * 10_240: f"{_MUST}; got '{'x' * 79}… (10242 long)",
    "'" * 10_240: f'{_MUST}; got "{chr(39) * 79}… (10242 long)',
}
"""What is refused wherever an id may stand: too long, not printable, blank at an end."""

STRANGE_IDS: Final = (
    "..", "../../etc/passwd", "/etc/passwd", "a/b", "a\\b", "C:\\x", "~", "-k", "--json", "%2e%2e%2f", "%00", "a?b=c#d",
    "'; DROP TABLE events; --", "{lead}", "$(id)", "<script>alert(1)</script>", "null", "None", "NaN", "0", "-1", "true",
    "😀", "שלום", "你好", "é", "[red]x[/red]", "x" * 255, "a b",
)  # fmt: skip
"""Texts that look like paths, options, code or nothing, and are ids: stored, found and shown, and never a path."""
