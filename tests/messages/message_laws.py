"""What every message keeps to, as sentences: a function a law, which says what is wrong or nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

__all__ = ["LAWS", "broken"]

_LONGEST = 2_000
_PLACE = re.compile(r"/tmp/tmp\w{8}|site-packages|/src/homing/")


def ends_well(said: str) -> bool:
    """A sentence ends with a full stop; a fault has its form: who must be what; got what came."""
    return bool(re.search(r"\S must \S.*; got \S", said, re.DOTALL)) or said.endswith(".")


def filled_in(said: str) -> bool:
    """No placeholder stands where a value belongs, as where the f before a text was forgotten."""
    return not re.search(r"\{(?!ListingKey\})[a-z_][\w.]*([!:(\[][^{}]*)?\}", said)


def says_nothing_for_none(said: str) -> bool:
    """Python's None is not a word for people, but inside a value, or where an option may be None."""
    return not re.search(r"(?<!or )(?<![\[(:,] )(?<![\[(])\bNone\b", said)


def no_insides(said: str) -> bool:
    """No object by its address, no traceback, no place that nobody named."""
    return not (" at 0x" in said or "Traceback" in said or 'File "' in said or _PLACE.search(said))


def short(said: str) -> bool:
    """What was given is cut to a length that one reads."""
    return len(said) <= _LONGEST


def on_one_line(said: str) -> bool:
    """Control characters are escaped."""
    return said.isprintable()


LAWS: Mapping[str, Callable[[str], bool]] = {
    law.__name__: law for law in (ends_well, filled_in, says_nothing_for_none, no_insides, short, on_one_line)
}


def broken(said: str) -> list[str]:
    """The names of the laws that a message does not keep."""
    return [name for name, keeps in LAWS.items() if not keeps(said)]
