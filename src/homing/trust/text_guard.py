"""Whether a text may be said or learned from: what it says of people and areas that no text about a home may say."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final, NamedTuple

from homing.trust.phrases import first_words, pattern
from homing.trust.text_rules import Category, TextRules, shipped_text_rules

__all__ = ["Finding", "TextGuard", "shipped_text_guard"]

_TOKEN: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[+&]|[.!?;:]+(?=\s|$)|\n")
_INITIALS: Final = re.compile(r"\b(?:[^\W\d_]\.){2,}")
_NUMBER: Final = re.compile(r"\b[0-9]+\b")
_END: Final = ". "
_MOST_WORDS: Final = 8_192
_MOST_TEXTS: Final = 16_384


@dataclass(frozen=True, slots=True)
class Finding:
    """Words of a text that must not be said, from character `start` to `end`; why, and what to say instead."""

    category: str
    words: str
    start: int
    end: int
    why: str
    instead: str


_Match = Callable[[str, int], "re.Match[str] | None"]


class _Span(NamedTuple):
    """Words of a text by their places, from the first to before the last."""

    first: int
    last: int

    def overlaps(self, other: _Span) -> bool:
        return self.first < other.last and other.first < self.last


class _Phrase(NamedTuple):
    category: str
    innocent: bool
    written: str


class TextGuard:
    """Finds what the rules forbid. A pure function of the text; compiled when a phrase's first word is first met.

    Texts that differ by numbers alone, none of which a phrase names, are judged once as long as that is remembered. A
    word before Street, County or Lake is part of a name, and what overlaps an innocent phrase of the same category is
    not found.

    >>> guard = TextGuard(shipped_text_rules())
    >>> [(found.category, found.words) for found in guard.findings("Safe neighborhood with great schools on Church St")]
    [('crime_safety', 'Safe neighborhood'), ('schools', 'great schools')]
    >>> guard.allows("Single family home with a family room"), guard.allows("Perfect for families")
    (True, False)
    """

    def __init__(self, rules: TextRules) -> None:
        self.rules = rules
        self._by_word: dict[str, list[_Phrase]] = defaultdict(list)
        for category in rules.categories.values():
            self._index(category)
        self._stems = sorted({len(word) - 1 for word in self._by_word if word.endswith("*")})
        numbers = {one for text in self._written() for one in re.findall(r"[0-9]+\*?", text)}
        self._numbers = frozenset(one for one in numbers if one[-1] != "*")
        self._number_stems = tuple(one[:-1] for one in numbers - self._numbers)
        self._no_phrase_names = next((one for one in map(str, range(1_000)) if not self._is_named(one)), None)
        self._allows = lru_cache(_MOST_TEXTS)(lambda text: not self.findings(text))
        self._begins = lru_cache(_MOST_WORDS)(self._beginning_with)
        self._compiled = cache(lambda written: pattern(written, rules.words).match)

    def _index(self, category: Category) -> None:
        for innocent, phrases in ((False, category.phrases), (True, category.unless)):
            for written in phrases:
                for word in first_words(written, self.rules.words):
                    self._by_word[word].append(_Phrase(category.name, innocent, written))

    def _written(self) -> Iterator[str]:
        """All phrases, and the words that they refer to."""
        for category in self.rules.categories.values():
            yield from (*category.phrases, *category.unless)
        for words in self.rules.words.values():
            yield from words

    def allows(self, text: str) -> bool:
        """Whether nothing in the text must not be said."""
        return self._allows(_NUMBER.sub(self._stand_in, text))

    def _stand_in(self, found: re.Match[str]) -> str:
        """For numbers that no phrase names all the same one, so that texts differ in fewer places."""
        number = found.group()
        return number if self._no_phrase_names is None or self._is_named(number) else self._no_phrase_names

    def _is_named(self, number: str) -> bool:
        return number in self._numbers or number.startswith(self._number_stems)

    def findings(self, text: str) -> list[Finding]:
        """What must not be said, in the order of the text."""
        tokens = list(_TOKEN.finditer(_INITIALS.sub(_without_dots, text)))
        words = [_word(token.group()) for token in tokens]
        spans = self._spans(words)
        found = [
            (span, category)
            for (category, innocent), some in spans.items()
            if not innocent
            for span in _longest(some)
            if not self._is_name(tokens, words, span)
            and not any(span.overlaps(other) for other in spans.get((category, True), ()))
        ]
        return [self._finding(text, tokens, span, category) for span, category in sorted(found)]

    def _spans(self, words: list[str]) -> dict[tuple[str, bool], list[_Span]]:
        joined = "".join(f"{word} " for word in words) + _END
        spans: dict[tuple[str, bool], list[_Span]] = defaultdict(list)
        at = 0
        for place, word in enumerate(words):
            for phrase, matches in self._begins(word):
                if match := matches(joined, at):
                    last = place + joined.count(" ", at, match.end())
                    spans[phrase.category, phrase.innocent].append(_Span(place, min(last, len(words))))
            at += len(word) + 1
        return spans

    def _beginning_with(self, word: str) -> list[tuple[_Phrase, _Match]]:
        stems = [f"{word[:length]}*" for length in self._stems if length <= len(word)]
        numbers = ["#"] if word.isdecimal() else []
        names = [name for name in (word, *stems, *numbers) if name in self._by_word]
        return [(phrase, self._compiled(phrase.written)) for name in names for phrase in self._by_word[name]]

    def _is_name(self, tokens: list[re.Match[str]], words: list[str], span: _Span) -> bool:
        """Whether it is one word before the word of a street, county or lake that is written large."""
        if span.last - span.first > 1 or span.last == len(words):
            return False
        return tokens[span.last].group()[0].isupper() and words[span.last] in self.rules.names_end_with

    def _finding(self, text: str, tokens: list[re.Match[str]], span: _Span, category: str) -> Finding:
        start, end = tokens[span.first].start(), tokens[span.last - 1].end()
        rule = self.rules.categories[category]
        return Finding(category, text[start:end], start, end, rule.why, rule.instead)


@cache
def shipped_text_guard() -> TextGuard:
    """The guard over the rules that come with the package."""
    return TextGuard(shipped_text_rules())


def _word(found: str) -> str:
    """A word as phrases have it; every end of a sentence is a full stop."""
    return found.lower().replace("’", "'") if found[0].isalnum() or found in {"+", "&"} else "."


def _without_dots(initials: re.Match[str]) -> str:
    """U.S. as one word, as long as before, so that places in the text stay."""
    letters = initials.group().replace(".", "")
    return letters + "\u2009" * (len(initials.group()) - len(letters))


def _longest(spans: list[_Span]) -> Iterator[_Span]:
    """Of spans that overlap the longest from where the first begins."""
    upto = -1
    for span in sorted(spans, key=lambda one: (one.first, -one.last)):
        if span.first >= upto:
            upto = span.last
            yield span
