"""The words of a field's name, however it is written, and whether a phrase stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from unicodedata import normalize

__all__ = ["FieldName", "field_name", "squashed"]

_LONGEST_PHRASE: Final = 6
_LONGEST_NAME: Final = 1_000
_SHORTEST_PREFIX: Final = 4
_HUMPS: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_WORDS: Final = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True, slots=True)
class FieldName:
    """What of a name is compared with phrases, each as one run of letters and digits.

    `runs` are up to six words beside each other, `heads` and `tails` those at the start and at the end, `wholes` the
    name itself, and without words that say whose it is.
    """

    runs: frozenset[str]
    heads: frozenset[str]
    tails: frozenset[str]
    wholes: frozenset[str]


def squashed(phrase: str) -> str:
    """A phrase as one run of small letters and digits.

    >>> squashed("Date of-Birth")
    'dateofbirth'
    """
    return "".join(_WORDS.findall(normalize("NFKC", phrase).casefold()))


def field_name(text: str, whose: frozenset[str]) -> FieldName:
    """The name in its parts; `whose` are words that say whose a field is, such as lead or contact.

    Names are read in humps and without them, so that `leadGender`, `LEAD_GENDER` and `gEnDeR` are all found.

    >>> sorted(field_name("lead.dateOfBirth", frozenset({"lead"})).wholes)
    ['dateofbirth', 'leaddateofbirth']
    """
    plain = normalize("NFKC", text[:_LONGEST_NAME])
    readings = {tuple(_WORDS.findall(form.casefold())) for form in (_HUMPS.sub(" ", plain), plain)}
    bare = {_bare(words, whose) for words in readings}
    readings |= {(rest,) for words in readings for rest in _unglued(words, whose)}
    return FieldName(
        runs=_joined(words[start:end] for words in readings for start, end in _spans(len(words))),
        heads=_joined(words[:end] for words in readings for end in range(1, _LONGEST_PHRASE + 1)),
        tails=_joined(words[-end:] for words in readings for end in range(1, _LONGEST_PHRASE + 1)),
        wholes=_joined((*readings, *bare)),
    )


def _spans(size: int) -> Iterable[tuple[int, int]]:
    return ((start, start + length) for start in range(size) for length in range(1, _LONGEST_PHRASE + 1))


def _joined(parts: Iterable[tuple[str, ...]]) -> frozenset[str]:
    return frozenset("".join(words) for words in parts)


def _bare(words: tuple[str, ...], whose: frozenset[str]) -> tuple[str, ...]:
    """The words without those before them that say whose it is, and without numbers."""
    left = tuple(word for word in words if not word.isdigit())
    while len(left) > 1 and left[0] in whose:
        left = left[1:]
    return left


def _unglued(words: tuple[str, ...], whose: frozenset[str]) -> Iterable[str]:
    """What is left of a name of one word that begins with whose it is, as `leadgender` does."""
    if len(words) != 1:
        return ()
    return (
        words[0].removeprefix(prefix)
        for prefix in whose
        if len(prefix) >= _SHORTEST_PREFIX and words[0].startswith(prefix) and words[0] != prefix
    )
