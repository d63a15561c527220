"""Phrases of a rule, from how people write them to what matches words.

`a|b` is one of several, `word*` a word with any ending, `<list>` a word of a list, `#` a number, `.` the end of a
sentence, `..` up to four words between, and `?` after any of them that it may be missing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

__all__ = ["first_words", "pattern", "phrase_fault"]

_GAP: Final = r"(?:[^ .]+ ){0,4}"
_NUMBER: Final = "#"
_ELEMENT: Final = re.compile(
    r"(?:<\w+>|[^\W_]+(?:'[^\W_]+)*\*?|[#+&.])(?:\|(?:<\w+>|[^\W_]+(?:'[^\W_]+)*\*?|[#+&.]))*\??"
)
_LIST: Final = re.compile(r"<(\w+)>")


def phrase_fault(phrase: str, lists: Collection[str]) -> str:
    """What a phrase must be that it is not, empty if it can be read.

    >>> phrase_fault("perfect for <people>", {"people"}), phrase_fault("<peple>", {"people"})
    ('', "name lists that there are, not 'peple'")
    """
    elements = phrase.split()
    if strange := [name for name in _LIST.findall(phrase) if name not in lists]:
        return f"name lists that there are, not {strange[0]!r}"
    if wrong := [one for one in elements if one != ".." and not _ELEMENT.fullmatch(one)]:
        return f"be written in words, lists, '|', '*', '#' and '?', not {wrong[0]!r}"
    if not elements or elements[0] == ".." or elements[0].endswith("?") or "." in elements[0].split("|"):
        return "begin with a word that cannot be missing"
    return ""


def first_words(phrase: str, words: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """The words with which a phrase can begin; one with `*` stands for all its endings, `#` for all numbers.

    >>> list(first_words("no|<few> kids", {"few": ["two", "three"]}))
    ['no', 'two', 'three']
    """
    for one in phrase.split(maxsplit=1)[0].split("|"):
        yield from words[one[1:-1]] if one.startswith("<") else (one,)


def pattern(phrase: str, words: Mapping[str, Iterable[str]]) -> re.Pattern[str]:
    """What matches the phrase where it begins in a text of words with one space after each.

    >>> bool(pattern("great .. school*", {}).match("great public schools "))
    True
    >>> bool(pattern("no kid", {}).match("no kids "))
    False
    """
    return re.compile("".join(_element(one, words) for one in phrase.split()))


def _element(element: str, words: Mapping[str, Iterable[str]]) -> str:
    if element == "..":
        return _GAP
    optional = element.endswith("?")
    alternatives = [one for part in element.removesuffix("?").split("|") for one in _expanded(part, words)]
    return f"(?:(?:{'|'.join(alternatives)}) ){'?' if optional else ''}"


def _expanded(part: str, words: Mapping[str, Iterable[str]]) -> Iterator[str]:
    if part.startswith("<"):
        yield from map(re.escape, words[part[1:-1]])
    elif part == _NUMBER:
        yield r"[0-9]+"
    elif part.endswith("*"):
        yield re.escape(part[:-1]) + "[^ .]*"
    else:
        yield re.escape(part)
